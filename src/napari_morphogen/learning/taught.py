"""What is learnt from: the painted frames of all images."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.learning.messages import Lesson, Place, Settings
from napari_morphogen.params import InputError
from napari_morphogen.plans import Index

MOST = {"semantic": 64, "interiors": 3}  # numbers of classes


def samples(
    lessons: Sequence[Lesson],
    painted: Mapping[tuple[int, Index], NDArray[Any]],
    settings: Settings,
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Return the images to learn from, channels first, and their labels.

    Parameters
    ----------
    lessons : sequence of Lesson
        Whose images.
    painted : mapping
        The labels of every painted frame, by the number of its lesson and its index.
    settings : Settings
        Say what labels mean, and whether volumes are taken plane by plane.

    Raises
    ------
    InputError
        When nothing is painted, or with numbers that no class can have.
    """
    images, labels = [], []
    for (number, index), frame in painted.items():
        image, axis = lessons[number].plan.frame_at(index)
        first = image[np.newaxis] if axis is None else np.moveaxis(image, axis, 0)
        for place in _pieces(frame, settings.planes):
            images.append(first[(slice(None), *place)])
            labels.append(frame[place])
    _check(labels, settings)
    return images, labels


def _pieces(labels: NDArray[Any], planes: bool) -> list[Place]:
    """Return the place of every image in a frame: all of it, or its painted planes."""
    if not planes or labels.ndim == 2:
        return [(slice(None),) * labels.ndim]
    return [(i,) for i, plane in enumerate(labels) if plane.any()]  # type: ignore[misc]


def _check(labels: Sequence[NDArray[Any]], settings: Settings) -> None:
    if not labels:
        raise InputError("Nothing is painted; paint strokes of at least two classes.")
    most = MOST.get(settings.task, math.inf)
    highest = max(int(label.max(initial=0)) for label in labels)
    if highest > most:
        raise InputError(
            f"The labels hold number {highest}, but classes are numbered 1 to {most}; "
            "paint with lower numbers, or learn objects instead of classes."
        )
