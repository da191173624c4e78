"""Images and labels made ready to learn from, and what is wrong with them."""

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.nn.normalise import channels_first, normalised, rescaled
from napari_morphogen.nn.patches import Example
from napari_morphogen.nn.scale import scale_to
from napari_morphogen.nn.targets import instance_targets, typical_diameter
from napari_morphogen.params import InputError

ENOUGH_IMAGES = 5  # from which on whole images are held out
BLOCKS = 8  # along each axis, of which some are held out in fewer images


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
        "instances" or "semantic".
    sparse : bool
        As in `instance_targets`.
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


def without_held_out(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """Return what is learnt from and what is only measured, which share no pixel.

    Parameters
    ----------
    examples : sequence of Example
        Whole images of it are held out when there are several, else blocks of
        every image; never the last of a class.
    share : float
        0 holds nothing out.
    seed : int
        Of the choice.

    Raises
    ------
    InputError
        When nothing labelled is left to measure on.
    """
    if share <= 0:
        return list(examples), []
    rng = np.random.default_rng([seed, 1])
    if len(examples) >= ENOUGH_IMAGES:
        order = rng.permutation(len(examples))
        count = max(1, round(share * len(examples)))
        learnt = [examples[i] for i in sorted(order[count:])]
        measured = [examples[i] for i in sorted(order[:count])]
    else:
        pairs = [_parted(example, share, rng) for example in examples]
        learnt, measured = [list(side) for side in zip(*pairs, strict=True)]
    learnt, measured = _painted(learnt), _painted(measured)
    if not measured or not learnt:
        raise InputError(
            "The labels are too few to hold some out; paint more or hold out nothing."
        )
    return learnt, measured


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
            f"{labels.dtype}."
        )
    if labels.ndim not in (2, 3) or labels.size == 0:
        raise InputError(
            f"Image {number} has shape {labels.shape}; networks learn from planes "
            "and volumes with at least one pixel."
        )
    if labels.size and labels.min() < 0:
        raise InputError(f"The labels of image {number} hold numbers below 0.")


def _check_classes(examples: Sequence[Example], task: str) -> None:
    found = np.unique(np.concatenate([np.unique(e.targets[0]) for e in examples]))
    painted = found[found > 0]
    if painted.size == 0:
        raise InputError("Nothing is painted; paint strokes of at least two classes.")
    if painted.size == 1:
        wanted = {"instances": "objects and background", "semantic": "two classes"}
        raise InputError(
            "The labels hold one class only; there is nothing to tell apart. Label "
            f"at least {wanted[task]}."
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
    if task == "semantic":
        return Example(ready, drawn[np.newaxis].astype(np.float32))
    return Example(ready, instance_targets(drawn, sparse=sparse, spacing=spacing))


def _nearest(labels: NDArray[Any], size: Sequence[int]) -> NDArray[Any]:
    if tuple(size) == labels.shape:
        return labels
    places = [
        ((np.arange(n) + 0.5) * m / n).astype(int)
        for n, m in zip(size, labels.shape, strict=True)
    ]
    return np.asarray(labels[np.ix_(*places)])


def _parted(
    example: Example, share: float, rng: np.random.Generator
) -> tuple[Example, Example]:
    """Return the example without some blocks of its labels, and with these alone."""
    known = example.targets[0]
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
            held[blocks[place]] = True
            left = {value: left[value] - counts[value] for value in left}
            taken += 1
    inner = np.where(held, 0, example.targets), np.where(held, example.targets, 0)
    return Example(example.image, inner[0]), Example(example.image, inner[1])


def _painted(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.targets[0].any()]
