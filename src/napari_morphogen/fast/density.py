"""Kernels of DBSCAN on a grid.

Arrays are (planes, rows, columns), features (channels, planes, rows, columns). A
line is one row of one plane; kernels work on ranges of lines.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

NOBODY = np.uint32(2**31 - 1)
WORD = 8  # bytes that are looked at together


@kernel
def _span(shape, z, y, offset):
    """Return plane and row that an offset leads to and the columns that it serves."""
    z, y = z + offset[0], y + offset[1]
    if not (0 <= z < shape[1] and 0 <= y < shape[2]):
        return 0, 0, 0, 0
    first, last = max(0, -offset[2]), min(shape[3], shape[3] - offset[2])
    return z, y, first, max(first, last)


# Loops on whole slices without negative indices become vector instructions; sums in
# double precision are scikit-learn's to the last bit.


@kernel
def _square(here, there, square, total):
    total[:] = square
    for c in range(here.shape[0]):
        one, two = here[c], there[c]
        for x in range(total.size):
            away = np.float64(one[x]) - np.float64(two[x])
            total[x] += away * away


@kernel
def _count(here, there, square, limit, total, count):
    if here.shape[0] == 1:
        one, two = here[0], there[0]
        for x in range(count.size):
            away = np.float64(one[x]) - np.float64(two[x])
            count[x] += square + away * away <= limit
        return
    _square(here, there, square, total)
    for x in range(count.size):
        count[x] += total[x] <= limit


@kernel
def find_cores(lo, hi, features, offsets, squares, limit, min_samples, parent):
    """Make each core of the lines its own parent, other pixels -1."""
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


@kernel
def _root(parent, at):
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


@kernel
def _is_near(here, there, x, to, square, limit):
    for c in range(here.shape[0]):
        square += (np.float64(here[c, x]) - np.float64(there[c, to])) ** 2
    return square <= limit


@kernel
def _strangers(one, two, todo):
    """Mark pairs of cores that are not known to belong together."""
    for x in range(one.size):
        todo[x] = (one[x] >= 0) & (two[x] >= 0) & (one[x] != two[x])


@kernel
def _unite(todo, words, parent, to, here, there, square, limit):
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


@kernel
def _chain(line, features, square, limit):
    """Join each core of a line, not yet joined to any, to the one before it."""
    for x in range(1, line.size):
        if line[x] >= 0 and line[x - 1] >= 0:
            if _is_near(features, features, x, x - 1, square, limit):
                line[x] = line[x - 1]


@kernel
def _flatten(parent, begin, end):
    for i in range(begin, end):
        if parent[i] >= 0:
            parent[i] = _root(parent, i)


@kernel
def join(lo, hi, floor, ceiling, features, offsets, squares, limit, parent):
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


@kernel
def number(parent):
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


@kernel
def reach_borders(lo, hi, features, offsets, squares, limit, labels):
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


KERNELS = (find_cores, join, number, reach_borders)


def warm() -> None:
    """Compile everything."""
    features = np.zeros((1, 1, 2, 3), np.float32)
    offsets, squares = np.zeros((1, 3), np.int64), np.zeros(1)
    labels = np.zeros(features.shape[1:], np.int32)
    given = (features, offsets, squares, 1.0)
    find_cores(0, 2, *given, 1, labels)
    join(0, 2, 0, 2, *given, labels)
    number(labels.reshape(-1))
    reach_borders(0, 2, *given, labels)
