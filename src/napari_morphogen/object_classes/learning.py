"""Classes of objects learnt from a few examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.object_classes.accuracy import FEWEST, Accuracy
from napari_morphogen.object_classes.classifying import Classified, classification
from napari_morphogen.object_classes.frames import Frames
from napari_morphogen.object_classes.parts import Progress, networks, ready
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

Given = Mapping[tuple[int, int], str]  # classes by the numbers of frame and object
EVERY = -1  # frame: wherever the object is
FOLDS = 5


@dataclass(frozen=True)
class Options:
    """How classes are learnt.

    Attributes
    ----------
    pooling : str
        "max" or "average".
    steps : int
        How long is learnt.
    seed : int
        Of all that is drawn.
    check : bool
        Whether to find by cross-validation how often the classes are right.
    skip_missing : bool
        Leave out examples whose object is gone, instead of refusing them.
    """

    pooling: Literal["max", "average"] = "max"
    steps: int = 100
    seed: int = 0
    check: bool = True
    skip_missing: bool = False


def training(
    image: SpatialArray,
    labels: SpatialArray,
    given: Given,
    names: Sequence[str],
    path: str | Path,
    options: Options,
) -> Iterator[Progress | Classified | Accuracy]:
    """Learn classes, write the model, classify all objects; yield how far it is.

    Parameters
    ----------
    image : SpatialArray
        What the objects are seen in; axes that are neither spatial nor channels
        are looped over.
    labels : SpatialArray
        The objects, of the shape of `image` without its channels.
    given : mapping of (int, int) to str
        The class of some objects, by the numbers of frame and object.
    names : sequence of str
        All classes in their order; those without an example are left out.
    path : path
        Of the model's file.
    options : Options
        How to learn.

    Raises
    ------
    InputError
        When shapes differ, fewer than two classes have examples, or an object
        does not exist.
    """
    nn = networks()
    frames = Frames(labels, image.axes)
    frames.check_image(image)
    yield Progress("Preparing", 0, 1)
    examples = _examples(nn, image, frames, given, names, options)
    with nn.threads(0):
        yield from _learnt(nn, examples, path, options)
        yield from classification(path, image, labels)
        if options.check:
            yield from _checked(nn, examples, options)


# ---- the parts


class _Examples(NamedTuple):
    classes: tuple[str, ...]
    config: Any
    diameter: float
    patches: NDArray[np.float32]
    truth: list[int]
    groups: list[int]
    missing: int


def _examples(
    nn: ModuleType,
    image: SpatialArray,
    frames: Frames,
    given: Given,
    names: Sequence[str],
    options: Options,
) -> _Examples:
    chosen, boxes, missing = _chosen(nn, frames, given)
    if missing and not options.skip_missing:
        raise InputError(_gone(missing[0], frames))
    pairs = [(n, one) for n, ones in chosen.items() for one in ones]
    of = [_class_of(given, number, one.number) for number, one in pairs]
    classes = tuple(name for name in names if name in of)
    nn.check_classes(classes)
    channels = image.data.shape[image.axes.index("c")] if "c" in image.axes else 1
    ndim = len(frames.axes) - len(frames.looped)
    config = nn.laid_out(ndim, channels, len(classes), options.pooling)
    spacing = image.relative_spacing
    diameter = nn.usual_diameter(boxes, spacing)
    parts = []
    for number, ones in chosen.items():
        found, pixels = ready(image, frames, number)
        part = nn.object_patches(pixels, found, ones, config.side, diameter, spacing)
        parts.append(part)
    truth = [classes.index(str(name)) for name in of]
    groups = [one.number for _, one in pairs]
    patches = np.concatenate(parts)
    return _Examples(classes, config, diameter, patches, truth, groups, len(missing))


def _chosen(
    nn: ModuleType, frames: Frames, given: Given
) -> tuple[dict[int, list[Any]], list[Any], list[tuple[int, int]]]:
    """Return the examples of every frame, all boxes there, and what is missing."""
    asked = {frame for frame, _ in given}
    chosen: dict[int, list[Any]] = {}
    boxes: list[Any] = []
    there = set()
    for number in range(len(frames)):
        if number not in asked and EVERY not in asked:
            continue
        objects = nn.located(frames.labels(number))
        ones = [o for o in objects if _class_of(given, number, o.number) is not None]
        if ones:
            chosen[number] = ones
            boxes += [one.box for one in objects]
        there |= {(number, o.number) for o in objects}
        there |= {(EVERY, o.number) for o in objects}
    return chosen, boxes, [key for key in given if key not in there]


def _class_of(given: Given, frame: int, number: int) -> str | None:
    return given.get((frame, number), given.get((EVERY, number)))


def _gone(key: tuple[int, int], frames: Frames) -> str:
    where = f"frame {key[0]} of the" if frames.looped and key[0] != EVERY else "the"
    return f"There is no object {key[1]} in {where} labels; remove it from the classes."


def _learnt(
    nn: ModuleType, examples: _Examples, path: str | Path, options: Options
) -> Iterator[Progress]:
    config, schedule = examples.config, _schedule(nn, options)
    step = None
    for step in nn.learning(config, examples.patches, examples.truth, schedule):
        yield Progress("Learning", step.number, options.steps)
    assert step is not None
    weights = nn.weights_of(step.result())
    model = nn.ObjectClassifier(config, weights, examples.classes, examples.diameter)
    model.save(path)


def _checked(
    nn: ModuleType, examples: _Examples, options: Options
) -> Iterator[Progress | Accuracy]:
    truth = np.array(examples.truth)
    apart = set(zip(examples.truth, examples.groups, strict=True))
    fewest = min(sum(c == n for c, _ in apart) for n in range(len(examples.classes)))
    of = {name: int(np.sum(truth == n)) for n, name in enumerate(examples.classes)}
    if fewest < FEWEST:
        yield Accuracy({}, of, examples.missing)
        return
    step = None
    for step in nn.left_out(
        *examples[1:2], *examples[3:6], FOLDS, _schedule(nn, options)
    ):
        yield Progress(
            "Checking by cross-validation", step.number, FOLDS * options.steps
        )
    assert step is not None
    hits = truth[step.result() == truth]
    right = {name: int(np.sum(hits == n)) for n, name in enumerate(examples.classes)}
    yield Accuracy(right, of, examples.missing)


def _schedule(nn: ModuleType, options: Options) -> Any:
    return nn.Schedule(steps=options.steps, seed=options.seed)
