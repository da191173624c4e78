"""The one way a method meets an image: channels, time points, geometry, recipe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import recipe
from napari_morphogen.intensity import as_float, luminance
from napari_morphogen.params import InputError, accepts, check, parameters
from napari_morphogen.registry import Method, get
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray, as_spatial

Index = tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """One method on one image: which frames to compute and how to join them.

    A frame is what the method sees at once: all spatial axes and, where the
    method uses them together, all channels. Every other axis is looped over.

    Attributes
    ----------
    method : Method
    image : SpatialArray
        Only the chosen channel where one was chosen.
    values : mapping
        Checked value of every parameter.
    spacing : tuple of float
        Relative pixel size that the method is told.
    recipe : mapping
        How the result is made, for its metadata.
    """

    method: Method
    image: SpatialArray
    values: Mapping[str, Any]
    spacing: tuple[float, ...]
    recipe: Mapping[str, Any]

    @property
    def merges_channels(self) -> bool:
        """Whether a frame holds all channels."""
        method, image = self.method, self.image
        return method.takes_channels or image.rgb or method.makes == "labels"

    @property
    def axes(self) -> str:
        """Axes of the result."""
        return self.image.axes.replace("c", "" if self.merges_channels else "c")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return tuple(self._sizes[axis] for axis in self.axes)

    @property
    def frames(self) -> list[Index]:
        """Index of every frame along the looped axes."""
        return list(product(*(range(self._sizes[axis]) for axis in self.looped)))

    def compute(self, index: Index) -> NDArray[Any]:
        """Return the result of one frame, over the spatial axes."""
        frame = np.asarray(self.image.data[self.select(self.image.axes, index)])
        if frame.size == 0:
            return np.zeros([self._sizes[a] for a in self._spatial], self._dtype(frame))
        return self.call(frame, self.arrays_at(index))

    def call(self, frame: NDArray[Any], arrays: Mapping[str, Any]) -> NDArray[Any]:
        """Return the method's result for one frame, its channels merged if need be."""
        axes = "".join(a for a in self.image.axes if a not in self.looped)
        filled: dict[str, Any] = {}
        if accepts(self.method.function, "spacing"):
            filled["spacing"] = self.spacing
        if self.method.takes_channels:
            filled["channel_axis"] = axes.index("c") if "c" in axes else None
        elif "c" in axes:
            frame = _merge_channels(frame, axes.index("c"), self.image.rgb)
        result = self.method.function(
            frame, **(dict(self.values) | dict(arrays) | filled)
        )
        return np.asarray(result, np.int32 if self._makes_labels else None)

    def put(self, data: Any, index: Index, frame: NDArray[Any]) -> Any:
        """Return `data` with one frame put in its place; None makes room first."""
        if not self.looped:
            return frame
        if data is None:
            data = np.zeros(self.shape, frame.dtype)
        data[self.select(self.axes, index)] = frame
        return data

    def result(self, data: Any) -> SpatialArray:
        """Return `data` in the image's place, with its recipe."""
        return self.image.like(
            data,
            self.axes,
            name=f"{self.image.name or 'image'} {self.method.name}",
            metadata={recipe.KEY: self.recipe},
        )

    @property
    def nothing(self) -> NDArray[Any]:
        """The result where there is no frame at all."""
        return np.zeros(self.shape, self._dtype(np.empty(0, self.image.data.dtype)))

    @property
    def _sizes(self) -> dict[str, int]:
        return dict(zip(self.image.axes, self.image.data.shape, strict=True))

    @property
    def _spatial(self) -> str:
        return "".join(a for a in self.image.axes if a in SPATIAL_AXES)

    @property
    def looped(self) -> str:
        """Axes that are looped over."""
        return "".join(a for a in self.axes if a not in SPATIAL_AXES)

    @property
    def _makes_labels(self) -> bool:
        return self.method.makes == "labels"

    def _dtype(self, frame: NDArray[Any]) -> Any:
        return np.int32 if self._makes_labels else as_float(frame).dtype

    def select(self, axes: str, index: Index) -> tuple[Any, ...]:
        """Return the place of a frame in an array that has these axes."""
        at = dict(zip(self.looped, index, strict=True))
        return tuple(at.get(axis, slice(None)) for axis in axes)

    def arrays_at(self, index: Index) -> dict[str, Any]:
        """Return the frames of the array parameters that belong to one frame."""
        arrays = {}
        for param in parameters(self.method.function):
            value = self.values[param.name]
            if param.role and value is not None:
                whole = value.data.shape == self.shape
                place = self.select(self.axes, index) if whole else ()
                arrays[param.name] = np.asarray(value.data[place])
        return arrays


def plan(
    method: str,
    image: Any,
    /,
    *,
    axes: str | None = None,
    channel: int | None = None,
    spacing: tuple[float, ...] | None = None,
    **values: Any,
) -> Plan:
    """Check everything `run` is given and return what there is to compute.

    Parameters and errors are those of `run`.
    """
    row = get(method)
    whole = as_spatial(image, axes)
    checked = check(row.function, values)
    chosen = whole if channel is None else _take_channel(whole, channel)
    made = Plan(row, chosen, checked, _spacing(chosen, spacing), {})
    for param in parameters(row.function):
        if param.role and checked[param.name] is not None:
            checked[param.name] = _matching(param.name, checked[param.name], made)
    written = recipe.extend(
        whole,
        method=method,
        parameters=checked,
        channel=None if channel is None else int(channel),
        spacing=made.spacing,
    )
    return replace(made, recipe=written)


def run(
    method: str,
    image: Any,
    /,
    *,
    axes: str | None = None,
    channel: int | None = None,
    spacing: tuple[float, ...] | None = None,
    **values: Any,
) -> Any:
    """Apply a method to an image of any dimensionality.

    Parameters
    ----------
    method : str
        A name from `METHODS`.
    image : SpatialArray or array
        NumPy or dask. The axes z, y and x are spatial; channels (c) are used
        together, turned to brightness (RGB) or averaged where the method
        makes labels from one intensity, and looped over where it makes an
        image; all other axes are looped over.
    axes : str, optional
        One letter per axis, when the image does not say or says it wrongly.
    channel : int, optional
        Use this channel only.
    spacing : tuple of float, optional
        Relative pixel size of the spatial axes instead of the image's own.
    **values
        Parameters of the method.

    Returns
    -------
    result : SpatialArray or array
        What kind of array `image` is; lazy for dask.

    Raises
    ------
    InputError
        When a name, a value, the axes or the channel do not fit.

    Examples
    --------
    >>> from skimage import data
    >>> labels = run("watershed", data.coins(), sigma=2, h=3)
    >>> labels.shape, labels.dtype.name
    ((303, 384), 'int32')
    """
    todo = plan(method, image, axes=axes, channel=channel, spacing=spacing, **values)
    if isinstance(todo.image.data, np.ndarray):
        joined = None
        for index, frame in frames(todo):
            joined = todo.put(joined, index, frame)
        result = todo.result(todo.nothing if joined is None else joined)
    else:
        from napari_morphogen.scale import blocks

        result = todo.result(blocks.lazy(todo))
    return result if isinstance(image, SpatialArray) else result.data


def frames(todo: Plan) -> Iterator[tuple[Index, NDArray[Any]]]:
    """Yield the frames of a plan one by one; stop by no longer asking."""
    for index in todo.frames:
        yield index, todo.compute(index)


def _take_channel(image: SpatialArray, channel: int) -> SpatialArray:
    if "c" not in image.axes:
        raise InputError(
            f"Channel {channel} was chosen, but the image has no channels "
            f"(axes {image.axes}); leave `channel` out or name the axes."
        )
    axis = image.axes.index("c")
    count = image.data.shape[axis]
    whole = isinstance(channel, (int, np.integer)) and not isinstance(channel, bool)
    if not whole or not 0 <= channel < count:
        raise InputError(
            f"Expected `channel` from 0 to {count - 1}, but got {channel!r}."
        )
    place = (slice(None),) * axis + (channel,)
    return image.like(image.data[place], image.axes.replace("c", ""))


def _merge_channels(frame: NDArray[Any], axis: int, rgb: bool) -> NDArray[Any]:
    if rgb:
        return luminance(np.moveaxis(frame, axis, -1))
    with np.errstate(invalid="ignore", over="ignore"):  # what overflows is broken
        return np.asarray(as_float(frame).mean(axis=axis))


def _spacing(
    image: SpatialArray, spacing: tuple[float, ...] | None
) -> tuple[float, ...]:
    own = image.relative_spacing
    if spacing is None:
        return own
    try:
        given = tuple(float(s) for s in spacing)
    except (TypeError, ValueError):
        given = ()
    if len(given) != len(own) or not all(np.isfinite(s) and s > 0 for s in given):
        raise InputError(
            f"Expected `spacing` to hold {len(own)} positive sizes, but got {spacing}."
        )
    return given


def _matching(name: str, value: Any, todo: Plan) -> SpatialArray:
    """Return an array parameter as a SpatialArray that fits the result."""
    array = value.data if isinstance(value, SpatialArray) else value
    array = array if hasattr(array, "ndim") else np.asarray(array)
    sizes = zip(todo.axes, todo.shape, strict=True)
    spatial = {axis: size for axis, size in sizes if axis in SPATIAL_AXES}
    fitting = {todo.shape: todo.axes, tuple(spatial.values()): "".join(spatial)}
    if array.shape not in fitting:
        raise InputError(
            f"Expected `{name}` of shape {todo.shape}, like the image, "
            f"but got {array.shape}."
        )
    if isinstance(value, SpatialArray):
        return value
    return SpatialArray(array, fitting[array.shape])
