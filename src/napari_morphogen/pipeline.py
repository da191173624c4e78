"""The one way a method meets an image: run it, frame by frame or step by step."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_morphogen import recipe
from napari_morphogen.drawing import drawn
from napari_morphogen.params import InputError, check, parameters
from napari_morphogen.plans import Frame, Index, Plan
from napari_morphogen.registry import Method, get
from napari_morphogen.spatial import (
    SPATIAL_AXES,
    Canvas,
    SpatialArray,
    Vertices,
    as_spatial,
)

LOOK_SECONDS = 0.2  # between two looks at an iteration
OF_THE_IMAGE = "labels"  # other arrays are as large as the result
EAGER = ("shapes", "channels")  # results whose size is known only when they are there


@dataclass(frozen=True)
class State:
    """How far a plan has come.

    Attributes
    ----------
    index : tuple of int
        The frame that is worked on.
    frame : mapping
        Its results as they are now.
    number : int
        Iterations done on this frame.
    energies : tuple of float
        After each iteration since the last state; empty where there is none.
    done : bool
        Whether the frame is finished.
    """

    index: Index
    frame: Frame
    number: int
    energies: tuple[float, ...]
    done: bool


def plan(
    method: str,
    image: Any = None,
    /,
    *,
    axes: str | None = None,
    channel: int | None = None,
    spacing: tuple[float, ...] | None = None,
    output: str | None = None,
    **values: Any,
) -> Plan:
    """Check everything `run` is given and return what there is to compute.

    Parameters and errors are those of `run`.
    """
    row = get(method)
    checked = check(row.function, values)
    whole = as_spatial(_source(row, image, checked), axes)
    _check_kind(row, whole)
    chosen = whole if channel is None else _take_channel(whole, channel)
    name = _output(row, output)
    made = Plan(row, chosen, checked, _spacing(chosen, spacing), {}, name)
    for param in parameters(row.function):
        if param.role and checked[param.name] is not None:
            checked[param.name] = matching(param.name, checked[param.name], made)
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
    image: Any = None,
    /,
    *,
    axes: str | None = None,
    channel: int | None = None,
    spacing: tuple[float, ...] | None = None,
    output: str | None = None,
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
        image; all other axes are looped over. To be left out where the method
        makes its image from parameters alone.
    axes : str, optional
        One letter per axis, when the image does not say or says it wrongly.
    channel : int, optional
        Use this channel only.
    spacing : tuple of float, optional
        Relative pixel size of the spatial axes instead of the image's own.
    output : str, optional
        Which result, where a method has several; the main one by default.
    **values
        Parameters of the method.

    Returns
    -------
    result : SpatialArray or array
        What kind of array `image` is; lazy for dask. A SpatialArray where there
        is no image.

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
    options: dict[str, Any] = {"axes": axes, "channel": channel, "spacing": spacing}
    todo = plan(method, image, **options, output=output, **values)
    name = todo.output
    eager = todo.outputs[name] in EAGER or todo.method.size is not None
    if eager or isinstance(todo.image.data, np.ndarray):
        result = todo.results(_joined(todo))[name]
    else:
        from napari_morphogen.scale import blocks

        result = todo.result(blocks.lazy(todo), name)
    return result if _is_placed(image) else result.data


def run_all(method: str, image: Any = None, /, **options: Any) -> dict[str, Any]:
    """Apply a method and return all its results by name.

    Parameters
    ----------
    method, image, **options
        Those of `run`, without `output`.

    Returns
    -------
    results : dict
        The main one first; `figures`, where the method has any, is a dict.

    Examples
    --------
    >>> from skimage import data
    >>> list(run_all("threshold", data.coins()))
    ['labels']
    """
    if "output" in options:
        raise InputError("`run_all` returns every result; leave `output` out.")
    todo = plan(method, image, **options)
    joined = _joined(todo)
    results: dict[str, Any] = dict(todo.results(joined))
    if not _is_placed(image):
        results = {name: result.data for name, result in results.items()}
    figures = joined.get("figures")
    return results | ({"figures": figures} if figures else {})


def frames(todo: Plan) -> Iterator[tuple[Index, Frame]]:
    """Yield the results of a plan frame by frame; stop by no longer asking."""
    model = todo.learned()
    for index in todo.frames:
        yield index, todo.compute(index, model)


def states(todo: Plan) -> Iterator[State]:
    """Yield how a plan proceeds, several times a second and after every frame."""
    model = todo.learned()
    for index in todo.frames:
        yield from _states(todo, index, model)


def _states(todo: Plan, index: Index, model: Any) -> Iterator[State]:
    energies: list[float] = []
    looked = time.monotonic()
    number, step = 0, None
    for step in todo.steps(index, model):
        number = step.number
        if math.isfinite(step.energy):
            energies.append(step.energy)
        if todo.iterates and time.monotonic() - looked > LOOK_SECONDS:
            yield State(index, step.result(), number, tuple(energies), False)
            energies, looked = [], time.monotonic()
    assert step is not None
    yield State(index, step.result(), number, tuple(energies), True)


def _joined(todo: Plan) -> Mapping[str, Any]:
    joined: dict[str, Any] = {}
    for index, frame in frames(todo):
        todo.put(joined, index, frame)
    return joined


def _is_placed(image: Any) -> bool:
    return image is None or isinstance(image, SpatialArray)


def _source(method: Method, image: Any, values: Mapping[str, Any]) -> Any:
    """Return the image, or the canvas of a method that makes one from nothing."""
    if method.takes:
        if image is None:
            raise InputError(f"{method.name} works on an image: give it one.")
        return image
    if image is not None:
        raise InputError(
            f"{method.name} makes its image from parameters alone: leave the image out."
        )
    assert method.size is not None
    shape = method.size((), **values)
    size = values["pixel_size"]
    pixels = [values["plane_distance"] or size or 1.0, size or 1.0, size or 1.0]
    unit = "micrometer" if size else "pixel"
    ndim = len(shape)
    return Canvas.of(shape, scale=tuple(pixels[-ndim:]), units=(unit,) * ndim)


def _check_kind(method: Method, image: SpatialArray) -> None:
    if method.takes == "labels" and image.data.dtype.kind not in "bui":
        raise InputError(
            f"{method.name} works on labels, which are whole numbers, but got "
            f"{image.data.dtype}; segment the image first."
        )


def _output(method: Method, output: str | None) -> str:
    names = [name for name, role in method.outputs.items() if role != "figures"]
    if output is None:
        return names[0]
    if output not in names:
        raise InputError(
            f'{method.name} has no result "{output}"; it has {", ".join(names)}.'
        )
    return output


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


def matching(name: str, value: Any, todo: Plan) -> SpatialArray:
    """Return an array parameter as a SpatialArray that fits the result.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : SpatialArray, Vertices or array
        Of the shape of the result, of its spatial axes, or of the image with its
        channels, of which any that is painted counts; ``labels`` are as large as
        the image. Shapes are drawn.
    todo : Plan
        Whose result.

    Raises
    ------
    InputError
        When the shape is another one.
    """
    long = todo.sizes if name == OF_THE_IMAGE else todo.made_sizes
    shape = tuple(long[axis] for axis in todo.axes)
    if isinstance(value, Vertices) and value.axes == todo.axes:
        kind = "line" if value.data.shape[1] == 2 else "ellipse"
        labels = drawn(((found, kind) for found in value.data), shape)
        return SpatialArray(labels, todo.axes, name=value.name, metadata=value.metadata)
    array = value.data if isinstance(value, SpatialArray) else value
    array = array if hasattr(array, "ndim") else np.asarray(array)
    own = value.axes if isinstance(value, SpatialArray) else ""
    if "c" in own and "c" not in todo.image.axes:  # on all channels of the layer
        array = array.max(axis=own.index("c"))
    spatial = {axis: long[axis] for axis in todo.axes if axis in SPATIAL_AXES}
    fitting = {
        tuple(long.values()): todo.image.axes,
        tuple(spatial.values()): "".join(spatial),
        shape: todo.axes,
    }
    if array.shape not in fitting:
        raise InputError(
            f"Expected `{name}` of shape {shape}, like the image, "
            f"but got {array.shape}."
        )
    axes = fitting[array.shape]
    for axis in [a for a in axes if a not in todo.axes]:
        array, axes = array.max(axis=axes.index(axis)), axes.replace(axis, "")
    given = value if isinstance(value, SpatialArray) else SpatialArray(array, axes)
    return SpatialArray(array, axes, name=given.name, metadata=given.metadata)
