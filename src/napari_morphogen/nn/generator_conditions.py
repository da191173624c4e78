"""What samples can be asked for: classes, or labels that are painted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from napari_morphogen.nn.mask_maps import MAPS, checked_labels, mask_maps
from napari_morphogen.params import InputError

MAPS_OF = {"painter": (MAPS,), "cvae": (0, MAPS)}  # how many a kind is told


def check_told(kind: str, classes: object | None, labels: object | None) -> None:
    """Raise InputError unless a kind is told what it has to be told, and no more.

    Parameters
    ----------
    kind : str
        Of the generator.
    classes, labels : object or None
        What is given.
    """
    if classes is not None and labels is not None:
        raise InputError("A generator is told classes or labels: leave one out.")
    if labels is not None and kind not in MAPS_OF:
        raise InputError(
            f'A generator of the kind "{kind}" learns from images alone; leave labels '
            "out, or choose painter."
        )
    if labels is None and kind == "painter":
        raise InputError(
            "A painter learns how labels look: give the labels of every image, or "
            "choose flow."
        )
    if labels is None and classes is None and kind == "cvae":
        raise InputError(
            "A CVAE learns what sets classes apart: give the class of every image, or "
            "its labels, or choose vae."
        )


def checked_classes(
    classes: Sequence[int] | None, names: Sequence[str], count: int
) -> NDArray[np.intp] | None:
    """Return the class of every image, or None where there are none.

    Parameters
    ----------
    classes : sequence of int or None
        Counted from 0.
    names : sequence of str
        Of the classes.
    count : int
        Of the images.

    Raises
    ------
    InputError
        When a class is missing, unknown or too small.
    """
    if classes is None:
        return None
    found = np.asarray(classes, np.intp)
    if (found < 0).any():
        raise InputError(f"Expected classes counted from 0, but got {found.min()}.")
    counts = np.bincount(found, minlength=len(names))
    if len(found) != count or len(counts) > len(names) or len(names) < 2:
        raise InputError(
            f"Expected a class for each of {count} images, of at least two "
            f"classes, but got {len(found)} of {len(names)}."
        )
    for name, number in zip(names, counts, strict=True):
        if number < 2:
            raise InputError(
                f'The class "{name}" has {number} image(s); give at least 2.'
            )
    return found


def condition_maps(
    labels: Sequence[NDArray[Any]] | None, images: Sequence[NDArray[Any]]
) -> list[NDArray[np.float32]] | None:
    """Return the maps of every image's labels, or None where there are none.

    Parameters
    ----------
    labels : sequence of ndarray of int, shape (M, N), or None
        Of every image.
    images : sequence of ndarray of shape (channels, M, N)
        What is learnt from.

    Raises
    ------
    InputError
        When labels are missing, of another shape or empty.
    """
    if labels is None:
        return None
    if len(labels) != len(images):
        raise InputError(
            f"Expected labels for each of {len(images)} images, but got {len(labels)}."
        )
    for one, image in zip(labels, images, strict=True):
        if one.shape != image.shape[1:]:
            raise InputError(
                f"Expected labels of the shape {image.shape[1:]} of their image, but "
                f"got {one.shape}."
            )
    if not any(checked_labels(one).any() for one in labels):
        raise InputError("The labels are 0 everywhere; label some objects first.")
    return [mask_maps(one) for one in labels]


def checked_maps(condition: ArrayLike | None, shape: tuple[int, ...]) -> Tensor:
    """Return the maps that a painter is asked to paint.

    Parameters
    ----------
    condition : array_like of float or None
        What was given.
    shape : tuple of int
        Images, maps, rows and columns.

    Raises
    ------
    InputError
        When maps are missing or have another shape.
    """
    if condition is None:
        raise InputError(
            "A painter makes images of labels, not of nothing; give it labels to paint."
        )
    found = np.asarray(condition, np.float32)
    if found.shape != shape:
        raise InputError(f"Expected maps of the shape {shape}, but got {found.shape}.")
    return torch.from_numpy(np.ascontiguousarray(found))
