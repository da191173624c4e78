"""Crops around what is painted: all that the search looks at."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray
from napari_morphogen.tuning.results import Kind

LARGEST = 170_000  # pixels of a crop
ENOUGH = 3  # frames from which on there is one crop of each
MOST = 12  # scenes altogether
PLACES = 300  # objects, or painted pixels, that crops are placed by
CROWDED = (0.5, 0.9, 0.1)  # ranks of crops of one frame: as a whole like the frame
MARGIN = 32  # pixels around painted objects
MANY = 50  # numbers of a frame that are looked at to tell objects from classes

Place = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Painted:
    """One frame of an image with its reference."""

    image: SpatialArray
    truth: NDArray[Any]
    number: int
    index: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A crop of one frame, and what is known about it.

    Attributes
    ----------
    frame : SpatialArray
        The whole frame, perhaps lazy: spatial axes and channels.
    image : SpatialArray
        The crop.
    truth : ndarray of int
        Reference of the crop.
    place : tuple of (start, stop)
        Of the crop in the frame, per spatial axis.
    number : int
        Of the image among those given.
    index : tuple of (axis, int)
        Of the frame along the axes that are looped over.
    """

    frame: SpatialArray
    image: SpatialArray
    truth: NDArray[Any]
    place: Place
    number: int
    index: tuple[tuple[str, int], ...] = ()

    @property
    def spatial(self) -> tuple[int, ...]:
        """Shape of the whole frame without channels."""
        pairs = zip(self.frame.axes, self.frame.data.shape, strict=True)
        return tuple(size for axis, size in pairs if axis in SPATIAL_AXES)

    @property
    def whole(self) -> bool:
        """Whether the crop is the whole frame."""
        return self.truth.shape == self.spatial

    @property
    def box(self) -> tuple[slice, ...]:
        """Where the crop lies in the labels of the whole frame."""
        return tuple(slice(*ends) for ends in self.place)

    def cut_mask(self) -> NDArray[np.bool_]:
        """Return the pixels at a border that is not one of the frame."""
        mask = np.zeros(self.truth.shape, bool)
        for axis, (ends, size) in enumerate(zip(self.place, self.spatial, strict=True)):
            side = np.moveaxis(mask, axis, 0)
            if ends[0] > 0:
                side[0] = True
            if ends[1] < size:
                side[-1] = True
        return mask


def kind_of(references: Sequence[SpatialArray]) -> Kind:
    """Tell whether the numbers of references are objects or classes.

    Parameters
    ----------
    references : sequence of SpatialArray
        Where most numbers are one connected region each, they are objects.

    Examples
    --------
    >>> kind_of([SpatialArray(np.array([[1, 0, 1], [0, 0, 0], [2, 0, 2]]), "yx")])
    'classes'
    """
    regions = numbers = 0
    for reference in references:
        for _, place in frame_places(reference):
            found = list(_numbered(np.asarray(reference.data[place])))
            numbers += len(found)
            # touching objects count apart: each number is labelled on its own
            regions += sum(map(_regions, found[:MANY])) + max(0, len(found) - MANY)
    return "classes" if regions > 1.5 * max(numbers, 1) else "objects"


def _numbered(truth: NDArray[Any]) -> Iterator[NDArray[np.bool_]]:
    """Yield for every number the mask of its pixels, cropped."""
    if truth.size == 0:
        return
    values, numbers = np.unique(truth, return_inverse=True)
    dense = numbers.reshape(truth.shape) + int(values[0] != 0)
    for number, box in enumerate(ndimage.find_objects(dense), 1):
        if box is not None:
            yield dense[box] == number


def _regions(mask: NDArray[np.bool_]) -> int:
    everywhere = ndimage.generate_binary_structure(mask.ndim, mask.ndim)
    return int(ndimage.label(mask, everywhere)[1])


def scenes(
    images: Sequence[SpatialArray],
    references: Sequence[SpatialArray],
    kind: Kind,
    sparse: bool = False,
) -> list[Scene]:
    """Return crops around what is painted in the references.

    Parameters
    ----------
    images, references : sequence of SpatialArray
        Pairs; a reference has the shape of its image without channels.
    kind : str
        ``"objects"`` or ``"classes"``.
    sparse : bool
        Whether the reference is painted only in part: then crops are where most is.

    Raises
    ------
    InputError
        When shapes or types do not fit, or nothing is painted.
    """
    if not images or len(images) != len(references):
        raise InputError(
            f"Expected as many references as images, but got {len(references)} "
            f"and {len(images)}; give one for each."
        )
    painted = _spread(list(_painted(images, references)))
    if not painted:
        raise InputError("Nothing is painted in the reference; paint some of it.")
    crops = 1 if len(painted) >= ENOUGH else ENOUGH
    order = (1.0,) * crops if sparse else CROWDED[:crops]
    found = [one for frame in painted for one in _crops(frame, kind, order)]
    return found[:MOST]


def whole_scenes(
    images: Sequence[SpatialArray], references: Sequence[SpatialArray]
) -> list[Scene]:
    """Return the frames of `scenes` as a whole.

    Parameters
    ----------
    images, references
        As of `scenes`.
    """
    painted = _spread(list(_painted(images, references)))
    return [_scene(one, tuple((0, n) for n in one.truth.shape)) for one in painted]


def frame_places(
    image: SpatialArray,
) -> Iterator[tuple[dict[str, int], tuple[Any, ...]]]:
    """Yield the number along every looped axis, and the place in the array.

    Parameters
    ----------
    image : SpatialArray
        Its spatial axes and channels stay together.
    """
    sizes = dict(zip(image.axes, image.data.shape, strict=True))
    looped = [axis for axis in image.axes if axis not in SPATIAL_AXES + "c"]
    for index in itertools.product(*(range(sizes[axis]) for axis in looped)):
        at = dict(zip(looped, index, strict=True))
        yield at, tuple(at.get(axis, slice(None)) for axis in image.axes)


def _painted(
    images: Sequence[SpatialArray], references: Sequence[SpatialArray]
) -> Iterator[Painted]:
    """Yield the frames with paint."""
    for number, pair in enumerate(zip(images, references, strict=True)):
        image, truth = pair[0], _checked(*pair)
        for at, place in frame_places(truth):
            there = np.asarray(truth.data[place])
            if not there.any():
                continue
            axes = "".join(axis for axis in image.axes if axis not in at)
            data = image.data[tuple(at.get(a, slice(None)) for a in image.axes)]
            frame = image.like(data, axes)
            yield Painted(frame, there, number, tuple(at.items()))


def _checked(image: SpatialArray, reference: SpatialArray) -> SpatialArray:
    """Return the reference with the axes of the image, or raise InputError."""
    if reference.data.dtype.kind not in "bui" or reference.rgb:
        raise InputError(
            f"Expected labels as the reference, but {reference.name or 'it'} holds "
            f"{'colours' if reference.rgb else reference.data.dtype}; "
            "give whole numbers, 0 where nothing is."
        )
    axes = image.axes.replace("c", "")
    sizes = zip(image.axes, image.data.shape, strict=True)
    shape = tuple(size for axis, size in sizes if axis != "c")
    if reference.data.shape != shape:
        raise InputError(
            f"Expected a reference of shape {shape}, like the image, "
            f"but got {reference.data.shape}; choose the reference of this image."
        )
    return SpatialArray(reference.data, axes, name=reference.name)


def _spread(painted: list[Painted]) -> list[Painted]:
    """Return every n-th frame where there are too many."""
    return painted[:: math.ceil(len(painted) / MOST) or 1]


def _crops(frame: Painted, kind: Kind, crowded: Sequence[float]) -> Iterator[Scene]:
    shape = frame.truth.shape
    if frame.truth.size <= LARGEST:
        yield _scene(frame, tuple((0, size) for size in shape))
        return
    boxes = _boxes(frame.truth, kind)
    side = _window(shape)
    for rank in crowded:
        if not len(boxes):
            return
        start = _start(boxes, side, shape, rank)
        inside = _within(boxes, start, side)
        if not inside.any():  # an object larger than a crop
            inside[0] = True
        yield _scene(frame, _shrunk(boxes[inside], start, side, shape))
        boxes = boxes[~inside]


def _scene(frame: Painted, place: Place) -> Scene:
    box = dict(zip([a for a in frame.image.axes if a in SPATIAL_AXES], place))  # noqa: B905
    at = tuple(slice(*box[a]) if a in box else slice(None) for a in frame.image.axes)
    pixels = np.asarray(frame.image.data[at])
    truth = np.ascontiguousarray(frame.truth[tuple(slice(*ends) for ends in place)])
    image = frame.image.like(pixels)
    return Scene(frame.image, image, truth, place, frame.number, frame.index)


def _boxes(truth: NDArray[Any], kind: Kind) -> NDArray[np.intp]:
    """Return (start, stop) of some objects, or of some painted pixels."""
    if kind == "classes":
        there = np.flatnonzero(truth)
        chosen = there[:: max(1, there.size // PLACES)]
        starts = np.stack(np.unravel_index(chosen, truth.shape), axis=1)
        return np.stack([starts, starts + 1], axis=-1).astype(np.intp)
    _, numbers = np.unique(truth, return_inverse=True)
    dense = numbers.reshape(truth.shape) + int(truth.min() > 0)
    found = [box for box in ndimage.find_objects(dense) if box is not None]
    some = found[:: max(1, len(found) // PLACES)]
    ends = [[(one.start, one.stop) for one in box] for box in some]
    return np.array(ends, np.intp)


def _window(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of the largest crop, as equal as the shape allows."""
    left, sides = float(LARGEST), {}
    order = sorted(range(len(shape)), key=shape.__getitem__)
    for done, axis in enumerate(order):
        equal = left ** (1 / (len(shape) - done))
        sides[axis] = max(1, min(shape[axis], int(equal)))
        left /= sides[axis]
    return tuple(sides[axis] for axis in range(len(shape)))


def _start(
    boxes: NDArray[np.intp],
    side: tuple[int, ...],
    shape: tuple[int, ...],
    rank: float,
) -> tuple[int, ...]:
    """Return the start of a crop around one of the boxes.

    Its `rank` among all such crops, from 0 to 1, is by how much it holds.
    """
    middles = boxes.mean(axis=-1)
    limits = np.array(shape) - np.array(side)
    starts = np.clip(np.rint(middles - np.array(side) / 2), 0, limits).astype(np.intp)
    counts = [int(_within(boxes, tuple(start), side).sum()) for start in starts]
    order = np.argsort(counts, kind="stable")
    place = order[round(rank * (len(order) - 1))]
    return tuple(int(value) for value in starts[place])


def _within(
    boxes: NDArray[np.intp], start: tuple[int, ...], side: tuple[int, ...]
) -> NDArray[np.bool_]:
    low, high = np.array(start), np.array(start) + np.array(side)
    inside = (boxes[..., 0] >= low) & (boxes[..., 1] <= high)
    return np.asarray(inside.all(axis=1))


def _shrunk(
    boxes: NDArray[np.intp],
    start: tuple[int, ...],
    side: tuple[int, ...],
    shape: tuple[int, ...],
) -> Place:
    """Return the crop without what is far from everything painted."""
    margin = max(MARGIN, int((boxes[..., 1] - boxes[..., 0]).max()))
    place = []
    for axis, size in enumerate(shape):
        low, high = boxes[:, axis, 0].min() - margin, boxes[:, axis, 1].max() + margin
        first, last = max(start[axis], low, 0), min(start[axis] + side[axis], high)
        if last <= first:
            first, last = start[axis], start[axis] + side[axis]
        place.append((int(first), int(min(last, size))))
    return tuple(place)
