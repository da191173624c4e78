"""Kernels that go once over a label image and gather what its objects are.

Labels are int32 of shape (planes, rows, columns), not negative; tables have one row
per label. Sums of places are whole numbers and exact, sums of intensities are made
in the order of the pixels.
"""

import numpy as np

from napari_morphogen.fast.kernel import kernel

COLUMNS = 10  # pixels; sums along z, y, x; products zz, zy, zx, yy, yx, xx


@kernel
def _add_run(row, dz, dy, dx, n):
    """Add n pixels of one row, from dx on, to the sums of an object."""
    along = n * dx + n * (n - 1) // 2
    squares = n * dx * dx + dx * n * (n - 1) + (n - 1) * n * (2 * n - 1) // 6
    row[0] += n
    row[1] += dz * n
    row[2] += dy * n
    row[3] += along
    row[4] += dz * dz * n
    row[5] += dz * dy * n
    row[6] += dz * along
    row[7] += dy * dy * n
    row[8] += dy * along
    row[9] += squares


@kernel
def add_places(labels, first, table):
    """Add the places of all pixels, from the first one of their object, to `table`.

    `first` (labels, 3) gets that pixel's place.
    """
    planes, rows, columns = labels.shape
    for z in range(planes):
        for y in range(rows):
            line = labels[z, y]
            x = 0
            while x < columns:
                label, begin = line[x], x
                x += 1
                while x < columns and line[x] == label:
                    x += 1
                if label == 0:
                    continue
                if table[label, 0] == 0:
                    first[label, 0], first[label, 1], first[label, 2] = z, y, begin
                at = first[label]
                _add_run(table[label], z - at[0], y - at[1], begin - at[2], x - begin)


@kernel
def add_intensities(labels, image, count, total, low, high):
    """Gather number, sum, least and greatest of the finite pixels of each label."""
    n, i = labels.size, 0
    while i < n:
        label = labels[i]
        if label == 0:
            i += 1
            continue
        number, all_of_it, least, most = (
            count[label],
            total[label],
            low[label],
            high[label],
        )
        while i < n and labels[i] == label:
            value = np.float64(image[i])
            if np.isfinite(value):
                number += 1
                all_of_it += value
                least, most = min(least, value), max(most, value)
            i += 1
        count[label], total[label], low[label], high[label] = (
            number,
            all_of_it,
            least,
            most,
        )


@kernel
def add_squares(labels, image, mean, squares):
    """Add the squared difference of every finite pixel from its label's mean."""
    n, i = labels.size, 0
    while i < n:
        label = labels[i]
        if label == 0:
            i += 1
            continue
        total, centre = squares[label], mean[label]
        while i < n and labels[i] == label:
            value = np.float64(image[i])
            if np.isfinite(value):
                away = value - centre
                total += away * away
            i += 1
        squares[label] = total


KERNELS = (add_places, add_intensities, add_squares)


def warm() -> None:
    """Compile everything, for both types of intensities."""
    labels = np.ones((1, 1, 2), np.int32)
    add_places(labels, np.zeros((2, 3), np.int64), np.zeros((2, COLUMNS), np.int64))
    for dtype in (np.float32, np.float64):
        flat, image = labels.reshape(-1), np.ones(2, dtype)
        count, zeros = np.zeros(2, np.int64), np.zeros(2)
        add_intensities(flat, image, count, zeros, zeros, zeros)
        add_squares(flat, image, zeros, zeros)
