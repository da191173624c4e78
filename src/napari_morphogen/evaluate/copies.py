"""Generated patches that are nearer to a training image than chance explains."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from napari_morphogen.evaluate.patch_sets import Region

THUMBNAIL = {2: 16, 3: 8}  # pixels along an axis, by the number of axes
CELLS = {2: 8, 3: 6}  # of what is looked through first
MOST = {2: 400_000, 3: 100_000}  # places that are looked through
CANDIDATES = 5  # that are looked at closely, of every patch
CLOSE = 4  # offsets on either side of a candidate
UNUSUAL = 0.99  # of the unseen real patches are less alike to their nearest
ROUNDING = 1e-6  # of a correlation
AT_ONCE = 2048  # places, which bounds the memory

Array = NDArray[np.float32]
Corners = NDArray[np.intp]


class Nearest(NamedTuple):
    """The place in the training images that is most like each patch.

    Attributes
    ----------
    image : ndarray of int
        Number of the image.
    corner : ndarray of int, shape (patches, axes)
        First pixel there.
    correlation : ndarray of float
        Of the thumbnails, over all turned and mirrored copies.
    """

    image: NDArray[np.intp]
    corner: Corners
    correlation: Array


class _Candidates(NamedTuple):
    """The likeliest places of every patch."""

    alike: Array
    region: NDArray[np.intp]
    corner: Corners


class _Places(NamedTuple):
    """Places that are looked through: number of the region, corner, thumbnail."""

    region: NDArray[np.intp]
    corner: Corners
    rows: Array


def nearest(patches: Array, training: Sequence[Region]) -> Nearest:
    """Return the place in the training images that is most like each patch.

    Parameters
    ----------
    patches : ndarray of float
        One patch after the other, channels first, all of one shape.
    training : sequence of Region
        Each at least as large as a patch.

    Notes
    -----
    Thumbnails are compared by correlation, in all eight orientations of the
    plane where it is square: first coarse ones, at places as far apart as their
    pixels are large, then fine ones around the likeliest places, so that a copy is
    found wherever it was cut. Patches without any contrast are like nothing.
    """
    likely = _looked_through(patches, training)
    turns = [_rows(_thumbnails(turned)) for turned in _orientations(patches)]
    fine = np.stack(turns, axis=-1)
    image = np.zeros(len(patches), np.intp)
    corner = np.zeros((len(patches), patches.ndim - 2), np.intp)
    best = np.full(len(patches), -np.inf, np.float32)
    for number in range(len(patches)):
        for rank in range(likely.alike.shape[1]):
            one = _Candidates(*(part[number, rank] for part in likely))
            region = training[int(one.region)]
            rows, shape = fine[number], patches.shape[2:]
            value, place = _closely(rows, region.data, one.corner, shape)
            if value > best[number]:
                best[number], image[number] = value, region.image
                corner[number] = place + np.array(region.start)
    return Nearest(image, corner, best)


def is_copy(found: Nearest, unseen: Nearest) -> NDArray[np.bool_]:
    """Tell which patches are nearer than 99 of 100 unseen real ones are.

    Parameters
    ----------
    found, unseen : Nearest
        Of patches in question, and of real ones that were not trained on.
    """
    limit = np.quantile(unseen.correlation, UNUSUAL)
    # nothing is alike where there is no contrast
    return np.asarray(found.correlation >= max(float(limit) - ROUNDING, ROUNDING))


def _looked_through(patches: Array, training: Sequence[Region]) -> _Candidates:
    """Return the likeliest places of every patch by coarse thumbnails."""
    count, shape = len(patches), patches.shape[2:]
    cells = [max(1, side // CELLS.get(len(shape), 6)) for side in shape]
    turns = list(_orientations(patches))
    ours = np.concatenate([_rows(_coarse(turned, cells)) for turned in turns])
    found = _Candidates(
        np.empty((count, 0), np.float32),
        np.empty((count, 0), np.intp),
        np.empty((count, 0, len(shape)), np.intp),
    )
    for places in _places(training, shape, cells):
        alike = (ours @ places.rows.T).reshape(len(turns), count, -1).max(axis=0)
        kept = _highest(alike)
        own = (places.region[kept], places.corner[kept])
        new = _Candidates(np.take_along_axis(alike, kept, 1), *own)
        pairs: Any = zip(found, new, strict=True)
        both = [np.concatenate(same, axis=1) for same in pairs]
        order = np.arange(count)[:, None], _highest(both[0])
        found = _Candidates(*(part[order] for part in both))
    return found


def _highest(values: Array) -> NDArray[np.intp]:
    """Return where the highest values of every row are."""
    if values.shape[1] <= CANDIDATES:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(values, -CANDIDATES, axis=1)[:, -CANDIDATES:]


def _places(
    training: Sequence[Region], shape: Sequence[int], cells: Sequence[int]
) -> Iterator[_Places]:
    """Yield places of all regions with their coarse thumbnails, many at once."""
    steps, kept = _spread(training, shape, cells), list[_Places]()
    for number, region in enumerate(training):
        for part in _places_in(region.data, shape, cells, steps):
            own = np.full(len(part.rows), number)
            kept.append(part._replace(region=own))
            if sum(len(one.rows) for one in kept) >= AT_ONCE:
                yield _joined(kept)
                kept = []
    if kept:
        yield _joined(kept)


def _joined(parts: Sequence[_Places]) -> _Places:
    return _Places(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def _places_in(
    data: Array, shape: Sequence[int], cells: Sequence[int], steps: Sequence[int]
) -> Iterator[_Places]:
    means = _means(data, cells)
    pairs = list(zip(shape, cells, strict=True))
    sides = tuple((side // cell - 1) * cell + 1 for side, cell in pairs)
    every = sliding_window_view(means, sides, axis=tuple(range(1, means.ndim)))
    apart: Any = (..., *(slice(None, None, cell) for cell in cells))
    views = every[apart]
    free = [n - s + 1 for n, s in zip(data.shape[1:], shape, strict=True)]
    grid = [
        np.unique(np.r_[np.arange(0, n, by), n - 1])
        for n, by in zip(free, steps, strict=True)
    ]
    corners = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)
    corners = corners.reshape(-1, len(shape))
    for start in range(0, len(corners), AT_ONCE):
        part = corners[start : start + AT_ONCE]
        thumbnails = np.moveaxis(views[(slice(None), *part.T)], 0, 1)
        yield _Places(part[:, 0], part, _rows(thumbnails))


def _spread(
    training: Sequence[Region], shape: Sequence[int], cells: Sequence[int]
) -> list[int]:
    """Return how far places are apart: as pixels of thumbnails are large, or more."""

    def total(steps: Sequence[int]) -> int:
        return sum(
            math.prod(
                -(-(n - s + 1) // by)
                for n, s, by in zip(one.data.shape[1:], shape, steps, strict=True)
            )
            for one in training
        )

    steps = list(cells)
    while total(steps) > MOST.get(len(shape), 100_000):
        steps = [step + 1 for step in steps]
    return steps


def _closely(
    turns: Array, data: Array, corner: Corners, shape: Sequence[int]
) -> tuple[float, Corners]:
    """Return how alike the likeliest place around a corner is, and where it lies."""
    steps = [max(1, side // CELLS.get(len(shape), 6) // CLOSE) for side in shape]
    offsets = [step * np.arange(-CLOSE, CLOSE + 1) for step in steps]
    value, place = _best_of(turns, data, corner, shape, offsets)
    if max(steps) > 1:
        offsets = [np.arange(1 - step, step) for step in steps]
        value, place = _best_of(turns, data, place, shape, offsets)
    return value, place


def _best_of(
    turns: Array,
    data: Array,
    corner: Corners,
    shape: Sequence[int],
    offsets: Sequence[Corners],
) -> tuple[float, Corners]:
    """Return how alike the likeliest place of a grid is, and where it lies."""
    around = [
        np.unique(np.clip(c + away, 0, n - s))
        for c, away, n, s in zip(corner, offsets, data.shape[1:], shape, strict=True)
    ]
    cut = tuple(
        slice(places[0], places[-1] + s)
        for places, s in zip(around, shape, strict=True)
    )
    axes = tuple(range(1, data.ndim))
    views = sliding_window_view(data[(slice(None), *cut)], tuple(shape), axes)
    inner = np.ix_(*(places - places[0] for places in around))
    windows = np.moveaxis(views[(slice(None), *inner)], 0, len(shape))
    rows = _rows(_thumbnails(windows.reshape(-1, len(data), *shape)))
    alike = (rows @ turns).max(axis=1)
    best = int(alike.argmax())
    grid = np.stack(np.meshgrid(*around, indexing="ij"), axis=-1)
    return float(alike[best]), grid.reshape(-1, len(shape))[best]


def _means(data: Array, cells: Sequence[int]) -> Array:
    """Return the mean of the cell that begins at every pixel where one fits."""
    found = data.astype(np.float64)
    for axis, cell in enumerate(cells, start=1):
        sums = np.cumsum(found, axis=axis)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis)
        n = sums.shape[axis]
        later, sooner = (
            sums.take(range(cell, n), axis),
            sums.take(range(n - cell), axis),
        )
        found = (later - sooner) / cell
    return found.astype(np.float32)


def _coarse(patches: Array, cells: Sequence[int]) -> Array:
    """Return the means of all cells of patches."""
    for axis, cell in enumerate(cells, start=2):
        number = patches.shape[axis] // cell
        kept = patches.take(range(number * cell), axis)
        split = (*kept.shape[:axis], number, cell, *kept.shape[axis + 1 :])
        patches = kept.reshape(split).mean(axis + 1)
    return patches


def _thumbnails(patches: Array) -> Array:
    """Return the patches at a small size, by means over areas."""
    sides = patches.shape[2:]
    most = THUMBNAIL.get(len(sides), 8)
    for axis, side in enumerate(sides, start=2):
        weights = _areas(side, min(side, most))
        patches = np.moveaxis(np.tensordot(patches, weights, (axis, 1)), -1, axis)
    return patches


def _areas(side: int, target: int) -> Array:
    """Return the share of every pixel (columns) in every larger one (rows)."""
    edges = np.arange(target + 1) * (side / target)
    left = np.maximum(edges[:-1, None], np.arange(side)[None])
    right = np.minimum(edges[1:, None], np.arange(1, side + 1)[None])
    shares = np.maximum(right - left, 0) * (target / side)
    return np.asarray(shares, np.float32)


def _rows(thumbnails: Array) -> Array:
    """Return one row per thumbnail, of length 1 and mean 0."""
    rows = thumbnails.reshape(len(thumbnails), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    # rounding of constant patches is no pattern
    scale = ROUNDING * np.abs(thumbnails).max(initial=0) * np.sqrt(rows.shape[1])
    found = np.where(length > scale, rows / np.where(length > 0, length, 1), 0)
    return np.asarray(found, np.float32)


def _orientations(patches: Array) -> Iterator[Array]:
    """Yield all turned and mirrored copies; planes keep their order or reverse it."""
    axes = range(2, patches.ndim)
    square = patches.shape[-1] == patches.shape[-2]
    for flips in itertools.product((False, True), repeat=len(axes)):
        found = np.flip(patches, _chosen(axes, flips))
        yield found
        if square:
            yield np.swapaxes(found, -1, -2)


def _chosen(axes: Sequence[int], flips: Sequence[bool]) -> tuple[int, ...]:
    return tuple(axis for axis, flip in zip(axes, flips, strict=True) if flip)
