"""What a network is taught: maps made from labels, 0 where nothing is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

UNLABELLED, BACKGROUND, OBJECT = 0, 1, 2
NEAR = 3  # pixels around, in which a second object is looked for
CROWDED = 4.0  # how much more the distance counts right beside two objects


def instance_targets(
    labels: NDArray[Any], *, sparse: bool = False, spacing: Sequence[float] = ()
) -> NDArray[np.float32]:
    """Return where objects are, how deep pixels lie in them, how much that counts.

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
    targets : ndarray of float32, shape (3, [P,] M, N)
        First 0 where unlabelled, 1 in the background, 2 in objects. Then, in
        objects, the distance to the border divided by the object's largest:
        low wherever two objects touch, 1 in every centre, at any size of object.
        Last how much the distance counts: 1, more the closer a pixel is to two objects.

    Notes
    -----
    Few pixels decide whether two objects are taken for one; counted like all
    others they would hardly be learnt [1]_.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, MICCAI 2015, 234-241,
       DOI 10.1007/978-3-319-24574-4_28

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
    weights = 1 + CROWDED * crowding(objects, spacing)
    return np.stack([known.astype(np.float32), distance, weights])


def crowding(
    labels: NDArray[Any], spacing: Sequence[float] = ()
) -> NDArray[np.float32]:
    """Return how close every pixel lies to two objects, from 0 to 1.

    Parameters
    ----------
    labels : ndarray of int
        0 is background.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    crowding : ndarray of float32, shape of `labels`
        In how many of the boxes that reach 1, 2 and 3 of the finest pixels around a
        pixel two objects lie, as a share.

    Examples
    --------
    >>> import numpy as np
    >>> crowding(np.array([[1, 1, 0, 0, 2, 2, 2, 2, 0, 0]])).round(1)
    array([[0. , 0.3, 0.7, 0.7, 0.3, 0. , 0. , 0. , 0. , 0. ]], dtype=float32)
    """
    finest = min(spacing, default=1.0)
    steps = [s / finest for s in spacing] or [1.0] * labels.ndim
    highest = labels.astype(np.int64)
    lowest = np.where(labels > 0, highest, np.iinfo(np.int64).max)
    found = np.zeros(labels.shape, np.float32)
    for reach in range(1, NEAR + 1):
        for axis, step in enumerate(steps):
            if reach // step > (reach - 1) // step:
                highest = _widened(highest, axis, np.maximum)
                lowest = _widened(lowest, axis, np.minimum)
        found += highest > lowest
    return found / np.float32(NEAR)


def _widened(
    values: NDArray[np.int64], axis: int, choose: np.ufunc
) -> NDArray[np.int64]:
    """Return what is chosen of every pixel and its neighbours along an axis."""
    found = values.copy()
    new, old = np.moveaxis(found, axis, 0), np.moveaxis(values, axis, 0)  # views
    choose(new[1:], old[:-1], out=new[1:])
    choose(new[:-1], old[1:], out=new[:-1])
    return found


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
