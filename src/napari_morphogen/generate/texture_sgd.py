"""New images like an example, refined by gradient descent on their pixels."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

import annotated_types as at
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from napari_morphogen.generate.forest import Drawing
from napari_morphogen.generate.texture import (
    NewDepth,
    NewHeight,
    NewWidth,
    Scaled,
    Textured,
    Values,
    scaled,
)
from napari_morphogen.generate.texture_levels import Level, Shape, levels, pooled
from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Step

StepsPerScale = Annotated[int, at.Interval(ge=1, le=1000)]
Patch = Literal["3", "5", "7", "9"]
Rate = Annotated[float, at.Interval(ge=0.001, le=0.5), at.MultipleOf(0.001)]
Iterations = Annotated[int, at.Interval(ge=1, le=20_000)]
KERNELS = {2: 16, 3: 8}  # directions of every step, by the number of axes
FOREST_CANDIDATES, FOREST_TREES = 15, 8
SCALES = 3  # that are changed after a forest has drawn
KNOWN = 20_000  # patches of the example that a step looks at
SLOWEST = 0.1  # of the rate, at the last step of a scale
MEMORY = 0.9, 0.99  # Adam's, of the gradient and of its square
LAYOUT_WEIGHT = 0.7  # of distances, beside intensities of standard deviation 1


def texture_sgd(
    image: Image,
    *,
    height: NewHeight = 0,
    width: NewWidth = 0,
    depth: NewDepth = 0,
    labels: Labels | None = None,
    layout: Labels | None = None,
    kind: Literal["objects", "classes"] = "objects",
    start: Literal["forest", "noise"] = "forest",
    patch: Patch = "7",
    steps: StepsPerScale = 40,
    rate: Rate = 0.02,
    iterations: Iterations = 1000,
    seed: Seed = 0,
    channel_axis: ChannelAxis = None,
) -> Iterator[Step[Textured]]:
    """Refine an image drawn like an example, by stochastic gradient descent.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        The example: intensities, or C channels used together.
    height : int
        Rows of the new image; 0 makes as many as the example has.
    width : int
        Columns of the new image; 0 makes as many as the example has.
    depth : int
        Planes of the new image; 0 makes as many as the example has.
    labels : ndarray of int or None
        What is where in the example; 0 is background. Needs `layout`.
    layout : ndarray of int or None
        What shall be where in the new image, as large as that. Needs `labels`.
    kind : str
        What the numbers of `labels` and `layout` are: "objects", all of one kind, or
        "classes", each of which looks different.
    start : str
        What is changed: what `texture_forest` draws, at the three finest scales, or
        noise, at all scales, which needs about 150 steps and a rate of 0.06.
    patch : str
        Side of the patches that are compared, in pixels of every scale; in volumes 5
        at most.
    steps : int
        Of every scale, each of which is twice as fine as the one before.
    rate : float
        How far a step goes, in standard deviations of the example.
    iterations : int
        Steps at most, all scales together.
    seed : int
        Start of the random numbers; the same one gives the same image.
    channel_axis : int or None
        The axis that holds channels.

    Yields
    ------
    step : Step
        Steps done, the mean distance of the projections, and the result: the new
        image, its channels where the example has them, and figures, of which
        "copied [%]" is the share of patches that stand in the example, too.

    Notes
    -----
    `texture_forest` or chance draws the image at first. Then, scale by scale, pixels
    are changed until the patches, all together, are distributed like those of the
    example [1]_. The sliced Wasserstein distance
    measures it: patches are projected to random directions, new ones at each step,
    and the sorted numbers compared. Its gradient is exact; Adam [2]_ follows it. With
    a layout the distances from borders are part of the patches, and stay as they are.

    References
    ----------
    .. [1] A. Elnekave and Y. Weiss, "Generating natural images with direct patch
       distributions matching," ECCV, 2022. DOI 10.48550/arXiv.2203.11862
    .. [2] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization," ICLR,
       2015. DOI 10.48550/arXiv.1412.6980

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> stripes = np.tile([0, 0, 0, 9, 9, 9], (36, 6))
    >>> made = last(texture_sgd(stripes, width=48, steps=5)).image
    >>> made.shape
    (36, 48)
    """
    shape = (depth, height, width)
    given = scaled(image, shape, labels, layout, kind, channel_axis)
    rng = np.random.default_rng(seed)
    side = min(int(patch), 5) if len(given.shape) == 3 else int(patch)
    found = levels(given.example, given.shape, given.planes)
    noise = start == "noise"
    starts = _noise(given, found, rng) if noise else _starts(given, found, rng)
    made, number = starts[-1].copy(), 0

    def shown(now: Values) -> Textured:
        whole = _enlarged(now, found[0].shape)
        return given.result(whole, image, channel_axis, seed)

    for place in reversed(range(len(starts))):
        level = found[place]
        if place + 1 < len(starts):
            made = _finer(made, starts[place : place + 2])
        descent = _Descent(level, made, side, rng)
        for turn in range(steps):
            if number == iterations:
                return
            cooling = 1 - (1 - SLOWEST) * turn / steps
            energy = descent.step(rate * cooling)
            number += 1
            yield Step(number, energy, partial(shown, made))


class _Descent:
    """Stochastic gradient descent at one scale; `step` changes the image in place."""

    def __init__(
        self, level: Level, made: Values, side: int, rng: np.random.Generator
    ) -> None:
        self.made, self.rng = made, rng
        self.known, self.fixed = level.example, None
        if level.places is not None:
            old, new = (np.float32(LAYOUT_WEIGHT) * p for p in level.places)
            self.known, self.fixed = np.concatenate([level.example, old], axis=-1), new
        both = zip(level.example.shape[:-1], made.shape[:-1], strict=True)
        self.sides = tuple(min(side, *pair) for pair in both)
        self.first, self.second = np.zeros((2, *made.shape), np.float32)
        self.turns = 0

    def step(self, rate: float) -> float:
        """Go one step; return the mean distance."""
        gradient, distance = self._gradient()
        self.turns += 1
        slow, slower = MEMORY
        self.first += np.float32(1 - slow) * (gradient - self.first)
        self.second += np.float32(1 - slower) * (gradient**2 - self.second)
        mean = self.first / np.float32(1 - slow**self.turns)
        square = self.second / np.float32(1 - slower**self.turns)
        self.made -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))
        return distance

    def _gradient(self) -> tuple[Values, float]:
        """Return the gradient of the squared distance, and the distance."""
        channels = self.known.shape[-1]
        size = (*self.sides, channels, KERNELS.get(len(self.sides), 8))
        kernels = self.rng.standard_normal(size, dtype=np.float32)
        kernels /= np.linalg.norm(kernels.reshape(-1, size[-1]), axis=0)
        made = self.made
        if self.fixed is not None:
            made = np.concatenate([made, self.fixed], axis=-1)
        away = _projected(made, kernels)
        goal = self._goal(kernels)
        places = (np.arange(away.shape[1]) + 0.5) / away.shape[1]
        known = (np.arange(goal.shape[1]) + 0.5) / goal.shape[1]
        for row, wanted in zip(away, goal, strict=True):
            order = np.argsort(row)
            row[order] -= np.interp(places, known, wanted).astype(np.float32)
        pixels = kernels[..., : self.made.shape[-1], :]
        return _spread(away, pixels, self.made.shape), float(np.abs(away).mean())

    def _goal(self, kernels: Values) -> Values:
        """Return sorted projections of some patches of the example."""
        axes = tuple(range(len(self.sides)))
        views = sliding_window_view(self.known, self.sides, axes)
        free = views.shape[: len(axes)]
        count = math.prod(free)
        chosen = np.arange(count)
        if count > KNOWN:
            chosen = self.rng.integers(count, size=KNOWN)
        rows = views[np.unravel_index(chosen, free)].reshape(len(chosen), -1)
        flat = np.moveaxis(kernels, -2, 0).reshape(rows.shape[1], -1)
        return np.sort((rows @ flat).T, axis=1)


def _offsets(sides: Shape, shape: Shape) -> Iterator[tuple[Shape, tuple[slice, ...]]]:
    """Yield every place within a patch and the pixels that have it."""
    for place in np.ndindex(*sides):
        ends = zip(place, shape, sides, strict=False)
        yield place, tuple(slice(p, p + n - side + 1) for p, n, side in ends)


def _projected(image: Values, kernels: Values) -> Values:
    """Return the projections of all patches: a row per kernel."""
    total = np.float32(0)
    for place, pixels in _offsets(kernels.shape[:-2], image.shape):
        total = total + kernels[place].T @ image[pixels].reshape(-1, image.shape[-1]).T
    return np.asarray(total)


def _spread(away: Values, kernels: Values, shape: Shape) -> Values:
    """Return what projections do to pixels: the adjoint of `_projected`."""
    total = np.zeros(shape, np.float32)
    for place, pixels in _offsets(kernels.shape[:-2], shape):
        part = total[pixels]
        part += (kernels[place] @ away).T.reshape(part.shape)
    return total


def _starts(
    given: Scaled, found: list[Level], rng: np.random.Generator
) -> list[Values]:
    """Return what a forest draws, at the scales to be changed, the finest first."""
    drawing = Drawing(FOREST_CANDIDATES, FOREST_TREES, rng)
    made = [drawing.image(given.example, given.shape, given.planes)]
    for level in found[: min(SCALES, len(found)) - 1]:
        made.append(pooled(made[-1], level.steps))
    return made


def _noise(given: Scaled, found: list[Level], rng: np.random.Generator) -> list[Values]:
    """Return noise of the coarsest scale at all of them, the finest first."""
    shape = (*found[-1].shape, given.example.shape[-1])
    mean, spread = given.example.mean(), given.example.std()
    made = [mean + spread * rng.standard_normal(shape, dtype=np.float32)]
    for level in reversed(found[:-1]):
        made.insert(0, _enlarged(made[0], level.shape))
    return made


def _finer(made: Values, starts: list[Values]) -> Values:
    """Return the image at the next scale, with the details drawn by the forest."""
    finer, coarser = starts
    return np.asarray(_enlarged(made - coarser, finer.shape[:-1]) + finer)


def _enlarged(made: Values, shape: Shape) -> Values:
    """Return the image with as many pixels as asked for."""
    factors = [new / old for new, old in zip(shape, made.shape, strict=False)]
    if all(factor == 1 for factor in factors):
        return made
    found = ndimage.zoom(made, [*factors, 1], order=1, mode="nearest", grid_mode=True)
    return np.asarray(found)
