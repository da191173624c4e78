"""A stack of one plane, which is treated as the plane."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_plane(
    values: NDArray[Any], spacing: tuple[float, ...] = ()
) -> tuple[NDArray[Any], tuple[float, ...]]:
    """Return a stack of one plane as that plane, anything else as it is.

    Parameters
    ----------
    values : ndarray of shape ([P,] M, N)
        Any values.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    values : ndarray
        In C order, so that sums do not depend on the order in memory.
    spacing : tuple of float
        One number per axis of `values`.

    Examples
    --------
    >>> import numpy as np
    >>> plane, spacing = as_plane(np.zeros((1, 4, 5)), (3.0, 1.0, 1.0))
    >>> plane.shape, spacing
    ((4, 5), (1.0, 1.0))
    """
    sizes = tuple(spacing) or (1.0,) * values.ndim
    if values.ndim > 2 and len(values) == 1:
        values, sizes = values[0], sizes[1:]
    return np.ascontiguousarray(values), sizes
