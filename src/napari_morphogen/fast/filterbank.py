"""Kernels of local shape: the gradient's length, eigenvalues of symmetric matrices.

Everything is double and rounded once, when it is stored. Eigenvalues take nothing but
sums, products, quotients and roots, so that the plain way gets the same bits.
Two-dimensional images come as one plane.
"""

import math

import numpy as np

from napari_morphogen.fast.kernel import kernel
from napari_morphogen.fast.smoothing import ODD

ROOT_3 = math.sqrt(3.0)
LEAST = ROOT_3 / 2  # the cosine of 30 degrees


@kernel
def _difference(out, after, before, factor):
    for i in range(out.size):
        out[i] = (np.float64(after[i]) - np.float64(before[i])) * factor


@kernel
def _along(out, line, inverse):
    n = out.size
    if n == 1:
        out[0] = 0.0
        return
    _difference(out[:1], line[1:2], line[:1], inverse)
    _difference(out[1 : n - 1], line[2:], line[: n - 2], inverse * 0.5)
    _difference(out[n - 1 :], line[n - 1 :], line[n - 2 : n - 1], inverse)


@kernel
def _around(i, n):
    """Return the places before and after `i` among n, and one over their distance."""
    before, after = max(i - 1, 0), min(i + 1, n - 1)
    return before, after, 1.0 / max(after - before, 1)


@kernel
def _slope(out, volume, axis, z, y, inverses):
    """Put the derivative of row (z, y) along `axis` into `out`."""
    if axis == 2:
        _along(out, volume[z, y], inverses[2])
    elif axis == 1:
        before, after, share = _around(y, volume.shape[1])
        _difference(out, volume[z, after], volume[z, before], inverses[1] * share)
    else:
        before, after, share = _around(z, volume.shape[0])
        _difference(out, volume[after, y], volume[before, y], inverses[0] * share)


@kernel
def _bend(out, late, late_before, early_after, early, factors):
    """Put the difference of two differences of rows into `out`."""
    f, g, h = factors
    for i in range(out.size):
        after = (np.float64(late[i]) - np.float64(late_before[i])) * f
        before = (np.float64(early_after[i]) - np.float64(early[i])) * g
        out[i] = (after - before) * h


@kernel
def _bend_rows(out, volume, z, y, inverses):
    """Put the second derivative along columns into `out`."""
    n, inverse = volume.shape[1], inverses[1]
    before, after, share = _around(y, n)
    before_late, late, late_share = _around(after, n)
    early, after_early, early_share = _around(before, n)
    factors = (inverse * late_share, inverse * early_share, inverse * share)
    plane = volume[z]
    _bend(
        out, plane[late], plane[before_late], plane[after_early], plane[early], factors
    )


@kernel
def _bend_planes(out, volume, z, y, inverses):
    """Put the second derivative along planes into `out`."""
    n, inverse = volume.shape[0], inverses[0]
    before, after, share = _around(z, n)
    before_late, late, late_share = _around(after, n)
    early, after_early, early_share = _around(before, n)
    factors = (inverse * late_share, inverse * early_share, inverse * share)
    _bend(
        out, volume[late, y], volume[before_late, y],
        volume[after_early, y], volume[early, y], factors,
    )  # fmt: skip


@kernel
def _twist_rows(out, volume, z, y, inverses):
    """Put the derivative along columns of that along planes into `out`."""
    above, below, row_share = _around(y, volume.shape[1])
    before, after, share = _around(z, volume.shape[0])
    factor = inverses[0] * share
    _bend(
        out, volume[after, below], volume[before, below],
        volume[after, above], volume[before, above],
        (factor, factor, inverses[1] * row_share),
    )  # fmt: skip


@kernel
def _flat_lengths(out, a, b):
    for i in range(out.size):
        out[i] = math.sqrt(a[i] * a[i] + b[i] * b[i])


@kernel
def _deep_lengths(out, a, b, c):
    for i in range(out.size):
        out[i] = math.sqrt(a[i] * a[i] + b[i] * b[i] + c[i] * c[i])


@kernel
def _flat_values(high, low, a, b, d):
    """Eigenvalues of [[a, b], [b, d]]."""
    for i in range(a.size):
        middle, half = (a[i] + d[i]) * 0.5, (a[i] - d[i]) * 0.5
        root = math.sqrt(half * half + b[i] * b[i])
        high[i] = middle + root
        low[i] = middle - root


@kernel
def _deep_values(high, mid, low, aa, bb, cc, dd, ee, ff):
    """Eigenvalues of [[a, b, c], [b, d, e], [c, e, f]]; see `features.eigenvalues`."""
    for i in range(aa.size):
        b, c, e = bb[i], cc[i], ee[i]
        mean = (aa[i] + dd[i] + ff[i]) / 3.0
        a, d, f = aa[i] - mean, dd[i] - mean, ff[i] - mean
        spread = math.sqrt(
            (a * a + d * d + f * f + (b * b + c * c + e * e) * 2.0) / 6.0
        )
        # unlike /, no branch for a divisor of 0: the loop stays one of vectors
        inverse = np.true_divide(1.0, spread if spread > 0.0 else 1.0)
        a, b, c = a * inverse, b * inverse, c * inverse
        d, e, f = d * inverse, e * inverse, f * inverse
        det = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
        side = spread if det >= 0.0 else -spread
        r = min(abs(det) * 0.5, 1.0)
        x = LEAST + (1.0 - LEAST) * r
        for _ in range(3):
            away = (4.0 * x * x - 3.0) * x - r
            x = x - np.true_divide(away, 12.0 * x * x - 3.0)
        off = math.sqrt(max(1.0 - x * x, 0.0)) * ROOT_3
        p, q, s = (
            mean + side * (x * 2.0),
            mean + side * (off - x),
            mean - side * (off + x),
        )
        high[i] = max(p, s)
        mid[i] = q
        low[i] = min(p, s)


@kernel
def shape_of_rows(volume, inverses, out, z, y0, y1):
    """Put length of gradient and eigenvalues of Hessian into rows y0 … y1 of a plane.

    `out` has one volume per number: 3 for one plane, else 4.
    """
    deep = out.shape[0] == 4
    n = volume.shape[2]
    pitch = n + ODD
    work = np.empty(9 * pitch)
    o, p, q = work[:n], work[pitch:][:n], work[2 * pitch :][:n]
    a, b, c = work[3 * pitch :][:n], work[4 * pitch :][:n], work[5 * pitch :][:n]
    d, e, f = work[6 * pitch :][:n], work[7 * pitch :][:n], work[8 * pitch :][:n]
    for y in range(y0, y1):
        _slope(p, volume, 1, z, y, inverses)
        _slope(q, volume, 2, z, y, inverses)
        _bend_rows(d, volume, z, y, inverses)
        _along(e, p, inverses[2])
        _along(f, q, inverses[2])
        if not deep:
            _flat_lengths(out[0, z, y], p, q)
            _flat_values(out[1, z, y], out[2, z, y], d, e, f)
            continue
        _slope(o, volume, 0, z, y, inverses)
        _bend_planes(a, volume, z, y, inverses)
        _twist_rows(b, volume, z, y, inverses)
        _along(c, o, inverses[2])
        _deep_lengths(out[0, z, y], o, p, q)
        _deep_values(out[1, z, y], out[2, z, y], out[3, z, y], a, b, c, d, e, f)


@kernel
def values_of_matrices(elements, out, begin, end):
    """Put eigenvalues, largest first, of 2 x 2 or 3 x 3 matrices begin … end.

    `elements` (3 or 6, n) are upper triangles, row by row; `out` is (2 or 3, n).
    """
    work = elements[:, begin:end].astype(np.float64)
    if out.shape[0] == 2:
        _flat_values(out[0, begin:end], out[1, begin:end], work[0], work[1], work[2])
    else:
        _deep_values(
            out[0, begin:end], out[1, begin:end], out[2, begin:end],
            work[0], work[1], work[2], work[3], work[4], work[5],
        )  # fmt: skip


@kernel
def descend(values, features, limits, children, chances, depth, out):
    """Add to `out` (pixels, classes) what every tree says of `values`.

    `values` are (features, pixels), the others (trees, nodes): what a node asks, the
    number beyond which the answer is the second child, the first child (the second
    follows; a leaf is its own and its limit infinite), (…, classes) what a leaf says.
    """
    n = np.uint64(values.shape[1])  # unsigned: an index below 0 is not tried
    flat, place = values.reshape(-1), np.empty(n, np.uint32)
    for tree in range(features.shape[0]):
        asked, limit, child = features[tree], limits[tree], children[tree]
        says = chances[tree]
        place[:] = 0
        for _ in range(depth[tree]):  # all pixels a step at a time: none waits
            for i in range(n):
                node = place[i]
                value = np.float64(flat[np.uint64(asked[node]) * n + i])
                place[i] = child[node] + np.uint32(value > limit[node])
        for i in range(n):
            for k in range(out.shape[1]):
                out[i, k] += says[place[i], k]
    for i in range(n):
        for k in range(out.shape[1]):
            out[i, k] /= features.shape[0]


KERNELS = (shape_of_rows, values_of_matrices, descend)


def warm() -> None:
    """Compile everything."""
    inverses = np.ones(3)
    for number in (3, 4):
        image = np.ones((1, 3, 3), np.float32)
        out = np.empty((number, 1, 3, 3), np.float32)
        shape_of_rows(image, inverses, out, 0, 0, 3)
    values_of_matrices(np.ones((3, 2), np.float32), out[:2, 0, 0], 0, 2)
    nodes, depth = np.zeros((1, 1), np.uint32), np.zeros(1, np.int32)
    limits, chances = np.full((1, 1), np.inf), np.ones((1, 1, 1))
    values = np.ones((1, 2), np.float32)
    descend(values, nodes, limits, nodes, chances, depth, np.zeros((2, 1)))
