"""Kernels of the Sobel gradient, Canny's thin lines and their hysteresis.

Two-dimensional images come as one plane. Everything is done in the image's own
precision, in the order in which the plain way does it.
"""

import math

import numpy as np

from napari_morphogen.fast.kernel import kernel

# sums of squares beyond these have lost digits, of singles and of doubles
LEAST_4, MOST_4 = np.float32(2.0**-70), np.float32(2.0**126)
LEAST_8, MOST_8 = 2.0**-900, 2.0**1020


@kernel
def _difference(out, after, before):
    for i in range(out.size):
        out[i] = after[i] - before[i]


@kernel
def _difference_along(out, line):
    n = out.size
    _difference(out[1 : n - 1], line[2:], line[: n - 2])
    out[0], out[n - 1] = line[1] - line[0], line[n - 1] - line[n - 2]


@kernel
def _blur(out, before, line, after):
    for i in range(out.size):
        out[i] = (line[i] + line[i]) + (before[i] + after[i])


@kernel
def _blur_across(out, a, b, c):
    """Put differences along three rows, blurred over them, into `out`."""
    for i in range(out.size - 2):
        here = b[i + 2] - b[i]
        out[i + 1] = (here + here) + ((a[i + 2] - a[i]) + (c[i + 2] - c[i]))
    n = out.size
    for x, left, right in ((0, 0, 1), (n - 1, n - 2, n - 1)):
        here = b[right] - b[left]
        out[x] = (here + here) + ((a[right] - a[left]) + (c[right] - c[left]))


@kernel
def _blur_down(out, above, below):
    """Put differences of the rows of three planes, blurred over these, into `out`."""
    a, b, c = above
    d, e, f = below
    for i in range(out.size):
        here = e[i] - b[i]
        out[i] = (here + here) + ((d[i] - a[i]) + (f[i] - c[i]))


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
    n = image.shape[2]
    across, deep = work[row % 3, :n], work[3 + row % 3, :n]
    if image.shape[0] == 1:
        _difference_along(across, image[z, row])
        return
    before, after = max(z - 1, 0), min(z + 1, image.shape[0] - 1)
    a, c = image[before, row], image[after, row]
    _blur_across(across, a, image[z, row], c)
    _difference(deep, c, a)


@kernel
def _advance(image, z, y, work):
    """Put row y's differences along the first two axes, with margins, into `work`."""
    n, rows = image.shape[2], image.shape[1]
    above, below = max(y - 1, 0), min(y + 1, rows - 1)
    if y + 1 < rows:
        _enter(image, z, y + 1, work)
    down, deep = work[6], work[7]
    if image.shape[0] == 1:
        _difference(down[1 : n + 1], image[z, below], image[z, above])
    else:
        p, q = max(z - 1, 0), min(z + 1, image.shape[0] - 1)
        _blur_down(
            down[1 : n + 1],
            (image[p, above], image[z, above], image[q, above]),
            (image[p, below], image[z, below], image[q, below]),
        )
        a, b, c = work[3 + above % 3], work[3 + y % 3], work[3 + below % 3]
        _blur(deep[1 : n + 1], a[:n], b[:n], c[:n])
        deep[0], deep[n + 1] = deep[1], deep[n]
    down[0], down[n + 1] = down[1], down[n]


@kernel
def _across(work, y, rows, n):
    """Return the differences along row y and the rows beside it."""
    above, below = max(y - 1, 0), min(y + 1, rows - 1)
    return work[above % 3, :n], work[y % 3, :n], work[below % 3, :n]


@kernel
def _row(image, z, y, divisors, work, gradient):
    """Put the gradient of row (z, y) into `gradient` (3, columns); `work` moves on."""
    n = image.shape[2]
    _advance(image, z, y, work)
    for axis, line in ((0, work[7]), (1, work[6])):
        _blur(gradient[axis], line[:n], line[1 : n + 1], line[2:])
    before, line, after = _across(work, y, image.shape[1], n)
    _blur(gradient[2], before, line, after)
    for axis in range(3):
        _divide(gradient[axis], divisors[axis])


@kernel
def _begin(image, z, y):
    """Return the work space of `_row`, ready for row y."""
    work = np.zeros((8, image.shape[2] + 2), image.dtype)
    for row in range(max(y - 1, 0), y + 1):
        _enter(image, z, row, work)
    return work


@kernel
def _limits(image):
    if image.itemsize == 4:
        return LEAST_4, MOST_4
    return LEAST_8, MOST_8


@kernel
def _is_lost(s, least, most, something):
    return ((s <= least) & something) | (s >= most)


@kernel
def _flat_strength(out, above, line, below, scale, share, limits):
    """Measure all but the ends of a row; return whether a square has lost digits."""
    quick, by, divisor = scale
    least, most = limits
    lost = False
    for i in range(out.size):
        left, right = below[i] - above[i], below[i + 2] - above[i + 2]
        p = below[i + 1] - above[i + 1]
        p = (p + p) + (left + right)
        over, under = above[i + 2] - above[i], below[i + 2] - below[i]
        q = line[i + 2] - line[i]
        q = (q + q) + (over + under)
        if quick:
            p, q = p * by[1], q * by[2]
        else:
            p, q = p / divisor[1], q / divisor[2]
        s = p * p + q * q
        lost |= _is_lost(s, least, most, (p != 0) | (q != 0))
        out[i] = math.sqrt(s * share)
    return lost


@kernel
def _deep_strength(out, deep, down, across, scale, share, limits):
    """Measure a row by its smoothed differences `deep` and `down`, and `across`."""
    quick, by, divisor = scale
    least, most = limits
    before, line, after = across
    lost = False
    for i in range(out.size):
        o = (deep[i + 1] + deep[i + 1]) + (deep[i] + deep[i + 2])
        p = (down[i + 1] + down[i + 1]) + (down[i] + down[i + 2])
        q = (line[i] + line[i]) + (before[i] + after[i])
        if quick:
            o, p, q = o * by[0], p * by[1], q * by[2]
        else:
            o, p, q = o / divisor[0], p / divisor[1], q / divisor[2]
        s = o * o + p * p + q * q
        lost |= _is_lost(s, least, most, (o != 0) | (p != 0) | (q != 0))
        out[i] = math.sqrt(s * share)
    return lost


@kernel
def _scaled_length(gradient, i, deep, share):
    """Return the length by squares of numbers near 1."""
    first = 0 if deep else 1
    most = 0.0
    for k in range(first, 3):
        most = max(most, abs(np.float64(gradient[k, i])))
    power = math.frexp(most)[1]
    total = gradient.dtype.type(0)
    for k in range(first, 3):
        part = gradient.dtype.type(math.ldexp(np.float64(gradient[k, i]), -power))
        total += part * part
    return gradient.dtype.type(math.ldexp(np.float64(math.sqrt(total * share)), power))


@kernel
def _mend(image, z, y, divisors, share, limits, line):
    """Measure again, in row y, what has lost digits."""
    deep = image.shape[0] > 1
    gradient = np.empty((3, image.shape[2]), image.dtype)
    _row(image, z, y, divisors, _begin(image, z, y), gradient)
    for i in range(line.size):
        s = gradient[1, i] * gradient[1, i]
        if deep:
            s = gradient[0, i] * gradient[0, i] + s
        s += gradient[2, i] * gradient[2, i]
        if not (s > limits[0] and s < limits[1]):
            line[i] = _scaled_length(gradient, i, deep, share)


@kernel
def _scale(divisors):
    """Return whether factors serve for `divisors`, the factors, and the divisors."""
    quick = True
    for divisor in divisors:
        quick &= math.frexp(divisor)[0] == 0.5
    one = divisors.dtype.type(1)
    by = (one / divisors[0], one / divisors[1], one / divisors[2])
    return quick, by, (divisors[0], divisors[1], divisors[2])


@kernel
def _flat_row(image, y, scale, share, limits, out):
    above, line = image[max(y - 1, 0)], image[y]
    below = image[min(y + 1, image.shape[0] - 1)]
    n = line.size
    lost = _flat_strength(out[1 : n - 1], above, line, below, scale, share, limits)
    ends = np.empty((3, 3), image.dtype)
    for x in (0, n - 1):
        for k in range(3):
            near = min(max(x + k - 1, 0), n - 1)
            ends[0, k], ends[1, k], ends[2, k] = above[near], line[near], below[near]
        a, b, c = ends[0], ends[1], ends[2]
        lost |= _flat_strength(out[x : x + 1], a, b, c, scale, share, limits)
    return lost


@kernel
def strength_of_rows(image, divisors, share, out, z, y0, y1):
    """Put the length of the gradient into rows y0 … y1 of a plane.

    Its square is multiplied by `share` before the root.
    """
    rows, n = image.shape[1:]
    scale, limits = _scale(divisors), _limits(image)
    deep = image.shape[0] > 1
    work = _begin(image, z, y0)
    for y in range(y0, y1):
        if deep:
            _advance(image, z, y, work)
            across = _across(work, y, rows, n)
            lost = _deep_strength(
                out[z, y], work[7], work[6], across, scale, share, limits
            )
        else:
            lost = _flat_row(image[z], y, scale, share, limits, out[z, y])
        if lost:
            _mend(image, z, y, divisors, share, limits, out[z, y])


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
