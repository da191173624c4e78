"""The dock that compares labels, images or sets of images with a reference."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.viewer import Viewer
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QListWidgetItem

from napari_morphogen import evaluation_tables as tables
from napari_morphogen.evaluations import (
    TOLERANCE,
    Comparison,
    Options,
    Progress,
    compare,
    state_maps,
)
from napari_morphogen.image_sets import ImageSet, SetOptions, compare_sets
from napari_morphogen.io.disk import write_text
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import show_share
from napari_morphogen.plugin.preview import camera, is_preview
from napari_morphogen.plugin.score_panel import LABELS, SETS, ScorePanel
from napari_morphogen.plugin.state_layers import is_states, states_data
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

GONE = "A compared layer is gone; press Evaluate again."


class EvaluateDock(ScorePanel):
    """Compares layers with a reference."""

    page = "evaluate.md"

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._job: Job | None = None
        self._checked: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._compared: list[Layer] = []  # the reference first
        self._axes, self._options = "", Options()
        self._made: weakref.WeakKeyDictionary[Layer, Layer]
        self._made = weakref.WeakKeyDictionary()
        self.comparisons: list[Comparison] = []
        super().__init__(self.reference_choices, self.listed_choices)
        self._connect()
        self._compare_changed()
        POOL.warm()

    def _connect(self) -> None:
        self.compare.changed.connect(lambda: self._compare_changed())
        self.reference.changed.connect(lambda: self._reference_changed())
        self.results.itemChanged.connect(self._check_changed)
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._stop())
        self.listed.changed.connect(lambda: self._list_objects())
        self.show_states.changed.connect(lambda: self._start_states())
        self.copy.changed.connect(lambda: self._copy())
        self.save.changed.connect(
            lambda: self._ask("scores", "*.csv *.json", self.save_figures)
        )
        self.save_list.changed.connect(
            lambda: self._ask("objects", "*.csv", self.save_objects)
        )
        for signal in (self.objects.clicked, self.objects.activated):
            signal.connect(lambda index: self.go_to(index.row()))
        for event in self._layer_events():
            event.connect(self._layers_changed)
        self.make_ready()

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    # ---- choices

    def reference_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that can be the reference."""
        return [(layer.name, layer) for layer in self._offered()]

    def listed_choices(self, _: Any) -> list[str]:
        """Return the names of the results that were compared."""
        return [one.name for one in self.comparisons]

    def _offered(self) -> Iterator[Layer]:
        wanted = Labels if self.compare.value == LABELS else Image
        for layer in self._viewer.layers:
            ours = is_preview(layer) or is_states(layer)
            if isinstance(layer, wanted) and not ours:
                yield layer

    def _compare_changed(self) -> None:
        self._stop()
        self._job = None  # what it still says belongs to the other comparison
        self.comparisons, self.status.value = [], ""
        self.show_choices()
        self._layers_changed()
        self._enable()

    def _layers_changed(self, event: object = None) -> None:
        self.reference.reset_choices()
        first = next(self._offered(), None)
        if self.reference.value is None and first is not None:
            self.reference.value = first
        self._list_results()

    def _reference_changed(self) -> None:
        layer = self.reference.value
        if layer is not None:
            self.tolerance.value = TOLERANCE * float(np.abs(layer.scale).min())
            self.tolerance.native.setSuffix(f" {layer.units[-1]:~}")
        self._list_results()

    def _list_results(self) -> None:
        offered = [one for one in self._offered() if one is not self.reference.value]
        if offered and not any(layer in self._checked for layer in offered):
            self._checked.add(offered[-1])
        with QSignalBlocker(self.results):
            self.results.clear()
            for layer in offered:
                item = QListWidgetItem(layer.name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                on = layer in self._checked
                state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
                item.setCheckState(state)
                self.results.addItem(item)

    def _check_changed(self, item: QListWidgetItem) -> None:
        layer = self._viewer.layers[item.text()]
        on = item.checkState() == Qt.CheckState.Checked
        self._checked.add(layer) if on else self._checked.discard(layer)

    # ---- what the user asks for

    def _start(self) -> None:
        truth = self.reference.value
        chosen = [one for one in self._offered() if one in self._checked]
        asked = [layer for layer in chosen if layer is not truth]
        if truth is None or not asked:
            self.status.value = "Choose a reference, and check a result or more."
            return
        read = self._read([truth, *asked])
        if read is None:
            return
        found: list[Comparison] = []
        axes, options = read[0].axes, self._chosen()
        job = self._comparing(read, options)
        job.item.connect(lambda item: self._collect(job, found, item))
        self._begin(
            job,
            lambda seconds: self._finish(
                [truth, *asked], axes, options, found, seconds
            ),
            "Comparing …",
        )

    def _chosen(self) -> Options:
        if self.compare.value != LABELS:
            return Options(images=True)
        by_class = self.kind.value == "classes"
        return Options(by_class, bool(self.sparse.value), float(self.tolerance.value))

    def _comparing(self, read: list[SpatialArray], options: Options) -> Job:
        if self.compare.value != SETS:
            return Job(compare, read[0], read[1:], options)
        real, *made = (ImageSet(one.name, [one]) for one in read)
        return Job(compare_sets, real, made, SetOptions(int(self.patch_size.value)))

    def _read(self, asked: list[Layer]) -> list[SpatialArray] | None:
        try:
            return [layers.read(layer) for layer in asked]
        except InputError as error:
            self.status.value = str(error)
            return None

    def _start_states(self) -> None:
        if any(layer not in self._viewer.layers for layer in self._compared):
            self.status.value = GONE
            return
        compared = list(self._compared)
        read = self._read(compared)
        if read is None:
            return
        truth, *results = read
        maps = [np.zeros(result.data.shape, np.uint8) for result in results]
        job = Job(state_maps, truth, results, self._options.sparse)
        job.item.connect(lambda item: _put(maps, *item))

        def finish(seconds: float) -> str:
            for layer, result, codes in zip(compared[1:], results, maps, strict=True):
                self._show_states(layer, result, codes)
            return "Every object has the colour of its state."

        self._begin(job, finish, "Colouring …")

    def _begin(self, job: Job, finish: Callable[[float], str], text: str) -> None:
        self._job = job
        job.finished.connect(lambda seconds: self._end(job, finish, seconds))
        job.failed.connect(lambda words: self._end(job, lambda _: words))
        job.cancelled.connect(
            lambda: self._end(job, lambda _: "Cancelled; nothing was changed.")
        )
        show_share(self.progress, 0)
        self.status.value = text
        self._enable()
        job.start()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    # ---- what comes back

    def _collect(
        self, job: Job, found: list[Comparison], item: Progress | Comparison
    ) -> None:
        if isinstance(item, Comparison):
            found.append(item)
        elif job is self._job:
            show_share(self.progress, item.done / max(item.total, 1))

    def _finish(
        self,
        compared: list[Layer],
        axes: str,
        options: Options,
        found: list[Comparison],
        seconds: float,
    ) -> str:
        self._compared, self._axes, self._options = compared, axes, options
        self.comparisons = found
        self.show_comparisons(found)
        self.listed.reset_choices()
        self.listed.value = found[0].name
        self._list_objects()
        frames = max(len(one.scores) for one in found)
        words = f"Compared with {compared[0].name}: {seconds:.1f} s."
        words += f" {frames} frames count as one set." if frames > 1 else ""
        return words + (f" {tables.SPARSE_NOTE}" if options.sparse else "")

    def _end(
        self, job: Job, finish: Callable[[float], str], seconds: float = 0
    ) -> None:
        if job is self._job:
            self._job = None
            self.status.value = finish(seconds)
            self._enable()

    def _enable(self) -> None:
        busy, there = self._job is not None, bool(self.comparisons)
        self.run.enabled, self.cancel.enabled = not busy, busy
        self.progress.visible = busy
        self.copy.enabled = self.save.enabled = there
        objects = there and bool(self.comparisons[0].objects)
        self.save_list.enabled = objects
        self.show_states.enabled = objects and not busy

    def _list_objects(self) -> None:
        one = self._shown()
        if one is not None:
            self.show_objects(one)

    def _shown(self) -> Comparison | None:
        known = {one.name: one for one in self.comparisons}
        return known.get(self.listed.value)

    def _show_states(self, layer: Layer, result: SpatialArray, codes: Any) -> None:
        triple = states_data(codes, result)
        earlier = self._made.get(layer)
        if earlier is not None and earlier in self._viewer.layers:
            if earlier.data.shape == codes.shape and not layers.moved(earlier, triple):
                earlier.data = codes  # adding a layer takes napari longer
                return
            self._viewer.layers.remove(earlier)
        for other in (layer, self.reference.value):  # they would mix with the colours
            other.visible = False
        self._made[layer] = self._viewer.add_layer(layers.make_layer(triple))

    # ---- objects

    def go_to(self, row: int) -> None:
        """Select the object of a row and bring it into view.

        Parameters
        ----------
        row : int
            Of the table of objects.
        """
        shown = self._shown()
        if shown is None:
            return
        number = self.comparisons.index(shown)
        truth, result = self._compared[0], self._compared[1 + number]
        layer = truth if shown.objects["of"][row] == "reference" else result
        if layer not in self._viewer.layers:
            self.status.value = GONE
            return
        at = [float(shown.objects[axis][row]) for axis in self._axes]
        world = layer.data_to_world(at)
        layer.selected_label = int(shown.objects["object"][row])
        self._viewer.layers.selection.active = layer
        dims = self._viewer.dims
        dims.set_point(range(-len(world), 0), world)
        seen = [world[axis - dims.ndim] for axis in dims.displayed]
        camera(self._viewer).center = tuple(seen)

    # ---- files

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            rows = tables.figure_rows(self.comparisons)
            clipboard.setText(tables.as_text(rows, markdown=True) + "\n")
            self.status.value = "Copied as a Markdown table."

    def _ask(self, name: str, kinds: str, save: Callable[[str], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.native, f"Save {name}", f"{name}.csv", kinds
        )
        if path:
            save(path)

    def save_figures(self, path: str | Path) -> None:
        """Write all figures as CSV, one row per result, or as JSON.

        Parameters
        ----------
        path : path
            JSON where it ends so.
        """
        found = self.comparisons
        as_json = Path(path).suffix.lower() == ".json"
        # results of one reference are no sample of images
        text = tables.as_json(found, summed=False) if as_json else ""
        self._write(path, text or tables.figures_csv(found))

    def save_objects(self, path: str | Path) -> None:
        """Write the table of objects as CSV.

        Parameters
        ----------
        path : path
            Of the file.
        """
        shown = self._shown()
        if shown is not None:
            columns = {n: column.tolist() for n, column in shown.objects.items()}
            self._write(path, tables.as_csv(columns))

    def _write(self, path: str | Path, text: str) -> None:
        try:
            write_text(Path(path), text)
        except InputError as error:
            self.status.value = str(error)
        else:
            self.status.value = f"Saved {path}."

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.release()
        super().close()

    def release(self) -> None:
        """End the job and let go of the viewer, without touching any widget."""
        for event in self._layer_events():
            event.disconnect(self._layers_changed)
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()


def _put(maps: list[Any], number: int, place: Any, codes: Any) -> None:
    maps[number][place] = codes
