"""Kernels of the Sobel gradient, Canny's thin lines and their hysteresis.

Two-dimensional images come as one plane. Every step is rounded as SciPy rounds it:
differences and (1, 2, 1) sums to the image's type after each axis.
"""

import math

import numpy as np

from napari_morphogen.fast.kernel import kernel

LEAST, MOST = 1e-280, 1e300  # squares of doubles beyond these have lost digits


@kernel
def _difference(out, after, before):
    for i in range(out.size):
        out[i] = after[i] - before[i]


@kernel
def _difference_along(out, line):
    n = out.size
    if n == 1:
        out[0] = line[0] - line[0]
        return
    out[0] = line[1] - line[0]
    for i in range(1, n - 1):
        out[i] = line[i + 1] - line[i - 1]
    out[n - 1] = line[n - 1] - line[n - 2]


@kernel
def _blur(out, before, line, after):
    for i in range(out.size):
        around = np.float64(before[i]) + np.float64(after[i])
        out[i] = np.float64(line[i]) * 2.0 + around


@kernel
def _blur_along(out, line):
    n = out.size
    _blur(out[1 : n - 1], line[: n - 2], line[1 : n - 1], line[2:])
    for i in (0, n - 1):
        around = np.float64(line[max(i - 1, 0)]) + np.float64(line[min(i + 1, n - 1)])
        out[i] = np.float64(line[i]) * 2.0 + around


@kernel
def _divide(line, divisor):
    inverse = line.dtype.type(1.0 / divisor)
    if math.frexp(divisor)[0] == 0.5:  # a power of two: the product is the quotient
        for i in range(line.size):
            line[i] = line[i] * inverse
    else:
        for i in range(line.size):
            line[i] = line[i] / divisor


@kernel
def _enter(image, z, row, work):
    """Put into `work` what row `row` gives to itself, the one before and the next."""
    before, after = max(z - 1, 0), min(z + 1, image.shape[0] - 1)
    across, deep = work[row % 3], work[3 + row % 3]
    if image.shape[0] == 1:
        _difference_along(across, image[z, row])
        return
    a, b, c = work[6], work[7], work[8]
    _difference_along(a, image[before, row])
    _difference_along(b, image[z, row])
    _difference_along(c, image[after, row])
    _blur(across, a, b, c)
    _difference(deep, image[after, row], image[before, row])


@kernel
def _row(image, z, y, divisors, work, gradient):
    """Put the gradient of row (z, y) into `gradient` (3, columns); `work` moves on."""
    rows = image.shape[1]
    above, below = max(y - 1, 0), min(y + 1, rows - 1)
    if y + 1 < rows:
        _enter(image, z, y + 1, work)
    a, b, c, d = work[6], work[7], work[8], work[9]
    _difference(a, image[z, below], image[z, above])
    if image.shape[0] > 1:
        before, after = max(z - 1, 0), min(z + 1, image.shape[0] - 1)
        _difference(b, image[before, below], image[before, above])
        _difference(c, image[after, below], image[after, above])
        _blur(d, b, a, c)
        _blur_along(gradient[1], d)
        _blur(d, work[3 + above % 3], work[3 + y % 3], work[3 + below % 3])
        _blur_along(gradient[0], d)
        _divide(gradient[0], divisors[0])
    else:
        _blur_along(gradient[1], a)
    _blur(gradient[2], work[above % 3], work[y % 3], work[below % 3])
    _divide(gradient[1], divisors[1])
    _divide(gradient[2], divisors[2])


@kernel
def _begin(image, z, y):
    """Return the work space of `_row`, ready for row y."""
    work = np.empty((10, image.shape[2]), image.dtype)
    for row in range(max(y - 1, 0), y + 1):
        _enter(image, z, row, work)
    return work


@kernel
def _square_sum(gradient, i, deep):
    p, q = np.float64(gradient[1, i]), np.float64(gradient[2, i])
    if deep:
        o = np.float64(gradient[0, i])
        return o * o + p * p + q * q
    return p * p + q * q


@kernel
def _flat_lengths(out, p, q):
    for i in range(out.size):
        u, v = np.float64(p[i]), np.float64(q[i])
        out[i] = math.sqrt(u * u + v * v)


@kernel
def _deep_lengths(out, o, p, q):
    for i in range(out.size):
        u, v, w = np.float64(o[i]), np.float64(p[i]), np.float64(q[i])
        out[i] = math.sqrt(u * u + v * v + w * w)


@kernel
def _scaled_length(gradient, i, deep):
    """Return the length by squares of numbers near 1."""
    first = 0 if deep else 1
    most = 0.0
    for k in range(first, 3):
        most = max(most, abs(np.float64(gradient[k, i])))
    if most == 0.0:
        return 0.0
    power = math.frexp(most)[1]
    total = 0.0
    for k in range(first, 3):
        part = math.ldexp(np.float64(gradient[k, i]), -power)
        total += part * part
    return math.ldexp(math.sqrt(total), power)


@kernel
def strength_of_rows(image, divisors, divisor, out, z, y0, y1):
    """Put the length of the gradient, over `divisor`, into rows y0 … y1 of a plane."""
    deep = image.shape[0] > 1
    n = image.shape[2]
    work = _begin(image, z, y0)
    gradient = np.empty((3, n), image.dtype)
    for y in range(y0, y1):
        _row(image, z, y, divisors, work, gradient)
        line = out[z, y]
        if deep:
            _deep_lengths(line, gradient[0], gradient[1], gradient[2])
        else:
            _flat_lengths(line, gradient[1], gradient[2])
        if image.itemsize == 8:  # doubles hold the squares of singles
            for i in range(n):
                s = _square_sum(gradient, i, deep)
                if not (s > LEAST and s < MOST):
                    line[i] = _scaled_length(gradient, i, deep)
        if divisor != 1:
            for i in range(n):
                line[i] = line[i] / divisor


@kernel
def _flat_beside(plane, y, x, dy, dx):
    """Interpolate as ``scipy.ndimage.map_coordinates(order=1)`` does, in its order."""
    py, px = y + dy, x + dx
    iy, ix = math.floor(py), math.floor(px)
    fy, fx = 1.0 - (py - iy), 1.0 - (px - ix)
    gy, gx = 1.0 - fy, 1.0 - fx
    j, i = int(iy), int(ix)
    k, h = min(j + 1, plane.shape[0] - 1), min(i + 1, plane.shape[1] - 1)
    total = np.float64(plane[j, i]) * fy * fx + np.float64(plane[j, h]) * fy * gx
    total += np.float64(plane[k, i]) * gy * fx
    return total + np.float64(plane[k, h]) * gy * gx


@kernel
def _deep_beside(volume, z, y, x, dz, dy, dx):
    pz, py, px = z + dz, y + dy, x + dx
    iz, iy, ix = math.floor(pz), math.floor(py), math.floor(px)
    fz, fy, fx = 1.0 - (pz - iz), 1.0 - (py - iy), 1.0 - (px - ix)
    gy, gx = 1.0 - fy, 1.0 - fx
    j, i = int(iy), int(ix)
    k, h = min(j + 1, volume.shape[1] - 1), min(i + 1, volume.shape[2] - 1)
    total = 0.0
    for a in range(2):
        plane = volume[min(int(iz) + a, volume.shape[0] - 1)]
        w = fz if a == 0 else 1.0 - fz
        total += np.float64(plane[j, i]) * w * fy * fx
        total += np.float64(plane[j, h]) * w * fy * gx
        total += np.float64(plane[k, i]) * w * gy * fx
        total += np.float64(plane[k, h]) * w * gy * gx
    return total


@kernel
def ridge_of_rows(image, divisors, spacing, strength, low, high, skip, kept, z, ys, xs):
    """Mark in rows ys[0] … ys[1] of a plane what no neighbour along the gradient beats.

    1 is such a pixel of at least `low`, 2 one of at least `high`; pixels in `skip`
    are left out where it has the shape of the image.
    """
    deep = image.shape[0] > 1
    if ys[0] >= ys[1]:
        return
    work = _begin(image, z, ys[0])
    gradient = np.empty((3, image.shape[2]), image.dtype)
    for y in range(ys[0], ys[1]):
        _row(image, z, y, divisors, work, gradient)
        for x in range(xs[0], xs[1]):
            centre = strength[z, y, x]
            if not (centre >= low and centre > 0) or (skip.size and skip[z, y, x]):
                continue
            dz = np.float64(gradient[0, x]) / spacing[0] if deep else 0.0
            dy = np.float64(gradient[1, x]) / spacing[1]
            dx = np.float64(gradient[2, x]) / spacing[2]
            most = max(max(abs(dz), abs(dy)), max(abs(dx), 2.2250738585072014e-308))
            dz, dy, dx = dz / most, dy / most, dx / most
            if deep:
                ahead = _deep_beside(strength, z, y, x, dz, dy, dx)
                behind = _deep_beside(strength, z, y, x, -dz, -dy, -dx)
            else:
                ahead = _flat_beside(strength[z], y, x, dy, dx)
                behind = _flat_beside(strength[z], y, x, -dy, -dx)
            if centre >= image.dtype.type(ahead) and centre >= image.dtype.type(behind):
                kept[z, y, x] = 2 if np.float64(centre) >= high else 1


@kernel
def follow(kept, out):
    """Put 1 into `out` wherever marks that touch a 2 lie, itself included."""
    planes, rows, columns = kept.shape
    marks, done = kept.reshape(-1), out.reshape(-1)
    stack = np.empty(1024, np.int64)
    for start in range(kept.size):
        if marks[start] != 2 or done[start]:
            continue
        done[start] = 1
        stack[0], count = start, 1
        while count:
            count -= 1
            at = stack[count]
            z, y, x = at // (rows * columns), at // columns % rows, at % columns
            if count + 27 > stack.size:
                stack = np.concatenate((stack, np.empty_like(stack)))
            for k in range(max(z - 1, 0), min(z + 2, planes)):
                for j in range(max(y - 1, 0), min(y + 2, rows)):
                    for i in range(max(x - 1, 0), min(x + 2, columns)):
                        if kept[k, j, i] and not out[k, j, i]:
                            out[k, j, i] = 1
                            stack[count] = (k * rows + j) * columns + i
                            count += 1


KERNELS = (strength_of_rows, ridge_of_rows, follow)


def warm() -> None:
    """Compile everything for both types."""
    for dtype in (np.float32, np.float64):
        image = np.ones((1, 3, 3), dtype)
        ones = np.ones(3, dtype)
        strength = np.empty_like(image)
        strength_of_rows(image, ones, ones[0], strength, 0, 0, 3)
        kept = np.zeros(image.shape, np.uint8)
        ridge_of_rows(
            image, ones, np.ones(3), strength, ones[0], 1.0,
            np.zeros((0, 0, 0), bool), kept, 0, (0, 3), (0, 3),
        )  # fmt: skip
    follow(kept, np.zeros(kept.shape, np.int32))
