"""The dock that learns classes of objects from a few clicks."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.object_classes import (
    Accuracy,
    Classified,
    Progress,
    classification,
    prepare,
    training,
)
from napari_morphogen.params import InputError
from napari_morphogen.plugin import class_layers, layers, object_features, object_files
from napari_morphogen.plugin.given_layer import GivenLayer
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import show_share
from napari_morphogen.plugin.results import Results
from napari_morphogen.plugin.strokes import go_to
from napari_morphogen.plugin.teaching import TeachingPanel
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

LISTED = 200  # objects


class ObjectClassesDock(TeachingPanel):
    """Classes of objects from a few clicks."""

    page = "object_classes.md"

    def __init__(self, viewer: Viewer) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        super().__init__(getattr(viewer, "__wrapped__", viewer))
        self._job: Job | None = None
        self._results = Results(self._viewer)
        self._folder = tempfile.TemporaryDirectory(prefix="morphogen-")
        self._runs = 0
        self.model: Path | None = None
        self.found: Classified | None = None
        self._found_on: Labels | None = None
        self._least: list[int] = []  # rows of the table, the least certain first
        self._next = 0
        self._connect()
        self._enable()
        POOL.warm()
        self._warm = Job(prepare)
        self._warm.failed.connect(self._say)
        self._warm.start()

    def _connect(self) -> None:
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._stop())
        self.apply.changed.connect(lambda: self._start_apply())
        self.seek.changed.connect(lambda: self.go_to_least_certain())
        self.least.clicked.connect(lambda index: self.go_to(index.row()))
        self.save.changed.connect(lambda: self._ask("model", self.save_model))
        self.load.changed.connect(lambda: self._ask_model())
        self.save_examples.changed.connect(
            lambda: self._ask("examples", self.save_given)
        )
        self.make_ready()

    # ---- learning and classifying

    def _start(self) -> None:
        self._begin(training, "Learning …")

    def _start_apply(self) -> None:
        self._begin(classification, "Classifying …")

    def _begin(self, work: Callable[..., Any], words: str) -> None:
        """Start a job; one that still runs is ended, its result being of the past."""
        try:
            image, asked = self._read_image(), self._asked()
            arguments = self._arguments(work, image, asked)
        except InputError as error:
            self._say(str(error))
            return
        self._stop()
        job = self._job = Job(work, *arguments)
        path = arguments[4] if work is training else arguments[0]
        job.item.connect(lambda item: self._collect(job, item, asked, path))
        job.finished.connect(lambda seconds: self._end(job, _ended(seconds)))
        job.failed.connect(lambda text: self._end(job, text))
        job.cancelled.connect(lambda: self._end(job, "Cancelled; what is there stays."))
        self._results.begin()
        self.accuracy.value = ""
        self._say(words)
        self._enable()
        job.start()

    def _asked(self) -> GivenLayer:
        if self._given is None:
            raise InputError("Choose the Labels layer of the objects first.")
        return self._given

    def _arguments(
        self, work: Callable[..., Any], image: SpatialArray, asked: GivenLayer
    ) -> tuple[Any, ...]:
        objects = layers.read(asked.objects)
        asked.frames.check_image(image)
        if work is classification:
            if self.model is None:
                raise InputError("Train or load a model first.")
            return self.model, image, objects
        names = self.classes.names
        if len(set(asked.classes.values())) < 2:
            raise InputError(
                "Give examples of at least two classes: tick Pick objects, choose a "
                "class and click objects."
            )
        self._runs += 1
        path = Path(self._folder.name, f"{self._runs}.morphogen")
        return image, objects, asked.classes, names, path, self.settings

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _collect(self, job: Job, item: Any, asked: GivenLayer, path: Path) -> None:
        if job is not self._job:
            return  # of older clicks
        if isinstance(item, Progress):
            show_share(self.progress, item.done / max(item.total, 1))
            self._say(f"{item.words} …")
        elif isinstance(item, Accuracy):
            self.accuracy.value = item.words
        else:
            self.model = path
            self._show(item, asked)
            self._enable()

    def _show(self, found: Classified, asked: GivenLayer) -> None:
        objects = asked.objects
        if objects not in self._viewer.layers:
            return
        colours = self._colours(found.classes)
        active = self._viewer.layers.selection.active
        layer = self._results.show(
            found.labels, makes="labels", source=objects, image=found.labels
        )
        class_layers.dress(layer, found.classes, colours)
        self._viewer.layers.selection.active = active
        object_features.fill(objects, found)
        self.found, self._found_on, self._next = found, objects, 0
        order = np.argsort(found.table["probability"], kind="stable").tolist()
        frames = found.table.get("frame", np.zeros(len(order), int)).tolist()
        keys = list(zip(frames, found.table["object"].tolist(), strict=True))
        known = asked.classes
        self._least = [row for row in order if keys[row] not in known][:LISTED]
        listed = {name: column[self._least] for name, column in found.table.items()}
        self.show_least(listed, colours.__getitem__)

    def _colours(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return colours for classes; those that the list lacks are added to it."""
        more = tuple(name for name in names if name not in self.classes.names)
        if more:
            self._show_names((*self.classes.names, *more))
        return self.classes.colours

    def _end(self, job: Job, text: str) -> None:
        if job is self._job:
            self._job = None
            self._say(text)
            self._enable()

    def _enable(self) -> None:
        busy = self._job is not None
        self.cancel.enabled = self.progress.visible = busy
        self.save.enabled = self.apply.enabled = self.model is not None
        self.seek.enabled = bool(self._least)

    # ---- the least certain

    def go_to_least_certain(self) -> None:
        """Go to the next object of the list, from the first on again after the last."""
        if self._least:
            row, self._next = self._next, (self._next + 1) % len(self._least)
            self.least.selectRow(row)
            self.go_to(row)

    def go_to(self, row: int) -> None:
        """Bring an object of the list into the middle of the view.

        Parameters
        ----------
        row : int
            Of the list.
        """
        layer, found = self._found_on, self.found
        if layer is None or found is None or layer not in self._viewer.layers:
            self._say("The layer of these objects is gone; train again.")
            return
        at = self._least[row]
        go_to(self._viewer, layer, tuple(found.places[at].tolist()))
        number, name = found.table["object"][at], found.table["class"][at]
        share = 100 * float(found.table["probability"][at])
        self._say(f"Object {number}: {name}, {share:.0f} % sure. Click it to teach.")

    # ---- files

    def _ask(self, what: str, save: Callable[[str], None]) -> None:
        own = self.model.suffix[1:] if self.model else "morphogen"
        ending = "csv" if what == "examples" else own
        path, _ = QFileDialog.getSaveFileName(
            self.native, f"Save {what}", f"objects.{ending}", f"*.{ending}"
        )
        if path:
            save(path)

    def _ask_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self.native, "Load model", "", "Models (*.morphogen *.onnx)"
        )
        if path:
            self.load_model(path)

    def save_model(self, path: str | Path) -> None:
        """Write the model to a file.

        Parameters
        ----------
        path : path
            Of the file.
        """
        if self.model is not None:
            self._try(partial(object_files.save_model, self.model, Path(path)))

    def save_given(self, path: str | Path) -> None:
        """Write the given classes as CSV.

        Parameters
        ----------
        path : path
            Of the file.
        """
        if self._given is not None:
            several = bool(self._given.frames.looped)
            given = self._given.classes
            self._try(partial(object_files.save_given, given, several, Path(path)))

    def load_model(self, path: str | Path) -> None:
        """Take a model from a file; Apply uses it.

        Parameters
        ----------
        path : path
            Of the file.
        """
        try:
            names = object_files.model_classes(Path(path))
        except InputError as error:
            self._say(str(error))
            return
        self.model = Path(path)
        self._colours(names)
        self._say(f"Loaded {path}: {', '.join(names)}. Press Apply.")
        self._enable()

    def _try(self, write: Callable[[], str]) -> None:
        try:
            self._say(write())
        except InputError as error:
            self._say(str(error))

    # ---- the end

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        super().release()
        for job in (self._job, self._warm):
            if job is not None:
                job.cancel()
        self._job = None
        self._folder.cleanup()


def _ended(seconds: float) -> str:
    return f"Done: {seconds:.1f} s"
