"""Objects cut out of an image as patches, to be classified by any network."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.nn.normalise import (
    channels_first,
    check_channels,
    normalised,
    resized,
)
from napari_morphogen.params import InputError

KIND = "object classifier"  # of model files
BATCH = 128  # patches classified at once


class Located(NamedTuple):
    """An object and the box around it."""

    number: int
    box: tuple[slice, ...]


class Chunk(NamedTuple):
    """Some objects and the probability of every class.

    Attributes
    ----------
    objects : sequence of Located
        In ascending order.
    probabilities : ndarray of float32, shape (objects, classes)
        Rows add up to 1.
    """

    objects: Sequence[Located]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class Patches:
    """What patches a network takes.

    Attributes
    ----------
    ndim, in_channels : int
        Of the images that they are cut from.
    side : int
        Of a patch, in pixels.
    diameter : float
        How much of the image a patch shows, in pixels of the finest axis.
    """

    ndim: int
    in_channels: int
    side: int
    diameter: float

    def chunks(
        self,
        probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        ready: NDArray[np.float32],
        labels: NDArray[Any],
        objects: Sequence[Located],
        spacing: Sequence[float] = (),
    ) -> Iterator[Chunk]:
        """Yield classified objects, some at a time.

        Parameters
        ----------
        probabilities : callable
            Returns that of every class for patches.
        ready : ndarray of float32
            From `made_ready`.
        labels : ndarray of int
            The objects.
        objects : sequence of Located
            Those wanted.
        spacing : sequence of float
            Size of a pixel along every axis, the finest 1.

        Raises
        ------
        InputError
            When the network was trained on other axes or channels.
        """
        if labels.ndim != self.ndim:
            raise InputError(
                f"The classes were trained in {self.ndim}-D, but these objects "
                f"are {labels.ndim}-D; choose other labels or name the axes."
            )
        check_channels(ready, self.in_channels)
        for start in range(0, len(objects), BATCH):
            some = objects[start : start + BATCH]
            cut = (ready, labels, some, self.side, self.diameter, spacing)
            yield Chunk(some, probabilities(object_patches(*cut)))


def located(labels: NDArray[Any]) -> list[Located]:
    """Return all objects with the boxes around them, in ascending order.

    Parameters
    ----------
    labels : ndarray of int
        0 is background; the numbers need not be consecutive.

    Examples
    --------
    >>> [found.number for found in located(np.array([[0, 70_000], [5, 5]]))]
    [5, 70000]
    """
    labels = labels.astype(np.uint8) if labels.dtype == bool else labels
    ids = np.unique(labels)
    ids = ids[ids != 0]
    places = np.where(labels != 0, np.searchsorted(ids, labels) + 1, 0)
    boxes = ndimage.find_objects(places, len(ids))
    return [Located(*pair) for pair in zip(ids.tolist(), boxes, strict=True)]


def object_patches(
    image: NDArray[np.float32],
    labels: NDArray[Any],
    objects: Sequence[Located],
    side: int,
    diameter: float,
    spacing: Sequence[float] = (),
) -> NDArray[np.float32]:
    """Return a patch around each object.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    labels : ndarray of int
        The objects.
    objects : sequence of Located
        Those wanted.
    side : int
        Of a patch, in pixels.
    diameter : float
        How much of the image a patch shows along every axis, in pixels of the
        finest axis; the same for all objects, so that sizes can be told apart.
    spacing : sequence of float
        Size of a pixel along every axis, the finest 1.

    Returns
    -------
    patches : ndarray of float32, shape (objects, channels + 1, side, side)
        The last channel is 1 in the object.
    """
    found = np.zeros((len(objects), len(image) + 1, *[side] * labels.ndim), np.float32)
    widths = [max(round(diameter / s), 1) for s in spacing or (1,) * labels.ndim]
    for out, (number, box) in zip(found, objects, strict=True):
        middle = [(s.start + s.stop) / 2 for s in box]
        low = [round(m - w / 2) for m, w in zip(middle, widths, strict=True)]
        out[...] = resized(_cut(image, labels, number, low, widths), out.shape[1:])
    return found


def _cut(
    image: NDArray[np.float32],
    labels: NDArray[Any],
    number: int,
    low: Sequence[int],
    widths: Sequence[int],
) -> NDArray[np.float32]:
    """Return a part of the image and of the object, 0 outside."""
    found = np.zeros((len(image) + 1, *widths), np.float32)
    bounds = list(zip(low, widths, labels.shape, strict=True))
    inside = tuple(slice(max(a, 0), min(a + w, n)) for a, w, n in bounds)
    place = tuple(
        slice(s.start - a, s.stop - a) for s, a in zip(inside, low, strict=True)
    )
    found[(slice(None, -1), *place)] = image[(slice(None), *inside)]
    found[-1][place] = labels[inside] == number
    return found


def made_ready(
    image: NDArray[Any], labels: NDArray[Any], channel_axis: int | None
) -> NDArray[np.float32]:
    """Return the image as the network takes it.

    Raises
    ------
    InputError
        When the labels have another shape.
    """
    first = channels_first(image, channel_axis)
    if first.shape[1:] != labels.shape:
        raise InputError(
            f"The labels have shape {labels.shape}, but the image has "
            f"{first.shape[1:]}; choose the labels of this image."
        )
    return normalised(first)
