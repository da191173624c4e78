"""DBSCAN on a grid in compiled loops; importing this module imports numba.

Arrays are (planes, rows, columns), features (channels, planes, rows, columns). A
line is one row of one plane; kernels work on ranges of lines and let go of the
interpreter lock, so that a pool of threads can share an image.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

LINES = 64  # fewer are not worth a thread
NOBODY = np.uint32(2**31 - 1)
WORD = 8  # bytes that are looked at together


def _compiled(function: Callable[..., Any]) -> Any:
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # there is no folder that numba may write to
        return numba.njit(nogil=True)(function)


def labels_of(
    features: NDArray[np.float32],
    offsets: NDArray[np.int64],
    squares: NDArray[np.float64],
    eps: float,
    min_samples: int,
) -> NDArray[np.int32]:
    """Return the clusters of features of shape (channels, planes, rows, columns).

    Parameters
    ----------
    features : ndarray of float32
        C-contiguous; NaN is near nothing.
    offsets : ndarray of shape (N, 3)
        Where neighbours may lie, sorted.
    squares : ndarray of shape (N,)
        Squared length of each offset.
    eps, min_samples
        As in `dbscan.grid_clusters`.
    """
    shape = features.shape[1:]
    labels = np.empty(shape, np.int32)
    ranges = _ranges(shape[0] * shape[1])
    half = len(offsets) // 2  # the second half mirrors the first
    whole = (features, offsets, squares, eps * eps)
    back = (features, offsets[:half], squares[:half], eps * eps, labels)
    _each(_find_cores, ranges, (*whole, min_samples, labels))
    _each(_join, [(lo, hi, lo, hi) for lo, hi in ranges], back)
    reach = int(np.max(-offsets[:, 0] * shape[1] - offsets[:, 1]))
    for lo, _ in ranges[1:]:
        _join(lo, min(lo + reach, ranges[-1][1]), 0, lo, *back)
    _number(labels.reshape(-1))
    near_first = np.argsort(squares, kind="stable")
    outwards = (features, offsets[near_first], squares[near_first], eps * eps, labels)
    _each(_reach_borders, ranges, outwards)
    return np.abs(labels, out=labels)


def _ranges(lines: int) -> list[tuple[int, int]]:
    count = max(1, min(os.cpu_count() or 1, lines // LINES))
    cuts = [lines * i // count for i in range(count + 1)]
    return list(pairwise(cuts))


def _each(
    kernel: Any, ranges: Sequence[tuple[int, ...]], given: tuple[Any, ...]
) -> None:
    if len(ranges) == 1:
        kernel(*ranges[0], *given)
        return
    with ThreadPoolExecutor(len(ranges)) as pool:
        for done in [pool.submit(kernel, *lines, *given) for lines in ranges]:
            done.result()


@_compiled
def _span(shape, z, y, offset):  # type: ignore[no-untyped-def]
    """Return plane and row that an offset leads to and the columns that it serves."""
    z, y = z + offset[0], y + offset[1]
    if not (0 <= z < shape[1] and 0 <= y < shape[2]):
        return 0, 0, 0, 0
    first, last = max(0, -offset[2]), min(shape[3], shape[3] - offset[2])
    return z, y, first, max(first, last)


# Loops on whole slices without negative indices become vector instructions; sums in
# double precision are scikit-learn's to the last bit.


@_compiled
def _square(here, there, square, total):  # type: ignore[no-untyped-def]
    total[:] = square
    for c in range(here.shape[0]):
        one, two = here[c], there[c]
        for x in range(total.size):
            away = np.float64(one[x]) - np.float64(two[x])
            total[x] += away * away


@_compiled
def _count(here, there, square, limit, total, count):  # type: ignore[no-untyped-def]
    if here.shape[0] == 1:
        one, two = here[0], there[0]
        for x in range(count.size):
            away = np.float64(one[x]) - np.float64(two[x])
            count[x] += square + away * away <= limit
        return
    _square(here, there, square, total)
    for x in range(count.size):
        count[x] += total[x] <= limit


@_compiled
def _find_cores(  # type: ignore[no-untyped-def]
    lo, hi, features, offsets, squares, limit, min_samples, parent
):
    rows, columns = parent.shape[1:]
    total, count = np.empty(columns), np.empty(columns, np.int32)
    for line in range(lo, hi):
        z, y = line // rows, line % rows
        count[:] = 0
        for o in range(len(offsets)):
            to_z, to_y, first, last = _span(features.shape, z, y, offsets[o])
            if first == last:
                continue
            here = features[:, z, y, first:last]
            step = offsets[o, 2]
            there = features[:, to_z, to_y, first + step : last + step]
            _count(here, there, squares[o], limit, total[first:last], count[first:last])
        for x in range(columns):
            own = np.int32(line * columns + x)
            parent[z, y, x] = own if count[x] >= min_samples else -1


@_compiled
def _root(parent, at):  # type: ignore[no-untyped-def]
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


@_compiled
def _is_near(here, there, x, to, square, limit):  # type: ignore[no-untyped-def]
    for c in range(here.shape[0]):
        square += (np.float64(here[c, x]) - np.float64(there[c, to])) ** 2
    return square <= limit


@_compiled
def _strangers(one, two, todo):  # type: ignore[no-untyped-def]
    """Mark pairs of cores that are not known to belong together."""
    for x in range(one.size):
        todo[x] = (one[x] >= 0) & (two[x] >= 0) & (one[x] != two[x])


@_compiled
def _unite(todo, words, parent, to, here, there, square, limit):  # type: ignore[no-untyped-def]
    """Join the marked pairs that are near; return whether there was one."""
    found, known = False, (-1, -1)
    for word in range(words.size):
        if words[word] == 0:
            continue
        for x in range(word * WORD, word * WORD + WORD):
            pair = parent[to[0] + x], parent[to[1] + x]
            if todo[x] and pair != known:
                one, two = _root(parent, to[0] + x), _root(parent, to[1] + x)
                if one != two and _is_near(here, there, x, x, square, limit):
                    parent[max(one, two)] = min(one, two)
                    found, one = True, two
                if one == two:
                    known = pair
    return found


@_compiled
def _chain(line, features, square, limit):  # type: ignore[no-untyped-def]
    """Join each core of a line, not yet joined to any, to the one before it."""
    for x in range(1, line.size):
        if line[x] >= 0 and line[x - 1] >= 0:
            if _is_near(features, features, x, x - 1, square, limit):
                line[x] = line[x - 1]


@_compiled
def _flatten(parent, begin, end):  # type: ignore[no-untyped-def]
    for i in range(begin, end):
        if parent[i] >= 0:
            parent[i] = _root(parent, i)


@_compiled
def _join(  # type: ignore[no-untyped-def]
    lo, hi, floor, ceiling, features, offsets, squares, limit, parent
):
    """Unite lines from `lo` to `hi` with lines before them, `floor` to `ceiling`."""
    rows, columns = parent.shape[1:]
    flat = parent.reshape(-1)
    todo = np.zeros((columns // WORD + 1) * WORD, np.uint8)
    words = todo.view(np.uint64)
    for line in range(lo, hi):
        z, y = line // rows, line % rows
        for o in range(len(offsets) - 1, -1, -1):  # nearest lines first: most is known
            to_z, to_y, first, last = _span(features.shape, z, y, offsets[o])
            to, step = to_z * rows + to_y, offsets[o, 2]
            if first == last or not floor <= to < ceiling:
                continue
            if to == line and step == -1:
                _chain(parent[z, y], features[:, z, y], squares[o], limit)
                continue
            todo[:] = 0
            there = slice(first + step, last + step)
            _strangers(parent[z, y, first:last], parent[to_z, to_y, there], todo)
            if _unite(
                todo,
                words,
                flat,
                (line * columns + first, to * columns + first + step),
                features[:, z, y, first:last],
                features[:, to_z, to_y, there],
                squares[o],
                limit,
            ):
                _flatten(flat, line * columns, (line + 1) * columns)


@_compiled
def _number(parent):  # type: ignore[no-untyped-def]
    """Turn parents, which come before their children, into 1, 2, … and 0."""
    count = 0
    for i in range(parent.size):
        if parent[i] == i:
            count += 1
            parent[i] = count
        elif parent[i] >= 0:
            parent[i] = parent[parent[i]]
        else:
            parent[i] = 0


@_compiled
def _reach_borders(  # type: ignore[no-untyped-def]
    lo, hi, features, offsets, squares, limit, labels
):
    """Give pixels that are no cores minus the lowest label of a core near them."""
    rows, columns = labels.shape[1:]
    best = np.empty(columns, np.uint32)
    for line in range(lo, hi):
        z, y = line // rows, line % rows
        border = np.flatnonzero(labels[z, y] <= 0)
        best[:] = NOBODY
        for o in range(len(offsets)):
            to_z, to_y, first, last = _span(features.shape, z, y, offsets[o])
            here, there = features[:, z, y], features[:, to_z, to_y]
            found = labels[to_z, to_y]
            for x in border:
                to = x + offsets[o, 2]
                # labels below 1 wrap round to beyond NOBODY
                if first <= x < last and np.uint32(found[to] - 1) < best[x]:
                    if _is_near(here, there, x, to, squares[o], limit):
                        best[x] = np.uint32(found[to] - 1)
        for x in border:
            labels[z, y, x] = 0 if best[x] == NOBODY else -np.int32(best[x]) - 1
