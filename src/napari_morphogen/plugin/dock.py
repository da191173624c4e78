"""The dock of one family of methods: choose, set, preview, run."""

from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_morphogen import recipe
from napari_morphogen.folders import Written, folder_words, run_folder
from napari_morphogen.params import InputError, parameters
from napari_morphogen.plugin import forms, layers, marks, settings
from napari_morphogen.plugin.filling import Filling, begin
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import ALL_CHANNELS, Panel
from napari_morphogen.plugin.preview import Preview, is_preview
from napari_morphogen.plugin.progress import Progress
from napari_morphogen.plugin.request import Request
from napari_morphogen.plugin.results import Results
from napari_morphogen.registry import family, get
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

TICK_MS = 200
KINDS = {"image": (Image,), "labels": (Labels,), "": ()}
BEGIN = {
    "image": "Open an image to begin.",
    "labels": "Open or make a Labels layer to begin.",
}


class MethodDock(Panel):
    """Runs the methods of one family on the layers of a viewer.

    Parameters
    ----------
    viewer : napari viewer
        Where images come from and results go.
    family_name : str
        As in the registry.
    """

    def __init__(self, viewer: ViewerModel, family_name: str) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        self._viewer = viewer = getattr(viewer, "__wrapped__", viewer)
        methods = family(family_name)
        super().__init__(methods, self.image_choices, self.channel_choices)
        self._job: Job | None = None
        self._progress: Progress | Filling | None = None
        self._made: Layer | None = None
        self._results = Results(viewer)
        self._preview = Preview(viewer, self._ask, self._say, self.native)
        self._follower = marks.Follower(self._preview.refresh)
        self._connect()
        self._method_changed()
        self._image_changed()
        POOL.warm()

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
        self.folder.changed.connect(lambda: self._ask_folder())
        for event in self._layer_events():
            event.connect(self._layers_changed)
        self._timer = QTimer(self.native)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.make_ready()

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    # ---- choices

    def image_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that the chosen method can work on."""
        return [(layer.name, layer) for layer in self._sources()]

    def channel_choices(self, _: Any) -> list[str]:
        """Return the channels of the chosen layer."""
        return [ALL_CHANNELS, *map(str, range(self._channel_count()))]

    def _channel_count(self) -> int:
        return layers.channel_count(self.image.value, self.axes.value)

    def _sources(self) -> list[Layer]:
        chosen = getattr(self, "method", None)  # asked for while the dock is built
        return self._layers(KINDS[get(chosen.value).takes] if chosen else (Image,))

    def _layers(self, kinds: tuple[type[Layer], ...]) -> list[Layer]:
        found = [layer for layer in self._viewer.layers if isinstance(layer, kinds)]
        return [layer for layer in found if not is_preview(layer)]

    def _layer_names(self, role: str) -> list[str]:
        kinds = marks.KINDS if role == "labels" else (Image,)
        return [layer.name for layer in self._layers(kinds)]

    def _layers_changed(self, event: Any = None) -> None:
        self.reset_choices()
        images = self._sources()
        if self.image.value is None and images:
            active = self._viewer.layers.selection.active
            seen = [layer for layer in images if layer.visible] or images
            self.image.value = active if active in images else seen[-1]
        self._choose_marks()

    def _image_changed(self) -> None:
        layer = self.image.value
        if layer is None:
            self._layers_changed()
            layer = self.image.value
        takes = get(self.method.value).takes
        self.run.enabled = not (takes and layer is None) and self._job is None
        if layer is None:
            self._say(BEGIN.get(takes, ""))
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
        self._choose_marks()
        self._preview.refresh()

    def _method_changed(self) -> None:
        method = get(self.method.value)
        self.about.value = method.title
        self.image.label = method.takes
        self.show_form(forms.form(method, self._layer_names))
        for row in self.form:
            row.changed.connect(lambda: self._parameter_changed())
        forms.fill(self.form, settings.remembered(method.name))
        if self.image.value not in self._sources():
            self._layers_changed()
        self._parameter_changed()

    def _parameter_changed(self) -> None:
        self._choose_marks()
        for name in forms.values(self.form).values():
            if name in self._viewer.layers:
                self._follower.follow(self._viewer.layers[name])
        self._preview.refresh()

    def _choose_marks(self) -> None:
        image, results = self.image.value, get(self.method.value).fit is None
        found = self._layers(marks.KINDS)
        if (one := marks.only(found, image, self.axes.value, results)) is not None:
            forms.choose(self.form, one.name)

    def _reset(self) -> None:
        forms.fill(self.form, forms.defaults(get(self.method.value)))

    # ---- what the user asks for

    def _ask(self) -> Request:
        layer, method = self.image.value, self.method.value
        takes = get(method).takes
        if takes and layer is None:
            kind = "a Labels" if takes == "labels" else "an image"
            raise InputError(f"Choose {kind} layer first.")
        channel = self.channel.value
        number = None if channel in (ALL_CHANNELS, None) else int(channel)
        values = forms.values(self.form)
        roles = [p.name for p in parameters(get(method).function) if p.role]
        chosen = {n: values.pop(n) for n in roles}
        painted = {n: self._viewer.layers[name] for n, name in chosen.items() if name}
        return Request(layer, self.axes.value, number, method, values, painted)

    def _start(self) -> None:
        try:
            asked = self._ask()
            progress, job = begin(asked, self._viewer, bool(self.keep.value))
        except InputError as error:
            self._say(str(error))
            return
        settings.remember(asked.method, dict(asked.values))
        self._results.begin()
        if isinstance(progress, Filling):
            self._preview.rest()  # it would hide which blocks are there
        self._progress, self._job = progress, job
        job.item.connect(lambda state: self._collect(job, state))
        job.share.connect(lambda share: self._partly(job, share))
        job.finished.connect(lambda seconds: self._finish(job, seconds))
        job.failed.connect(lambda text: self._end(job, text))
        job.cancelled.connect(lambda: self._cancelled(job))
        self._busy(True)
        job.start()

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

    def _ask_folder(self) -> None:
        images = QFileDialog.getExistingDirectory(self.native, "Folder of images")
        if images:
            results = QFileDialog.getExistingDirectory(self.native, "For the results")
            if results:
                self.run_on_folder(images, results)

    def run_on_folder(self, images: str | Path, results: str | Path) -> None:
        """Apply the method, as it is set, to all images of a folder.

        Parameters
        ----------
        images, results : path
            Of folders that exist.
        """
        if self._job is not None:
            self._say("Wait until the running method has ended, or cancel it.")
            return
        values = forms.values(self.form)
        arrays = [p for p in parameters(get(self.method.value).function) if p.role]
        if any(values.pop(p.name) or p.required for p in arrays):
            self._say(
                f"{self.method.value} needs marks of every image: run it on layers."
            )
            return
        if self.channel.value not in (ALL_CHANNELS, None):
            values["channel"] = int(self.channel.value)
        self._progress = None
        failed: list[Written] = []
        job = Job(run_folder, self.method.value, values, Path(images), Path(results))
        job.item.connect(lambda one: self._written(job, one, failed))
        job.finished.connect(lambda _: self._end(job, folder_words(failed, results)))
        job.failed.connect(lambda text: self._end(job, text))
        kept = "Cancelled; finished files are kept."
        job.cancelled.connect(lambda: self._end(job, kept))
        self._job = job
        self._busy(True)
        job.start()

    def _written(self, job: Job, one: Written, failed: list[Written]) -> None:
        if job is self._job:
            failed += [one] if one.problem else []
            self.show_progress(one.number / one.total)
            self._say(f"{one.number} of {one.total}: {one.source.name}")

    # ---- what comes back

    def _collect(self, job: Job, state: Any) -> None:
        progress = self._progress
        if job is not self._job or progress is None:
            return
        progress.take(state)
        if progress.counted:
            self.show_progress(progress.share)
        if isinstance(progress, Progress) and progress.iterates:
            self.curve.show_values(progress.energies)
            if not state.done:
                self._show(progress.results())

    def _partly(self, job: Job, share: float) -> None:
        if job is self._job and isinstance(self._progress, Progress):
            self._progress.within = share
            self.show_progress(self._progress.share)

    def _finish(self, job: Job, seconds: float) -> None:
        progress = self._progress
        if job is not self._job or progress is None:
            return
        if isinstance(progress, Filling):
            self._made = progress.finish()
        else:
            self._show(progress.results())
        name, figures = progress.plan.method.name, progress.figures
        words = [f"{name}: {seconds:.1f} s", figures, *job.remarks]
        self._preview.rest()
        self._end(job, "; ".join(filter(None, words)))

    def _cancelled(self, job: Job) -> None:
        progress = self._progress
        if job is not self._job or progress is None:
            return
        text = "Cancelled; nothing was changed."
        if isinstance(progress, Filling):
            text = progress.kept
        elif progress.iterates and progress.number and progress.total == 1:
            self._show(progress.cut_short())
            text = f"Cancelled; step {progress.number} is kept."
        elif progress.done and progress.total > 1:
            self._show(progress.cut_short(), keep=True)
            text = f"Cancelled; {progress.done} of {progress.total} frames are kept."
        self._end(job, text)

    def _show(self, results: dict[str, SpatialArray], keep: bool = False) -> None:
        progress = self._progress
        if not isinstance(progress, Progress):
            return
        makes, main = progress.plan.outputs, next(iter(results))
        # the main result comes on top, but labels do not hide below an image
        for name in sorted(results, key=lambda n: (makes[n] == "labels", n == main)):
            layer = self._results.show(
                results[name],
                makes=makes[name],
                source=progress.source,
                image=progress.image,
                keep=keep or bool(self.keep.value),
                # what stands beside labels would cover the image
                visible=makes[main] == "image" or name == main,
            )
            self._made = layer if name == main else self._made

    def _end(self, job: Job, text: str) -> None:
        if job is self._job:
            self._job = self._progress = None
            self._busy(False)
            self._say(text)

    # ---- what the user sees of it

    def _busy(self, busy: bool) -> None:
        self.run.enabled = not busy
        self.cancel.enabled = busy
        self.progress.visible = busy
        counted = self._progress is not None and self._progress.counted
        self.show_progress(0 if counted else None)
        if busy:
            self.curve.show_values([])
        self.undo.enabled = self._results.can_undo and not busy
        self.copy.enabled = self.save.enabled = self._made is not None and not busy
        self._timer.start() if busy else self._timer.stop()

    def _tick(self) -> None:
        if self._job is not None and self._progress is not None:
            name, words = self._progress.plan.method.name, self._progress.words
            self._say(f"Running {name}: {self._job.seconds:.0f} s{words}")

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
