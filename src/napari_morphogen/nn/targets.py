"""What a network is taught: maps made from labels, 0 where nothing is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

UNLABELLED, BACKGROUND, OBJECT = 0, 1, 2


def instance_targets(
    labels: NDArray[Any], *, sparse: bool = False, spacing: Sequence[float] = ()
) -> NDArray[np.float32]:
    """Return where objects are and how far their pixels lie from their border.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        One number per object, 0 is background. When `sparse`: 0 is unlabelled,
        1 is background, objects from 2.
    sparse : bool
        Whether most pixels are unlabelled.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    targets : ndarray of float32, shape (2, [P,] M, N)
        First 0 where unlabelled, 1 in the background, 2 in objects. Then, in
        objects, the distance to the border divided by the object's largest:
        low wherever two objects touch, 1 in every centre, at any size of object.

    Examples
    --------
    >>> import numpy as np
    >>> instance_targets(np.array([[0, 1, 1, 1, 2, 2, 0]]))[1].round(1)
    array([[0. , 0.5, 1. , 0.5, 1. , 1. , 0. ]], dtype=float32)
    """
    objects = np.where(labels > 1, labels, 0) if sparse else labels
    known = np.where(objects > 0, OBJECT, BACKGROUND)
    if sparse:
        known[labels == 0] = UNLABELLED
    distance = border_distance(objects, spacing)
    return np.stack([known.astype(np.float32), distance])


def boundary_targets(
    labels: NDArray[Any], *, sparse: bool = False
) -> NDArray[np.float32]:
    """Return where objects border on something else.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        As of `instance_targets`.
    sparse : bool
        Whether most pixels are unlabelled.

    Returns
    -------
    targets : ndarray of float32, shape (1, [P,] M, N)
        0 where unlabelled, 1 away from boundaries, 2 on the pixels either side of
        the boundary of an object; these are known for every painted object.

    Examples
    --------
    >>> import numpy as np
    >>> boundary_targets(np.array([[0, 0, 0, 1, 1, 1, 2, 2, 2]]))
    array([[[1., 1., 2., 2., 1., 2., 2., 1., 1.]]], dtype=float32)
    """
    objects = np.where(labels > 1, labels, 0) if sparse else labels
    edge = np.zeros(labels.shape, bool)
    for axis in range(labels.ndim):
        lines = np.moveaxis(objects, axis, 0)
        steps = lines[1:] != lines[:-1]
        marked = np.moveaxis(edge, axis, 0)  # a view
        marked[1:] |= steps
        marked[:-1] |= steps
    known = np.where(edge, OBJECT, BACKGROUND)
    if sparse:
        known[(labels == 0) & ~edge] = UNLABELLED
    return known[np.newaxis].astype(np.float32)


def border_distance(
    labels: NDArray[Any], spacing: Sequence[float] = ()
) -> NDArray[np.float32]:
    """Return the distance to the border of the own object, at most 1.

    Parameters
    ----------
    labels : ndarray of int
        0 is background.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.
    """
    inside = labels > 0
    for axis in range(labels.ndim):
        if labels.shape[axis] == 1:
            continue
        ahead = np.diff(labels, axis=axis, append=labels.take([-1], axis)) == 0
        behind = np.diff(labels, axis=axis, prepend=labels.take([0], axis)) == 0
        inside &= ahead & behind
    finest = min(spacing, default=1.0)
    sampling = [s / finest for s in spacing] or None
    depth = np.zeros(labels.shape)
    if not inside.all():
        depth = ndimage.distance_transform_edt(inside, sampling=sampling)
    depth = np.where(labels > 0, depth + 1, 0)
    names, places = np.unique(labels, return_inverse=True)
    largest = ndimage.maximum(depth, places.reshape(labels.shape), range(len(names)))
    largest = np.maximum(np.asarray(largest), 1)
    return np.asarray(depth / largest[places].reshape(labels.shape), np.float32)


def typical_diameter(labels: NDArray[Any], spacing: Sequence[float] = ()) -> float:
    """Return the median diameter of the objects, 0 when there is none.

    Parameters
    ----------
    labels : ndarray of int
        0 is background.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    diameter : float
        Of the disk or ball of the median size, in pixels of the finest axis.

    Examples
    --------
    >>> import numpy as np
    >>> round(typical_diameter(np.ones((10, 10), int)), 2)
    11.28
    """
    sizes = np.unique(labels[labels != 0], return_counts=True)[1]
    if sizes.size == 0:
        return 0.0
    relative = [s / min(spacing) for s in spacing] or [1.0]
    size = float(np.median(sizes) * np.prod(relative))
    return diameter_of(size, labels.ndim)


def diameter_of(size: float, ndim: int) -> float:
    """Return the diameter of a disk of this area or a ball of this volume."""
    if ndim == 2:
        return float(2 * np.sqrt(size / np.pi))
    return float(np.cbrt(6 * size / np.pi))
