"""Objects split in parts or joined, by their shape or by lines drawn by hand."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.params import Labels, Spacing, Unit
from napari_morphogen.segment.centres import centres, heights
from napari_morphogen.segment.flooding import flood
from napari_morphogen.segment.ids import joined, neighbours, numbered, touching

Depth = Annotated[float, at.Interval(ge=0, le=100), at.MultipleOf(0.1), Unit("px")]


def split_objects(
    labels: Labels,
    *,
    h: Depth = 1.0,
    lines: Labels | None = None,
    spacing: Spacing = (),
) -> Labels:
    """Split objects at their necks, or along lines drawn by hand.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    h : float
        How much narrower than the parts on both sides a neck must be, measured
        from the middle to the outline in pixels of the finest axis. Higher means
        fewer parts. Ignored where `lines` are given.
    lines : ndarray of int or None
        Lines to cut along, of any id, instead of the necks found.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        Numbered 1, 2, … in the order of the objects and of their parts.

    Notes
    -----
    Without lines every object is flooded for itself, from the middles of its parts
    [1]_ down the distance to its outline [2]_; objects that touch do not mix, as
    only objects that do not touch are flooded at once. Separate pieces of one
    object become objects of their own.

    With lines only the objects they touch are split: into the parts that are
    connected through faces once the line's pixels are taken out. Pieces of one
    object that only touched diagonally stay together. The pixels of the line go
    to the nearest part of the same object. A line that ends inside an object cuts
    nothing off.

    References
    ----------
    .. [1] P. Soille, Morphological Image Analysis (2004), chapter 6,
       DOI 10.1007/978-3-662-05088-0
    .. [2] L. Vincent and P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13,
       583-598 (1991), DOI 10.1109/34.87344

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.ogrid[:21, :38]
    >>> discs = ((y - 10) ** 2 + (abs(x - 18.5) - 8) ** 2 <= 80).astype(int)
    >>> int(split_objects(discs).max())
    2
    >>> split_objects(np.array([[4, 4, 4, 4]]), lines=np.array([[0, 0, 9, 0]]))
    array([[1, 1, 1, 2]], dtype=int32)
    """
    ids = numbered(labels)
    if not ids.any():
        return ids
    if lines is None:
        parts = _parts_by_shape(ids, h, spacing)
    else:
        parts = _parts_by_lines(ids, numbered(lines) > 0)
    return _in_order(ids, _completed(ids, parts, spacing))


def merge_objects(labels: Labels, *, lines: Labels) -> Labels:
    """Join the objects that one line, drawn by hand, touches.

    Parameters
    ----------
    labels : ndarray of int, shape ([P,] M, N)
        Objects; 0 and negative ids are background.
    lines : ndarray of int
        Lines drawn over the objects to join; each line has an id of its own.

    Returns
    -------
    labels : ndarray of int32, shape of `labels`
        Numbered 1, 2, … in the order of the lowest id of the joined objects.

    Notes
    -----
    All pixels of one id are one line. Objects that share a line are one, and so
    are those of two lines that share an object: the connected components of the
    graph of lines and objects [1]_. Pixels of the background stay background;
    joined objects that did not touch remain apart but have the same number.

    References
    ----------
    .. [1] R. E. Tarjan, J. ACM 22, 215-225 (1975), DOI 10.1145/321879.321884

    Examples
    --------
    >>> import numpy as np
    >>> lines = np.array([[0, 1, 1, 1, 0, 0, 0]])
    >>> merge_objects(np.array([[5, 5, 0, 7, 7, 0, 9]]), lines=lines)
    array([[1, 1, 0, 1, 1, 0, 2]], dtype=int32)
    """
    ids, drawn = numbered(labels), numbered(lines)
    over = (ids > 0) & (drawn > 0)
    count = int(ids.max(initial=0)) + 1
    pairs = np.stack([ids[over], drawn[over] + count], axis=1)
    nodes = count + int(drawn.max(initial=0)) + 1
    return numbered(joined(nodes, pairs)[ids])


def _parts_by_shape(
    ids: NDArray[Any], h: float, spacing: tuple[float, ...]
) -> NDArray[np.int32]:
    """Flood every object for itself; pixels the floods do not reach are 0."""
    parts = np.zeros(ids.shape, np.int32)
    sets = _apart(ids)
    for chosen in range(1, sets.max() + 1):
        mask = sets[ids] == chosen
        height = heights(mask, mask, "distance", "bright", spacing)
        found = flood(-height, centres(height, mask, h), mask)
        parts += np.where(found > 0, found + parts.max(), 0).astype(np.int32)
    return parts


def _apart(ids: NDArray[Any]) -> NDArray[Any]:
    """Return a set for every object, 1, 2, …, so that no two of one set touch."""
    sets = np.ones(int(ids.max()) + 1, np.intp)
    sets[0] = 0
    others: dict[int, list[int]] = {}
    for low, high in touching(ids).tolist():
        others.setdefault(high, []).append(low)
    for number in sorted(others):
        taken = {int(sets[low]) for low in others[number]}
        sets[number] = next(n for n in range(1, len(taken) + 2) if n not in taken)
    return sets


def _parts_by_lines(ids: NDArray[Any], drawn: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Cut the objects that lines touch; the lines' own pixels are 0."""
    from skimage import measure  # heavy: the dock opens without it

    touched = np.zeros(int(ids.max()) + 1, bool)
    touched[ids[drawn]] = True
    touched[0] = False
    inside = np.where(touched[ids], ids, 0)
    whole = measure.label(inside, connectivity=1)
    cut = measure.label(np.where(drawn, 0, inside), connectivity=1)
    pairs = [np.zeros((0, 2), np.intp)]
    for a, b in neighbours(ids.shape):
        # what was one piece before may only be joined again around the line
        link = (cut[a] > 0) & (cut[b] > 0) & (whole[a] != whole[b])
        link &= inside[a] == inside[b]
        pairs.append(np.stack([cut[a][link], cut[b][link]], axis=1))
    count = int(cut.max()) + 1
    parts = joined(count, np.concatenate(pairs))[cut]
    rest = (ids > 0) & (inside == 0)
    parts[rest] = ids[rest] + count
    return numbered(parts)


def _completed(
    ids: NDArray[Any], parts: NDArray[np.int32], spacing: tuple[float, ...]
) -> NDArray[np.int32]:
    """Give pixels without a part the nearest part of the same object."""
    missing = np.unique(ids[(ids > 0) & (parts == 0)])
    boxes = ndimage.find_objects(ids)
    sampling = tuple(spacing) or None
    for number in missing:
        box = boxes[number - 1]
        own = ids[box] == number
        known = np.where(own, parts[box], 0)
        if not known.any():
            known[own] = parts.max() + 1
        nearest = ndimage.distance_transform_edt(
            known == 0, sampling, return_distances=False, return_indices=True
        )
        parts[box][own] = known[tuple(nearest)][own]
    return parts


def _in_order(ids: NDArray[Any], parts: NDArray[Any]) -> NDArray[np.int32]:
    """Number parts in the order of the objects they belong to."""
    owner = np.zeros(int(parts.max()) + 1, np.int32)
    owner[parts] = ids
    order = np.argsort(owner, kind="stable")
    numbers = np.empty(len(owner), np.int32)
    numbers[order] = np.arange(len(owner))
    return np.asarray(numbers[parts])
