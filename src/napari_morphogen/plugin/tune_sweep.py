"""A slider and a strip of pictures: what values of a parameter make."""

from typing import Any

import numpy as np
from magicgui import widgets
from numpy.typing import NDArray
from qtpy.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_morphogen.plugin import forms
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import Latest
from napari_morphogen.plugin.thumbnails import thumbnail
from napari_morphogen.plugin.tune_work import Place, strip, whole
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import Candidate, Swatch, step, varied

WAIT_MS = 250  # while a slider moves
SIDE = 96  # pixels of a picture
VALUE = Qt.ItemDataRole.UserRole


class SweepView(QWidget):
    """Shows what values of one parameter make of a part of the image.

    Signals
    -------
    taken : Candidate
        A picture was clicked; the candidate has its value.
    """

    taken = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.candidate: Candidate | None = None
        self._image: SpatialArray | None = None
        self._crop: Place | None = None
        self._part: SpatialArray | None = None
        self._latest = Latest()
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.refresh)

    def _build(self) -> None:
        self.parameter = widgets.ComboBox(
            name="parameter",
            choices=self._choices,
            tooltip="Which parameter changes from picture to picture",
        )
        self.value: Any = None
        self.chosen = widgets.Container[Any](widgets=[self.parameter])
        self.chosen.margins = (0, 0, 0, 0)
        self.parameter.changed.connect(lambda: self._parameter_changed())
        self.pictures = QListWidget()
        self.pictures.setAccessibleName("what values make of the image")
        self.pictures.setToolTip("Click a picture to apply its value")
        self.pictures.setViewMode(QListView.ViewMode.IconMode)
        self.pictures.setResizeMode(QListView.ResizeMode.Adjust)
        self.pictures.setMovement(QListView.Movement.Static)
        self.pictures.setIconSize(QSize(SIDE, SIDE))
        self.pictures.setMinimumHeight(SIDE + 40)
        self.pictures.itemClicked.connect(self._take)
        self.words = QLabel("Tune or Suggest first, then click a row.")
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        for part in (self.chosen.native, self.pictures, self.words):
            layout.addWidget(part)

    # ---- what is looked at

    def show_image(self, image: SpatialArray | None, crop: Place | None) -> None:
        """Look at a part of an image.

        Parameters
        ----------
        image : SpatialArray or None
            Nothing is shown without.
        crop : tuple of (start, stop), optional
            For every axis but channels; the middle by default.
        """
        self._image, self._crop, self._part = image, crop, None

    def show_candidate(self, candidate: Candidate) -> None:
        """Look along a parameter of a candidate; the one looked at stays.

        Parameters
        ----------
        candidate : Candidate
            Its other parameters stay as they are.
        """
        before = self.parameter.value
        self.candidate = candidate
        with self.parameter.changed.blocked():
            self.parameter.reset_choices()
            if before in self.parameter.choices:
                self.parameter.value = before
        self._parameter_changed()

    def _choices(self, _: Any) -> list[tuple[str, tuple[int, str]]]:
        candidate = self.candidate
        if candidate is None:
            return []
        order = sorted(
            enumerate(candidate.steps), key=lambda pair: pair[0] != candidate.place
        )
        return [
            (f"{one.method}: {param.label}", (place, param.name))
            for place, one in order
            for param in varied(one.method)
        ]

    def _parameter_changed(self) -> None:
        if self.candidate is None or self.parameter.value is None:
            return
        place, name = self.parameter.value
        one = self.candidate.steps[place]
        if self.value is not None:
            self.chosen.remove(self.value)
        found = next(param for param in varied(one.method) if param.name == name)
        self.value = forms.widget(found, lambda _: [])
        forms.fill([self.value], one.parameters)
        self.value.changed.connect(lambda: self._value_changed())
        self.chosen.append(self.value)
        self._timer.start()

    def _value_changed(self) -> None:
        self.candidate = self._with(self.value.value)
        self._timer.start()

    def _with(self, value: Any) -> Candidate:
        assert self.candidate is not None
        place, name = self.parameter.value
        one = self.candidate.steps[place]
        changed = step(one.method, one.parameters | {name: value})
        return self.candidate.with_step(place, changed)

    # ---- the pictures

    def showEvent(self, event: Any) -> None:
        """Compute the pictures when they come into sight."""
        super().showEvent(event)
        self._timer.start()

    def refresh(self) -> None:
        """Compute the pictures anew, if they are in sight."""
        if self.candidate is None or self._image is None or not self.isVisible():
            return
        place, name = self.parameter.value
        image = self._image if self._part is None else self._part
        crop = self._crop if self._part is None else whole(self._part)
        self.pictures.clear()
        self.words.setText("Computing …")
        job = Job(strip, self.candidate, image, crop, name, place)
        self._latest.start(job, self._collect, self._end)

    def _collect(self, item: SpatialArray | Swatch) -> None:
        if isinstance(item, SpatialArray):
            self._part = item
            return
        text = _short(item.value)
        shown = QListWidgetItem(text)
        shown.setData(VALUE, item.value)
        if self._part is not None and item.result is not None:
            picture = thumbnail(channels_last(self._part), item.result, SIDE)
            shown.setIcon(QIcon(picture))
        shown.setToolTip(item.problem or f"{text}: {item.seconds:.2g} s. Click to take")
        self.pictures.addItem(shown)
        if item.value == self.value.value:
            with QSignalBlocker(self.pictures):
                self.pictures.setCurrentItem(shown)

    def _end(self, text: str) -> None:
        self.words.setText(text or "Click a picture to take its value.")

    def _take(self, item: QListWidgetItem) -> None:
        value = item.data(VALUE)
        self.candidate = self._with(value)
        with self.value.changed.blocked():
            self.value.value = value
        self._timer.start()
        self.taken.emit(self.candidate)

    def release(self) -> None:
        """End the job."""
        self._latest.drop()


def channels_last(image: SpatialArray) -> NDArray[Any]:
    """Return the pixels of an image with its channels behind."""
    axis = image.axes.find("c")
    return image.data if axis < 0 else np.moveaxis(image.data, axis, -1)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
