"""The dock of one family of methods: choose, set, preview, run."""

import weakref
from functools import partial
from pathlib import Path
from typing import Any, cast

from magicgui import widgets
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_morphogen import recipe
from napari_morphogen.params import InputError, parameters
from napari_morphogen.pipeline import Plan, frames, plan
from napari_morphogen.plugin import forms, layers, settings
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.preview import Preview, is_preview
from napari_morphogen.plugin.results import Results
from napari_morphogen.registry import Method, family, get
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

ALL_CHANNELS = "all"
TICK_MS = 200


class MethodDock(widgets.Container[widgets.Widget]):
    """Runs the methods of one family on the layers of a viewer.

    Parameters
    ----------
    viewer : napari viewer
        Where images come from and results go.
    family_name : str
        As in the registry.
    """

    def __init__(self, viewer: ViewerModel, family_name: str) -> None:
        super().__init__(labels=False)
        # napari hands out a proxy whose layers are new objects at every access
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self._job: Job | None = None
        self._plan: Plan | None = None
        self._source: Layer | None = None
        self._image: SpatialArray | None = None
        self._made: Layer | None = None
        self._data: Any = None
        self._done = 0
        self._results = Results(viewer)
        self._build_choices(family(family_name))
        self._build_actions()
        self._arrange()
        self._preview = Preview(viewer, self._ask, self._say, self.native)
        self._connect()
        self._image_changed()
        self._method_changed()
        POOL.warm()

    # ---- what it is made of

    def _build_choices(self, methods: tuple[Method, ...]) -> None:
        self.image = widgets.ComboBox(
            name="image",
            choices=self._image_choices,
            nullable=True,
            tooltip="The layer to work on",
        )
        self.axes = widgets.LineEdit(
            name="axes",
            tooltip="One letter per axis: z, y, x are spatial, c holds channels, "
            "every other axis (t, …) is looped over",
        )
        self.channel = widgets.ComboBox(
            name="channel",
            choices=self._channel_choices,
            tooltip="Use one channel only, or all as the method does by itself",
        )
        self.method = widgets.ComboBox(
            name="method", choices=[method.name for method in methods]
        )
        self.about = widgets.Label(name="about", label="")

    def _build_actions(self) -> None:
        self.live = widgets.CheckBox(
            name="live",
            label="",
            text="Live preview",
            tooltip="Show the effect on the part of the plane that is on screen",
        )
        self.keep = widgets.CheckBox(
            name="keep",
            label="",
            text="Keep earlier results",
            tooltip="Add a layer at every run instead of updating the last one",
        )
        self.run = widgets.PushButton(name="run", text="Run")
        self.cancel = widgets.PushButton(name="cancel", text="Cancel", enabled=False)
        self.progress = widgets.ProgressBar(name="progress", label="", visible=False)
        self.status = widgets.Label(name="status", label="")
        self.defaults = widgets.PushButton(name="defaults", text="Defaults")
        self.undo = widgets.PushButton(
            name="undo", text="Undo last result", enabled=False
        )
        self.copy = widgets.PushButton(
            name="copy", text="Copy as Python", enabled=False
        )
        self.save = widgets.PushButton(name="save", text="Save recipe…", enabled=False)

    def _arrange(self) -> None:
        chosen = widgets.Container[Any](
            widgets=[self.image, self.axes, self.channel, self.method]
        )
        for part in (
            *(chosen, self.about, widgets.Container[Any](name="form")),
            *(_row(self.live, self.keep), _row(self.run, self.cancel)),
            *(self.progress, self.status),
            *(_row(self.defaults, self.undo), _row(self.copy, self.save)),
        ):
            self.append(part)
        chosen.margins = (0, 0, 0, 0)
        for label in (self.about, self.status):
            label.native.setWordWrap(True)

    def _connect(self) -> None:
        self.image.changed.connect(self._image_changed)
        self.axes.changed.connect(self._axes_changed)
        self.channel.changed.connect(lambda: self._preview.refresh())
        self.method.changed.connect(self._method_changed)
        self.live.changed.connect(self._preview.switch)
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._stop())
        self.defaults.changed.connect(lambda: self._reset())
        self.undo.changed.connect(lambda: self._take_back())
        self.copy.changed.connect(lambda: self._copy())
        self.save.changed.connect(lambda: self._save())
        for event in self._layer_events():
            event.connect(self._layers_changed)
        self._timer = QTimer(self.native)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.native.destroyed.connect(partial(_release, weakref.ref(self)))

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    @property
    def form(self) -> widgets.Container[Any]:
        """The parameters of the chosen method."""
        return cast(widgets.Container[Any], self["form"])

    # ---- choices

    def _image_choices(self, _: Any) -> list[tuple[str, Layer]]:
        return [(layer.name, layer) for layer in self._layers("image")]

    def _channel_choices(self, _: Any) -> list[str]:
        return [ALL_CHANNELS, *map(str, range(self._channel_count()))]

    def _channel_count(self) -> int:
        layer, axes = self.image.value, self.axes.value
        if layer is None or "c" not in axes or len(axes) != layer.ndim:
            return 0
        data = layer.data[0] if layer.multiscale else layer.data
        return int(data.shape[axes.index("c")])

    def _layers(self, role: str) -> list[Layer]:
        kind = {"image": Image, "labels": Labels}[role]
        found = [layer for layer in self._viewer.layers if isinstance(layer, kind)]
        return [layer for layer in found if not is_preview(layer)]

    def _layer_names(self, role: str) -> list[str]:
        return [layer.name for layer in self._layers(role)]

    def _layers_changed(self, event: Any = None) -> None:
        self.reset_choices()
        images = self._layers("image")
        if self.image.value is None and images:
            active = self._viewer.layers.selection.active
            seen = [layer for layer in images if layer.visible] or images
            self.image.value = active if active in images else seen[-1]

    def _image_changed(self) -> None:
        layer = self.image.value
        if layer is None:
            self._layers_changed()
            layer = self.image.value
        self.run.enabled = layer is not None and self._job is None
        if layer is None:
            self._say("Open an image to begin.")
            return
        self._say("")
        try:
            self.axes.value = layers.usual_axes(layer)
        except InputError as error:
            self.axes.value = ""
            self._say(str(error))
        self._axes_changed()

    def _axes_changed(self) -> None:
        self.channel.reset_choices()
        self.channel.visible = self._channel_count() > 0
        self._preview.refresh()

    def _method_changed(self) -> None:
        method = get(self.method.value)
        self.about.value = method.title
        place = self.index(self.form)
        del self[place]
        self.insert(place, forms.form(method, self._layer_names))
        for row in self.form:
            row.changed.connect(lambda: self._preview.refresh())
        forms.fill(self.form, settings.remembered(method.name))
        self._preview.refresh()

    def _reset(self) -> None:
        forms.fill(self.form, forms.defaults(get(self.method.value)))

    # ---- what the user asks for

    def _ask(self) -> tuple[Layer, str, int | None, str, dict[str, Any]]:
        layer = self.image.value
        if layer is None:
            raise InputError("Choose an image layer first.")
        channel = self.channel.value
        number = None if channel in (ALL_CHANNELS, None) else int(channel)
        values = forms.values(self.form)
        return layer, self.axes.value, number, self.method.value, values

    def _start(self) -> None:
        try:
            layer, axes, channel, name, values = self._ask()
            arrays = self._arrays(name, values)
            image = layers.read(layer, axes)
            self._plan = plan(name, image, channel=channel, **(values | arrays))
        except InputError as error:
            self._say(str(error))
            return
        saved = {key: value for key, value in values.items() if key not in arrays}
        settings.remember(name, saved)
        self._source, self._image = layer, image
        self._data, self._done = None, 0
        job = self._job = Job(frames, self._plan)
        job.item.connect(lambda item: self._collect(job, item))
        job.finished.connect(lambda seconds: self._finish(job, seconds))
        job.failed.connect(lambda text: self._end(job, text))
        job.cancelled.connect(lambda: self._cancelled(job))
        self._busy(True)
        job.start()

    def _arrays(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        chosen = {
            p.name: values[p.name] for p in parameters(get(name).function) if p.role
        }
        return {
            key: None if layer is None else layers.read(self._viewer.layers[layer])
            for key, layer in chosen.items()
        }

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _take_back(self) -> None:
        self._results.undo()
        self.undo.enabled = self._results.can_undo
        self._say("The last result was taken back.")

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if self._made is not None and clipboard is not None:
            clipboard.setText(recipe.as_python(self._made.metadata[recipe.KEY]))
            self._say("Copied: a script that makes this result.")

    def _save(self) -> None:
        if self._made is None:
            return
        start = f"{self._made.name}.json"
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Save recipe", start, "*.json"
        )
        if path:
            self.save_recipe(path)

    def save_recipe(self, path: str | Path) -> None:
        """Write the recipe of the last result.

        Parameters
        ----------
        path : path
            Of the JSON file.
        """
        if self._made is not None:
            try:
                recipe.save(path, self._made.metadata[recipe.KEY])
            except OSError as error:
                self._say(f"Cannot write {path}: {error.strerror}.")
            else:
                self._say(f"Saved {path}.")

    # ---- what comes back

    def _collect(self, job: Job, item: Any) -> None:
        if job is self._job and self._plan is not None:
            self._data = self._plan.put(self._data, *item)
            self._done += 1
            self.progress.value = min(self._done, int(self.progress.max))

    def _finish(self, job: Job, seconds: float) -> None:
        if job is not self._job or self._plan is None:
            return
        data = self._plan.nothing if self._data is None else self._data
        self._show(self._plan.result(data), self._plan)
        self._end(job, f"{self._plan.method.name}: {seconds:.1f} s")

    def _cancelled(self, job: Job) -> None:
        total = len(self._plan.frames) if self._plan else 0
        if job is self._job and self._plan is not None and self._done and total > 1:
            part = self._plan.result(self._data)
            name = f"{part.name} ({self._done} of {total})"
            self._show(part.like(part.data, name=name), self._plan, keep=True)
            self._end(job, f"Cancelled; {self._done} of {total} frames are kept.")
        else:
            self._end(job, "Cancelled; nothing was changed.")

    def _show(self, result: SpatialArray, todo: Plan, keep: bool = False) -> None:
        if self._source is None or self._image is None:
            return
        self._made = self._results.show(
            result,
            makes=todo.method.makes,
            source=self._source,
            image=self._image,
            keep=keep or bool(self.keep.value),
        )

    def _end(self, job: Job, text: str) -> None:
        if job is self._job:
            self._job = self._plan = self._source = None
            self._image = self._data = None
            self._busy(False)
            self._say(text)

    # ---- what the user sees of it

    def _busy(self, busy: bool) -> None:
        total = len(self._plan.frames) if busy and self._plan is not None else 0
        self.run.enabled = not busy
        self.cancel.enabled = busy
        self.progress.visible = busy
        # a range of 0 shows that work goes on where there are no steps to count
        self.progress.min, self.progress.max = 0, total if total > 1 else 0
        self.progress.value = 0
        self.undo.enabled = self._results.can_undo and not busy
        self.copy.enabled = self.save.enabled = self._made is not None and not busy
        self._timer.start() if busy else self._timer.stop()

    def _tick(self) -> None:
        if self._job is not None and self._plan is not None:
            total = len(self._plan.frames)
            count = f", {self._done} of {total}" if total > 1 else ""
            self._say(
                f"Running {self._plan.method.name}: {self._job.seconds:.0f} s{count}"
            )

    def _say(self, text: str) -> None:
        self.status.value = text

    def close(self) -> None:
        """Stop everything that runs and let go of the viewer."""
        self._timer.stop()
        self._preview.stop()
        self.release()
        super().close()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        for event in self._layer_events():
            event.disconnect(self._layers_changed)
        self._preview.release()
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()


def _release(dock: "weakref.ref[MethodDock]") -> None:
    alive = dock()  # what the garbage collector takes apart has nothing to release
    if alive is not None:
        alive.release()


def _row(*members: widgets.Widget) -> widgets.Container[widgets.Widget]:
    row = widgets.Container(
        widgets=members, layout="horizontal", labels=False, label=""
    )
    row.margins = (0, 0, 0, 0)
    return row
