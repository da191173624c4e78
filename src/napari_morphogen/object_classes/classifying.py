"""Classes given to all objects by a model."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import recipe
from napari_morphogen.measurements import Table
from napari_morphogen.nn.object_patches import located
from napari_morphogen.object_classes.frames import Frames
from napari_morphogen.object_classes.parts import Progress, classifier, ready
from napari_morphogen.spatial import SpatialArray

_Row = tuple[int, int, tuple[int, ...], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Classified:
    """The classes of all objects.

    Attributes
    ----------
    classes : tuple of str
        Names, in the order of the numbers in `labels`, which count from 1.
    table : dict of str to ndarray
        ``frame`` where there are several, ``object``, ``class``, ``probability``
        of that class, and the probability of every class.
    places : ndarray of int, shape (objects, axes)
        A pixel of every object, in the labels.
    labels : SpatialArray
        The class at every pixel, where the objects lie.
    """

    classes: tuple[str, ...]
    table: Table
    places: NDArray[np.int64]
    labels: SpatialArray


def classification(
    path: str | Path, image: SpatialArray, labels: SpatialArray
) -> Iterator[Progress | Classified]:
    """Give every object a class; yield how far it is, and then the result.

    Parameters
    ----------
    path : path
        Of the model's file.
    image, labels : SpatialArray
        As for `training`.

    Raises
    ------
    InputError
        When the file is no model, or was trained on other axes or channels.
    """
    model = classifier(Path(path))
    frames = Frames(labels, image.axes)
    frames.check_image(image)
    result = np.zeros(labels.data.shape, np.int32)
    bare, rows = frames.without_channels(result), []
    for number in range(len(frames)):
        codes = bare[frames.place(number)]
        words = _which("Classifying", number, frames)
        for done, total, some in _frame(model, image, frames, number):
            yield Progress(words, done, total)
            rows += [_row(codes, frames, number, *one) for one in some]
    placed = _placed(result, image, labels, model.classes, Path(path))
    yield _classified(rows, model.classes, frames, placed)


# ---- the parts


def _frame(
    model: Any, image: SpatialArray, frames: Frames, number: int
) -> Iterator[tuple[int, int, list[Any]]]:
    """Yield how many objects are done, of how many, and those just done."""
    found, pixels = ready(image, frames, number)
    objects = located(found)
    done = 0
    yield done, len(objects), []
    for some, shares in model.chunks(pixels, found, objects, image.relative_spacing):
        done += len(some)
        masks = [found[box] == label for label, box in some]
        yield done, len(objects), list(zip(some, masks, shares, strict=True))


def _row(
    codes: NDArray[np.int32],
    frames: Frames,
    number: int,
    one: Any,
    mask: NDArray[np.bool_],
    shares: NDArray[np.float32],
) -> _Row:
    """Colour an object, and return what is known about it."""
    codes[one.box][mask] = shares.argmax() + 1
    # a pixel of the object itself, near the middle of its box: rings have none there
    pixels = np.argwhere(mask)
    away = ((pixels - (np.array(mask.shape) - 1) / 2) ** 2).sum(axis=1)
    nearest = pixels[away.argmin()] + [s.start for s in one.box]
    return number, one.number, frames.index(number, nearest.tolist()), shares


def _classified(
    rows: Sequence[_Row],
    classes: tuple[str, ...],
    frames: Frames,
    placed: SpatialArray,
) -> Classified:
    shares = np.array([row[3] for row in rows], np.float32).reshape(-1, len(classes))
    best = shares.argmax(axis=1)
    table: Table = {"frame": np.array([row[0] for row in rows], int)}
    table["object"] = np.array([row[1] for row in rows], int)
    table["class"] = np.array(classes)[best]
    table["probability"] = shares.max(axis=1, initial=0)
    table |= {f"probability {n}": shares[:, i] for i, n in enumerate(classes)}
    if not frames.looped:
        del table["frame"]
    places = np.array([row[2] for row in rows], np.int64)
    return Classified(classes, table, places.reshape(len(rows), placed.ndim), placed)


def _placed(
    result: NDArray[np.int32],
    image: SpatialArray,
    labels: SpatialArray,
    classes: tuple[str, ...],
    path: Path,
) -> SpatialArray:
    made = recipe.extend(
        image,
        method="object_classes",
        parameters={
            "labels": labels,
            "classes": list(classes),
            "model": hashlib.sha256(path.read_bytes()).hexdigest(),
        },
        channel=None,
        spacing=image.relative_spacing,
    )
    name = f"{labels.name or 'objects'} - classes"
    return labels.like(result, name=name, metadata={recipe.KEY: made})


def _which(words: str, number: int, frames: Frames) -> str:
    several = len(frames) > 1
    return f"{words}, frame {number + 1} of {len(frames)}" if several else words
