"""The dock that learns classes of pixels from strokes."""

from pathlib import Path

from magicgui import widgets
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.learning.strokes import learn_strokes
from napari_morphogen.params import InputError
from napari_morphogen.plugin.dock import MethodDock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import row
from napari_morphogen.plugin.shortcuts import add_shortcuts
from napari_morphogen.plugin.strokes import (
    ADVICE,
    STROKES,
    new_strokes,
    seek_uncertain,
)
from napari_morphogen.registry import get
from napari_morphogen.segment.stroke_files import SUFFIX


class ExamplesDock(MethodDock):
    """Classes of pixels from a few strokes, and where more strokes help most."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "examples")
        self._search: Job | None = None
        self._saving: Job | None = None
        self.live.text = "Live while painting"
        self.new = widgets.PushButton(
            name="new",
            text="New strokes",
            tooltip="Add a Labels layer to paint on: one label for each class",
        )
        self.seek = widgets.PushButton(
            name="seek",
            text="Go to most uncertain",
            tooltip="Move the view to where the result can be trusted least",
        )
        self.export = widgets.PushButton(
            name="export",
            text="Save classifier…",
            tooltip="Write what the strokes teach to a file for other images",
        )
        self.insert(self.index(self.form), row(self.new, self.seek))
        self.append(self.export)
        buttons = {"run": self.run, "new": self.new, "seek": self.seek}
        self.append(add_shortcuts(self.native, buttons, self._viewer))
        self.new.changed.connect(lambda: self.new_strokes())
        self.seek.changed.connect(lambda: self.go_to_most_uncertain())
        self.export.changed.connect(lambda: self._ask_where())

    def new_strokes(self) -> None:
        """Add an empty Labels layer on the image and paint on it."""
        image = self.image.value
        if image is None:
            self._say("Choose an image layer first.")
            return
        if get(self.method.value).fit is None:
            self.method.value = self.method.choices[0]
        self.form[STROKES].value = new_strokes(self._viewer, image).name
        self._say(ADVICE)

    def go_to_most_uncertain(self) -> None:
        """Move the view to where the last result is least certain."""
        try:
            asked = self._ask()
            painted = asked.arrays().get(STROKES)
        except InputError as error:
            self._say(str(error))
            return
        data = None if painted is None else painted.data
        self._search = seek_uncertain(self._viewer, data, self._say)

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Save classifier", f"strokes{SUFFIX}", f"*{SUFFIX}"
        )
        if path:
            self.save_classifier(path)

    def save_classifier(self, path: str | Path) -> None:
        """Learn from the strokes and write the classifier.

        Parameters
        ----------
        path : path
            Of the file.
        """
        if self._saving is not None:
            self._saving.cancel()
        try:
            todo = self._ask().plan()
            if todo.method.fit is None:
                raise InputError("Choose a method that learns from strokes.")
        except InputError as error:
            self._say(str(error))
            return
        self._say("Learning …")
        self._saving = job = Job(learn_strokes, [todo], path)
        job.item.connect(lambda written: self._say(f"Saved {written}."))
        job.failed.connect(self._say)
        job.start()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        super().release()
        for job in (self._search, self._saving):
            if job is not None:
                job.cancel()
