"""How large an image from nothing is, and how large its pixels are."""

import math
import os
from typing import Annotated, Any

import annotated_types as at

from napari_morphogen.params import InputError, Unit

Height = Annotated[int, at.Interval(ge=1, le=16384)]
Width = Annotated[int, at.Interval(ge=1, le=16384)]
Depth = Annotated[int, at.Interval(ge=1, le=4096)]
PixelSize = Annotated[
    float, at.Interval(ge=0, le=1000), at.MultipleOf(0.001), Unit("um")
]
PlaneDistance = Annotated[
    float, at.Interval(ge=0, le=1000), at.MultipleOf(0.001), Unit("um")
]
BYTES_PER_PIXEL = 40  # while an image is made
USUAL_BYTES = 8 * 2**30  # of memory, where the system does not tell


def source_shape(
    shape: tuple[int, ...] = (),
    *,
    height: int,
    width: int,
    depth: int = 1,
    **others: Any,
) -> tuple[int, ...]:
    """Return the shape of an image that is made from parameters alone.

    Parameters
    ----------
    shape : tuple of int
        Of the image that the method starts from: none.
    height, width, depth : int
        Rows, columns and planes; one plane gives an image of two axes.
    **others
        Parameters that say nothing of the shape.

    Raises
    ------
    InputError
        When the memory is too small for such an image.

    Examples
    --------
    >>> source_shape(height=64, width=48), source_shape(height=64, width=48, depth=9)
    ((64, 48), (9, 64, 48))
    """
    made = (height, width) if depth == 1 else (depth, height, width)
    check_memory(made, math.prod(made) * BYTES_PER_PIXEL)
    return made


def check_memory(shape: tuple[int, ...], needed: int) -> None:
    """Raise InputError when the memory is too small.

    Parameters
    ----------
    shape : tuple of int
        Of the image that is made.
    needed : int
        Bytes while it is made.
    """
    there = _memory()
    if needed > there:
        raise InputError(
            f"An image of {' x '.join(map(str, shape))} pixels needs about "
            f"{needed / 2**30:.0f} GB of memory, but there are {there / 2**30:.0f}; "
            "make it smaller."
        )


def source_spacing(
    ndim: int, pixel_size: float, plane_distance: float
) -> tuple[float, ...]:
    """Return the relative pixel size along every axis; the finest has size 1.

    Parameters
    ----------
    ndim : int
        2 or 3.
    pixel_size, plane_distance : float
        In any unit; 0 stands for 1 pixel, and planes as far apart as pixels.

    Examples
    --------
    >>> source_spacing(3, 0.5, 2.0)
    (4.0, 1.0, 1.0)
    """
    if ndim == 2:
        return (1.0, 1.0)
    plane = (plane_distance or pixel_size or 1.0) / (pixel_size or 1.0)
    finest = min(plane, 1.0)
    return (plane / finest, 1 / finest, 1 / finest)


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has none of it
        return USUAL_BYTES
