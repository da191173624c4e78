"""The dock that learns classes of pixels from strokes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from magicgui import widgets
from napari.layers import Labels, Layer
from napari.viewer import Viewer

from napari_morphogen.params import InputError
from napari_morphogen.plugin.dock import MethodDock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import row
from napari_morphogen.plugin.preview import camera
from napari_morphogen.recipe import KEY
from napari_morphogen.segment.uncertainty import most_uncertain

BRUSH = 5  # pixels
STROKES = "strokes"


def place_of(uncertainty: Any, strokes: Any) -> Iterator[tuple[int, ...]]:
    """Yield the place that is least certain; for a worker."""
    known = None if strokes is None else np.asarray(strokes)
    yield most_uncertain(np.asarray(uncertainty), strokes=known)


class ExamplesDock(MethodDock):
    """Classes of pixels from a few strokes, and where more strokes help most."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "examples")
        self._search: Job | None = None
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
        self.insert(self.index(self.form), row(self.new, self.seek))
        self.new.changed.connect(lambda: self.new_strokes())
        self.seek.changed.connect(lambda: self.go_to_most_uncertain())

    def new_strokes(self) -> None:
        """Add an empty Labels layer on the image and paint on it."""
        image = self.image.value
        if image is None:
            self._say("Choose an image layer first.")
            return
        data = image.data[0] if image.multiscale else image.data
        layer = Labels(
            np.zeros(data.shape[: image.ndim], np.uint8),
            name=STROKES,
            scale=image.scale,
            translate=image.translate,
            rotate=image.rotate,
            shear=image.shear,
            affine=image.affine,
            units=image.units,
            axis_labels=image.axis_labels,
        )
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = layer
        layer.mode, layer.brush_size = "paint", BRUSH
        self.form[STROKES].value = layer.name
        self._say("Paint a stroke of label 1, then press M for a new label.")

    def go_to_most_uncertain(self) -> None:
        """Move the view to where the last result is least certain."""
        try:
            asked = self._ask()
            painted = asked.arrays().get(STROKES)
        except InputError as error:
            self._say(str(error))
            return
        found = self._made_as("uncertainty")
        if found is None or painted is None:
            self._say("Run a method first: it says where it is uncertain.")
            return
        fits = painted.data.shape == found.data.shape
        job = self._search = Job(place_of, found.data, painted.data if fits else None)
        job.item.connect(lambda place: self._go_to(found, place))
        job.failed.connect(self._say)
        job.start()

    def _made_as(self, output: str) -> Layer | None:
        """Return the newest layer that holds this result of the chosen method."""
        for layer in reversed(self._viewer.layers):
            steps = dict(layer.metadata.get(KEY, {})).get("steps")
            if steps and steps[-1].get("output") == output:
                return layer
        return None

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        super().release()
        if self._search is not None:
            self._search.cancel()

    def _go_to(self, layer: Layer, place: tuple[int, ...]) -> None:
        """Bring a pixel of a layer into the middle of the view."""
        if layer not in self._viewer.layers:
            return
        share = 100 * float(layer.data[place])
        self._say(f"Uncertainty {share:.0f} % here; paint a stroke and run again.")
        world = layer.data_to_world(place)
        ndim = self._viewer.dims.ndim
        self._viewer.dims.set_point(range(ndim - layer.ndim, ndim), world)
        shown = [axis - (ndim - layer.ndim) for axis in self._viewer.dims.displayed]
        centre = tuple(world[axis] for axis in shown if axis >= 0)
        camera(self._viewer).center = (0.0,) * (3 - len(centre)) + centre
