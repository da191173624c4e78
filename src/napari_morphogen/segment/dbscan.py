"""Clusters of pixels that lie densely together, by exact DBSCAN on the grid."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen import fast
from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import (
    ChannelAxis,
    Image,
    InputError,
    Labels,
    MinSize,
    Sigma,
    Spacing,
    Unit,
)
from napari_morphogen.segment.objects import keep_large

NOBODY = np.int32(2**31 - 1)
SMALL = 1_000_000  # comparisons of pixels that are not worth loading numba

Eps = Annotated[float, at.Interval(ge=0.5, le=10), at.MultipleOf(0.1), Unit("px")]
Percent = Annotated[float, at.Interval(ge=0.1, le=100), at.MultipleOf(0.1)]
Slices = tuple[slice, ...]


def dbscan(
    image: Image,
    *,
    eps: Eps = 2.5,
    min_samples: Annotated[int, at.Interval(ge=1, le=10_000)] = 16,
    contrast: Percent = 4.0,
    position: bool = True,
    sigma: Sigma = 1.0,
    min_size: MinSize = 30,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Labels:
    """Find regions of like pixels that lie densely together; the rest is noise.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    eps : float
        Two pixels are neighbours up to this distance, in pixels of the finest
        axis; differences in intensity add to the distance.
    min_samples : int
        A pixel with so many neighbours, itself included, is the core of a region.
    contrast : float
        Difference in intensity that counts as much as one pixel of distance, in
        percent of the image's range (of several channels: root mean square).
        Lower separates fainter differences.
    position : bool
        Whether places count. Otherwise pixels of like intensity are neighbours
        wherever they lie; this needs a single channel.
    sigma : float
        Smoothing before clustering, in pixels of the finest axis; 0 is none.
    min_size : int
        Regions of fewer pixels are removed.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    labels : ndarray of int32, the spatial shape of `image`
        Regions in the order of their first core pixels; 0 is noise and broken
        pixels (NaN, infinity).

    Raises
    ------
    InputError
        When several channels are to be clustered without `position`.

    Notes
    -----
    DBSCAN [1]_ in the space of positions (with the real proportions of a pixel)
    and intensities, exactly: neighbours are looked for in the window around each
    pixel that `eps` allows, cores that are neighbours are joined, and other
    pixels follow the first region that has a core among their neighbours. That
    is scikit-learn's order, so the labels equal those of
    ``sklearn.cluster.DBSCAN``, in memory and time that grow with the number of
    pixels only. Features are rounded to float32.

    References
    ----------
    .. [1] E. Schubert et al., ACM Trans. Database Syst. 42(3), 19 (2017),
       DOI 10.1145/3068335

    Examples
    --------
    >>> import numpy as np
    >>> image = np.repeat([[1, 1, 9, 9]], 4, axis=0)
    >>> dbscan(image, eps=1, min_samples=3, sigma=0, min_size=0)[0]
    array([1, 1, 2, 2], dtype=int32)
    """
    features = _features(image, contrast, sigma, spacing, channel_axis)
    if position:
        labels = grid_clusters(features, eps, min_samples, spacing)
    elif len(features) == 1:
        labels = value_clusters(features[0], eps, min_samples)
    else:
        raise InputError(
            f"Without `position` one channel is clustered, but the image has "
            f"{len(features)}; choose a channel."
        )
    return keep_large(labels, min_size) if min_size > 1 else labels


def grid_clusters(
    features: NDArray[np.float32],
    eps: float,
    min_samples: int,
    spacing: tuple[float, ...] = (),
) -> NDArray[np.int32]:
    """Return DBSCAN's clusters in the space of positions and `features`.

    Parameters
    ----------
    features : ndarray of float32, shape (channels, *spatial)
        Up to three spatial axes; a pixel with NaN belongs to nothing.
    eps : float
        Largest distance of neighbours.
    min_samples : int
        Neighbours that a core has, itself included.
    spacing : tuple of float
        Distance of pixels per axis; 1 everywhere by default.

    Returns
    -------
    labels : ndarray of int32
        1, 2, … in the order of the clusters' first cores; 0 is noise.

    Examples
    --------
    >>> import numpy as np
    >>> grid_clusters(np.array([[[0, 0, 5, 9, 9]]], np.float32), 1.0, 2)
    array([[1, 1, 0, 2, 2]], dtype=int32)
    """
    shape = features.shape[1:]
    if 0 in shape:
        return np.zeros(shape, np.int32)
    missing = 3 - len(shape)
    ready = np.ascontiguousarray(features, np.float32)
    stack = ready.reshape(len(features), *(1,) * missing, *shape)
    sizes = (1.0,) * missing + tuple(spacing or (1.0,) * len(shape))
    window = _window(eps, sizes, stack.shape[1:])
    small = len(window[0]) * stack.size < SMALL
    quick = None if small else fast.dense_clusters(stack, *window, eps, min_samples)
    found = _plain_labels(stack, *window, eps, min_samples) if quick is None else quick
    return found.reshape(shape)


def value_clusters(
    values: NDArray[np.float32], eps: float, min_samples: int
) -> NDArray[np.int32]:
    """Return DBSCAN's clusters of single numbers, wherever they stand.

    Parameters and result are those of `grid_clusters`, for one channel.

    Examples
    --------
    >>> import numpy as np
    >>> value_clusters(np.array([9, 0, 5, 9, 0], np.float32), 1.0, 2)
    array([1, 2, 0, 1, 2], dtype=int32)
    """
    labels = np.zeros(values.shape, np.int32)
    known = ~np.isnan(values)
    sorted_values, first, inverse, counts = np.unique(
        values[known], return_index=True, return_inverse=True, return_counts=True
    )
    exact = sorted_values.astype(np.float64)
    total = np.concatenate(([0], np.cumsum(counts)))
    low, high = (
        exact.searchsorted(exact - eps),
        exact.searchsorted(exact + eps, "right"),
    )
    core = np.flatnonzero(total[high] - total[low] >= min_samples)
    if core.size:
        begins = np.flatnonzero(np.diff(exact[core], prepend=-np.inf) > eps)
        earliest = np.minimum.reduceat(first[core], begins)
        rank = np.argsort(np.argsort(earliest)).astype(np.int32) + 1
        label = np.repeat(rank, np.diff(np.append(begins, core.size)))
        below, above = core.searchsorted(low), core.searchsorted(high) - 1
        # the cores in reach form one run; only its ends can differ in cluster
        ends = [label[np.clip(end, 0, core.size - 1)] for end in (below, above)]
        labels[known] = np.where(below <= above, np.minimum(*ends), 0)[inverse]
    return labels


def _features(
    image: NDArray[Any],
    contrast: float,
    sigma: float,
    spacing: tuple[float, ...],
    channel_axis: int | None,
) -> NDArray[np.float32]:
    """Return intensities in units of `contrast`, channels first, NaN where broken."""
    stack = image[None] if channel_axis is None else np.moveaxis(image, channel_axis, 0)
    features = np.empty(stack.shape, np.float32)
    lows, ranges, channels = [], [], []
    for channel in stack:
        filled, broken = fill_broken(as_float(channel))
        smoothed = smooth(filled, sigma, spacing)
        known = smoothed if broken is None else smoothed[~broken]
        lows.append(np.float64(known.min(initial=np.inf)))
        ranges.append(np.float64(known.max(initial=-np.inf)) - lows[-1])
        channels.append((smoothed, broken))
    widest = max(max(ranges, default=0), 0) or 1.0
    for feature, low, (smoothed, broken) in zip(features, lows, channels, strict=True):
        unit = np.subtract(smoothed, low if np.isfinite(low) else 0, dtype=np.float64)
        unit /= widest
        unit *= 100 / contrast / len(stack) ** 0.5
        feature[...] = unit
        if broken is not None:
            feature[broken] = np.nan
    return features


def _window(
    eps: float, spacing: tuple[float, ...], shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the offsets within `eps`, sorted, and their squared lengths."""
    reach = [min(int(eps / s), n - 1) for s, n in zip(spacing, shape, strict=True)]
    box = np.array(list(product(*(range(-r, r + 1) for r in reach))), np.int64)
    steps = box * np.array(spacing)
    squares = steps[:, 0] ** 2 + steps[:, 1] ** 2 + steps[:, 2] ** 2
    inside = squares <= eps * eps
    return box[inside], squares[inside]


def _plain_labels(
    features: NDArray[np.float32],
    offsets: NDArray[np.int64],
    squares: NDArray[np.float64],
    eps: float,
    min_samples: int,
) -> NDArray[np.int32]:
    """Return the clusters by NumPy and SciPy alone."""
    count = np.zeros(features.shape[1:], np.int32)
    for here, _, near in _pairs(features, offsets, squares, eps):
        count[here] += near
    core = count >= min_samples
    half = len(offsets) // 2
    labels = _joined(core, _pairs(features, offsets[:half], squares[:half], eps))
    best = np.full(core.shape, NOBODY)
    for here, there, near in _pairs(features, offsets, squares, eps):
        reached = np.where(near & core[there], labels[there], NOBODY)
        np.minimum(best[here], reached, out=best[here])
    border = ~core & (best < NOBODY)
    labels[border] = best[border]
    return labels


def _pairs(
    features: NDArray[np.float32],
    offsets: NDArray[np.int64],
    squares: NDArray[np.float64],
    eps: float,
) -> Iterator[tuple[Slices, Slices, NDArray[np.bool_]]]:
    """Yield for every offset the pixels, those it leads to, and which are near."""
    for offset, square in zip(offsets.tolist(), squares, strict=True):
        sizes = list(zip(offset, features.shape[1:], strict=True))
        here = tuple(slice(max(0, -o), min(n, n - o)) for o, n in sizes)
        there = tuple(slice(max(0, o), min(n, n + o)) for o, n in sizes)
        total = square
        for channel in features:
            total = total + np.subtract(channel[here], channel[there], dtype=float) ** 2
        yield here, there, np.asarray(total <= eps * eps)


def _joined(
    core: NDArray[np.bool_], pairs: Iterator[tuple[Slices, Slices, NDArray[np.bool_]]]
) -> NDArray[np.int32]:
    """Number the groups of cores in the order of their first pixels."""
    from scipy.sparse import coo_array, csgraph

    place = np.arange(core.size, dtype=np.int32).reshape(core.shape)
    ends: list[list[NDArray[Any]]] = [[], []]
    for here, there, near in pairs:
        joined = near & core[here] & core[there]
        ends[0].append(place[here][joined])
        ends[1].append(place[there][joined])
    labels = np.zeros(core.shape, np.int32)
    if core.any():
        one, two = (np.concatenate(end) if end else place[:0, 0, 0] for end in ends)
        graph = coo_array((np.ones(one.size, bool), (one, two)), (core.size,) * 2)
        groups = csgraph.connected_components(graph, directed=False)[1][core.ravel()]
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        labels[core] = np.argsort(np.argsort(first))[inverse] + 1
    return labels
