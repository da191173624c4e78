"""Images and labels made ready to learn from, and what is wrong with them."""

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.nn.normalise import channels_first, normalised, rescaled
from napari_morphogen.nn.patches import Example
from napari_morphogen.nn.scale import scale_to
from napari_morphogen.nn.targets import (
    boundary_targets,
    instance_targets,
    typical_diameter,
)
from napari_morphogen.params import InputError

ENOUGH_IMAGES = 5  # from which on whole images are held out
INTERIOR, BORDER = 2, 3  # of strokes of "interiors"
WANTED = {
    "instances": "objects and background",
    "interiors": "background and the inside of objects",
    "edges": "one object with a border",
    "semantic": "two classes",
}
BLOCKS = 8  # along each axis, of which some are held out in fewer images


class TooFewLabels(InputError):
    """Nothing can be held out: too little is painted."""


class PreparedImages(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    examples : list of Example
        One for each image.
    scales : tuple of float
        Least and greatest scale of an image.
    """

    examples: list[Example]
    scales: tuple[float, float]


def prepared(
    images: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    *,
    channel_axis: int | None = None,
    task: str = "instances",
    sparse: bool = False,
    spacing: Sequence[float] = (),
    diameter: float = 0.0,
) -> PreparedImages:
    """Return normalised images with the maps that a network should predict.

    Parameters
    ----------
    images : sequence of ndarray
        Of shape ([P,] M, N), channels anywhere.
    labels : sequence of ndarray of int
        One for each image, of its spatial shape.
    channel_axis : int or None
        The axis of the images that holds channels.
    task : str
        As of `Segmenter`.
    sparse : bool
        As of `instance_targets`.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.
    diameter : float
        To which the objects of every image are scaled; 0 does not.

    Raises
    ------
    InputError
        When they do not fit together or hold nothing to learn.
    """
    if not images or len(images) != len(labels):
        raise InputError(
            f"Expected labels for every image, but got {len(images)} image(s) and "
            f"{len(labels)} label image(s)."
        )
    examples: list[Example] = []
    scales: list[float] = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True), 1):
        first, drawn = channels_first(image, channel_axis), np.asarray(label)
        _check(number, first, drawn, len(channels_first(images[0], channel_axis)))
        scale = 1.0
        if task == "instances" and diameter > 0:
            objects = np.where(drawn > 1, drawn, 0) if sparse else drawn
            found = typical_diameter(objects, spacing)
            scale = scale_to(diameter, found)
            scales += [scale] if found > 0 else []
        examples.append(_example(first, drawn, scale, task, sparse, spacing))
    _check_classes(examples, task)
    return PreparedImages(
        examples, (min(scales, default=1.0), max(scales, default=1.0))
    )


def class_count(examples: Sequence[Example]) -> int:
    """Return the highest class that is painted."""
    return int(max(example.targets[0].max() for example in examples))


def held_out(
    examples: Sequence[Example], share: float, seed: int
) -> list[NDArray[np.bool_]]:
    """Return which labelled pixels are not learnt from but measured.

    Parameters
    ----------
    examples : sequence of Example
        Whole images of it are held out when there are several, else blocks of
        every image; never the last of a class.
    share : float
        0 holds nothing out.
    seed : int
        Of the choice.

    Returns
    -------
    masks : list of ndarray of bool, shape ([P,] M, N)
        One for each example.

    Raises
    ------
    TooFewLabels
        When nothing labelled is left to learn from or to measure on.
    """
    masks = [np.zeros(example.targets.shape[1:], bool) for example in examples]
    if share <= 0:
        return masks
    rng = np.random.default_rng([seed, 1])
    if len(examples) >= ENOUGH_IMAGES:
        count = max(1, round(share * len(examples)))
        for i in rng.permutation(len(examples))[:count]:
            masks[i] = examples[i].targets[0] > 0
    else:
        masks = [_held_blocks(example.targets[0], share, rng) for example in examples]
    left, held = parted(examples, masks)
    if not left or not held:
        raise TooFewLabels(
            "The labels are too few to hold some out; paint more or hold out nothing."
        )
    return masks


def parted(
    examples: Sequence[Example], masks: Sequence[NDArray[np.bool_]]
) -> tuple[list[Example], list[Example]]:
    """Return what is learnt from and what is only measured, which share no pixel.

    Parameters
    ----------
    examples : sequence of Example
        Those without a label are left out.
    masks : sequence of ndarray of bool
        Which pixels are held out, one mask for each of the first examples.
    """
    both: tuple[list[Example], list[Example]] = [], []
    empty = [np.zeros(e.targets.shape[1:], bool) for e in examples[len(masks) :]]
    for example, held in zip(examples, [*masks, *empty], strict=True):
        for side, hidden in zip(both, (held, ~held), strict=True):
            targets = np.where(hidden, 0, example.targets)
            if targets[0].any():
                side.append(Example(example.image, targets))
    return both


def _check(
    number: int, image: NDArray[Any], labels: NDArray[Any], channels: int
) -> None:
    if len(image) != channels:
        raise InputError(
            f"Image {number} has {len(image)} channels, but the first has {channels}; "
            "train on images of the same channels."
        )
    if image.shape[1:] != labels.shape:
        raise InputError(
            f"The labels of image {number} have shape {labels.shape}, but the image "
            f"has {image.shape[1:]}; paint on the image that is trained on."
        )
    if labels.dtype.kind not in "bui":
        raise InputError(
            f"Labels must be whole numbers, but those of image {number} hold "
            f"{labels.dtype}; choose a label image."
        )
    if labels.ndim not in (2, 3) or labels.size == 0:
        raise InputError(
            f"Image {number} has shape {labels.shape}; networks learn from planes "
            "and volumes with at least one pixel."
        )
    if labels.size and labels.min() < 0:
        raise InputError(
            f"The labels of image {number} hold numbers below 0; give 0 to what is "
            "not labelled."
        )


def _check_classes(examples: Sequence[Example], task: str) -> None:
    found = np.unique(np.concatenate([np.unique(e.targets[0]) for e in examples]))
    painted = found[found > 0]
    if painted.size == 0:
        raise InputError("Nothing is painted; paint strokes of at least two classes.")
    if painted.size == 1:
        raise InputError(
            "The labels hold one class only; there is nothing to tell apart. Label "
            f"at least {WANTED[task]}."
        )
    if task == "interiors" and (INTERIOR not in painted or painted[-1] > BORDER):
        numbers = ", ".join(f"{value:.0f}" for value in painted)
        raise InputError(
            "Expected strokes 1 on background, 2 inside objects and 3 on their "
            f"borders, but the labels hold {numbers}; paint with these numbers."
        )


def _example(
    image: NDArray[Any],
    labels: NDArray[Any],
    scale: float,
    task: str,
    sparse: bool,
    spacing: Sequence[float],
) -> Example:
    ready = rescaled(normalised(image), (scale,) * labels.ndim)
    drawn = _nearest(labels, ready.shape[1:])
    if task == "edges":
        return Example(ready, boundary_targets(drawn, sparse=sparse))
    if task == "instances":
        return Example(ready, instance_targets(drawn, sparse=sparse, spacing=spacing))
    return Example(ready, drawn[np.newaxis].astype(np.float32))


def _nearest(labels: NDArray[Any], size: Sequence[int]) -> NDArray[Any]:
    if tuple(size) == labels.shape:
        return labels
    places = [
        ((np.arange(n) + 0.5) * m / n).astype(int)
        for n, m in zip(size, labels.shape, strict=True)
    ]
    return np.asarray(labels[np.ix_(*places)])


def _held_blocks(
    known: NDArray[np.float32], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return the labelled pixels of some blocks of an image."""
    edges = [np.linspace(0, n, min(BLOCKS, n) + 1).astype(int) for n in known.shape]
    ranges = [list(pairwise(e)) for e in edges]
    blocks = [tuple(slice(*side) for side in sides) for sides in product(*ranges)]
    blocks = [block for block in blocks if known[block].any()]
    left = {value: int((known == value).sum()) for value in np.unique(known[known > 0])}
    held = np.zeros(known.shape, bool)
    wanted, taken = max(1, round(share * len(blocks))), 0
    for place in rng.permutation(len(blocks)):
        inside = known[blocks[place]]
        counts = {value: int((inside == value).sum()) for value in left}
        if taken < wanted and all(left[v] > counts[v] for v in left):
            held[blocks[place]] = inside > 0
            left = {value: left[value] - counts[value] for value in left}
            taken += 1
    return held
