"""The dock that trains generators on layers and makes new images with them."""

import weakref
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_morphogen.evaluate.meanings import meaning
from napari_morphogen.generating import (
    STOP,
    Report,
    Settings,
    Wanted,
    learn,
    ready,
    sampled,
)
from napari_morphogen.generating.messages import MEANINGS
from napari_morphogen.io import image_paths
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.generator_panel import BUDGETS, GeneratorPanel
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.model_paths import new_model_path
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

FIGURES = ("texture", "sharpness", "coverage", "copies")
GAP = 4  # pixels between layers of samples
MARK = "generator"  # in the metadata of layers that samples are shown in


class GeneratorDock(GeneratorPanel):
    """Trains a generator, shows its samples improve, and makes new ones."""

    def __init__(self, viewer: ViewerModel) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        super().__init__(lambda _: self._images())
        self._job: Job | None = None
        self._learns = self._stopping = False
        self._path = Path()
        self._layer: Layer | None = None  # that the running job shows samples in
        self._values: list[float] = []
        self.last: Report | None = None
        for event in self._events():
            event.connect(self._layers_changed)
        self.kind.changed.connect(lambda: self._kind_changed())
        self.run.changed.connect(lambda: self._pressed())
        self.more.changed.connect(lambda: self._sample())
        self.native.destroyed.connect(partial(_release, weakref.ref(self)))
        self._kind_changed()
        self._layers_changed()
        POOL.warm()
        self._warm = Job(ready)
        self._warm.failed.connect(self._say)
        self._warm.start()

    # ---- what is learnt from

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    def _images(self) -> list[tuple[str, Layer]]:
        found = [one for one in self._viewer.layers if isinstance(one, Image)]
        usable = [o for o in found if not is_preview(o) and MARK not in o.metadata]
        return [(layer.name, layer) for layer in usable]

    def _layers_changed(self, event: object = None) -> None:
        chosen = self.images.value
        self.images.reset_choices()
        offered = [layer for _, layer in self._images()]
        kept = [layer for layer in chosen or () if layer in offered]
        self.images.value = kept or offered[-1:]

    def _kind_changed(self) -> None:
        self.about.value = MEANINGS[self.kind.value]

    @property
    def settings(self) -> Settings:
        """What is chosen in the form."""
        return Settings(
            kind=self.kind.value,
            patch=int(self.patch.value),
            rotations=bool(self.rotations.value),
            each=bool(self.each.value),
            planes=bool(self.planes.value),
            seconds=BUDGETS[self.budget.value],
            seed=int(self.seed.value),
        )

    def _given(self) -> list[SpatialArray | Path]:
        """Return the chosen layers, or the files of the chosen folder."""
        folder = self.folder.line_edit.value
        if folder:
            return list(image_paths([Path(folder)]))
        chosen = list(self.images.value or ())
        if not chosen:
            raise InputError("Choose an image layer, or a folder of images, first.")
        return [layers.read(layer) for layer in chosen]

    # ---- training

    def _pressed(self) -> None:
        if self._job is None:
            self._start()
        elif self._stopping or not self._learns:
            self._job.cancel()
        else:
            self._stopping = True
            self.run.text = "Stop now"
            self._say("Ending with this step …")
            self._job.tell(STOP)

    def _start(self) -> None:
        try:
            settings = self.settings
            settings.check()
            given = self._given()
            path = new_model_path(_name(given[0]), settings.kind)
        except InputError as error:
            self._say(str(error))
            return
        self._path, self._values, self._layer = path, [], None
        self.curve.show_values([])
        job = Job(learn, given, settings, path)
        job.item.connect(lambda report: self._collect(job, report))
        job.cancelled.connect(lambda: self._cancelled(job))
        self._learns = True
        self._begin(job, "Starting …")

    def _begin(self, job: Job, text: str) -> None:
        job.finished.connect(lambda _: self._end(job, ""))
        job.failed.connect(lambda words: self._end(job, words))
        self._job, self._stopping = job, False
        self.run.text, self.more.enabled = "Stop", False
        self.progress.visible = True
        self.show_progress(None)
        self._say(text)
        job.start()

    def _collect(self, job: Job, report: Report) -> None:
        if job is not self._job:
            return
        self.last = report
        self._values += [value for k, value in report.losses.items() if k == "loss"]
        self.curve.show_values(self._values)
        if report.samples is not None:
            self._show_live(report.samples)
        total = report.seconds + report.left
        self.show_progress(report.seconds / total if total else None)
        if report.done:
            self.model.value = self._path
            self._show_card(report)
        elif report.note:
            self._say(report.note)
        elif not self._stopping:
            losses = ", ".join(f"{k} {v:.3f}" for k, v in report.losses.items())
            self._say(f"Step {report.step}, {report.left:.0f} s left; {losses}")

    def _show_card(self, report: Report) -> None:
        card = report.card or {}
        words = [f"{name} {card[name]:.2f}" for name in FIGURES if name in card]
        self._say("; ".join(words) or report.note)
        lines = [f"{name}: {meaning(name).text}" for name in FIGURES]
        self.status.tooltip = "\n".join(lines) if words else ""

    # ---- samples

    def _sample(self) -> None:
        path = Path(str(self.model.value or ""))
        wanted = Wanted(
            int(self.how_many.value),
            int(self.draw.value),
            float(self.truncation.value),
            montage=bool(self.montage.value),
        )
        try:
            wanted.check()
            if not path.is_file():
                raise InputError("Train a generator, or choose its file, first.")
        except InputError as error:
            self._say(str(error))
            return
        job = Job(sampled, path, wanted)
        job.item.connect(lambda found: self._take(job, found, wanted))
        job.cancelled.connect(lambda: self._end(job, "Cancelled; nothing was made."))
        self._learns = False
        self._begin(job, "Making samples …")

    def _take(self, job: Job, found: SpatialArray, wanted: Wanted) -> None:
        if job is self._job:
            self._added(found)
            self._say(f"{wanted.count} samples of seed {wanted.seed}.")
            self.draw.value = wanted.seed + 1

    def _show_live(self, found: SpatialArray) -> None:
        """Show how samples get better, unless the user has removed their layer."""
        if self._layer is None:
            self._layer = self._added(found)
        elif self._layer in self._viewer.layers:
            self._layer.data = found.data
            self._layer.metadata = dict(found.metadata)

    def _added(self, found: SpatialArray) -> Layer:
        """Show samples in a layer of their own, beside all others."""
        made = layers.make_layer(layers.layer_data(found, "image", found))
        self._place(made)
        added = self._viewer.add_layer(made)
        self._viewer.reset_view()  # beside the images it would not be seen
        return added

    def _place(self, layer: Layer) -> None:
        """Move a layer to the right of all others, so that it covers none."""
        ends = [one.extent.world[:, -2:] for one in self._viewer.layers]
        ends = [one for one in ends if np.isfinite(one).all()]
        if ends:
            top, _ = np.min(ends, axis=(0, 1))
            _, right = np.max(ends, axis=(0, 1))
            place = (top, right + layer.scale[-1] * GAP)
            layer.translate = (*layer.translate[:-2], *place)

    # ---- the end

    def _cancelled(self, job: Job) -> None:
        if job is self._job and self._path.is_file():  # only the comparison is missing
            self.model.value = self._path
            self._end(job, "Cancelled; what was learnt is kept.")
        else:
            self._end(job, "Cancelled.")

    def _end(self, job: Job, text: str) -> None:
        if job is self._job:
            self._job, self._stopping = None, False
            self.run.text, self.more.enabled = "Train", True
            self.progress.visible = False
            if text:
                self._say(text)

    def _say(self, text: str) -> None:
        self.status.value = text

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.release()
        super().close()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        for event in self._events():
            event.disconnect(self._layers_changed)
        jobs, self._job = (self._job, self._warm), None
        for job in jobs:
            if job is not None:
                job.cancel()


def _name(given: SpatialArray | Path) -> str:
    return given.stem if isinstance(given, Path) else given.name


def _release(dock: "weakref.ref[GeneratorDock]") -> None:
    alive = dock()  # what the garbage collector takes apart has nothing to release
    if alive is not None:
        alive.release()
