"""What the Tune dock has computed by a worker; without any window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_morphogen import recipe
from napari_morphogen.io.disk import check_target
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import (
    Candidate,
    Options,
    Swatch,
    applied,
    cropped,
    recipe_of,
    sweep,
    taught,
)

Place = tuple[tuple[int, int], ...]


class Task(NamedTuple):
    """What was tuned to: images, their references, and how."""

    images: list[SpatialArray]
    truths: list[SpatialArray]
    options: Options

    def taught(self, candidate: Candidate, path: Path) -> Candidate:
        """Return a candidate that can be applied, taught first where it learns."""
        if not candidate.learns:
            return candidate
        return taught(candidate, self.images, self.truths, path, self.options)


def application(
    candidate: Candidate, image: SpatialArray, task: Task | None, path: Path
) -> Iterator[SpatialArray]:
    """Yield the labels that a candidate makes of an image.

    Parameters
    ----------
    candidate : Candidate
        What is run.
    image : SpatialArray
        Of any dimensionality.
    task : Task or None
        What a candidate that learns is taught by.
    path : Path
        Where it keeps what it learned.
    """
    ready = candidate if task is None else task.taught(candidate, path)
    found = applied(ready, image)
    yield replace(found, data=np.asarray(found.data))


def saving(
    candidate: Candidate, image: SpatialArray, task: Task, path: Path
) -> Iterator[Path]:
    """Write the recipe of a candidate that learns, and beside it what it learned.

    Parameters
    ----------
    candidate, image, task
        As of `application`.
    path : Path
        Of the recipe.
    """
    learned = path.with_suffix(".npz")
    check_target(learned, folder=False, overwrite=path.exists())
    recipe.save(path, recipe_of(task.taught(candidate, learned), image))
    yield path


def strip(
    candidate: Candidate,
    image: SpatialArray,
    crop: Place | None,
    parameter: str,
    place: int,
) -> Iterator[SpatialArray | Swatch]:
    """Yield a part of an image, and what values of a parameter make of it.

    Parameters
    ----------
    candidate : Candidate
        Its other parameters stay.
    image : SpatialArray
        Of any dimensionality.
    crop : tuple of (start, stop), optional
        For every axis but channels; the middle of the image by default.
    parameter : str
        Its name.
    place : int
        Of the step that has it.
    """
    part = cropped(image, crop)
    yield part
    yield from sweep(candidate, part, parameter, place=place, crop=whole(part))


def whole(image: SpatialArray) -> Place:
    """Return the crop that leaves nothing out."""
    sizes = zip(image.axes, image.data.shape, strict=True)
    return tuple((0, size) for axis, size in sizes if axis != "c")
