"""Interpolation along one axis after the other, as a sum over neighbours."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def resize_axis(
    values: NDArray[np.float32], axis: int, size: int, *, area: bool, smooth: bool
) -> NDArray[np.float32]:
    """Return `values` interpolated to `size` along an axis.

    Parameters
    ----------
    values : ndarray of float32
        Any number of axes.
    axis : int
        Which one changes.
    size : int
        Its new length.
    area : bool
        Whether every new pixel is the plain mean of those that it touches.
    smooth : bool
        Whether linear interpolation averages where it shrinks.

    Examples
    --------
    >>> values = np.float32([[0, 2, 4, 6]])
    >>> resize_axis(values, 1, 2, area=True, smooth=False)
    array([[1., 5.]], dtype=float32)
    """
    length = values.shape[axis]
    if length == size and not area:
        return values
    first = np.moveaxis(values, axis, 0)
    flat = np.ascontiguousarray(first).reshape(length, -1)
    found = _weights(length, size, area, smooth) @ flat
    return np.moveaxis(found.reshape(size, *first.shape[1:]), 0, axis)


def resize_part(
    values: NDArray[np.float32],
    axis: int,
    there: slice,
    wanted: slice,
    *,
    length: int,
    size: int,
    area: bool,
    smooth: bool,
) -> NDArray[np.float32]:
    """Return a part of what `resize_axis` makes of a longer axis, from a part of it.

    Parameters
    ----------
    values : ndarray of float32
        Pixels `there` of the axis; those elsewhere count nothing.
    axis : int
        Which one changes.
    there, wanted : slice
        Of the old and the new axis.
    length, size : int
        Of the old and the new axis as a whole.
    area, smooth : bool
        As of `resize_axis`.

    Examples
    --------
    >>> whole = np.arange(12, dtype=np.float32)
    >>> ways = {"length": 12, "size": 6, "area": True, "smooth": False}
    >>> resize_part(whole[4:12], 0, slice(4, 12), slice(2, 5), **ways)
    array([4.5, 6.5, 8.5], dtype=float32)
    """
    first = np.moveaxis(values, axis, 0)
    flat = np.ascontiguousarray(first).reshape(len(first), -1)
    if length == size and not area:
        weights: Any = sparse.eye_array(length, format="csr", dtype=np.float32)
    else:
        weights = _weights(length, size, area, smooth)
    found = weights[wanted][:, there] @ flat
    return np.moveaxis(found.reshape(found.shape[0], *first.shape[1:]), 0, axis)


def whole_pixels(
    there: slice, *, length: int, size: int, area: bool, smooth: bool
) -> slice:
    """Return the new pixels that depend on nothing but the old ones `there`.

    Parameters
    ----------
    there, length, size, area, smooth
        As of `resize_part`.

    Examples
    --------
    >>> ways = {"length": 12, "size": 6, "area": True, "smooth": False}
    >>> whole_pixels(slice(3, 12), **ways)
    slice(2, 6, None)
    """
    if length == size and not area:
        return there
    weights = _weights(length, size, area, smooth)
    least = np.minimum.reduceat(weights.indices, weights.indptr[:-1])
    most = np.maximum.reduceat(weights.indices, weights.indptr[:-1])
    start = int(np.searchsorted(least, there.start))
    stop = int(np.searchsorted(most, there.stop - 1, side="right"))
    return slice(start, max(start, stop))


@lru_cache(maxsize=64)
def _weights(length: int, size: int, area: bool, smooth: bool) -> Any:
    """Return the share of every old pixel in every new one, as a sparse matrix."""
    places = np.arange(size)
    if area:
        starts = places * length // size
        ends = -(-(places + 1) * length // size)
        reach = int((ends - starts).max())
        columns = starts[:, None] + np.arange(reach)
        weights = (columns < ends[:, None]).astype(float)
    else:
        ratio = length / size
        width = max(ratio, 1.0) if smooth else 1.0  # of the triangle
        middle = (places + 0.5) * ratio - 0.5
        if not smooth:
            middle = middle.clip(0, length - 1)
        reach = 2 * int(np.ceil(width)) + 1
        columns = np.floor(middle - width).astype(int)[:, None] + np.arange(reach + 1)
        apart = np.abs(columns - middle[:, None]) / width
        weights = np.maximum(1 - apart, 0) * ((columns >= 0) & (columns < length))
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(places[:, None], columns.shape)
    kept = weights > 0
    entries = weights[kept].astype(np.float32), (rows[kept], columns[kept])
    return sparse.csr_array(entries, shape=(size, length))
