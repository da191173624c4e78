"""What a painter is told of every pixel: maps made from the labels of objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.nn.targets import border_distance
from napari_morphogen.params import InputError

MAPS = 4  # inside, depth, touching, near
REACH = 8.0  # pixels, over which nearness of an object falls to a third


def mask_maps(labels: NDArray[Any]) -> NDArray[np.float32]:
    """Return maps that say where in an object, or how far from one, a pixel lies.

    Parameters
    ----------
    labels : ndarray of int, shape (M, N)
        One number per object, 0 is background. Pieces of one number that do not
        hang together are objects of their own, so that a mask is enough.

    Returns
    -------
    maps : ndarray of float32, shape (4, M, N)
        *inside*: 1 in objects, -1 in the background. *depth*: the distance to the
        border of the own object divided by the object's largest, 0 outside.
        *touching*: 1 where another object is next to the own one. *near*: in the
        background, 1 beside an object and falling to 0 far from all.

    Raises
    ------
    InputError
        When labels are no plane of whole numbers from 0.

    Examples
    --------
    >>> import numpy as np
    >>> inside, depth, touching, near = mask_maps(np.array([[1, 1, 2, 2, 2, 0]]))
    >>> inside.astype(int), touching.astype(int)
    (array([[ 1,  1,  1,  1,  1, -1]]), array([[0, 1, 1, 0, 0, 0]]))
    >>> depth.round(1)
    array([[1. , 0.5, 0.5, 1. , 0.5, 0. ]], dtype=float32)
    """
    from skimage.measure import label

    plane = checked_labels(labels)
    if plane.ndim != 2 or plane.size == 0:
        raise InputError(
            f"Painters learn from planes of labels, but got the shape {plane.shape}; "
            "take volumes plane by plane."
        )
    pieces = label(plane.astype(np.int64), connectivity=1)
    inside = pieces > 0
    maps = (2.0 * inside - 1, border_distance(pieces), _touching(pieces), _near(inside))
    return np.stack(maps).astype(np.float32)


def checked_labels(labels: NDArray[Any], name: str = "") -> NDArray[Any]:
    """Return labels, or raise InputError where they are none.

    Parameters
    ----------
    labels : ndarray
        Whole numbers from 0.
    name : str
        What a message calls them.
    """
    found = np.asarray(labels)
    called = f"the labels {name}" if name else "the labels"
    if found.dtype.kind not in "bui":
        raise InputError(
            f"Labels are whole numbers, but {called} hold {found.dtype}; give a label "
            "image, 0 where nothing is."
        )
    if found.size and found.min() < 0:
        raise InputError(
            f"Labels are counted from 0, but {called} hold {found.min()}; give 0 to "
            "what is background."
        )
    return found


def _touching(pieces: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the pixels of objects beside whom another object is."""
    inside = pieces > 0
    highest = ndimage.maximum_filter(pieces, 3)
    lowest = ndimage.minimum_filter(np.where(inside, pieces, pieces.max() + 1), 3)
    return np.asarray(inside & (highest != lowest))


def _near(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    if not inside.any():
        return np.zeros(inside.shape, np.float32)
    distance = ndimage.distance_transform_edt(~inside)
    return np.where(inside, 0, np.exp((1 - distance) / REACH)).astype(np.float32)
