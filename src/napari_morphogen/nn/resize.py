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
