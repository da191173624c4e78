"""What the Tune dock has computed by a worker; without any window."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import Candidate, Swatch, applied, cropped, sweep

Place = tuple[tuple[int, int], ...]


def application(candidate: Candidate, image: SpatialArray) -> Iterator[SpatialArray]:
    """Yield the labels that a candidate makes of an image.

    Parameters
    ----------
    candidate : Candidate
        What is run.
    image : SpatialArray
        Of any dimensionality.
    """
    found = applied(candidate, image)
    yield replace(found, data=np.asarray(found.data))


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
