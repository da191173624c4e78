"""Labelled objects frame by frame, and the pixels of the image they lie in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

Index = tuple[Any, ...]


class Frames:
    """Objects on an image, one index along all looped axes after another.

    Parameters
    ----------
    labels : SpatialArray
        The objects. The axis of the image that holds channels is absent, or has
        a length of 1.
    axes : str
        Of the image, which the labels share.

    Raises
    ------
    InputError
        When `labels` are no whole numbers or have other axes.

    Examples
    --------
    >>> frames = Frames(SpatialArray(np.zeros((3, 8, 9), int), "zyx"), "tcyx")
    >>> len(frames), frames.number((2, 5, 5)), frames.labels(2).shape
    (3, 2, (8, 9))
    """

    def __init__(self, labels: SpatialArray, axes: str) -> None:
        self.objects, self.image_axes = labels, axes
        self.axes = axes.replace("c", "")
        self._check()
        sizes = self.without_channels(labels.data).shape
        self.looped = [i for i, a in enumerate(self.axes) if a not in SPATIAL_AXES]
        self.counts = [sizes[i] for i in self.looped]

    def __len__(self) -> int:
        return int(np.prod(self.counts, dtype=int))

    def place(self, number: int) -> Index:
        """Return where a frame is in the array of labels without channels."""
        return self._placed(number, self.axes)

    def labels(self, number: int) -> NDArray[Any]:
        """Return the objects of a frame."""
        found = np.asarray(self.without_channels(self.objects.data)[self.place(number)])
        return found.astype(np.uint8) if found.dtype == bool else found

    def pixels(
        self, image: SpatialArray, number: int
    ) -> tuple[NDArray[Any], int | None]:
        """Return a frame of the image, and its axis that holds channels."""
        place = self._placed(number, image.axes)
        left = "".join(a for a in image.axes if a == "c" or a in SPATIAL_AXES)
        axis = left.find("c")
        return np.asarray(image.data[place]), None if axis < 0 else axis

    def without_channels(self, data: Any) -> Any:
        """Return an array of the labels' shape without an axis for channels."""
        if data.ndim == len(self.axes):
            return data
        return data[(slice(None),) * self.image_axes.index("c") + (0,)]

    def number(self, index: Sequence[int]) -> int:
        """Return the number of the frame that a pixel of the labels lies in."""
        at = list(index)
        if len(at) > len(self.axes):
            del at[self.image_axes.index("c")]
        looped = [int(at[i]) for i in self.looped]
        return int(np.ravel_multi_index(looped, self.counts)) if looped else 0

    def index(self, number: int, pixel: Sequence[int]) -> tuple[int, ...]:
        """Return the index in the labels of a pixel of a frame."""
        rest = iter(pixel)
        place = self.place(number)
        found = [int(next(rest)) if isinstance(at, slice) else at for at in place]
        if self.objects.ndim > len(found):
            found.insert(self.image_axes.index("c"), 0)
        return tuple(found)

    def check_image(self, image: SpatialArray) -> None:
        """Raise InputError when the image has another shape."""
        pairs = zip(image.axes, image.data.shape, strict=True)
        expected = tuple(n for axis, n in pairs if axis != "c")
        if self.without_channels(self.objects.data).shape != expected:
            raise InputError(
                f"The labels have shape {self.objects.data.shape}, but the image has "
                f"{expected} (axes {self.axes}); choose the labels of this image, "
                "or name its axes."
            )

    def _placed(self, number: int, axes: str) -> Index:
        index = np.unravel_index(number, self.counts) if self.counts else ()
        at = {self.axes[i]: int(n) for i, n in zip(self.looped, index, strict=True)}
        return tuple(at.get(axis, slice(None)) for axis in axes)

    def _check(self) -> None:
        labels, axes = self.objects, self.image_axes
        if labels.rgb or labels.data.dtype.kind not in "biu":
            held = "colours" if labels.rgb else str(labels.data.dtype)
            raise InputError(
                f"Expected labels, which are whole numbers, but got {held}; choose a "
                "Labels layer or a label image."
            )
        thick = labels.ndim == len(axes) and labels.data.shape[axes.find("c")] == 1
        if labels.ndim != len(self.axes) and not thick:
            raise InputError(
                f"The labels have {labels.ndim} axes, but the image has {len(axes)} "
                f"({axes}); choose the labels of this image, or name its axes."
            )


def class_map(
    frames: Frames, codes: Mapping[tuple[int, int], int]
) -> Iterator[tuple[Index, NDArray[np.int32]]]:
    """Yield where a frame with numbered objects is, and their numbers on its pixels.

    Parameters
    ----------
    frames : Frames
        The objects.
    codes : mapping of (int, int) to int
        The number to show, by the numbers of frame and object.

    Examples
    --------
    >>> frames = Frames(SpatialArray(np.array([[7, 0], [9, 7]]), "yx"), "yx")
    >>> [found.tolist() for _, found in class_map(frames, {(0, 7): 2})]
    [[[2, 0], [0, 2]]]
    """
    for number in sorted({frame for frame, _ in codes if 0 <= frame < len(frames)}):
        found = frames.labels(number)
        wanted = {label: n for (frame, label), n in codes.items() if frame == number}
        ids = np.array(sorted(wanted))
        values = np.array([wanted[label] for label in ids.tolist()], np.int32)
        at = np.searchsorted(ids, found).clip(max=len(ids) - 1)
        shown = np.where(ids[at] == found, values[at], 0)
        yield frames.place(number), shown.astype(np.int32)
