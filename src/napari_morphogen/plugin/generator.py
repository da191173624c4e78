"""The dock that trains generators on layers and makes new images with them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_morphogen.evaluate.meanings import meaning
from napari_morphogen.generating import (
    STOP,
    Pair,
    Report,
    Settings,
    Wanted,
    learn,
    new_paired,
    painted,
    ready,
    sampled,
)
from napari_morphogen.generating.messages import MEANINGS
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.generator_panel import BUDGETS, IN_TURN, GeneratorPanel
from napari_morphogen.plugin.generator_source import (
    NO_CLASSES,
    PAINTER,
    WHOLE,
    chosen,
    images_of,
    labels_of,
    network_of,
)
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.model_paths import new_model_path
from napari_morphogen.plugin.panel import ALL_CHANNELS
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

FIGURES = ("texture", "sharpness", "coverage", "copies")
CURVE = ("loss", "gap")  # of the losses, what is drawn


class GeneratorDock(GeneratorPanel):
    """Trains a generator, shows its samples improve, and makes new ones."""

    page = "generators.md"

    def __init__(self, viewer: ViewerModel) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        super().__init__(
            lambda _: images_of(self._viewer.layers),
            lambda _: labels_of(self._viewer.layers),
            lambda _: self._channels(),
        )
        self._job: Job | None = None
        self._learns = self._stopping = False
        self._path = Path()
        self._layer: Layer | None = None  # that the running job shows samples in
        self._values: list[float] = []
        self.last: Report | None = None
        for event in self._events():
            event.connect(self._layers_changed)
        self.kind.changed.connect(lambda: self._kind_changed())
        self.classes.changed.connect(lambda: self._model_changed())
        self.images.changed.connect(lambda: self._offer_channels())
        self.model.changed.connect(lambda: self._model_changed())
        self.near.changed.connect(lambda: self._show_nearest())
        self.paint.changed.connect(lambda: self._paint(painted))
        self.renew.changed.connect(lambda: self._paint(new_paired))
        self.run.changed.connect(lambda: self._pressed())
        self.more.changed.connect(lambda: self._sample())
        self.make_ready()
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

    def _channels(self) -> list[Any]:
        """Return all, and the number of every channel of the first chosen image."""
        chosen = list(self.images.value or ())
        image = layers.read(chosen[0]) if chosen else None
        if image is None or "c" not in image.axes:
            return [ALL_CHANNELS]
        count = image.data.shape[image.axes.index("c")]
        return [ALL_CHANNELS, *map(str, range(count))]

    def _offer_channels(self) -> None:
        self.channel.reset_choices()
        self.channel.visible = len(self.channel.choices) > 1

    def _layers_changed(self, event: object = None) -> None:
        pairs: Any = (
            (self.images, images_of),
            (self.label_layers, labels_of),
        )
        for several, found in pairs:
            before = several.value
            several.reset_choices()
            offered = [layer for _, layer in found(self._viewer.layers)]
            kept = [layer for layer in before or () if layer in offered]
            several.value = kept or offered[-1:]
        self.to_paint.reset_choices()
        self._offer_channels()

    def _kind_changed(self) -> None:
        self.about.value = MEANINGS[self.kind.value]
        self.suggest_patch()
        if self.kind.value == "cvae" and self.classes.value == NO_CLASSES:
            self.classes.value = WHOLE
        self._model_changed()

    def _model_changed(self) -> None:
        """Offer what the chosen model can be asked for."""
        network = network_of(self.model.value)
        self.condition.reset_choices()
        trains = self.kind.value == PAINTER
        self.unfold(paints=bool(network.get("maps")) if network else trains)
        self.condition.visible = len(self.condition.choices) > 1

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
            given = chosen(self)
            path = new_model_path(given.name, settings.kind)
        except InputError as error:
            self._say(str(error))
            return
        self._path, self._values, self._layer = path, [], None
        self.curve.show_values([])
        channel = None if self.folder.line_edit.value else self.channel.value
        words = given.words | {"channel": _number(channel)}
        job = Job(partial(learn, **words), given.images, settings, path)
        job.item.connect(lambda report: self._collect(job, report))
        job.cancelled.connect(lambda: self._cancelled(job))
        self._learns = True
        self._begin(job, "Starting …")

    def _begin(self, job: Job, text: str) -> None:
        job.finished.connect(lambda _: self._end(job, ""))
        job.failed.connect(lambda words: self._end(job, words))
        self._job, self._stopping = job, False
        self.run.text, self.more.enabled = "Stop", False
        self.paint.enabled = self.renew.enabled = False
        self.progress.visible = True
        self.show_progress(None)
        self._say(text)
        job.start()

    def _collect(self, job: Job, report: Report) -> None:
        if job is not self._job:
            return
        self.last = report
        self._values += [value for k, value in report.losses.items() if k in CURVE]
        self.curve.show_values(self._values)
        if report.samples is not None:
            self._show_live(report.samples)
        total = report.seconds + report.left
        self.show_progress(report.seconds / total if total else None)
        if report.done:
            self.model.value = self._path
            self.near.enabled = report.nearest is not None
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
        path, asked = Path(str(self.model.value or "")), self.condition.value
        wanted = Wanted(
            int(self.how_many.value),
            int(self.draw.value),
            float(self.truncation.value),
            condition="" if asked == IN_TURN else str(asked),
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

    def _show_nearest(self) -> None:
        if self.last is not None and self.last.nearest is not None:
            self._added(self.last.nearest)

    def _paint(self, work: Callable[..., Iterator[Any]]) -> None:
        layer = self.to_paint.value
        if layer is None:
            self._say("Choose the labels to paint first.")
            return
        path = Path(str(self.model.value))
        job = Job(work, path, layers.read(layer), int(self.draw.value))
        job.item.connect(lambda found: self._painted(job, layer, found))
        job.cancelled.connect(lambda: self._end(job, "Cancelled; nothing was painted."))
        self._learns = False
        self._begin(job, "Painting …")

    def _painted(
        self, job: Job, layer: Layer, found: float | Pair | SpatialArray
    ) -> None:
        if job is not self._job:
            return
        if isinstance(found, float):
            self.show_progress(found)
        elif isinstance(found, Pair):
            for one, makes in zip(found, ("image", "labels"), strict=True):
                made = layers.make_layer(layers.layer_data(one, makes, one))
                self._viewer.add_layer(made)
            self._say(f"{made.name} and its image: a pair to train on.")
            self.draw.value += 1
        else:
            made = layers.make_layer(layers.layer_data(found, "image", found))
            place = self._viewer.layers.index(layer) if self._is_there(layer) else None
            self._viewer.layers.insert(len(self._viewer.layers), made)
            if place is not None:  # below its labels
                self._viewer.layers.move(len(self._viewer.layers) - 1, place)
            self._say(f"{made.name}: seed {self.draw.value}.")
            self.draw.value += 1

    def _is_there(self, layer: Layer) -> bool:
        return layer in self._viewer.layers

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
        layers.place_beside(made, self._viewer.layers)
        added = self._viewer.add_layer(made)
        self._viewer.reset_view()  # beside the images it would not be seen
        return added

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
            self.paint.enabled = self.renew.enabled = True
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


def _number(channel: Any) -> int | None:
    return None if channel in (None, ALL_CHANNELS) else int(channel)
