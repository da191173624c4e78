"""An example and the image that is made like it, level by level, and their windows."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from napari_morphogen.generate.texture import FAR, Values

COARSEST = 16  # pixels of the example's shortest side at the coarsest level, at least
Shape = tuple[int, ...]


class Level(NamedTuple):
    """One level of the example and what is known of the new image there."""

    example: Values
    places: tuple[Values, Values] | None  # distances in both
    shape: Shape  # of the new image
    steps: Shape  # to the next coarser level, per axis


def levels(
    example: Values, shape: Shape, planes: tuple[Values, Values] | None
) -> list[Level]:
    """Return the levels, the finest first; the new image is padded to whole blocks."""
    all_steps, size = [], example.shape[:-1]
    while max(steps := tuple(1 + (n >= 2 * COARSEST) for n in size)) > 1:
        all_steps.append(steps)
        size = _divided(size, steps)
    all_steps.append((1,) * len(shape))
    whole = np.prod(all_steps, axis=0)
    new: Shape = tuple(int(-(-n // w) * w) for n, w in zip(shape, whole, strict=True))
    if planes is not None:
        missing = [(0, n - s) for n, s in zip(new, shape, strict=True)]
        planes = planes[0], np.pad(planes[1], [*missing, (0, 0)], mode="edge")
    found = []
    for number, steps in enumerate(all_steps):
        places = planes and (_near(planes[0], number), _near(planes[1], number))
        found.append(Level(example, places, new, steps))
        example = pooled(example, steps)
        planes = planes and (pooled(planes[0], steps), pooled(planes[1], steps))
        new = _divided(new, steps)
    return found


def _divided(sides: Shape, steps: Shape) -> Shape:
    return tuple(n // step for n, step in zip(sides, steps, strict=True))


def _near(planes: Values, level: int) -> Values:
    """Return distances in pixels of a level; far is far."""
    return np.asarray(np.clip(planes / np.float32(2**level), -FAR, FAR))


def whole_blocks(image: Values, block: Shape) -> Values:
    """Return the image without what fills no block."""
    ends = (n // b * b for n, b in zip(image.shape, block, strict=False))
    return image[tuple(slice(0, end) for end in ends)]


def pooled(image: Values, steps: Shape) -> Values:
    """Return the mean of every block."""
    whole = whole_blocks(image, steps)
    for axis, step in enumerate(steps):
        split = (*whole.shape[:axis], -1, step, *whole.shape[axis + 1 :])
        whole = whole.reshape(split).mean(axis=axis + 1, dtype=np.float32)
    return whole


def windows(
    image: Values,
    block: Shape,
    reach: int,
    phase: tuple[slice, ...],
    *,
    hollow: bool = False,
) -> Values:
    """Return every block of a phase with what is around it, as a row."""
    ndim = len(block)
    padded = np.pad(image, [*[(reach, reach)] * ndim, (0, 0)], mode="symmetric")
    size = tuple(b + 2 * reach for b in block)
    views = sliding_window_view(padded, size, tuple(range(ndim)))
    views = views[tuple(slice(None, None, b) for b in block)][phase]
    around = np.ones(size, bool)
    if hollow:
        around[(slice(reach, -reach),) * ndim] = False
    rows = views[..., around]
    return np.ascontiguousarray(rows.reshape(-1, int(rows.shape[-1] * image.shape[-1])))


def match_values(made: Values, example: Values) -> None:
    """Give each channel the example's values in place, from the lowest to the highest.

    Where nothing but neighbours is known, what is frequent would spread.
    """
    for c in range(made.shape[-1]):
        values = made[..., c].ravel()
        known = np.sort(example[..., c], axis=None)
        ranks = (np.arange(len(values)) + 0.5) * (len(known) / len(values))
        values[np.argsort(values, kind="stable")] = known[ranks.astype(np.intp)]
        made[..., c] = values.reshape(made.shape[:-1])


def shuffled(example: Values, shape: Shape, rng: np.random.Generator) -> Values:
    """Return patches of the example from random places, side by side."""
    sides = example.shape[:-1]
    patch = tuple(max(1, n // 2) for n in sides)
    made = np.zeros((*shape, example.shape[-1]), np.float32)
    for place in np.ndindex(*(-(-n // p) for n, p in zip(shape, patch, strict=True))):
        start = [i * p for i, p in zip(place, patch, strict=True)]
        target = made[tuple(slice(s, s + p) for s, p in zip(start, patch, strict=True))]
        source = [
            int(rng.integers(n - p + 1)) for n, p in zip(sides, patch, strict=True)
        ]
        ends = zip(source, target.shape, strict=False)
        target[...] = example[tuple(slice(s, s + n) for s, n in ends)]
    return made
