"""Patches drawn from sets of images, and the split into seen and unseen ones."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.evaluate.images import finite
from napari_morphogen.params import InputError

SMALLEST = 8  # pixels along rows and columns


class Region(NamedTuple):
    """A part of an image that patches are drawn from.

    Attributes
    ----------
    data : ndarray
        Channels first.
    image : int
        Number of the image in its set.
    start : tuple of int
        First pixel of the part along every spatial axis.
    """

    data: NDArray[Any]
    image: int
    start: tuple[int, ...]


class Patches(NamedTuple):
    """Patches of one size and where they come from.

    Attributes
    ----------
    values : ndarray of float
        One patch after the other, channels first.
    image : ndarray of int
        Number of the image of every patch in its set.
    corner : ndarray of int
        Its first pixel along every spatial axis.
    """

    values: NDArray[np.float32]
    image: NDArray[np.intp]
    corner: NDArray[np.intp]

    def first(self, count: int) -> "Patches":
        """Return so many of them."""
        values, image, corner = self
        return Patches(values[:count], image[:count], corner[:count])


def regions(
    name: str, images: Sequence[ArrayLike], channel_axis: int | None
) -> list[Region]:
    """Return whole images as regions, channels first.

    Raises
    ------
    InputError
        When there are none, they have other axes or channels than the first,
        or values that are no finite real numbers.
    """
    found = []
    for number, image in enumerate(images):
        data = finite(name, image)
        if channel_axis is None:
            data = data[None]
        else:
            data = np.moveaxis(data, channel_axis, 0)
        found.append(Region(data, number, (0,) * (data.ndim - 1)))
    if not found:
        raise InputError(
            f"Expected images in `{name}`, but there are none; give at least one."
        )
    check_alike(name, found, found[0])
    return found


def check_alike(name: str, found: Sequence[Region], first: Region) -> None:
    """Raise InputError unless axes and channels are those of `first`."""
    for region in found:
        alike = region.data.ndim == first.data.ndim
        if not (alike and len(region.data) == len(first.data)):
            raise InputError(
                f"Expected images of {first.data.ndim - 1} axes and "
                f"{len(first.data)} channels, but one of `{name}` has "
                f"{region.data.ndim - 1} axes and {len(region.data)} channels; give "
                "images that are alike."
            )


def patch_shape(
    patch_size: int, regions: Sequence[Region], halved: bool
) -> tuple[int, ...]:
    """Return the shape of patches that fit everywhere.

    Parameters
    ----------
    patch_size : int
        Pixels along every axis, fewer where an image has fewer.
    regions : sequence of Region
        Of all sets.
    halved : bool
        One of the images will be cut in two.

    Raises
    ------
    InputError
        When patches would be too small to say something.
    """
    sides = np.min([region.data.shape[1:] for region in regions], axis=0)
    shape = tuple(int(min(patch_size, side)) for side in sides)
    if halved:
        longest = int(np.argmax(regions[0].data.shape[1:]))
        half = regions[0].data.shape[1:][longest] // 2
        shape = tuple(
            min(n, half) if axis == longest else n for axis, n in enumerate(shape)
        )
    if len(shape) < 2 or min(shape[-2:]) < SMALLEST:
        raise InputError(
            f"Expected patches of at least {SMALLEST} x {SMALLEST} pixels, but they "
            f"would be {' x '.join(map(str, shape))}; give larger images or a larger "
            "patch size."
        )
    return shape


def split(
    images: Sequence[Region], shape: Sequence[int], rng: np.random.Generator
) -> tuple[list[Region], list[Region]]:
    """Return one half of the images and the other; of a single one, both ends.

    Parameters
    ----------
    images : sequence of Region
        Whole images.
    shape : sequence of int
        Of the patches, which must fit into both ends.
    rng : Generator
        Chooses the images.
    """
    if len(images) > 1:
        order = rng.permutation(len(images))
        half = (len(images) + 1) // 2
        return [images[i] for i in order[:half]], [images[i] for i in order[half:]]
    return _ends(images[0], shape)


def _ends(whole: Region, shape: Sequence[int]) -> tuple[list[Region], list[Region]]:
    data, sides = whole.data, whole.data.shape[1:]
    axis = int(np.argmax(sides))
    length = sides[axis]
    # neighbours look alike: what lies between both ends counts for neither
    gap = min(shape[axis] // 2, length - 2 * shape[axis])
    size = (length - gap) // 2
    place = [slice(None)] * data.ndim
    parts = []
    for start, stop in ((0, size), (length - size, length)):
        place[1 + axis] = slice(start, stop)
        at = tuple(start if n == axis else 0 for n in range(len(sides)))
        parts.append([Region(data[tuple(place)], whole.image, at)])
    return parts[0], parts[1]


def draw(
    regions: Sequence[Region],
    shape: Sequence[int],
    count: int,
    rng: np.random.Generator,
) -> Patches:
    """Draw patches from any places, none twice.

    Parameters
    ----------
    regions : sequence of Region
        Each at least as large as a patch.
    shape : sequence of int
        Of a patch, without channels.
    count : int
        At most so many; fewer where there are not so many places.
    rng : Generator
        Chooses the places.
    """
    places = [
        tuple(
            side - n + 1 for side, n in zip(region.data.shape[1:], shape, strict=True)
        )
        for region in regions
    ]
    ends = np.cumsum([int(np.prod(free)) for free in places])
    total = int(ends[-1])
    chosen = rng.choice(total, min(count, total), replace=False)
    owner = np.searchsorted(ends, chosen, side="right")
    starts = np.r_[0, ends[:-1]]
    corners = np.array(
        [
            np.unravel_index(number - starts[one], places[one])
            for number, one in zip(chosen, owner, strict=True)
        ]
    )
    values = np.stack(
        [
            regions[one].data[(slice(None), *_box(corner, shape))]
            for one, corner in zip(owner, corners, strict=True)
        ]
    )
    number = np.array([regions[one].image for one in owner])
    origin = np.array([regions[one].start for one in owner])
    return Patches(values.astype(np.float32), number, corners + origin)


def _box(corner: NDArray[np.intp], shape: Sequence[int]) -> Iterator[slice]:
    return (slice(int(c), int(c) + n) for c, n in zip(corner, shape, strict=True))
