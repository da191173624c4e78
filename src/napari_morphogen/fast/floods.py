"""Kernel of the watershed: a queue per level, in scikit-image's order.

A pixel waits at its own level or at that of the pixel it was reached from, whichever
is higher; within a level who came first goes first, markers before all others.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

CELLS = 65536


@kernel
def _cell(value, lowest, scale):
    return min(np.int64((np.float64(value) - lowest) * scale), CELLS - 1)


@kernel
def index_levels(levels, scale):
    """Return where the levels of every cell of equal width begin."""
    begin = np.zeros(CELLS + 1, np.int64)
    for level in levels:
        begin[_cell(level, levels[0], scale) + 1] += 1
    for i in range(CELLS):
        begin[i + 1] += begin[i]
    return begin


@kernel
def _level_of(value, levels, begin, scale):
    cell = _cell(value, levels[0], scale)
    low, high = begin[cell], begin[cell + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if levels[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def flood(landscape, labels, offsets, markers, levels, begin, scale):
    """Spread `labels` over 0; flat arrays of an image with a border of -1."""
    first = np.full(levels.size, -1, np.int32)
    last = np.full(levels.size, -1, np.int32)
    following = np.full(landscape.size, -1, np.int32)
    for at in markers:
        level = _level_of(landscape[at], levels, begin, scale)
        if first[level] < 0:
            first[level] = at
        else:
            following[last[level]] = at
        last[level] = at
    for level in range(levels.size):
        at = first[level]
        while at >= 0:
            label = labels[at]
            for offset in offsets:
                near = at + offset
                if labels[near]:
                    continue
                labels[near] = label
                own = level
                if landscape[near] > levels[level]:
                    own = _level_of(landscape[near], levels, begin, scale)
                if first[own] < 0:
                    first[own] = near
                else:
                    following[last[own]] = near
                last[own] = near
            at = following[at]


KERNELS = (index_levels, flood)


def warm() -> None:
    """Compile everything."""
    levels = np.zeros(1, np.float32)
    begin = index_levels(levels, 1.0)
    image, labels = np.zeros(3, np.float32), np.array([-1, 1, -1], np.int32)
    flood(image, labels, np.array([-1, 1]), np.array([1]), levels, begin, 1.0)
