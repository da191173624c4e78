"""Ids of label images: numbered without gaps, and which of them are neighbours."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError

Box = tuple[slice, ...]
DENSE = 4  # ids up to this many times the number of pixels are looked up in a table


def numbered(labels: NDArray[Any]) -> NDArray[np.int32]:
    """Return labels of any whole-number type as 1, 2, … in the order of their ids.

    Parameters
    ----------
    labels : ndarray of int or bool
        0 and negative ids are background.

    Returns
    -------
    ids : ndarray of int32
        A new array in C order.

    Raises
    ------
    InputError
        When the values are no whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> numbered(np.array([[9, 0, -1], [2**40, 9, 3]]))
    array([[2, 0, 0],
           [3, 2, 1]], dtype=int32)
    """
    if labels.dtype.kind not in "bui":
        raise InputError(
            f"Labels are whole numbers, but these are {labels.dtype}; "
            "segment the image first or round it."
        )
    high = int(labels.max()) if labels.size else 0
    if high <= 0:
        return np.zeros(labels.shape, np.int32)
    if high > DENSE * labels.size + 2**16:
        return _sorted(labels)
    ids = labels.astype(np.intp, order="C")
    np.maximum(ids, 0, out=ids)
    present = np.zeros(high + 1, bool)
    present[ids] = True
    return renumbered(ids, present)


def renumbered(ids: NDArray[Any], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the ids that are `kept` as 1, 2, …, the others as background.

    Parameters
    ----------
    ids : ndarray of int
        From 0.
    kept : ndarray of bool
        One value per id; that of 0 is ignored.

    Examples
    --------
    >>> import numpy as np
    >>> renumbered(np.array([0, 1, 2, 3]), np.array([False, True, False, True]))
    array([0, 1, 0, 2], dtype=int32)
    """
    chosen = kept.copy()
    chosen[0] = False
    numbers = np.where(chosen, np.cumsum(chosen), 0).astype(np.int32)
    return np.asarray(numbers[ids])


def neighbours(
    shape: tuple[int, ...], *, diagonal: bool = True
) -> Iterator[tuple[Box, Box]]:
    """Yield slices that pair every pixel with a neighbour, each pair once.

    Parameters
    ----------
    shape : tuple of int
        Of the array to slice.
    diagonal : bool
        Whether pixels that share a corner or an edge only are neighbours too.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.array([5, 7, 8])
    >>> [(line[a].tolist(), line[b].tolist()) for a, b in neighbours(line.shape)]
    [([5, 7], [7, 8])]
    """
    for step in product((-1, 0, 1), repeat=len(shape)):
        if step > (0,) * len(shape) and (diagonal or sum(map(abs, step)) == 1):
            pairs = list(zip(shape, step, strict=True))
            here = tuple(slice(max(-s, 0), n - max(s, 0)) for n, s in pairs)
            there = tuple(slice(max(s, 0), n - max(-s, 0)) for n, s in pairs)
            yield here, there


def touching(ids: NDArray[Any]) -> NDArray[Any]:
    """Return the pairs of objects that touch, diagonally or not.

    Parameters
    ----------
    ids : ndarray of int
        From 0, the background.

    Returns
    -------
    pairs : ndarray of int, shape (n, 2)
        The smaller id first; every pair once.

    Examples
    --------
    >>> import numpy as np
    >>> touching(np.array([[1, 1, 0, 4], [0, 2, 0, 4]])).tolist()
    [[1, 2]]
    """
    count = int(ids.max()) + 1 if ids.size else 1
    codes = [np.zeros(0, np.int64)]
    for a, b in neighbours(ids.shape):
        contact = (ids[a] != ids[b]) & (ids[a] > 0) & (ids[b] > 0)
        first, second = ids[a][contact].astype(np.int64), ids[b][contact]
        low, high = np.minimum(first, second), np.maximum(first, second)
        codes.append(np.unique(low * count + high))
    return np.stack(np.divmod(np.unique(np.concatenate(codes)), count), axis=1)


def joined(count: int, pairs: NDArray[Any]) -> NDArray[Any]:
    """Return for every number below `count` the smallest that pairs connect it to.

    Parameters
    ----------
    count : int
        How many numbers there are.
    pairs : ndarray of int, shape (n, 2)
        Numbers that belong together.

    Examples
    --------
    >>> import numpy as np
    >>> joined(5, np.array([[1, 4], [4, 3]])).tolist()
    [0, 1, 2, 1, 1]
    """
    from scipy import sparse
    from scipy.sparse import csgraph

    ones = np.ones(len(pairs), bool)
    graph = sparse.coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), (count, count))
    groups, group = csgraph.connected_components(graph, directed=False)
    smallest = np.full(groups, count)
    np.minimum.at(smallest, group, np.arange(count))
    return np.asarray(smallest[group])


def _sorted(labels: NDArray[Any]) -> NDArray[np.int32]:
    """Number ids that are too far apart for a table."""
    plain = np.ascontiguousarray(labels).astype(labels.dtype.newbyteorder("="))
    ids = np.zeros(plain.shape, np.int32)
    objects = plain > 0
    ids[objects] = np.unique(plain[objects], return_inverse=True)[1] + 1
    return ids
