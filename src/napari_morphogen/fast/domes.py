"""Kernel of the reconstruction by dilation, inside a mask.

One scan forwards, one backwards, a queue for what is left (L. Vincent, IEEE Trans.
Image Process. 2, 176-201 (1993), DOI 10.1109/83.217222). Only minima and maxima are
taken, so that the order of the work does not change the result.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel


@kernel
def _raise(seed, ceiling, inside, offsets, at):
    """Raise one pixel as far as its neighbours at `offsets` allow."""
    most = seed[at]
    for offset in offsets:
        if inside[at + offset] and seed[at + offset] > most:
            most = seed[at + offset]
    seed[at] = min(most, ceiling[at])


@kernel
def _waits(seed, ceiling, inside, at, neighbour):
    if not inside[neighbour] or seed[neighbour] >= seed[at]:
        return False
    return seed[neighbour] < ceiling[neighbour]


@kernel
def reconstruct(seed, ceiling, inside, before):
    """Raise `seed` under `ceiling`; flat arrays of an image with a border not inside.

    `before` holds the offsets of the neighbours that come before a pixel.
    """
    after = -before
    stack, count = np.empty(4096, np.int64), 0
    for at in range(seed.size):
        if inside[at]:
            _raise(seed, ceiling, inside, before, at)
    for at in range(seed.size - 1, -1, -1):
        if inside[at]:
            _raise(seed, ceiling, inside, after, at)
            for offset in after:
                if _waits(seed, ceiling, inside, at, at + offset):
                    if count == stack.size:
                        stack = np.concatenate((stack, np.empty_like(stack)))
                    stack[count] = at
                    count += 1
                    break
    waiting, begin = stack[:count].copy(), 0
    while begin < count:
        if count + 2 * before.size > waiting.size:
            waiting = np.concatenate((waiting[begin:count], np.empty_like(waiting)))
            waiting = np.concatenate((waiting, np.empty(2 * before.size, np.int64)))
            count, begin = count - begin, 0
        at = waiting[begin]
        begin += 1
        for k in range(2 * before.size):
            offset = before[k // 2] if k % 2 else -before[k // 2]
            if _waits(seed, ceiling, inside, at, at + offset):
                seed[at + offset] = min(seed[at], ceiling[at + offset])
                waiting[count] = at + offset
                count += 1


KERNELS = (reconstruct,)


def warm() -> None:
    """Compile everything for both types."""
    for dtype in (np.float32, np.float64):
        image = np.ones(9, dtype)
        reconstruct(image, image, np.zeros(9, bool), np.array([-1]))
