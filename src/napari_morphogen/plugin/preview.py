"""The effect of the parameters on what is on screen, while they are changed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from napari_morphogen.params import InputError, parameters
from napari_morphogen.pipeline import plan
from napari_morphogen.plans import Frame, Index, Plan
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.request import Request
from napari_morphogen.registry import Method, get
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

NAME = "preview"
MARK = "morphogen preview"
SLOW_MS = 300  # a worker that still starts takes seconds: then words say so
PAUSE_MS = 10  # changes that come together are one; more wait for the running job


@dataclass(frozen=True)
class View:
    """The part of an image that is on screen.

    Attributes
    ----------
    part : SpatialArray
        All axes of the image; one index along those not displayed.
    plane : SpatialArray
        The same as an image with the axes y, x and perhaps c.
    spacing : tuple of float
        Size of its pixels relative to the finest axis of the whole image.
    step : int
        Every how manieth row and column it holds.
    bounds : mapping
        First index and the one behind the last, in the finest pixels, per axis.
    """

    part: SpatialArray
    plane: SpatialArray
    spacing: tuple[float, ...]
    step: int
    bounds: Mapping[str, tuple[int, int]]

    def cut(self, marks: SpatialArray) -> NDArray[Any]:
        """Return the labels of this view, at its resolution.

        Parameters
        ----------
        marks : SpatialArray
            Labels on the pixels of the image; axes may lack.
        """
        place = tuple(slice(*self.bounds[axis]) for axis in marks.axes)
        seen = np.asarray(marks.data[place])
        shape = [
            n
            for n, axis in zip(self.plane.data.shape, self.plane.axes, strict=True)
            if axis != "c"
        ]
        kept = np.zeros(shape, seen.dtype)
        flat = seen.reshape(seen.shape[-2:]) if seen.size else kept
        from skimage.measure import block_reduce  # heavy: the dock opens without it

        # thin strokes must not fall between the pixels that are shown
        small = block_reduce(flat, self.step, np.max)
        rows, columns = (min(a, b) for a, b in zip(small.shape, shape, strict=True))
        kept[:rows, :columns] = small[:rows, :columns]
        return kept


def visible(viewer: ViewerModel, layer: Layer, axes: str | None) -> View:
    """Return what is on screen of `layer`, at no more than screen resolution.

    Raises
    ------
    InputError
        When the viewer shows 3-D, the layer is out of sight, or an axis that
        is not spatial is displayed.
    """
    whole = layers.read(layer, axes)
    shown = _displayed(viewer, layer, whole)
    step = _screen_step(viewer, layer, shown)
    level, factor = _level(layer, shown, step)
    image = layers.read(layer, axes, level)
    start, stop = _bounds(viewer, layer, image, shown)
    step = max(1, step // factor)
    part = layers.crop(image, start, stop, step)
    spatial = (axis for axis in whole.axes if axis in SPATIAL_AXES)
    sizes = dict(zip(spatial, whole.relative_spacing, strict=True))
    spacing = tuple(sizes[whole.axes[i]] * step * factor for i in shown)
    ends = zip(image.axes, start, stop, strict=True)
    bounds = {
        axis: (a * factor, min(b * factor, whole.data.shape[whole.axes.index(axis)]))
        if axis in SPATIAL_AXES
        else (a, b)
        for axis, a, b in ends
    }
    return View(part, _plane(part, shown), spacing, step * factor, bounds)


def view_plan(
    method: Method,
    view: View,
    values: Mapping[str, Any],
    channel: int | None,
    marks: Mapping[str, SpatialArray] | None = None,
) -> Plan:
    """Return the plan of a method for what is on screen.

    Parameters
    ----------
    method : Method
        What to preview.
    view : View
        What is on screen.
    values : mapping
        Parameters for the whole image; areas are converted to the resolution
        of the screen.
    channel : int or None
        The channel chosen; None means all.
    marks : mapping, optional
        Labels that the method takes, on the pixels of the whole image.

    Raises
    ------
    InputError
        When the method makes no pixels.
    """
    if method.makes == "shapes":
        raise InputError(f"{method.name} draws shapes, which have no preview: Run it.")
    ndim = sum(axis in SPATIAL_AXES for axis in view.part.axes)
    scaled: dict[str, Any] = {}
    for param in parameters(method.function):
        value = values.get(param.name, param.default)
        if param.role:
            continue
        if param.unit == "px^n":
            value = round(value ** (2 / ndim) / view.step**2)
        scaled[param.name] = value
    scaled |= {name: view.cut(marked) for name, marked in (marks or {}).items()}
    return plan(
        method.name, view.plane, channel=channel, spacing=view.spacing, **scaled
    )


def view_frames(part: Plan, whole: Plan | None) -> Iterator[tuple[Index, Frame]]:
    """Yield what is on screen.

    Parameters
    ----------
    part : Plan
        For what is on screen.
    whole : Plan or None
        For all that is painted on, where the method learns from it.
    """
    model = (whole or part).learned()
    for index in part.frames:
        yield index, part.compute(index, model)


class Preview:
    """A layer that follows the parameters and the view.

    Parameters
    ----------
    viewer : napari viewer
    ask : callable
        Returns what the user has chosen, or raises InputError.
    say : callable
        Shows a sentence to the user.
    parent : QObject, optional
        The preview's timers go when this goes.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        ask: Callable[[], Request],
        say: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        self._viewer, self._ask, self._say = viewer, ask, say
        self._layer: Layer | None = None
        self._job: Job | None = None
        self._asked_again = False
        self._on = self._follows = self._said = False
        self._timer = _once(PAUSE_MS, self._start, parent)
        self._slow = _once(SLOW_MS, self._tell, parent)

    def switch(self, on: bool) -> None:
        """Turn the preview on or off."""
        self._on = on
        if on:
            self.refresh()
        else:
            self.stop()

    def refresh(self, event: object = None) -> None:
        """Follow a change of the parameters or of the view."""
        if self._on:
            if not self._follows:
                for emitter in self._events():
                    emitter.connect(self.refresh)
            self._follows = True
            self._timer.start()

    def rest(self) -> None:
        """Make room for a result, until something else is asked for."""
        on = self._on
        self.stop()
        self._on = on

    def stop(self) -> None:
        """Drop what is being computed and remove the layer."""
        self._timer.stop()
        self._told()
        self.release()
        self._remove()

    def release(self) -> None:
        """Stop following the viewer and drop what is being computed."""
        self._on = self._asked_again = self._follows = False
        for emitter in self._events():
            emitter.disconnect(self.refresh)
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()

    def _events(self) -> tuple[Any, Any]:
        return camera(self._viewer).events, self._viewer.dims.events

    def _remove(self) -> None:
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _start(self) -> None:
        if self._job is not None:
            self._asked_again = True
            return
        try:
            asked = self._ask()
            assert asked.layer is not None
            view = visible(self._viewer, asked.layer, asked.axes)
            marks = asked.arrays()
            method = get(asked.method)
            todo = view_plan(method, view, asked.values, asked.channel, marks)
            whole = asked.plan(marks) if method.fit is not None else None
        except InputError as error:
            self._say(str(error))
            return
        self._asked_again = False
        job = self._job = Job(view_frames, todo, whole)
        found: dict[str, Any] = {}
        job.item.connect(lambda item: todo.put(found, *item))
        job.finished.connect(lambda _: self._finish(job, view, todo, found))
        job.failed.connect(lambda text: self._fail(job, text))
        self._slow.start()
        job.start()

    def _tell(self) -> None:
        self._said = self._job is not None
        if self._said:
            self._say("Computing the preview …")

    def _told(self) -> None:
        self._slow.stop()
        if self._said:
            self._say("")
        self._said = False

    def _finish(self, job: Job, view: View, todo: Plan, found: Any) -> None:
        if job is not self._job:
            return  # the preview was switched off meanwhile
        self._job = None
        self._told()
        shown = _placed(view, todo, found[todo.output])
        self._show(shown, todo.method.makes, view.part)
        if self._asked_again:
            self._start()

    def _fail(self, job: Job, text: str) -> None:
        if job is self._job:
            self._job = None
            self._say(text)

    def _show(self, result: SpatialArray, makes: str, image: SpatialArray) -> None:
        data, attributes, kind = layers.layer_data(result, makes, image)
        attributes |= {"name": NAME, "metadata": {MARK: True}}
        old = self._layer
        if old is None or not _fits(old, self._viewer, data, kind):
            self._remove()
            selected = set(self._viewer.layers.selection)
            made = layers.make_layer((data, attributes, kind))
            self._layer = self._viewer.add_layer(made)
            self._viewer.layers.selection = selected
            return
        old.data = data
        for name in ("scale", "translate"):
            setattr(old, name, attributes[name])
        if kind == "image":
            old.reset_contrast_limits()


def is_preview(layer: Layer) -> bool:
    """Tell whether a layer is only a preview."""
    return MARK in layer.metadata


def _once(pause: int, act: Callable[[], None], parent: QObject | None) -> QTimer:
    """Return a timer that acts once whenever it is started, after so many ms."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(pause)
    timer.timeout.connect(act)
    return timer


def _fits(layer: Layer, viewer: ViewerModel, data: Any, kind: str) -> bool:
    same = layers.kind(layer) == kind and layer.ndim == data.ndim
    return same and layer in viewer.layers


def _screen_step(viewer: ViewerModel, layer: Layer, shown: list[int]) -> int:
    """Return how many pixels of the image fall on one of the screen."""
    pixel = camera(viewer).zoom * min(abs(layer.scale[i]) for i in shown)
    return max(1, int(1 / pixel)) if pixel > 0 else 1


def _level(layer: Layer, shown: list[int], step: int) -> tuple[int, int]:
    """Return the coarsest level that is no coarser than `step`, and its factor."""
    factors = [round(max(f[i] for i in shown)) for f in layer.downsample_factors]
    fine = [i for i, factor in enumerate(factors) if factor <= step]
    return fine[-1], factors[fine[-1]]


def _bounds(
    viewer: ViewerModel, layer: Layer, image: SpatialArray, shown: list[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return first and last index of what is on screen, in pixels of `image`."""
    finest = np.array(layer.downsample_factors[layer.data_level])
    ratio = np.array(image.scale[: layer.ndim]) / layer.scale
    corners = layer.corner_pixels * finest / ratio
    here = layer.world_to_data(viewer.dims.point[-layer.ndim :]) / ratio
    start, stop = [0] * len(image.axes), list(image.data.shape)
    for i in range(layer.ndim):
        if i in shown:
            start[i] = max(0, int(corners[0, i]))
            stop[i] = min(stop[i], int(np.ceil(corners[1, i])) + 1)
        elif image.axes[i] != "c":
            start[i] = min(max(round(here[i]), 0), stop[i] - 1)
            stop[i] = start[i] + 1
    if any(low >= high for low, high in zip(start, stop, strict=True)):
        raise InputError("The image is out of sight; move the view to preview it.")
    return tuple(start), tuple(stop)


def camera(viewer: ViewerModel) -> Any:
    """Return the camera, which napari 0.9 moved into the scene."""
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def _displayed(viewer: ViewerModel, layer: Layer, image: SpatialArray) -> list[int]:
    offset = viewer.dims.ndim - layer.ndim
    shown = sorted(axis - offset for axis in viewer.dims.displayed)
    if len(shown) != 2:
        raise InputError("The preview works in 2-D; switch the viewer back from 3-D.")
    wrong = [image.axes[i] if i >= 0 else "?" for i in shown]
    if any(axis not in SPATIAL_AXES for axis in wrong):
        raise InputError(
            f"The preview needs two spatial axes on screen, but {' and '.join(wrong)} "
            "are displayed; roll the dimensions or mend the axes."
        )
    return shown


def _plane(part: SpatialArray, shown: list[int]) -> SpatialArray:
    names = {shown[0]: "y", shown[1]: "x"}
    names |= {i: "c" for i, axis in enumerate(part.axes) if axis == "c"}
    place = tuple(slice(None) if i in names else 0 for i in range(len(part.axes)))
    return SpatialArray(
        part.data[place], "".join(names[i] for i in sorted(names)), rgb=part.rgb
    )


def _placed(view: View, todo: Plan, data: Any) -> SpatialArray:
    """Return the result for the plane with all axes of the image but channels."""
    part = view.part
    channels = "c" in todo.axes_of(todo.output)
    axes = part.axes if channels else part.axes.replace("c", "")
    sizes = dict(zip(part.axes, part.data.shape, strict=True))
    return part.like(np.reshape(data, [sizes[axis] for axis in axes]), axes)
