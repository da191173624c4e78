"""Objects of a label image: numbered, small ones removed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def connected_objects(mask: NDArray[Any], min_size: int = 0) -> NDArray[np.int32]:
    """Number the connected regions of `mask` that have at least `min_size` pixels.

    Parameters
    ----------
    mask : ndarray of bool
        True in the objects.
    min_size : int
        In pixels; smaller regions become background.

    Examples
    --------
    >>> import numpy as np
    >>> connected_objects(np.array([[1, 0, 1, 1]], bool), min_size=2)
    array([[0, 0, 1, 1]], dtype=int32)
    """
    labels = np.empty(mask.shape, np.int32)
    ndimage.label(mask, ndimage.generate_binary_structure(mask.ndim, mask.ndim), labels)
    return keep_large(labels, min_size)


def keep_large(labels: NDArray[Any], min_size: int = 0) -> NDArray[np.int32]:
    """Remove objects of fewer than `min_size` pixels and number the rest 1, 2, ….

    Parameters
    ----------
    labels : ndarray of int
        0 is background.
    min_size : int
        In pixels.

    Examples
    --------
    >>> import numpy as np
    >>> keep_large(np.array([[7, 7, 0, 3]]), min_size=2)
    array([[1, 1, 0, 0]], dtype=int32)
    """
    if labels.size == 0:
        return labels.astype(np.int32)
    sizes = np.bincount(labels.ravel())
    kept = sizes >= max(min_size, 1)
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[labels])
