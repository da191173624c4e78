"""Labels put in order: small objects, holes, rough outlines, gaps, ids."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.params import Labels, MinSize, Sigma, Spacing, Unit
from napari_morphogen.segment.ids import neighbours, numbered, renumbered

Size = Annotated[int, at.Interval(ge=0, le=1_000_000_000), Unit("px^n")]
Distance = Annotated[float, at.Interval(ge=0, le=1000), at.MultipleOf(0.1), Unit("px")]
Largest = Annotated[int, at.Interval(ge=0, le=1_000_000)]
TRUNCATE = 4.0  # where SciPy cuts its Gaussian, in sigmas


def filter_objects(
    labels: Labels,
    *,
    min_size: MinSize = 20,
    max_size: Size = 0,
    largest: Largest = 0,
    border: bool = True,
) -> Labels:
    """Remove objects that are too small, too large or cut off by the border.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    min_size : int
        Objects of fewer pixels are removed.
    max_size : int
        Objects of more pixels are removed; 0 is no limit.
    largest : int
        Only so many of the largest objects are kept; 0 keeps all. Of objects of
        the same size the one of the lower id is kept first.
    border : bool
        Keep objects that touch the border of the image.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        The objects that are left, numbered 1, 2, … in the order of their ids.

    Notes
    -----
    All pixels of one id are one object, connected or not. The pixels per id are
    counted once and every pixel is looked up in a table of the ids to keep. The
    largest are chosen among the objects that pass all other conditions. Removing
    objects at the border is a reconstruction from its pixels [1]_; the only plane
    of a stack is no border.

    References
    ----------
    .. [1] P. Soille, Morphological Image Analysis (2004), chapter 6,
       DOI 10.1007/978-3-662-05088-0

    Examples
    --------
    >>> import numpy as np
    >>> filter_objects(np.array([[4, 4, 4, 0, 5, 0, 7, 7]]), min_size=2)
    array([[1, 1, 1, 0, 0, 0, 2, 2]], dtype=int32)
    """
    ids = numbered(labels)
    sizes = np.bincount(ids.ravel(), minlength=1)
    kept = sizes >= min_size
    if max_size > 0:
        kept &= sizes <= max_size
    if not border:
        for face in _faces(ids):
            kept[np.unique(face)] = False
    kept[0] = False
    if largest > 0:
        ranked = np.argsort(np.where(kept, -sizes, 1), kind="stable")
        kept[ranked[largest:]] = False
    return renumbered(ids, kept)


def fill_holes(labels: Labels, *, max_size: Size = 0) -> Labels:
    """Fill the holes inside objects.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    max_size : int
        Holes of more pixels stay open; 0 is no limit.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        The same objects, numbered 1, 2, … in the order of their ids.

    Notes
    -----
    A hole is a region of the background, connected through faces [1]_, that does
    not touch the border of the image and has one and the same object all around
    [2]_. A gap between several objects, such as the ring between an object and
    another one inside it, stays open. In a volume a hole is closed on all sides;
    the only plane of a stack is no border.

    References
    ----------
    .. [1] A. Rosenfeld and J. L. Pfaltz, J. ACM 13, 471-494 (1966),
       DOI 10.1145/321356.321357
    .. [2] P. Soille, Morphological Image Analysis (2004), chapter 6,
       DOI 10.1007/978-3-662-05088-0

    Examples
    --------
    >>> import numpy as np
    >>> fill_holes(np.array([[4, 4, 4, 4], [4, 0, 0, 4], [4, 4, 4, 4]]))
    array([[1, 1, 1, 1],
           [1, 1, 1, 1],
           [1, 1, 1, 1]], dtype=int32)
    """
    ids = numbered(labels)
    holes = np.empty(ids.shape, np.int32)
    count = ndimage.label(ids == 0, output=holes)
    lowest, highest = _neighbouring_ids(ids, holes, count)
    closed = lowest == highest
    for face in _faces(holes):
        closed[np.unique(face)] = False
    if max_size > 0:
        closed &= np.bincount(holes.ravel(), minlength=count + 1) <= max_size
    owner = np.where(closed, highest, 0).astype(np.int32)
    owner[0] = 0
    return np.asarray(ids + owner[holes])


def smooth_labels(
    labels: Labels, *, sigma: Sigma = 2.0, spacing: Spacing = ()
) -> Labels:
    """Smooth the outlines of objects; none vanishes and none overlaps another.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    sigma : float
        Details finer than this are smoothed away, in pixels of the finest axis;
        0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        The same objects, numbered 1, 2, … in the order of their ids.

    Notes
    -----
    Every object, and the background, is a mask of its own. All masks are smoothed
    by a Gaussian, and each pixel goes to the mask that is highest there: one step
    of the motion by mean curvature of Merriman, Bence and Osher [1]_. Objects too
    small or too thin to win a single pixel keep their shape. A thin neck may be
    cut, which leaves one object in several parts.

    References
    ----------
    .. [1] B. Merriman, J. K. Bence and S. J. Osher, J. Comput. Phys. 112, 334-363
       (1994), DOI 10.1006/jcph.1994.1105

    Examples
    --------
    >>> import numpy as np
    >>> square = np.pad(np.ones((9, 9), int), 4)
    >>> square[8, 13] = 1  # a pixel that sticks out
    >>> int(smooth_labels(square)[8, 13])
    0
    """
    ids = numbered(labels)
    if sigma == 0 or not ids.any():
        return ids
    sigmas = [sigma / s for s in spacing or (1.0,) * ids.ndim]
    margins = [int(TRUNCATE * s + 0.5) + 1 for s in sigmas]
    taken, best = (np.zeros(ids.shape, np.float32) for _ in range(2))
    winner = np.zeros_like(ids)
    for number, box in enumerate(ndimage.find_objects(ids), 1):
        pairs = zip(box, margins, strict=True)
        wide = tuple(slice(max(s.start - m, 0), s.stop + m) for s, m in pairs)
        mask = (ids[wide] == number).astype(np.float32)
        vote = ndimage.gaussian_filter(mask, sigmas, mode="nearest", truncate=TRUNCATE)
        taken[wide] += vote
        ahead = vote > best[wide]
        best[wide][ahead] = vote[ahead]
        winner[wide][ahead] = number
    winner[best <= 1 - taken] = 0
    return _none_lost(winner, ids)


def expand_labels(
    labels: Labels, *, distance: Distance = 5.0, spacing: Spacing = ()
) -> Labels:
    """Grow objects into the background around them, without overlap.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    distance : float
        How far objects grow, in pixels of the finest axis.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        The same objects, numbered 1, 2, … in the order of their ids.

    Notes
    -----
    Every background pixel within `distance` of an object goes to the nearest
    object, found by an exact Euclidean distance transform [1]_ in physical
    proportions. This is how a cell is drawn around its nucleus [2]_. Between
    equally near objects the choice is arbitrary, but always the same.

    References
    ----------
    .. [1] C. R. Maurer, R. Qi and V. Raghavan, IEEE Trans. Pattern Anal. Mach.
       Intell. 25, 265-270 (2003), DOI 10.1109/TPAMI.2003.1177156
    .. [2] T. R. Jones et al., BMC Bioinformatics 9, 482 (2008),
       DOI 10.1186/1471-2105-9-482

    Examples
    --------
    >>> import numpy as np
    >>> expand_labels(np.array([[0, 0, 5, 0, 0, 0, 8]]), distance=1)
    array([[0, 1, 1, 1, 0, 2, 2]], dtype=int32)
    """
    ids = numbered(labels)
    if distance == 0 or not ids.any():
        return ids
    from skimage import segmentation  # heavy: the dock opens without it

    sizes = tuple(spacing) or (1.0,) * ids.ndim
    return np.asarray(segmentation.expand_labels(ids, distance, sizes), np.int32)


def relabel(labels: Labels, *, connected: bool = False) -> Labels:
    """Number the objects 1, 2, 3, … without gaps.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    connected : bool
        Give every connected part of an object, diagonals included, a number of
        its own; otherwise the parts of one object keep one number.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        Numbered in the order of their ids, connected parts in the order of their
        first pixel.

    Notes
    -----
    Ids of any size are looked up in a table or sorted. Connected parts are found
    by a union of runs in two passes over the image [1]_.

    References
    ----------
    .. [1] C. Fiorio and J. Gustedt, Theor. Comput. Sci. 154, 165-181 (1996),
       DOI 10.1016/0304-3975(94)00262-2

    Examples
    --------
    >>> import numpy as np
    >>> relabel(np.array([[9, 0, 4, 0, 9]]))
    array([[2, 0, 1, 0, 2]], dtype=int32)
    >>> relabel(np.array([[9, 0, 4, 0, 9]]), connected=True)
    array([[1, 0, 2, 0, 3]], dtype=int32)
    """
    ids = numbered(labels)
    if not connected or ids.size == 0:
        return ids
    from skimage import measure

    parts = measure.label(ids, background=0, connectivity=ids.ndim)
    return np.asarray(parts, np.int32)


def _faces(ids: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the first and the last slice along every axis that has several."""
    axes = [axis for axis, length in enumerate(ids.shape) if length > 1]
    return [np.take(ids, place, axis) for axis in axes for place in (0, -1)]


def _neighbouring_ids(
    ids: NDArray[Any], holes: NDArray[Any], count: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the lowest and highest id that shares a face with each hole."""
    lowest = np.full(count + 1, np.iinfo(np.int32).max, np.int32)
    highest = np.zeros(count + 1, np.int32)
    for a, b in neighbours(ids.shape, diagonal=False):
        for here, there in ((a, b), (b, a)):
            rim = (holes[here] > 0) & (ids[there] > 0)
            hole, owner = holes[here][rim], ids[there][rim]
            np.minimum.at(lowest, hole, owner)
            np.maximum.at(highest, hole, owner)
    return lowest, highest


def _none_lost(found: NDArray[Any], ids: NDArray[Any]) -> NDArray[np.int32]:
    """Give objects that have no pixel left their own pixels back."""
    count = int(ids.max(initial=0)) + 1
    while True:
        lost = np.bincount(found.ravel(), minlength=count) == 0
        lost[0] = False
        if not lost.any():
            return found
        # their pixels may have been all that another object had left
        found = np.where(lost[ids], ids, found)
