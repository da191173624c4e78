"""What samples can be asked for: classes, or labels that are painted."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from torch import Tensor

from napari_morphogen.nn.generator_patches import centres
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
    classes: Sequence[int | NDArray[Any]] | None,
    names: Sequence[str],
    images: Sequence[NDArray[Any]],
    shape: Sequence[int],
) -> list[NDArray[np.intp]] | None:
    """Return the class of every image or pixel, or None where there are none.

    Parameters
    ----------
    classes : sequence of int, or of ndarray of int, or None
        Of every image, or of every pixel of it; counted from 0, -1 where pixels have
        none.
    names : sequence of str
        Of the classes.
    images : sequence of ndarray of shape (channels, [P,] M, N)
        What is learnt from.
    shape : sequence of int
        Of a patch.

    Raises
    ------
    InputError
        When a class is missing, unknown or too small.
    """
    if classes is None:
        return None
    found = [np.asarray(one, np.intp) for one in classes]
    if len(found) != len(images) or len(names) < 2:
        raise InputError(
            f"Expected a class for each of {len(images)} images, of at least two "
            f"classes, but got {len(found)} of {len(names)}."
        )
    for one, image in zip(found, images, strict=True):
        if one.ndim and one.shape != image.shape[1:]:
            raise InputError(
                f"Expected classes of the shape {image.shape[1:]} of their image, but "
                f"got {one.shape}."
            )
        if one.size and not -(one.ndim > 0) <= one.min() <= one.max() < len(names):
            raise InputError(
                f"Expected classes counted from 0 to {len(names) - 1}, but got "
                f"{one.min()} to {one.max()}."
            )
    for number, name in enumerate(names):
        _check_shown(name, [one == number for one in found], shape)
    return found


def _check_shown(
    name: str, members: Sequence[NDArray[np.bool_]], shape: Sequence[int]
) -> None:
    examples = sum(_examples(one, shape) for one in members)
    if examples > 1:
        return
    if all(one.ndim for one in members):
        raise InputError(
            f'The class "{name}" has {examples} object(s) or patch(es) that the border '
            "does not cut; label at least 2, or choose a smaller patch size."
        )
    raise InputError(f'The class "{name}" has {examples} image(s); give at least 2.')


def _examples(members: NDArray[np.bool_], shape: Sequence[int]) -> int:
    """Return how many images, or patches apart, are of a class."""
    if not members.ndim:
        return int(members)
    regions = ndimage.label(centres(members, shape))[0]
    sizes = np.bincount(regions.ravel())[1:]
    return int(np.maximum(sizes // math.prod(shape), 1).sum())


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
