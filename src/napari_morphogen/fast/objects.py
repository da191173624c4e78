"""What the measuring of objects calls."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.calls import ready
from napari_morphogen.fast.modules import module

SPARE = 2**16  # labels beyond the number of pixels that still get a table


class Moments(NamedTuple):
    """Where the pixels of objects lie: whole numbers, all exact.

    Attributes
    ----------
    ids : ndarray of int64, shape (objects,)
        Labels, ascending.
    pixels : ndarray of int64, shape (objects,)
        How many there are.
    first : ndarray of int64, shape (objects, ndim)
        The first pixel in C order.
    sums : ndarray of int64, shape (objects, ndim)
        Of places, counted from the first pixel.
    products : ndarray of int64, shape (objects, ndim, ndim)
        Sums of products of two such places.
    """

    ids: NDArray[np.int64]
    pixels: NDArray[np.int64]
    first: NDArray[np.int64]
    sums: NDArray[np.int64]
    products: NDArray[np.int64]


class Intensities(NamedTuple):
    """Of the finite pixels of objects, each of shape (objects,)."""

    number: NDArray[np.int64]
    total: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    squares: NDArray[np.float64]  # of differences from the mean


def moments(labels: NDArray[Any]) -> Moments | None:
    """Return where the pixels of all objects lie.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        0 is background.

    Returns
    -------
    moments : Moments or None
        None where the plain way is needed: also for negative labels and for
        numbers far beyond the number of pixels.
    """
    kernels = module("properties") if labels.ndim in (2, 3) else None
    most = _most(labels)
    if kernels is None or most is None:
        return None
    planes = _compact(labels)
    first = np.zeros((most + 1, 3), np.int64)
    table = np.zeros((most + 1, kernels.COLUMNS), np.int64)
    kernels.add_places(planes, first, table)
    table[0, 0] = 0
    ids = np.flatnonzero(table[:, 0])
    found, axes = table[ids], slice(3 - labels.ndim, 3)
    products = found[:, [[4, 5, 6], [5, 7, 8], [6, 8, 9]]]
    return Moments(
        ids.astype(np.int64),
        found[:, 0].copy(),
        first[ids, axes],
        found[:, 1:4][:, axes],
        products[:, axes, axes],
    )


def intensities(
    labels: NDArray[Any], image: NDArray[Any], ids: NDArray[np.int64]
) -> Intensities | None:
    """Return what the intensities of objects are.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        0 is background.
    image : ndarray of float32 or float64
        NaN and infinity are left out.
    ids : ndarray of int64
        All labels, ascending.

    Returns
    -------
    intensities : Intensities or None
        None where the plain way is needed.
    """
    kernels = module("properties") if labels.ndim in (2, 3) else None
    most = _most(labels)
    if kernels is None or most is None:
        return None
    flat, values = _compact(labels).reshape(-1), ready(image).reshape(-1)
    count, total = np.zeros(most + 1, np.int64), np.zeros(most + 1)
    low, high = np.full(most + 1, np.inf), np.full(most + 1, -np.inf)
    kernels.add_intensities(flat, values, count, total, low, high)
    squares = np.zeros(most + 1)
    kernels.add_squares(flat, values, total / np.maximum(count, 1), squares)
    return Intensities(count[ids], total[ids], low[ids], high[ids], squares[ids])


def _most(labels: NDArray[Any]) -> int | None:
    """Return the highest label where a table by label is no waste, else None."""
    if labels.size == 0 or labels.dtype.kind not in "biu":
        return None
    most = int(labels.max())
    fits = most < min(labels.size + SPARE, 2**31 - 1)
    return most if fits and int(labels.min()) >= 0 else None


def _compact(labels: NDArray[Any]) -> NDArray[np.int32]:
    planes = labels[np.newaxis] if labels.ndim == 2 else labels
    return np.asarray(ready(planes.astype(np.int32, copy=False)))
