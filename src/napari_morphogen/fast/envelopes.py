"""Kernels of the exact Euclidean distance transform.

Along the first axis pixels are counted; along the others the lowest of parabolas is
found, one per pixel, between two pixels of the background, beyond which nothing can
be nearer. Squares are summed in the order of the axes, as SciPy sums them.
"""

import math

import numpy as np

from napari_morphogen.fast.kernel import kernel


@kernel
def _count_on(line, previous, inside):
    for i in range(line.size):
        line[i] = previous[i] + np.float32(1) if inside[i] else np.float32(0)


@kernel
def _count_back(line, following):
    for i in range(line.size):
        line[i] = min(line[i], following[i] + np.float32(1))


@kernel
def count_columns(mask, out, x0, x1):
    """Put steps to the background along the first axis of (M, N) into `out`."""
    none = np.full(x1 - x0, np.float32(np.inf))
    for y in range(mask.shape[0]):
        previous = out[y - 1, x0:x1] if y > 0 else none
        _count_on(out[y, x0:x1], previous, mask[y, x0:x1])
    for y in range(mask.shape[0] - 2, -1, -1):
        _count_back(out[y, x0:x1], out[y + 1, x0:x1])


@kernel
def _envelope(line, first, last, size, out, site, limit):
    """Put the lowest parabola over first … last into `out`; ends may be background."""
    count = 0
    for q in range(first, last):
        if line[q] == np.inf:
            continue
        place = -np.inf
        while count:
            p = site[count - 1]
            rise = line[q] - line[p] + (q * q - p * p) * size * size
            place = rise / (2 * size * size * (q - p))
            if place > limit[count - 1]:
                break
            count -= 1
            place = -np.inf
        site[count], limit[count] = q, place
        count += 1
    k = 0
    for x in range(first, last):
        if count == 0:
            out[x] = np.inf
            continue
        while k + 1 < count and limit[k + 1] < x:
            k += 1
        step = (x - site[k]) * size
        out[x] = line[site[k]] + step * step


@kernel
def _lowest(line, size, out, site, limit):
    n = line.size
    x = 0
    while x < n:
        if line[x] == 0:
            out[x] = 0
            x += 1
            continue
        end = x
        while end < n and line[end] != 0:
            end += 1
        _envelope(line, max(x - 1, 0), min(end + 1, n), size, out, site, limit)
        x = end


@kernel
def finish_rows(steps, size, row_size, y0, y1):
    """Turn steps along y of (M, N) into distances, in place."""
    n = steps.shape[1]
    line, lowest = np.empty(n), np.empty(n)
    site, limit = np.empty(n, np.int64), np.empty(n)
    for y in range(y0, y1):
        for x in range(n):
            way = np.float64(steps[y, x]) * size
            line[x] = way * way
        _lowest(line, row_size, lowest, site, limit)
        for x in range(n):
            steps[y, x] = math.sqrt(lowest[x])


@kernel
def finish_plane(steps, size, column_size, row_size):
    """Turn steps along z of one plane (M, N) into distances, in place."""
    rows, n = steps.shape
    both = np.empty((rows, n))
    m = max(rows, n)
    lowest = np.empty(m)
    site, limit = np.empty(m, np.int64), np.empty(m)
    block = np.empty((16, rows))  # columns side by side: rows are read in one go
    for x0 in range(0, n, 16):
        x1 = min(x0 + 16, n)
        for y in range(rows):
            for x in range(x0, x1):
                way = np.float64(steps[y, x]) * size
                block[x - x0, y] = way * way
        for x in range(x1 - x0):
            _lowest(block[x], column_size, lowest[:rows], site, limit)
            block[x, :] = lowest[:rows]
        for y in range(rows):
            for x in range(x0, x1):
                both[y, x] = block[x - x0, y]
    for y in range(rows):
        _lowest(both[y], row_size, lowest[:n], site, limit)
        for x in range(n):
            steps[y, x] = math.sqrt(lowest[x])


KERNELS = (count_columns, finish_rows, finish_plane)


def warm() -> None:
    """Compile everything."""
    mask = np.array([[True, False], [True, True]])
    out = np.empty(mask.shape, np.float32)
    count_columns(mask, out, 0, 2)
    finish_rows(out, 1.0, 1.0, 0, 2)
    finish_plane(out, 1.0, 1.0, 1.0)
