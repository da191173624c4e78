"""The dock that measures objects: a table, a click on a row goes to its object."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from magicgui import widgets
from napari.layers import Image, Labels, Layer
from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_morphogen.measurements import Table, join, save_csv, tables
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.object_features import update
from napari_morphogen.plugin.preview import camera, is_preview
from napari_morphogen.worker import POOL


class MeasureDock(Dock):
    """Measures the objects of a Labels layer."""

    page = "measure.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._job: Job | None = None
        self._layer: Layer | None = None
        self._parts: list[Table] = []
        self.result: Table = {}
        self._build()
        self._connect()
        self.make_ready()
        POOL.warm()

    def _build(self) -> None:
        choose = partial(widgets.ComboBox, nullable=True)
        self.labels_layer = choose(
            name="labels",
            choices=partial(self._choices, Labels),
            tooltip="The objects to measure",
        )
        self.image = choose(
            name="image",
            choices=partial(self._choices, Image),
            tooltip="Intensities of the same shape; none measures shapes only",
        )
        self.run = widgets.PushButton(
            name="run",
            text="Measure",
            tooltip="Measure every object; a click on a row then shows it",
        )
        self.cancel = widgets.PushButton(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop what runs"
        )
        self.status = widgets.Label(name="status", label="")
        self.table = widgets.Table(
            name="table",
            tooltip="Click a row to go to its object, a head to sort by it",
        )
        self.copy = widgets.PushButton(
            name="copy",
            text="Copy table",
            enabled=False,
            tooltip="Copy the table, to paste it into a spreadsheet",
        )
        self.save = widgets.PushButton(
            name="save",
            text="Save CSV…",
            enabled=False,
            tooltip="Write the table to a file",
        )
        chosen = widgets.Container[Any](widgets=[self.labels_layer, self.image])
        rows = [
            widgets.Container[Any](widgets=pair, layout="horizontal", labels=False)
            for pair in ([self.run, self.cancel], [self.copy, self.save, self.help])
        ]
        self.extend([chosen, rows[0], self.status, self.table, rows[1]])
        for container in (chosen, *rows):
            container.margins = (0, 0, 0, 0)
        self.table.read_only = True
        self.status.native.setWordWrap(True)

    def _connect(self) -> None:
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._stop())
        self.copy.changed.connect(lambda: self._copy())
        self.save.changed.connect(lambda: self._save())
        self.table.native.cellClicked.connect(lambda row, _: self.go_to(row))
        header = self.table.native.horizontalHeader()
        header.sectionClicked.connect(self.sort)
        events = self._viewer.layers.events
        self.labels_layer.changed.connect(lambda: self._suggest_image())
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._layers_changed)
        self._layers_changed()

    def _layers_changed(self, event: object = None) -> None:
        self.reset_choices()
        choices = self._choices(Labels, None)
        if self.labels_layer.value is None and choices:
            self.labels_layer.value = choices[-1][1]
        self._suggest_image()

    def _suggest_image(self) -> None:
        """Choose the image that lies under the objects, where there is but one."""
        labels, chosen = self.labels_layer.value, self.image.value
        if labels is None or (chosen is not None and _alike(chosen, labels)):
            return
        fitting = [one for _, one in self._choices(Image, None) if _alike(one, labels)]
        self.image.value = fitting[0] if len(fitting) == 1 else None

    def _choices(self, kind: type[Layer], _: Any) -> list[tuple[str, Layer]]:
        found = [layer for layer in self._viewer.layers if isinstance(layer, kind)]
        return [(layer.name, layer) for layer in found if not is_preview(layer)]

    def _start(self) -> None:
        layer, image = self.labels_layer.value, self.image.value
        if layer is None:
            self.status.value = "Choose a Labels layer first."
            return
        try:
            objects = layers.read(layer)
            intensities = None if image is None else layers.read(image)
        except InputError as error:
            self.status.value = str(error)
            return
        self._layer, self._parts = layer, []
        job = self._job = Job(tables, objects, intensities)
        job.item.connect(self._parts.append)
        job.finished.connect(self._finish)
        job.failed.connect(self._end)
        job.cancelled.connect(lambda: self._end("Cancelled; the table is unchanged."))
        self.run.enabled, self.cancel.enabled = False, True
        self.status.value = "Measuring …"
        job.start()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _finish(self, seconds: float) -> None:
        self._show(join(self._parts))
        # napari shows the features of an object under the pointer, by its number
        if self._layer is not None and len(self._parts) == 1:
            features = pd.DataFrame(self.result)
            update(self._layer, features.assign(index=features["label"]))
        count = len(self.result.get("label", ()))
        self._end(f"{count} objects: {seconds:.1f} s")

    def _end(self, text: str) -> None:
        self._job = None
        self.run.enabled, self.cancel.enabled = True, False
        self.copy.enabled = self.save.enabled = bool(self.result)
        self.status.value = text

    def go_to(self, row: int) -> None:
        """Select the object of a row and bring it into view.

        Parameters
        ----------
        row : int
            Of the table as it is shown.
        """
        layer = self._layer
        if layer is None or layer not in self._viewer.layers:
            return
        at = {name: float(column[row]) for name, column in self.result.items()}
        axes = layers.usual_axes(layer)
        # places are measured from the first pixel, in units; time is an index
        steps = zip(axes, layer.scale, strict=True)
        index = [at[a] / s if a in "zyx" else at.get(a, 0) for a, s in steps]
        world = layer.data_to_world(index)
        layer.selected_label = int(at["label"])
        self._viewer.layers.selection.active = layer
        self._viewer.dims.set_point(range(-len(world), 0), world)
        shown = [world[axis - self._viewer.dims.ndim] for axis in self._displayed()]
        camera(self._viewer).center = tuple(shown)

    def _displayed(self) -> tuple[int, ...]:
        return tuple(self._viewer.dims.displayed)

    def sort(self, column: int) -> None:
        """Sort the rows by a column; once more turns them round.

        Parameters
        ----------
        column : int
            Of the table as it is shown.
        """
        values = list(self.result.values())[column]
        order = np.argsort(values, kind="stable")
        if np.array_equal(values[order], values, equal_nan=True):
            order = order[::-1]
        self._show({name: col[order] for name, col in self.result.items()})

    def _show(self, table: Table) -> None:
        self.result = table
        rounded = {n: [f"{v:.6g}" for v in column] for n, column in table.items()}
        self.table.value = rounded
        self.table.row_headers = range(1, len(self.table.value["index"]) + 1)

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(pd.DataFrame(self.result).to_csv(sep="\t", index=False))
            self.status.value = "Copied; paste it into a spreadsheet."

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Save table", "objects.csv", "*.csv"
        )
        if path:
            self.save_table(path)

    def save_table(self, path: str | Path) -> None:
        """Write the table as CSV.

        Parameters
        ----------
        path : path
            Of the file.
        """
        try:
            save_csv(path, self.result)
        except OSError as error:
            self.status.value = f"Cannot write {path}: {error.strerror}."
        else:
            self.status.value = f"Saved {path}."


def _alike(image: Layer, labels: Layer) -> bool:
    """Tell whether an image has an intensity or a colour for every labelled pixel."""
    shape = image.data.shape[:-1] if image.rgb else image.data.shape
    return shape == labels.data.shape and np.allclose(image.scale, labels.scale)
