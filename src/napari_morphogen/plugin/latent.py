"""The dock to look into a VAE: sliders along its axes, ways between images."""

from functools import partial
from pathlib import Path
from typing import Any

from magicgui import widgets
from napari.layers import Layer
from napari.viewer import Viewer

from napari_morphogen.generating import between, compression, explored, ready, walk
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.generator_source import classes_of, images_of, network_of
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import Latest
from napari_morphogen.plugin.panel import row
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import POOL

AXES, REACH = 5, 3.0  # sliders, and standard deviations on either side
VAES = ("vae", "cvae")


class LatentDock(Dock):
    """Shows what the codes of a VAE stand for."""

    page = "latent.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._work = Latest()
        self._moved = False  # a slider, while a job was running
        self._layer: Layer | None = None  # that follows the sliders
        self._build()
        self._connect()
        self.make_ready()
        POOL.warm()
        self._warm = Job(ready)
        self._warm.failed.connect(self._say)
        self._warm.start()

    def _build(self) -> None:
        self.model = widgets.FileEdit(
            name="model", filter="Models (*.morphogen)", tooltip="A trained VAE"
        )
        self.model.line_edit.value = ""
        self.condition = widgets.ComboBox(
            name="condition",
            label="class",
            tooltip="What is to be made",
            choices=lambda _: classes_of(self.model.value),
            visible=False,
        )
        about = "Standard deviations from the mean, along a principal axis of the codes"
        self.sliders = [
            widgets.FloatSlider(
                name=f"axis_{i}",
                label=f"axis {i}",
                min=-REACH,
                max=REACH,
                tooltip=about,
            )
            for i in range(1, AXES + 1)
        ]
        self.reset = widgets.PushButton(
            name="reset", text="Back to the mean", tooltip="Set all sliders to 0"
        )
        image = partial(
            widgets.ComboBox,
            choices=lambda _: images_of(self._viewer.layers),
            nullable=True,
        )
        about = "An image whose middle patch is taken; none takes a sample"
        self.first = image(name="first", label="from", tooltip=about)
        self.last = image(name="last", label="to", tooltip=about)
        self.seed = widgets.SpinBox(
            name="seed",
            max=2**31 - 2,
            tooltip="Of the first sample; the last has the next",
        )
        self.how_many = widgets.SpinBox(
            name="count", value=9, min=2, max=1000, tooltip="How many images on the way"
        )
        self.way = widgets.PushButton(
            name="way",
            text="Interpolate",
            tooltip="Make images on the way from one code to another",
        )
        self.image = image(name="image", tooltip="The image to encode and decode")
        self.again = widgets.PushButton(
            name="again",
            text="Reconstruct",
            tooltip="Show what is left of an image when it has gone through the code",
        )
        self.cancel = widgets.PushButton(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop what runs"
        )
        self.status = widgets.Label(name="status", label="")
        self.status.native.setWordWrap(True)
        self.extend([_form(self.model, self.condition, *self.sliders), self.reset])
        ends = (self.first, self.last, self.seed, self.how_many)
        self.extend([_form(*ends), self.way, _form(self.image), self.again])
        self.extend([row(self.cancel, self.help), self.status])

    def _connect(self) -> None:
        self.model.changed.connect(lambda: self._model_changed())
        for slider in self.sliders:
            slider.changed.connect(lambda: self._walk())
        self.condition.changed.connect(lambda: self._walk())
        self.reset.changed.connect(lambda: self._reset())
        self.way.changed.connect(lambda: self._interpolate())
        self.again.changed.connect(lambda: self._reconstruct())
        self.cancel.changed.connect(lambda: self._stop())
        for event in self._events():
            event.connect(self._layers_changed)
        self._layers_changed()

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    def _layers_changed(self, event: object = None) -> None:
        for choice in (self.first, self.last, self.image):
            choice.reset_choices()

    def _model_changed(self) -> None:
        with self.condition.changed.blocked():
            self.condition.reset_choices()
        self.condition.visible = bool(self.condition.choices)
        self._layer = None
        self._work.drop()  # nothing of the model before arrives
        self._reset()

    def _path(self) -> Path:
        path = Path(str(self.model.value or ""))
        if network_of(path).get("kind") not in VAES:
            raise InputError(
                "Choose the file of a generator of the kind vae or cvae first; the "
                "dock Train a generator makes one."
            )
        return path

    # ---- what is done

    def _reset(self) -> None:
        for slider in self.sliders:
            with slider.changed.blocked():
                slider.value = 0
        self._walk()

    def _walk(self) -> None:
        """Show the image at the sliders; the newest of them, if they move on."""
        if self._work.job is not None:
            self._moved = True
            return
        self._moved = False
        try:
            path = self._path()
        except InputError as error:
            self._say(str(error))
            return
        length = network_of(path).get("latent")
        used = self.sliders[: length if isinstance(length, int) else 0]
        place = [[slider.value for slider in used]]
        self._start(self._follow, "", walk, path, place)

    def _follow(self, found: SpatialArray) -> None:
        plane = found.like(found.data[0], found.axes[1:])
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.data = plane.data
        else:
            self._layer = self._beside(plane)

    def _interpolate(self) -> None:
        seed = int(self.seed.value)
        given = (self.first.value, self.last.value)
        ends = [
            seed + i if layer is None else layers.read(layer)
            for i, layer in enumerate(given)
        ]
        text = "Looking for the way …"
        job = partial(between, count=int(self.how_many.value))
        self._begin(self._beside, text, job, *ends)

    def _reconstruct(self) -> None:
        if self.image.value is None:
            self._say("Choose an image to reconstruct first.")
            return
        image = layers.read(self.image.value)
        self._begin(self._show_again, "Encoding and decoding …", compression, image)

    def _show_again(self, found: Any) -> None:
        image = found.image
        made = layers.make_layer(layers.layer_data(image, "image", image))
        self._viewer.add_layer(made)
        self._say(
            f"A code has {found.values} values ({found.bytes_code} bytes), a patch "
            f"{found.pixels} ({found.bytes_patch} bytes). PSNR {found.psnr:.1f} dB, "
            f"SSIM {found.ssim:.2f}."
        )

    def _beside(self, found: SpatialArray) -> Layer:
        made = layers.make_layer(layers.layer_data(found, "image", found))
        layers.place_beside(made, self._viewer.layers)
        added = self._viewer.add_layer(made)
        self._viewer.reset_view()  # beside the images it would not be seen
        return added

    # ---- jobs

    def _begin(self, take: Any, text: str, function: Any, *given: Any) -> None:
        if self._work.job is not None:
            self._say("Still at work; press again in a moment.")
            return
        try:
            self._start(take, text, function, self._path(), *given)
        except InputError as error:
            self._say(str(error))

    def _start(self, take: Any, text: str, function: Any, *given: Any) -> None:
        asked = self.condition.value if self.condition.visible else ""
        job = Job(partial(explored, function, condition=str(asked or "")), *given)
        self._say(text)
        self._work.start(job, take, self._end)
        self.cancel.enabled = True

    def _stop(self) -> None:
        self._moved = False
        self._work.stop()

    def _end(self, text: str) -> None:
        self.cancel.enabled = False
        if text:
            self._say(text)
        if self._moved:
            self._walk()

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
        self._work.drop()
        self._warm.cancel()


def _form(*rows: widgets.Widget) -> widgets.Widget:
    form = widgets.Container[Any](widgets=list(rows))
    form.margins = (0, 0, 0, 0)
    return form
