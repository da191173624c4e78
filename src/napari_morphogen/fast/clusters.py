"""What DBSCAN calls."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.modules import module
from napari_morphogen.fast.threads import cores, spread

LINES = 64  # fewer are not worth a thread


def dense_clusters(
    features: NDArray[np.float32],
    offsets: NDArray[np.int64],
    squares: NDArray[np.float64],
    eps: float,
    min_samples: int,
) -> NDArray[np.int32] | None:
    """Return DBSCAN's clusters of features of shape (channels, planes, rows, columns).

    Parameters
    ----------
    features : ndarray of float32
        C-contiguous; NaN is near nothing.
    offsets : ndarray of shape (N, 3)
        Where neighbours may lie, sorted.
    squares : ndarray of shape (N,)
        Squared length of each offset.
    eps : float
        Largest distance of neighbours.
    min_samples : int
        Neighbours that a core has, itself included.

    Returns
    -------
    labels : ndarray or None
        1, 2, … in the order of first cores; None where the plain way is needed.
    """
    kernels = module("density")
    if kernels is None:
        return None
    shape = features.shape[1:]
    labels = np.empty(shape, np.int32)
    ranges = _ranges(shape[0] * shape[1])
    half = len(offsets) // 2  # the second half mirrors the first
    whole = (features, offsets, squares, eps * eps)
    back = (features, offsets[:half], squares[:half], eps * eps, labels)
    _each(kernels.find_cores, ranges, (*whole, min_samples, labels))
    _each(kernels.join, [(lo, hi, lo, hi) for lo, hi in ranges], back)
    reach = int(np.max(-offsets[:, 0] * shape[1] - offsets[:, 1]))
    for lo, _ in ranges[1:]:
        kernels.join(lo, min(lo + reach, ranges[-1][1]), 0, lo, *back)
    kernels.number(labels.reshape(-1))
    near_first = np.argsort(squares, kind="stable")
    outwards = (features, offsets[near_first], squares[near_first], eps * eps, labels)
    _each(kernels.reach_borders, ranges, outwards)
    return np.abs(labels, out=labels)


def _ranges(lines: int) -> list[tuple[int, int]]:
    count = max(1, min(cores(), lines // LINES))
    cuts = [lines * i // count for i in range(count + 1)]
    return list(pairwise(cuts))


def _each(
    function: Any, ranges: Sequence[tuple[int, ...]], given: tuple[Any, ...]
) -> None:
    spread(lambda i: function(*ranges[i], *given), range(len(ranges)))
