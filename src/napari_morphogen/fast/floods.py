"""Kernel of the watershed: one queue for all levels, in scikit-image's order.

A pixel waits at its own level or at that of the pixel it was reached from, whichever
is higher; within a level who came first goes first. A seed comes before all others of
its level, with whatever it reaches below it; of seeds equally high the one that comes
first in memory goes first.

`state` is a flat array of the image with a border of -1. A pixel still dry holds its
level, that is, how many pixels are lower; a wet one holds ``~label``; -1 is no pixel.
The pixels that wait at a level have their places in `waiting` from that number on,
as many as there are pixels of that height.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

DIGIT = 11  # bits sorted at once


@kernel
def _sort_digit(keys, places, out_keys, out_places, shift):
    ends = np.zeros(2**DIGIT + 1, np.int64)
    for key in keys:
        ends[((key >> np.uint32(shift)) & np.uint32(2**DIGIT - 1)) + 1] += 1
    for i in range(2**DIGIT):
        ends[i + 1] += ends[i]
    for i in range(keys.size):
        digit = (keys[i] >> np.uint32(shift)) & np.uint32(2**DIGIT - 1)
        out_keys[ends[digit]] = keys[i]
        out_places[ends[digit]] = places[i]
        ends[digit] += 1


@kernel
def write_levels(keys, places, state):
    """Write the level of every place into `state`; both arrays are used up."""
    other_keys, other_places = np.empty_like(keys), np.empty_like(places)
    for shift in range(0, 32, DIGIT):
        _sort_digit(keys, places, other_keys, other_places, shift)
        keys, other_keys = other_keys, keys
        places, other_places = other_places, places
    level = 0
    for i in range(keys.size):
        if keys[i] != keys[level]:
            level = i
        state[places[i]] = level


@kernel
def _wet(state, offsets, at, level, waiting, pool, count, aside):
    """Wet the neighbours of one pixel; return how many wait in the pool.

    The pool holds those that do not wait for a later level; those of this level are
    put `aside` from it while the seeds have their turn.
    """
    label = state[at]
    for offset in offsets:
        near = at + offset
        own = state[near]
        if own < 0:
            continue
        state[near] = label
        if own > level or (aside and own == level):
            waiting[own + waiting[own, 1], 0] = near
            waiting[own, 1] += 1
        else:
            pool[count] = near
            count += 1
    return count


@kernel
def flood(state, offsets, seeds, levels, size):
    """Spread the labels of `seeds` over `size` pixels; `levels` of seeds ascend."""
    waiting = np.zeros((size, 2), np.int32)
    pool = np.empty(size + 1, np.int32)
    turn = 0
    for level in range(size):
        while turn < seeds.size and levels[turn] == level:
            count = _wet(state, offsets, seeds[turn], level, waiting, pool, 0, True)
            done = 0
            while done < count:
                at = pool[done]
                count = _wet(state, offsets, at, level, waiting, pool, count, True)
                done += 1
            turn += 1
        count = 0
        for i in range(level, level + waiting[level, 1]):
            at = waiting[i, 0]
            count = _wet(state, offsets, at, level, waiting, pool, count, False)
        done = 0
        while done < count:
            at = pool[done]
            count = _wet(state, offsets, at, level, waiting, pool, count, False)
            done += 1


KERNELS = (write_levels, flood)


def warm() -> None:
    """Compile everything."""
    state, one = np.array([-1, -2, -1], np.int32), np.ones(1, np.int32)
    write_levels(np.zeros(1, np.uint32), one.copy(), state.copy())
    flood(state, np.array([-1, 1]), one, np.zeros(1, np.int32), 1)
