"""Kernels that move the boundary of a region held as bits, 64 pixels to a word.

Regions are arrays of uint64, shape (P + 2, M + 2, W + 2): zeros all around, pixel
x of a row in bit x % 64 of word x // 64 + 1. A plane has P = 1. Rows are counted
through all planes. Erosion is dilation of the complement: every word is combined
with `flip`, which is 0 or all ones, when it is read and when it is written.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

ZERO, ONE, TOP = np.uint64(0), np.uint64(1), np.uint64(63)
BYTE, EIGHT = np.uint64(255), np.uint64(8)
ALL = np.uint64(2**64 - 1)


@kernel
def _triple(row, w, flip):
    """Return the left neighbours of 64 pixels, the pixels, the right neighbours."""
    here = row[w] ^ flip
    left = (here << ONE) | ((row[w - 1] ^ flip) >> TOP)
    right = (here >> ONE) | ((row[w + 1] ^ flip) << TOP)
    return left, here, right


@kernel
def _bent_in_plane(above, row, below, w, flip):
    """Return whether every line of three pixels has one that is set."""
    a0, a1, a2 = _triple(above, w, flip)
    b0, b1, b2 = _triple(row, w, flip)
    c0, c1, c2 = _triple(below, w, flip)
    return b1 | ((b0 | b2) & (a1 | c1) & (a0 | c2) & (a2 | c0))


@kernel
def _bent_in_volume(bits, z, y, w, flip):
    """Return whether every plane of nine voxels has one that is set."""
    a0, a1, a2 = _triple(bits[z - 1, y - 1], w, flip)
    b0, b1, b2 = _triple(bits[z - 1, y], w, flip)
    c0, c1, c2 = _triple(bits[z - 1, y + 1], w, flip)
    d0, d1, d2 = _triple(bits[z, y - 1], w, flip)
    e0, e1, e2 = _triple(bits[z, y], w, flip)
    f0, f1, f2 = _triple(bits[z, y + 1], w, flip)
    g0, g1, g2 = _triple(bits[z + 1, y - 1], w, flip)
    h0, h1, h2 = _triple(bits[z + 1, y], w, flip)
    i0, i1, i2 = _triple(bits[z + 1, y + 1], w, flip)
    across = a1 | b1 | c1 | d1 | f1 | g1 | h1 | i1
    across &= b0 | b1 | b2 | e0 | e2 | h0 | h1 | h2
    across &= d0 | d1 | d2 | e0 | e2 | f0 | f1 | f2
    across &= a0 | d0 | g0 | b1 | h1 | c2 | f2 | i2
    across &= a2 | d2 | g2 | b1 | h1 | c0 | f0 | i0
    across &= a0 | b0 | c0 | d1 | f1 | g2 | h2 | i2
    across &= a2 | b2 | c2 | d1 | f1 | g0 | h0 | i0
    across &= a0 | a1 | a2 | e0 | e2 | i0 | i1 | i2
    across &= c0 | c1 | c2 | e0 | e2 | g0 | g1 | g2
    return e1 | across


@kernel
def bend(bits, out, flip, deep, last, r0, r1):
    """Dilate by lines (planes in a volume) and take what all have in common."""
    rows, words = bits.shape[1] - 2, bits.shape[2] - 2
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        for w in range(1, words + 1):
            if deep:
                word = _bent_in_volume(bits, z, y, w, flip)
            else:
                plane = bits[z]
                word = _bent_in_plane(plane[y - 1], plane[y], plane[y + 1], w, flip)
            out[z, y, w] = word ^ flip
        out[z, y, words] &= last


@kernel
def swell(bits, out, flip, deep, last, allowed, r0, r1):
    """Dilate by the full neighbourhood where `allowed`."""
    rows, words = bits.shape[1] - 2, bits.shape[2] - 2
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        front, back = (z - 1, z + 2) if deep else (z, z + 1)
        for w in range(1, words + 1):
            word = ZERO
            for k in range(front, back):
                for j in range(y - 1, y + 2):
                    left, here, right = _triple(bits[k, j], w, flip)
                    word |= left | here | right
            may = allowed[z, y, w]
            out[z, y, w] = ((word ^ flip) & may) | (bits[z, y, w] & ~may)
        out[z, y, words] &= last


@kernel
def _neighbours(bits, z, y, w, last):
    """Return the words before and after along z, y and x; the border repeats."""
    planes, rows, words = bits.shape[0] - 2, bits.shape[1] - 2, bits.shape[2] - 2
    left, here, right = _triple(bits[z, y], w, ZERO)
    if w == 1:
        left |= here & ONE
    if w == words:
        right |= here & (last ^ (last >> ONE))
    above, below = bits[z, max(y - 1, 1), w], bits[z, min(y + 1, rows), w]
    front, back = bits[max(z - 1, 1), y, w], bits[min(z + 1, planes), y, w]
    return front, back, above, below, left, right


@kernel
def compete(bits, out, last, image, means, weights, r0, r1):
    """Give pixels at the boundary to the side whose mean they are nearer to."""
    rows, words = bits.shape[1] - 2, bits.shape[2] - 2
    inner, outer = means
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        line = image[z - 1, y - 1]
        for w in range(1, words + 1):
            front, back, above, below, left, right = _neighbours(bits, z, y, w, last)
            rest = (front ^ back) | (above ^ below) | (left ^ right)
            if w == words:
                rest &= last
            word, k, x = bits[z, y, w], ZERO, 64 * (w - 1)
            while rest:
                if not rest & BYTE:
                    rest >>= EIGHT
                    k += EIGHT
                    x += 8
                    continue
                if rest & ONE:
                    value = np.float64(line[x])
                    here, there = value - inner, value - outer
                    gain = weights[0] * (here * here) - weights[1] * (there * there)
                    word |= np.uint64(gain < 0) << k
                    word &= ~(np.uint64(gain > 0) << k)
                rest >>= ONE
                k += ONE
                x += 1
            out[z, y, w] = word


@kernel
def attach(bits, out, last, slopes, r0, r1):
    """Move the boundary down `slopes`, shape (P, M, N, axes)."""
    rows, words = bits.shape[1] - 2, bits.shape[2] - 2
    axes = slopes.shape[-1]
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        slope = slopes[z - 1, y - 1]
        for w in range(1, words + 1):
            front, back, above, below, left, right = _neighbours(bits, z, y, w, last)
            rest = (front ^ back) | (above ^ below) | (left ^ right)
            if w == words:
                rest &= last
            word, k, x = bits[z, y, w], ZERO, 64 * (w - 1)
            while rest:
                if not rest & BYTE:
                    rest >>= EIGHT
                    k += EIGHT
                    x += 8
                    continue
                if rest & ONE:
                    pull = 0.0
                    if axes == 3:
                        rise = np.int64((back >> k) & ONE) - np.int64(
                            (front >> k) & ONE
                        )
                        pull += rise * slope[x, 0]
                    rise = np.int64((below >> k) & ONE) - np.int64((above >> k) & ONE)
                    pull += rise * slope[x, axes - 2]
                    rise = np.int64((right >> k) & ONE) - np.int64((left >> k) & ONE)
                    pull += rise * slope[x, axes - 1]
                    word |= np.uint64(pull > 0) << k  # signs are hard to predict
                    word &= ~(np.uint64(pull < 0) << k)
                rest >>= ONE
                k += ONE
                x += 1
            out[z, y, w] = word


@kernel
def change(before, after, image, r0, r1):
    """Return how pixels, their sum and the sum of their squares grew inside."""
    rows, words = before.shape[1] - 2, before.shape[2] - 2
    count, total, squares = 0, 0.0, 0.0
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        line = image[z - 1, y - 1]
        for w in range(1, words + 1):
            now = after[z, y, w]
            rest, x = now ^ before[z, y, w], 64 * (w - 1)
            while rest:
                if not rest & BYTE:
                    rest >>= EIGHT
                    now >>= EIGHT
                    x += 8
                    continue
                if rest & ONE:
                    sign = 1 if now & ONE else -1
                    value = np.float64(line[x])
                    count += sign
                    total += sign * value
                    squares += sign * (value * value)
                rest >>= ONE
                now >>= ONE
                x += 1
    return count, total, squares


@kernel
def _summed(line, other, bits, x):
    """Return the sum of both lines where bits are set, from pixel x on."""
    total = 0.0
    while bits:
        if not bits & BYTE:
            bits >>= EIGHT
            x += 8
            continue
        if bits & ONE:
            total += np.float64(line[x]) + np.float64(other[x])
        bits >>= ONE
        x += 1
    return total


@kernel
def faces(bits, last, image, r0, r1):
    """Return the sums of both values at the faces of the region, per axis."""
    planes, rows, words = bits.shape[0] - 2, bits.shape[1] - 2, bits.shape[2] - 2
    across, down, along = 0.0, 0.0, 0.0
    inner = last >> ONE  # the last pixel of a row has none after it
    for r in range(r0, r1):
        z, y = r // rows + 1, r % rows + 1
        line = image[z - 1, y - 1]
        for w in range(1, words + 1):
            _, here, right = _triple(bits[z, y], w, ZERO)
            x = 64 * (w - 1)
            changes = (here ^ right) & (inner if w == words else ALL)
            along += _summed(line, line[1:], changes, x)
            if y < rows:
                down += _summed(line, image[z - 1, y], here ^ bits[z, y + 1, w], x)
            if z < planes:
                across += _summed(line, image[z, y - 1], here ^ bits[z + 1, y, w], x)
    return across, down, along


KERNELS = (bend, swell, compete, attach, change, faces)


def warm() -> None:
    """Compile everything."""
    bits = np.zeros((3, 3, 3), np.uint64)
    image = np.zeros((1, 1, 1), np.float32)
    for deep in (False, True):
        bend(bits, bits, ZERO, deep, ONE, 0, 1)
        swell(bits, bits, ZERO, deep, ONE, bits, 0, 1)
    compete(bits, bits, ONE, image, (0.0, 0.0), (1.0, 1.0), 0, 1)
    attach(bits, bits, ONE, np.zeros((1, 1, 1, 2)), 0, 1)
    change(bits, bits, image, 0, 1)
    faces(bits, ONE, image, 0, 1)
