"""An array with the geometry that places it in the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError

SPATIAL_AXES = "zyx"
AXIS_WORDS = {
    "t": "t", "time": "t", "frame": "t", "frames": "t",
    "c": "c", "ch": "c", "channel": "c", "channels": "c",
    "z": "z", "plane": "z", "slice": "z", "depth": "z",
    "y": "y", "row": "y", "height": "y",
    "x": "x", "col": "x", "column": "x", "width": "x",
}  # fmt: skip
RGB_MIN_SIDE = 5  # a stack of 3 or 4 columns is narrower than any real picture


@dataclass(frozen=True, eq=False)
class SpatialArray:
    """An n-dimensional array, the meaning of its axes and its place in the world.

    Parameters
    ----------
    data : array
        NumPy or dask array.
    axes : str
        One letter per axis: ``z``, ``y`` and ``x`` are spatial, ``c`` holds
        channels, and every other letter (``t``, …) is looped over.
    scale, translate : tuple of float
        Size of a pixel and position of the first pixel, per axis, in `units`.
    rotate, shear, affine : array, optional
        napari's matrices of shape (N, N), (N, N) and (N + 1, N + 1).
    units, axis_labels : tuple of str
        One per axis.
    rgb : bool
        The last axis holds red, green, blue and perhaps alpha.
    name : str
        What the viewer and the messages call it.
    metadata : mapping
        Free for use; results carry their recipe under ``"morphogen"``.

    Examples
    --------
    >>> import numpy as np
    >>> volume = SpatialArray(np.zeros((4, 8, 8)), "zyx", scale=(2, 0.5, 0.5))
    >>> volume.spacing
    (2.0, 0.5, 0.5)
    """

    data: Any
    axes: str
    scale: tuple[float, ...] = ()
    translate: tuple[float, ...] = ()
    rotate: NDArray[Any] | None = None
    shear: NDArray[Any] | None = None
    affine: NDArray[Any] | None = None
    units: tuple[str, ...] = ()
    axis_labels: tuple[str, ...] = ()
    rgb: bool = False
    name: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ndim = self.ndim
        check_axes(self.axes, ndim)
        for name, fill in (("scale", 1.0), ("translate", 0.0)):
            values = tuple(float(v) for v in getattr(self, name)) or (fill,) * ndim
            object.__setattr__(self, name, _per_axis(name, values, ndim))
        units = tuple(map(str, self.units)) or ("pixel",) * ndim
        object.__setattr__(self, "units", _per_axis("units", units, ndim))
        labels = tuple(map(str, self.axis_labels)) or tuple(self.axes)
        object.__setattr__(self, "axis_labels", _per_axis("axis_labels", labels, ndim))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(self.data.ndim)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Pixel size along the spatial axes, in `units`."""
        pairs = zip(self.axes, self.scale, strict=True)
        return tuple(abs(s) for axis, s in pairs if axis in SPATIAL_AXES)

    @property
    def relative_spacing(self) -> tuple[float, ...]:
        """Pixel size along the spatial axes; the finest axis has size 1."""
        finest = min((s for s in self.spacing if s > 0), default=1.0)
        return tuple(s / finest if s > 0 else 1.0 for s in self.spacing)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = np.asarray(self.data, dtype=dtype)
        return found.copy() if copy else found

    def like(
        self,
        data: Any,
        axes: str | None = None,
        *,
        kind: "type[SpatialArray] | None" = None,
        **changes: Any,
    ) -> "SpatialArray":
        """Return `data` in the place of this array.

        Parameters
        ----------
        data : array
            The new values.
        axes : str, optional
            The axes that `data` has; all of this array's by default. One that
            this array lacks counts from 0 in steps of 1.
        kind : type, optional
            `Vertices` where `data` hold vertices; `SpatialArray` by default.
        **changes
            Any other field to replace.
        """
        axes = self.axes if axes is None else axes
        kept = [self.axes.find(axis) for axis in axes]  # -1: not there
        geometry = {
            "scale": tuple(1.0 if i < 0 else self.scale[i] for i in kept),
            "translate": tuple(0.0 if i < 0 else self.translate[i] for i in kept),
            "units": tuple("pixel" if i < 0 else self.units[i] for i in kept),
            "axis_labels": tuple(
                axis if i < 0 else self.axis_labels[i]
                for axis, i in zip(axes, kept, strict=True)
            ),
            "rotate": _submatrix(self.rotate, kept),
            "shear": _submatrix(self.shear, kept),
            "affine": _submatrix(self.affine, [*kept, self.ndim]),
            "rgb": self.rgb and axes.endswith("c"),
        }
        kept_fields = {"name": self.name, "metadata": self.metadata}
        placed = kept_fields | geometry | {"data": data, "axes": axes} | changes
        return (kind or SpatialArray)(**placed)


class Canvas(SpatialArray):
    """Where an image that is still to be made will lie: a shape without pixels."""

    @classmethod
    def of(cls, shape: tuple[int, ...], **geometry: Any) -> "Canvas":
        """Return a canvas of this many planes, rows and columns.

        Parameters
        ----------
        shape : tuple of int
            Two or three sizes.
        **geometry
            Fields of `SpatialArray`, such as `scale` and `units`.

        Examples
        --------
        >>> Canvas.of((4, 8, 8), scale=(2, 1, 1)).axes
        'zyx'
        """
        return cls(_blank(shape), SPATIAL_AXES[-len(shape) :], **geometry)

    def __getstate__(self) -> dict[str, Any]:  # a worker needs no empty pixels
        return self.__dict__ | {"data": self.data.shape}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"data": _blank(state["data"])})


class Vertices(SpatialArray):
    """Shapes in the world: the same geometry, with vertices instead of pixels.

    `data` has the shape (shapes, vertices, axes) and holds positions in pixels.
    Two vertices are the ends of a line, four the corners around an ellipse.
    """

    @property
    def ndim(self) -> int:
        """Number of axes of the image that the vertices lie in."""
        return int(self.data.shape[-1])


def as_spatial(image: Any, axes: str | None = None) -> SpatialArray:
    """Return `image` as a `SpatialArray`, guessing the axes a plain array lacks.

    Parameters
    ----------
    image : SpatialArray or array
        Two to five axes when no `axes` are given.
    axes : str, optional
        One letter per axis, such as ``"tyx"``; overrides the guess.

    Raises
    ------
    InputError
        When the number of axes does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> as_spatial(np.zeros((3, 64, 64))).axes
    'zyx'
    >>> as_spatial(np.zeros((64, 64, 3), "uint8")).axes
    'yxc'
    """
    if isinstance(image, SpatialArray):
        return image if axes in (None, image.axes) else _with_axes(image, str(axes))
    data = image if hasattr(image, "ndim") else np.asarray(image)
    if axes is not None:
        return SpatialArray(data, axes, rgb=looks_rgb(data) and axes.endswith("c"))
    rgb = looks_rgb(data)
    return SpatialArray(data, guess_axes(data.ndim, rgb), rgb=rgb)


def guess_axes(ndim: int, rgb: bool = False) -> str:
    """Return the usual meaning of `ndim` axes, the last of them colour if `rgb`."""
    spatial = ndim - rgb
    usual = {2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}
    if spatial not in usual:
        raise InputError(
            f"Expected an image of 2 to 5 axes, but got {spatial}; "
            'name them with `axes`, for example axes="tzyx".'
        )
    return usual[spatial] + "c" * rgb


def axes_from_labels(labels: Sequence[str], rgb: bool = False) -> str | None:
    """Return one letter per axis label, or None where the labels say nothing.

    Examples
    --------
    >>> axes_from_labels(["time", "row", "column"])
    'tyx'
    >>> axes_from_labels(["-2", "-1"]) is None
    True
    """
    letters = [AXIS_WORDS.get(label.strip().lower()) for label in labels]
    if not {"y", "x"} <= set(letters):
        return None
    spare = (letter for letter in "tsijklmnpq" if letter not in letters)
    axes = "".join(letter or next(spare) for letter in letters) + "c" * rgb
    return axes if len(set(axes)) == len(axes) else None


def looks_rgb(data: Any) -> bool:
    """Tell whether the last axis of `data` holds colours."""
    if data.ndim < 3 or data.shape[-1] not in (3, 4):
        return False
    kind = np.dtype(data.dtype)
    colours = kind.kind == "f" or (kind.kind == "u" and kind.itemsize <= 2)
    return bool(colours and min(data.shape[-3:-1]) >= RGB_MIN_SIDE)


def check_axes(axes: str, ndim: int) -> None:
    """Raise InputError unless `axes` names `ndim` axes, y and x among them."""
    wrong = ""
    if len(axes) != ndim:
        wrong = f"one letter for each of the image's {ndim} axes"
    elif len(set(axes)) != len(axes):
        wrong = "each letter once"
    elif not {"y", "x"} <= set(axes):
        wrong = "both y and x among its letters"
    elif [a for a in axes if a in SPATIAL_AXES] != [
        a for a in SPATIAL_AXES if a in axes
    ]:
        wrong = "the spatial axes in the order z, y, x"
    if wrong:
        raise InputError(f'Expected `axes` to hold {wrong}, but got "{axes}".')


def _blank(shape: tuple[int, ...]) -> NDArray[Any]:
    return np.broadcast_to(np.float32(0), shape)


def _with_axes(image: SpatialArray, axes: str) -> SpatialArray:
    check_axes(axes, image.data.ndim)
    return replace(image, axes=axes, rgb=image.rgb and axes.endswith("c"))


def _per_axis(name: str, values: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    if len(values) != ndim:
        raise InputError(
            f"Expected `{name}` to hold one value for each of the {ndim} axes, "
            f"but got {values}."
        )
    return values


def _submatrix(matrix: NDArray[Any] | None, kept: list[int]) -> NDArray[Any] | None:
    if matrix is None:
        return None
    known = [place for place, i in enumerate(kept) if i >= 0]
    old = [kept[place] for place in known]
    found = np.eye(len(kept))
    found[np.ix_(known, known)] = np.asarray(matrix)[np.ix_(old, old)]
    return found
