"""Kernels of the Gaussian: SciPy's sums, in SciPy's order.

Sums are double, rounded to the image's type after each axis. Taps farthest from the
centre come first and come in pairs, as SciPy adds them for a symmetric kernel.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

BLOCK = 128  # columns of doubles that stay in the first cache
ODD = 8  # rows a power of two apart would all want the same place in the cache


@kernel
def _copy(target, source):
    for i in range(target.size):
        target[i] = source[i]


@kernel
def _four_pairs(total, line, a, b, step, t, u, v, w):
    """Add to `total` what begins at a + k step and b - k step, for k = 0, 1, 2, 3."""
    c, d = a + step, b - step
    e, f = c + step, d - step
    g, h = e + step, f - step
    for i in range(np.uint64(total.size)):  # unsigned: an index below 0 is not tried
        total[i] = (
            total[i]
            + (line[a + i] + line[b + i]) * t
            + (line[c + i] + line[d + i]) * u
            + (line[e + i] + line[f + i]) * v
            + (line[g + i] + line[h + i]) * w
        )


@kernel
def _sum(total, line, start, step, weights):
    """Sum what lies k `step` off, times weights[k]; pairs are a multiple of four."""
    middle, width = np.uint64(start), np.uint64(step)
    for i in range(np.uint64(total.size)):
        total[i] = line[middle + i] * weights[0]
    k = weights.size - 1
    while k > 0:
        a, b = middle - np.uint64(k) * width, middle + np.uint64(k) * width
        t, u, v, w = weights[k], weights[k - 1], weights[k - 2], weights[k - 3]
        _four_pairs(total, line, a, b, width, t, u, v, w)
        k -= 4


@kernel
def smooth_columns(image, out, weights, begin, x0, x1):
    """Smooth (M, N) along its first axis: rows from `begin` and columns x0 … x1."""
    radius = weights.size - 1
    rows = out.shape[0]
    pitch = BLOCK + ODD
    block = np.empty((rows + 2 * radius) * pitch)
    total = np.empty(BLOCK)
    for x in range(x0, x1, BLOCK):
        n = min(BLOCK, x1 - x)
        for y in range(rows + 2 * radius):
            nearest = min(max(begin + y - radius, 0), image.shape[0] - 1)
            _copy(block[y * pitch : y * pitch + n], image[nearest, x : x + n])
        for y in range(rows):
            start = (y + radius) * pitch
            _sum(total[:n], block, start, pitch, weights)
            _copy(out[y, x : x + n], total[:n])


@kernel
def smooth_strip(image, out, column_weights, row_weights, y0, y1):
    """Smooth rows y0 … y1 of (M, N) along both axes."""
    width = image.shape[1]
    strip = np.empty((y1 - y0, width), image.dtype)
    smooth_columns(image, strip, column_weights, y0, 0, width)
    radius = row_weights.size - 1
    line = np.empty(width + 2 * radius)
    total = np.empty(BLOCK)
    for y in range(y1 - y0):
        line[:radius] = strip[y, 0]
        line[radius + width :] = strip[y, width - 1]
        _copy(line[radius : radius + width], strip[y])
        for x in range(0, width, BLOCK):
            n = min(BLOCK, width - x)
            _sum(total[:n], line, radius + x, 1, row_weights)
            _copy(out[y0 + y, x : x + n], total[:n])


KERNELS = (smooth_columns, smooth_strip)


def warm() -> None:
    """Compile everything for both types."""
    weights = np.array([1.0, 0, 0, 0, 0])
    for dtype in (np.float32, np.float64):
        image = np.ones((2, 2), dtype)
        smooth_columns(image, np.empty_like(image), weights, 0, 0, 2)
        smooth_strip(image, np.empty_like(image), weights, weights, 0, 2)
