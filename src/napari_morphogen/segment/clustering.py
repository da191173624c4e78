"""Classes of pixels by clustering their values."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Sigma, Spacing

SAMPLE = 100_000  # pixels that several channels are fitted on
LEVELS = 1024  # up to so many different values the optimum is exact
CHUNK = 1_000_000  # pixels assigned at once
LEAST_VARIANCE = 1e-9  # of the largest one; less is rounding
RESOLUTION = 2**20  # closer colours drown in the rounding of squared distances


def kmeans(
    image: Image,
    *,
    n_clusters: Annotated[int, at.Interval(ge=2, le=20)] = 3,
    sigma: Sigma = 0.0,
    distance: Literal["euclidean", "mahalanobis"] = "euclidean",
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
    distance : str
        For several channels: "mahalanobis" measures distances in standard
        deviations of the image's colours, so that channels count alike
        whatever their range and what they share counts once.
    seed : int
        Start of the random numbers; one channel needs none.
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
    100,000 pixels from four starts, then all pixels join the nearest mean.
    Mahalanobis distances [3]_ use the covariance of all pixels.

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
    values, whole = pixel_values(image, sigma, spacing, channel_axis)
    labels = np.zeros(whole.shape, np.int32)
    if len(values):
        labels[whole] = cluster(values, n_clusters, seed, distance)
    return labels


def pixel_values(
    image: NDArray[Any],
    sigma: float,
    spacing: tuple[float, ...],
    channel_axis: int | None,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the smoothed values of all pixels that are not broken in any channel.

    Parameters are those of `kmeans`.

    Returns
    -------
    values : ndarray of float, shape (pixels, channels)
        Finite.
    whole : ndarray of bool, the spatial shape of `image`
        Where they stand.

    Examples
    --------
    >>> import numpy as np
    >>> pixel_values(np.array([[1.0, np.nan]]), 0, (), None)[0]
    array([[1.]])
    """
    axis = image.ndim if channel_axis is None else channel_axis
    stack = np.expand_dims(image, axis) if channel_axis is None else image
    channels = [
        fill_broken(as_float(channel)) for channel in np.moveaxis(stack, axis, 0)
    ]
    features = [smooth(filled, sigma, spacing) for filled, _ in channels]
    broken = [mask for _, mask in channels if mask is not None]
    whole = ~np.any(broken, axis=0) if broken else np.ones(features[0].shape, bool)
    return np.stack([f[whole] for f in features], axis=1), whole


def cluster(
    values: NDArray[Any], n_clusters: int, seed: int = 0, distance: str = "euclidean"
) -> NDArray[np.int32]:
    """Return the class of every pixel of shape (pixels, channels); see `kmeans`."""
    if values.shape[1] == 1:
        return _cluster_grey(values, n_clusters)
    return _cluster_colours(values, n_clusters, seed, distance)


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
    values, inverse, counts = np.unique(
        pixels[:, 0], return_inverse=True, return_counts=True
    )
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
    return np.asarray(classes.astype(np.int32)[inverse])


def unit(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return `values` between 0 and 1, where squares neither overflow nor vanish.

    Parameters
    ----------
    values : ndarray of shape (N,) or (N, channels)
        The channel of the widest range reaches 1; all keep their proportions.
    """
    # scikit-learn's sums drift in float32
    moved = values.astype(np.float64) - values.min(axis=0).astype(np.float64)
    return np.asarray(moved / (moved.max() or 1.0))


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
    values: NDArray[Any], n_clusters: int, seed: int, distance: str
) -> NDArray[np.int32]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    pixels = unit(values)
    if distance == "mahalanobis":
        pixels = unit(_whitened(pixels))
    pixels = np.round(pixels * RESOLUTION) / RESOLUTION
    chosen = np.arange(len(pixels))
    if len(pixels) > SAMPLE:
        chosen = rng.choice(len(pixels), SAMPLE, replace=False)
    some = pixels[chosen]
    n_clusters = min(n_clusters, len(np.unique(some, axis=0)))
    with threadpool_limits(1):  # the order of parallel sums changes the last bits
        model = KMeans(n_clusters, n_init=4, random_state=seed).fit(some)
        total = np.bincount(model.labels_, unit(values[chosen]).sum(axis=1))
        bright = total / np.bincount(model.labels_)
        order = np.argsort(np.argsort(bright))
        chunks = range(0, len(pixels), CHUNK)
        found = [model.predict(pixels[i : i + CHUNK]) for i in chunks]
    return np.asarray(order.astype(np.int32)[np.concatenate(found)] + 1)


def _whitened(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `pixels` where Euclidean distances are Mahalanobis distances."""
    away = pixels - pixels.mean(axis=0)
    variances, axes = np.linalg.eigh(away.T @ away / len(pixels))
    real = variances > variances[-1] * LEAST_VARIANCE
    if not real.any():
        return pixels
    return np.asarray(away @ (axes[:, real] / np.sqrt(variances[real])))
