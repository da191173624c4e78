"""What methods that make an image like an example have in common."""

import math
from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.generate.canvas import check_memory
from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import Colours, Figures, InputError

NewHeight = Annotated[int, at.Interval(ge=0, le=16384)]
NewWidth = Annotated[int, at.Interval(ge=0, le=16384)]
NewDepth = Annotated[int, at.Interval(ge=0, le=4096)]
Values = NDArray[np.float32]
BYTES_PER_PIXEL = 400  # while an image is made
SIDE = {2: 11, 3: 5}  # pixels of the patches that are looked for in the example
LOOKED_FOR = 256  # patches of the result
ALIKE = 0.95  # correlation from which a patch counts as copied
FLAT = 0.1  # standard deviations of the image: such patches tell nothing
AT_ONCE = 20_000  # patches of the example, which bounds the memory
FAR = 2.0  # distances count up to this many coarse pixels
MOST_CLASSES = 32


def textured_shape(
    shape: tuple[int, ...],
    *,
    height: int = 0,
    width: int = 0,
    depth: int = 0,
    **others: Any,
) -> tuple[int, ...]:
    """Return the shape of an image that is made like an example.

    Parameters
    ----------
    shape : tuple of int
        Of the example, without channels.
    height, width, depth : int
        Rows, columns and planes; 0 stands for those of the example.
    **others
        Parameters that say nothing of the shape.

    Raises
    ------
    InputError
        When planes are asked for like an example that has one only, or the
        memory is too small.

    Examples
    --------
    >>> textured_shape((64, 48), width=100)
    (64, 100)
    """
    if len(shape) == 2 and depth > 1:
        raise InputError(
            f"The example has one plane, so `depth` cannot be {depth}; "
            "leave it at 0 or choose a volume."
        )
    asked = (depth, height, width)[-len(shape) :]
    made = tuple(new or old for new, old in zip(asked, shape, strict=True))
    check_memory(made, math.prod(made) * BYTES_PER_PIXEL)
    return made


class Textured(NamedTuple):
    """A new image, and how much of it stands in the example."""

    image: Colours
    figures: Figures


class Scaled(NamedTuple):
    """An example ready for a method, and the way back.

    Attributes
    ----------
    example : ndarray of float32
        Channels last, of standard deviation 1.
    shape : tuple of int
        Of the new image, without channels.
    planes : tuple of ndarray or None
        Distances from borders in the example and in the new image.
    low, high : ndarray
        Least and greatest value of every channel of the example.
    size : float
        ``example * size + low`` are the intensities.
    """

    example: Values
    shape: tuple[int, ...]
    planes: tuple[Values, Values] | None
    low: NDArray[Any]
    high: NDArray[Any]
    size: float

    def result(
        self, made: Values, image: NDArray[Any], channel_axis: int | None, seed: int
    ) -> Textured:
        """Return a new image on the scale of the example, cut to its shape.

        Parameters
        ----------
        made : ndarray of float32
            Like `example`, perhaps with rows and columns too many.
        image : ndarray
            The example as the user gave it.
        channel_axis : int or None
            Where its channels are.
        seed : int
            Chooses the patches that are looked for in the example.
        """
        cut = made[tuple(slice(0, n) for n in self.shape)]
        copied = 100 * copied_share(cut, self.example, seed=seed)
        whole = np.clip(
            cut * self.low.dtype.type(self.size) + self.low, self.low, self.high
        )
        found = in_place(whole, image, channel_axis)
        return Textured(found, {"copied [%]": round(copied, 1)})


def scaled(
    image: NDArray[Any],
    asked: tuple[int, int, int],
    labels: NDArray[Any] | None,
    layout: NDArray[Any] | None,
    kind: str,
    channel_axis: int | None,
) -> Scaled:
    """Return the example and the layout as methods take them.

    Parameters
    ----------
    image : ndarray
        As the user gave it.
    asked : tuple of int
        Planes, rows and columns of the new image; 0 as in the example.
    labels, layout : ndarray of int or None
        What is where in the example, and shall be in the new image.
    kind : str
        "objects" or "classes".
    channel_axis : int or None
        The axis that holds channels.
    """
    values = channels_last(image, channel_axis)
    sides = values.shape[:-1]
    sizes = dict(zip(("depth", "height", "width"), asked, strict=True))
    shape = textured_shape(sides, **sizes)
    check_layout(labels, layout, (sides, shape), kind)
    planes = None
    if labels is not None and layout is not None:
        planes = distances(labels, labels, kind), distances(layout, labels, kind)
    axes = tuple(range(len(sides)))
    low, high = values.min(axis=axes), values.max(axis=axes)
    span = float((high - low).max()) or 1.0
    unit = (values - low) / values.dtype.type(span)
    spread = float(unit.std()) or 1.0
    example = (unit / values.dtype.type(spread)).astype(np.float32)
    return Scaled(example, shape, planes, low, high, spread * span)


def channels_last(image: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    """Return floats without broken pixels, the channels in the last axis.

    Parameters
    ----------
    image : ndarray
        Any real dtype.
    channel_axis : int or None
        The axis that holds channels; None adds one of length 1.
    """
    values = as_float(image)
    if channel_axis is None:
        return fill_broken(values)[0][..., None]
    moved = np.moveaxis(values, channel_axis, -1)
    parts = [fill_broken(moved[..., c])[0] for c in range(moved.shape[-1])]
    return np.stack(parts, axis=-1)


def in_place(
    made: NDArray[Any], example: NDArray[Any], channel_axis: int | None
) -> NDArray[Any]:
    """Return pixels with their channels where the example has them.

    Whole numbers stay whole, and no value leaves the range of the example.

    Parameters
    ----------
    made : ndarray of float
        Channels last.
    example : ndarray
        As the user gave it.
    channel_axis : int or None
        Where its channels are.
    """
    if example.dtype.kind in "bui":
        made = np.rint(made)
    made = made.astype(as_float(example[:0]).dtype)
    if channel_axis is None:
        return made[..., 0]
    return np.ascontiguousarray(np.moveaxis(made, -1, channel_axis))


def copied_share(
    result: NDArray[Any], example: NDArray[Any], *, seed: int = 0
) -> float:
    """Return the share of patches of `result` that stand in `example`, too.

    Parameters
    ----------
    result, example : ndarray of shape ([P,] M, N, C)
        Channels last.
    seed : int
        Chooses the patches that are looked for.

    Returns
    -------
    share : float
        From 0 to 1; NaN when no patch has any structure.

    Notes
    -----
    A patch of 11 x 11 pixels, or 5 x 5 x 5 voxels, counts as copied when its
    correlation with some patch of the example is above 0.95, whatever its
    brightness and contrast. Objects that look alike by nature count, too.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(0).random((40, 40, 1))
    >>> copied_share(image[5:35], image)
    1.0
    """
    ndim = result.ndim - 1
    common = zip(result.shape[:-1], example.shape[:-1], strict=True)
    sides = tuple(min(SIDE.get(ndim, 5), *pair) for pair in common)
    ours, theirs = (_patches(values, sides) for values in (result, example))
    rng = np.random.default_rng(seed)
    rows = _unit_rows(_drawn(ours, rng.choice(_count(ours, ndim), 2 * LOOKED_FOR)))
    sought = rows[np.linalg.norm(rows, axis=1) > 0][:LOOKED_FOR]
    if not len(sought):
        return math.nan
    best = np.full(len(sought), -1.0)
    for start in range(0, _count(theirs, ndim), AT_ONCE):
        stop = min(start + AT_ONCE, _count(theirs, ndim))
        found = _unit_rows(_drawn(theirs, np.arange(start, stop)))
        best = np.maximum(best, (sought @ found.T).max(axis=1))
    return float((best > ALIKE).mean())


def _patches(values: NDArray[Any], sides: tuple[int, ...]) -> NDArray[Any]:
    spread = values.std() or 1.0
    scaled = ((values - values.mean()) / spread).astype(np.float32)
    return sliding_window_view(scaled, sides, tuple(range(len(sides))))


def _count(patches: NDArray[Any], ndim: int) -> int:
    return math.prod(patches.shape[:ndim])


def _drawn(patches: NDArray[Any], numbers: NDArray[Any]) -> Values:
    ndim = (patches.ndim - 1) // 2
    at_places = np.unravel_index(numbers, patches.shape[:ndim])
    return np.asarray(patches[at_places].reshape(len(numbers), -1))


def _unit_rows(rows: Values) -> Values:
    """Return rows of mean 0 and length 1; those without structure become 0."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    flat = length <= FLAT * rows.shape[1] ** 0.5
    return np.asarray(np.where(flat, 0, rows / np.where(flat, 1, length)))


# ---- what is where


def check_layout(
    labels: NDArray[Any] | None,
    layout: NDArray[Any] | None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    kind: str,
) -> None:
    """Raise InputError when labels and layout do not belong together.

    Parameters
    ----------
    labels, layout : ndarray of int or None
        What is where in the example, and in the new image.
    shapes : tuple
        Of the example and of the new image.
    kind : str
        "objects" or "classes".
    """
    if labels is None and layout is None:
        return
    if labels is None or layout is None:
        missing = "labels" if labels is None else "layout"
        raise InputError(
            "`labels` say what is where in the example and `layout` what shall be "
            f"where in the new image: give `{missing}`, too, or neither."
        )
    for name, array, shape in zip(
        ("labels", "layout"), (labels, layout), shapes, strict=True
    ):
        if array.shape != shape:
            raise InputError(
                f"Expected `{name}` of shape {shape}, but got {array.shape}."
            )
    _check_classes(labels, layout, kind)


def _check_classes(labels: NDArray[Any], layout: NDArray[Any], kind: str) -> None:
    known, asked = _classes(labels, kind), _classes(layout, kind)
    new = [c for c in asked if c not in known]
    if new:
        what = "objects" if kind == "objects" else f"class {new[0]}"
        if new == [0]:
            what = "background"
        raise InputError(
            f"The layout has {what}, but the labels of the example have none: "
            "label an example that shows what you ask for."
        )
    if len(known) > MOST_CLASSES:
        raise InputError(
            f"The labels have {len(known)} classes, more than {MOST_CLASSES}; "
            'set `kind` to "objects" if each number is an object.'
        )


def _classes(labels: NDArray[Any], kind: str) -> list[int]:
    if kind == "objects":
        return sorted({0, *np.unique(labels > 0).astype(int).tolist()})
    return [int(c) for c in np.unique(labels)]


def distances(labels: NDArray[Any], known: NDArray[Any], kind: str) -> Values:
    """Return how far every pixel is within the classes: a plane per class, last.

    Parameters
    ----------
    labels : ndarray of int
        What is where.
    known : ndarray of int
        The labels of the example, which tell the classes there are.
    kind : str
        "objects": one plane, the distance from the border of the object, touching
        ones being apart; negative outside. "classes": one for each but the last.
    """
    if kind == "objects":
        return signed(_inner(labels))[..., None]
    classes = _classes(known, kind)[:-1]
    planes = [signed(labels == c) for c in classes]
    return np.stack(planes, axis=-1) if planes else np.zeros((*labels.shape, 1), "f4")


def _inner(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return objects without the pixels at which another object begins."""
    ones = np.ones((3,) * labels.ndim, bool)
    low = np.where(labels > 0, labels, np.iinfo(np.int32).max)
    least = ndimage.minimum_filter(low, footprint=ones)
    return np.asarray((labels > 0) & (least >= labels))


def signed(inside: NDArray[np.bool_]) -> Values:
    """Return the distance from the border, negative outside."""
    if inside.all() or not inside.any():
        size = float(max(inside.shape))
        return np.full(inside.shape, size if inside.all() else -size, np.float32)
    within = ndimage.distance_transform_edt(inside)
    outside = ndimage.distance_transform_edt(~inside)
    return np.asarray(np.where(inside, within - 0.5, 0.5 - outside), np.float32)
