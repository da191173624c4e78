"""The dock that trains a network on what is painted, beside the viewer."""

import math
import shutil
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.io.disk import replacing
from napari_morphogen.learning import (
    STOP,
    Lesson,
    Report,
    learn,
    patches,
    ready,
)
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import State, states
from napari_morphogen.plans import Plan
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.canvas import Canvas
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.model_paths import new_model_path
from napari_morphogen.plugin.pairs import Pair, Taught
from napari_morphogen.plugin.progress import Progress
from napari_morphogen.plugin.results import Results
from napari_morphogen.plugin.shortcuts import add_shortcuts
from napari_morphogen.plugin.strokes import seek_uncertain
from napari_morphogen.plugin.taught import TaughtPanel
from napari_morphogen.plugin.telling import Telling
from napari_morphogen.plugin.train_panel import FILE, LAST
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

DONE = "Trained. Paint where it is wrong and train again."


class TrainDock(TaughtPanel):
    """Trains a network on painted layers and shows how it comes along."""

    page = "train.md"

    def __init__(self, viewer: ViewerModel) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        viewer = getattr(viewer, "__wrapped__", viewer)
        super().__init__(viewer)
        self._job: Job | None = None
        self._stopping = False
        self._taught: list[Taught] = []  # what the running job learns from
        self._telling = Telling(viewer, self.native)
        self._plan: Plan | None = None  # of the first of them, which is shown
        self._canvas: Canvas | None = None
        self._progress: Progress | None = None
        self._path = Path()  # where the running job writes its model
        self._losses: list[float] = []
        self._measured: list[tuple[int, float]] = []
        self._results = Results(viewer)
        self._shown: Layer | None = None  # the newest layer of labels
        self._patches: list[Layer] = []
        self._model: Path | None = None
        self._search: Job | None = None
        self.last: Report | None = None
        self._connect()
        POOL.warm()
        self._warm = Job(ready)
        self._warm.failed.connect(self._say)
        self._warm.start()

    def _connect(self) -> None:
        self.run.changed.connect(lambda: self._pressed())
        self.patches.changed.connect(lambda: self._show_patches())
        self.seek.changed.connect(lambda: self.go_to_most_uncertain())
        self.save.changed.connect(lambda: self._ask_where())
        buttons = {"run": self.run, "new": self.new, "seek": self.seek}
        self.append(add_shortcuts(self.native, buttons, self._viewer))
        self.make_ready()

    # ---- training

    def _pressed(self) -> None:
        if self._job is None:
            self._start()
        elif self._progress is not None or self._stopping:
            self._job.cancel()
        else:
            self._stopping = True
            self.run.text = "Stop now"
            self._say("Ending with this step …")
            self._job.tell(STOP)

    def _start(self) -> None:
        try:
            taught = self.taught()
            settings = self.settings
            settings.check()
            path = new_model_path(taught[0].name, settings.task)
            start = self._start_path()
            lessons = [
                one.lesson(settings, path) if isinstance(one, Pair) else one
                for one in taught
            ]
        except InputError as error:
            self._say(str(error))
            return
        self._taught, self._path = taught, path
        of_layers = {
            number: (one, given.plan)
            for number, (one, given) in enumerate(zip(taught, lessons, strict=True))
            if isinstance(one, Pair) and isinstance(given, Lesson)
        }
        self._plan = of_layers[0][1] if 0 in of_layers else None
        self._canvas = None if self._plan is None else Canvas(self._plan)
        self._losses, self._measured = [], []
        self.curve.show_values([])
        self._results.begin()
        view = self._telling.begin(of_layers)
        job = Job(learn, lessons, settings, path, start, view)
        job.item.connect(lambda report: self._collect(job, report))
        job.finished.connect(lambda _: self._predict_rest(job))
        job.failed.connect(lambda text: self._end(job, text))
        job.cancelled.connect(lambda: self._cancelled(job))
        self._telling.follow(job)
        self._begin(job, "Starting …")

    def _start_path(self) -> Path | str:
        if self.start.value == FILE:
            path = self.file.line_edit.value
            if not path:
                raise InputError("Choose the model file to start from.")
            return Path(path)
        if self.start.value == LAST:
            if self._model is None:
                raise InputError("Nothing was trained yet; start from a new network.")
            return self._model
        return ""

    def _begin(self, job: Job, text: str) -> None:
        self._job, self._stopping = job, False
        self.run.text = "Stop"
        self.progress.visible = True
        self.show_progress(None)
        self._say(text)
        job.start()

    def _collect(self, job: Job, report: Report) -> None:
        if job is not self._job:
            return
        if not math.isnan(report.loss) and not report.done:
            self._losses.append(report.loss)
            if not math.isnan(report.held_out):
                self._measured.append((len(self._losses), report.held_out))
        if report.view is not None and report.frame is not None:
            assert self._canvas is not None
            if self._shown is not None and self._results.is_painted(self._shown):
                self._canvas.let_go()
            self._canvas.put(report.view, report.frame)
            self._show(self._canvas.results())
        self.last = report
        if report.done:
            self._model = self._path
        # layer and dock are drawn one after the other, so that no turn is long
        if report.frame is None or report.note or report.done:
            self._tell_how(report)

    def _tell_how(self, report: Report) -> None:
        self.curve.show_values(self._losses, self._measured)
        total = report.seconds + report.left
        self.show_progress(report.seconds / total if math.isfinite(total) else None)
        if report.note:
            self._say(report.note)
        elif not self._stopping:
            left = f", {max(report.left, 0):.0f} s left" * math.isfinite(report.left)
            words = f"Step {report.step}, {report.seconds:.0f} s{left}; loss"
            last = [f" (held out {value:.3f})" for _, value in self._measured[-1:]]
            self._say(f"{words} {report.loss:.3f}{''.join(last)}")

    def _show(self, results: dict[str, SpatialArray], every: bool = False) -> None:
        """Show results; while they still change, only those that can be seen."""
        pair, todo = self._taught[0], self._plan
        if not isinstance(pair, Pair) or pair.image not in self._viewer.layers:
            return
        assert todo is not None
        main = next(iter(results))
        selected = set(self._viewer.layers.selection)
        for name in reversed(results):  # the main result comes on top
            if every or name == main or self._is_seen(results[name].name):
                made = self._results.show(
                    results[name],
                    makes=todo.outputs[name],
                    source=pair.image,
                    image=layers.read(pair.image, pair.axes),
                    visible=todo.outputs[name] == "labels" or len(todo.outputs) == 1,
                )
                self._shown = made if name == main else self._shown
        self._viewer.layers.selection = selected  # who paints goes on painting

    def _is_seen(self, name: str) -> bool:
        return name in self._viewer.layers and self._viewer.layers[name].visible

    # ---- the whole layer

    def _predict_rest(self, job: Job) -> None:
        """Apply the finished network to all of the layer."""
        if job is not self._job:
            return
        pair, todo = self._taught[0], self._plan
        if todo is None or not isinstance(pair, Pair) or self._covered(todo):
            self._reveal(job, self._canvas.results() if self._canvas else {})
            return
        self._telling.end()
        image = layers.read(pair.image, pair.axes)
        self._progress = Progress(todo, pair.image, image)
        rest = Job(states, todo)
        rest.item.connect(lambda state: self._take(rest, state))
        progress = self._progress
        rest.finished.connect(lambda _: self._reveal(rest, progress.results()))
        rest.failed.connect(lambda text: self._end(rest, text))
        rest.cancelled.connect(lambda: self._cancelled(rest))
        self._begin(rest, "Predicting the whole layer …")

    def _take(self, job: Job, state: State) -> None:
        if job is self._job and self._progress is not None:
            self._progress.take(state)
            self.show_progress(self._progress.share)
            self._show(self._progress.results())

    def _covered(self, todo: Plan) -> bool:
        view = self._telling.view()
        whole = tuple(slice(0, todo.sizes[axis]) for axis in todo.spatial)
        return len(todo.frames) == 1 and view is not None and view.part == whole

    def _reveal(self, job: Job, results: dict[str, SpatialArray]) -> None:
        """Show one result after the other, the main one last, and end."""
        if job is not self._job:
            return
        if results:
            name, result = results.popitem()
            self._show({name: result}, every=True)
            QTimer.singleShot(1, lambda: self._reveal(job, results))
        else:
            self._end(job, " ".join([DONE, *job.remarks]))

    def _cancelled(self, job: Job) -> None:
        if job is self._job:
            kept = " The prediction shown is kept." * (self._canvas is not None)
            self._end(job, f"Cancelled.{kept}")

    def _end(self, job: Job, text: str) -> None:
        if job is self._job:
            self._telling.end()
            self._job = self._progress = None
            self._stopping = False
            self.run.text = "Train"
            self.progress.visible = False
            self.save.enabled = self._model is not None
            if self._model is not None:
                self.start.value = LAST
            self._say(text)

    # ---- beside training

    def _show_patches(self) -> None:
        try:
            taught, settings = self.taught(), self.settings
            settings.check()
            lessons = [
                one.lesson(settings, Path("none")) if isinstance(one, Pair) else one
                for one in taught
            ]
        except InputError as error:
            self._say(str(error))
            return
        self._say("Making patches …")
        job = Job(patches, lessons, settings)
        job.item.connect(lambda found: self._add_patches(*found))
        job.failed.connect(self._say)
        self._instead(job)
        job.start()

    def _instead(self, job: Job | None) -> None:
        """Let a job take the place of what was asked for before."""
        if self._search is not None:
            self._search.cancel()
        self._search = job

    def _add_patches(self, images: Any, labels: Any) -> None:
        """Show the first channel of patches, one per plane, and their labels."""
        for layer in self._patches:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._patches = [
            self._viewer.add_image(images[:, 0], name="patches"),
            self._viewer.add_labels(labels, name="patches labels", opacity=0.3),
        ]
        self._say("Each plane is a patch as the network sees it.")

    def go_to_most_uncertain(self) -> None:
        """Move the view to where the last result is least certain."""
        layer = self.labels_layer.value
        painted = None if layer is None else layer.data
        self._instead(seek_uncertain(self._viewer, painted, self._say))

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Save model", "model.morphogen", "*.morphogen"
        )
        if path:
            self.save_model(path)

    def save_model(self, path: str | Path) -> None:
        """Write the last trained model.

        Parameters
        ----------
        path : path
            Of the file.
        """
        if self._model is None:
            return
        try:
            with replacing(Path(path)) as aside:
                shutil.copyfile(self._model, aside)
        except OSError as error:
            self._say(f"Cannot write {path}: {error.strerror}.")
        else:
            self._say(f"Saved {path}.")

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.release()
        super().close()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        self.forget_layers()
        self._telling.end()
        jobs = (self._job, self._search, self._warm)
        self._job = self._search = None
        for job in jobs:
            if job is not None:
                job.cancel()
