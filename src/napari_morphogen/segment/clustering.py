"""Classes of pixels by clustering their values."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Sigma, Spacing
from napari_morphogen.segment.vectors import (
    CHUNK,
    ColourSpace,
    Weight,
    spread_out,
    unit,
    vectors,
)

SAMPLE = 100_000  # pixels that several channels are fitted on
STARTS, FEW = 4, 20  # several starts are tried for up to so many classes
LEVELS = 1024  # up to so many different values the optimum is exact
TABLE, WHOLE = 2**16, 2**24  # whole numbers within and up to these are tabulated
RESOLUTION = 2**20  # closer colours drown in the rounding of squared distances


def kmeans(
    image: Image,
    *,
    n_clusters: Annotated[int, at.Interval(ge=2, le=20)] = 3,
    sigma: Sigma = 0.0,
    colour_space: ColourSpace = "channels",
    distance: Literal["euclidean", "mahalanobis"] = "euclidean",
    position: Weight = 0.0,
    texture: Weight = 0.0,
    seed: Seed = 0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Labels:
    """Group the pixels into classes of like intensity or colour.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    n_clusters : int
        How many classes.
    sigma : float
        Smoothing before clustering, in pixels of the finest axis; 0 is none.
    colour_space : str
        For three channels that are red, green and blue: "lab" measures
        differences of colour as the eye sees them, "hsv" by hue, saturation
        and value. With another number of channels it means "channels": the
        values as they are.
    distance : str
        For several channels: "mahalanobis" measures distances in standard
        deviations of the image's colours, so that channels count alike
        whatever their range and what they share counts once.
    position : float
        Weight of places, for classes that hold together: 1 lets them count as
        much as intensities, 0 not at all.
    texture : float
        Weight of texture, which is how much intensities vary nearby: 1 lets it
        count as much as intensities, 0 not at all.
    seed : int
        Start of the random numbers; one channel alone needs none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    labels : ndarray of int32, the spatial shape of `image`
        1 is the darkest class; 0 only where a pixel is broken (NaN, infinity).
        Fewer classes where the image has fewer different values.

    Notes
    -----
    The sum of squared distances to the class means is made small
    [1]_. For one channel the optimum is found by dynamic programming on the
    different values [2]_, exactly up to 1024 of them; beyond, from as many bins
    followed by Lloyd's iterations. Several channels are fitted on at most
    100,000 pixels from four starts; the means are moved once more with all
    pixels, which then join the nearest.
    Mahalanobis distances [3]_ use the covariance of all pixels. Places, in the
    real proportions of a pixel, and textures (local standard deviations with
    Gaussians of 1, 2 and 4 pixels) become further coordinates, whose summed
    variance is that of the intensities times the square of their weight. "lab"
    is CIE L*a*b* of sRGB, "hsv" the cone of hue, saturation and value; both
    take the lowest number as 0 and the highest as 1.

    References
    ----------
    .. [1] S. P. Lloyd, IEEE Trans. Inf. Theory 28, 129-137 (1982),
       DOI 10.1109/TIT.1982.1056489
    .. [2] H. Wang and M. Song, R Journal 3(2), 29-33 (2011),
       DOI 10.32614/RJ-2011-015
    .. [3] P. C. Mahalanobis, reprinted in Sankhya A 80, 1-7 (2018),
       DOI 10.1007/s13171-019-00164-5

    Examples
    --------
    >>> import numpy as np
    >>> kmeans(np.array([[9, 8, 1, 2]]), n_clusters=2)
    array([[2, 2, 1, 1]], dtype=int32)
    """
    points, colours, whole = vectors(
        image,
        sigma=sigma,
        spacing=spacing,
        channel_axis=channel_axis,
        colour_space=colour_space,
        whiten=distance == "mahalanobis",
        position=position,
        texture=texture,
    )
    if not len(points):
        return np.zeros(whole.shape, np.int32)
    return spread_out(cluster(points, n_clusters, seed, colours), whole)


def cluster(
    points: NDArray[Any],
    n_clusters: int,
    seed: int = 0,
    colours: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
) -> NDArray[np.int32]:
    """Return the class of every point by K-means.

    Parameters
    ----------
    points : ndarray of float, shape (pixels, features)
        Finite.
    n_clusters, seed : int
        As in `kmeans`.
    colours : ndarray of shape (pixels, channels), optional
        What class 1 has the least of on average; `points` by default.
    weights : ndarray of shape (pixels,), optional
        How much each of points with several features counts; 1 by default.

    Examples
    --------
    >>> import numpy as np
    >>> cluster(np.array([[0.0, 5.0], [0.0, 6.0], [9.0, 0.0]]), 2)
    array([1, 1, 2], dtype=int32)
    """
    if points.shape[1] == 1 and (colours is None or colours.shape[1] == 1):
        return _cluster_grey(points, n_clusters)
    bright = points if colours is None else colours
    return _cluster_colours(points, n_clusters, seed, bright, weights)


def optimal_classes(
    values: NDArray[Any], counts: NDArray[Any], n_clusters: int
) -> NDArray[np.intp]:
    """Return where to cut sorted `values` for the smallest within-class variance.

    Parameters
    ----------
    values : ndarray of shape (N,)
        Ascending.
    counts : ndarray of shape (N,)
        How often each value occurs.
    n_clusters : int
        At most N.

    Returns
    -------
    starts : ndarray of shape (n_clusters,)
        Index of the first value of every class.

    Examples
    --------
    >>> import numpy as np
    >>> optimal_classes(np.array([1.0, 2, 8, 9]), np.ones(4), 2)
    array([0, 2])
    """
    n = len(values)
    cost = _class_costs(values.astype(np.float64), counts.astype(np.float64))
    best = cost[0].copy()  # best[j]: cost of values[: j + 1] in the classes so far
    choices = []
    for _ in range(1, n_clusters):
        before = np.concatenate(([np.inf], best[:-1]))
        totals = before[:, None] + cost  # (start of the last class, its end)
        choices.append(totals.argmin(axis=0))
        best = totals.min(axis=0)
    starts, end = [], n - 1
    for choice in reversed(choices):
        starts.append(choice[end])
        end = choice[end] - 1
    return np.array([0, *reversed(starts)], dtype=np.intp)


def _class_costs(values: NDArray[Any], counts: NDArray[Any]) -> NDArray[Any]:
    """Return the squared deviations within values[i : j + 1], infinite for i > j."""
    # Distances from values[i]: one far value must not drown the others in rounding.
    away = np.triu(values - values[:, None])
    weights = np.triu(np.broadcast_to(counts, away.shape))
    number = np.cumsum(weights, axis=1)
    first = np.cumsum(weights * away, axis=1)
    cost = np.cumsum(weights * away**2, axis=1)
    cost -= first**2 / np.where(number > 0, number, 1)
    cost[np.tri(len(values), k=-1, dtype=bool)] = np.inf
    return np.asarray(np.maximum(cost, 0))


def _cluster_grey(pixels: NDArray[Any], n_clusters: int) -> NDArray[np.int32]:
    values, inverse, counts = _different(pixels[:, 0])
    values = unit(values)
    many = len(values) > LEVELS
    first = _bin_starts(values, counts) if many else np.arange(len(values))
    in_bin = np.add.reduceat(counts, first)
    bins = np.add.reduceat(counts * values, first) / in_bin
    starts = optimal_classes(bins, in_bin, min(n_clusters, len(bins)))
    cuts = first[starts[1:]]
    if many:
        cuts = _lloyd_sorted(values, counts, cuts)
    classes = np.searchsorted(cuts, np.arange(len(values)), side="right") + 1
    return np.asarray(classes.astype(np.int32).take(inverse))


def _different(
    values: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Return the different values, which one each is, and how often each occurs."""
    low, high = float(values.min()), float(values.max())
    if abs(low) < WHOLE and high - low < TABLE:
        place = values.astype(np.int32)
        if np.array_equal(place.astype(values.dtype), values):  # whole numbers
            place -= int(low)
            counts = np.bincount(place)
            found = np.flatnonzero(counts)
            rank = np.zeros(counts.size, np.int32)
            rank[found] = np.arange(found.size)
            return found + int(low), rank.take(place), counts[found]
    return np.unique(values, return_inverse=True, return_counts=True)


def _bin_starts(values: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.intp]:
    """Return the index of the first value of every bin."""
    # By value and by rank: one far pixel must not leave a single bin to the others.
    place = (values + np.cumsum(counts) / counts.sum()) / 2
    bins = np.minimum((place * LEVELS).astype(int), LEVELS - 1)
    return np.asarray(np.unique(bins, return_index=True)[1])


def _lloyd_sorted(
    values: NDArray[Any], counts: NDArray[Any], cuts: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Move the cuts between sorted values until every value is in its nearest class."""
    number = np.concatenate(([0.0], np.cumsum(counts)))
    total = np.concatenate(([0.0], np.cumsum(counts * values)))
    for _ in range(100):
        edges = np.concatenate(([0], cuts, [len(values)]))
        means = np.diff(total[edges]) / np.maximum(np.diff(number[edges]), 1)
        moved = np.searchsorted(values, (means[1:] + means[:-1]) / 2)
        left = np.diff([0, *moved, len(values)])
        if np.array_equal(moved, cuts) or not left.all():
            break
        cuts = moved
    return cuts


def _cluster_colours(
    values: NDArray[Any], n_clusters: int, seed: int, colours: NDArray[Any], given: Any
) -> NDArray[np.int32]:
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    pixels = unit(values)
    pixels *= RESOLUTION
    np.round(pixels, out=pixels)
    pixels /= RESOLUTION
    chosen = np.arange(len(pixels))
    if len(pixels) > SAMPLE:
        chosen = rng.choice(len(pixels), SAMPLE, replace=False)
    some = pixels[chosen]
    weights = None if given is None else given[chosen]
    with threadpool_limits(1):  # the order of parallel sums changes the last bits
        model = _fitted(some, n_clusters, seed, weights)
        size = np.bincount(model.labels_, weights)
        grey = unit(colours[chosen]).sum(axis=1) * (1 if given is None else weights)
        order = np.argsort(np.argsort(np.bincount(model.labels_, grey) / size))
        found = _nearest(model, pixels, polish=len(pixels) > SAMPLE)
    return np.asarray(order.astype(np.int32)[found] + 1)


def _fitted(
    points: NDArray[np.float64], n_clusters: int, seed: int, weights: Any
) -> Any:
    """Return scikit-learn's K-means, fitted from several starts."""
    from sklearn.cluster import KMeans

    n_clusters = min(n_clusters, len(np.unique(points, axis=0)))
    few = n_clusters <= FEW
    rounds = {"n_init": STARTS, "max_iter": 300} if few else {"n_init": 1}
    model = KMeans(n_clusters, random_state=seed, **({"max_iter": 30} | rounds))
    return model.fit(points, sample_weight=weights)


def _nearest(model: Any, pixels: NDArray[Any], polish: bool) -> NDArray[np.int32]:
    """Return the nearest mean of every pixel; `polish` moves the means once more."""
    starts = range(0, len(pixels), CHUNK)
    found = np.concatenate([model.predict(pixels[i : i + CHUNK]) for i in starts])
    if not polish:
        return np.asarray(found)
    count = np.bincount(found)
    totals = [np.bincount(found, column) for column in pixels.T]
    model.cluster_centers_ = np.ascontiguousarray((totals / count).T)
    better = _nearest(model, pixels, polish=False)
    return better if np.bincount(better, minlength=count.size).all() else found
