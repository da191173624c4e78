"""What is tuned to: images and references, chosen, painted and added."""

from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes

from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.plugin.state_layers import is_states
from napari_morphogen.plugin.strokes import ADVICE as STROKES
from napari_morphogen.plugin.strokes import new_strokes
from napari_morphogen.plugin.tune_pairs import Pair
from napari_morphogen.plugin.tune_panel import TunePanel

OBJECTS = (
    "Paint a few whole objects, each with its own number (M takes the next), "
    "then press Tune."
)


class TuneChoices(TunePanel):
    """The upper part of the dock, and what it offers of a viewer's layers.

    Parameters
    ----------
    viewer : napari viewer
        Whose layers are offered.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._added: list[Pair] = []
        super().__init__(self.image_choices, self.reference_choices)
        self.image.changed.connect(lambda: self._image_changed())
        self.new.changed.connect(lambda: self.new_reference())
        self.add.changed.connect(lambda: self._add())
        self.forget.changed.connect(lambda: self._forget())
        for event in self._layer_events():
            event.connect(self._layers_changed)
        self._layers_changed()

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    def image_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that can be segmented."""
        return self._choices((Image,))

    def reference_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that can be the reference."""
        return self._choices((Labels, Shapes))

    def _choices(self, kinds: tuple[type[Layer], ...]) -> list[tuple[str, Layer]]:
        found = [layer for layer in self._viewer.layers if isinstance(layer, kinds)]
        kept = [one for one in found if not (is_preview(one) or is_states(one))]
        return [(layer.name, layer) for layer in kept]

    def _layers_changed(self, event: object = None) -> None:
        for box in (self.image, self.reference):
            box.reset_choices()
            if box.value is None and len(box.choices) > 1:
                box.value = box.choices[-1]
        self._list_pairs()

    def _image_changed(self) -> None:
        layer = self.image.value
        if layer is not None:
            try:
                self.axes.value = layers.usual_axes(layer)
            except InputError as error:
                self.axes.value = ""
                self.status.value = str(error)

    def new_reference(self) -> None:
        """Add an empty Labels layer on the image and paint on it."""
        layer = self.image.value
        if layer is None:
            self.status.value = "Choose an image layer first."
            return
        painted = new_strokes(self._viewer, layer)
        painted.name = "reference"
        self.reference.value = painted
        self.sparse.value = True
        classes = self.kind.value == "classes"
        self.status.value = STROKES if classes else OBJECTS

    # ---- pairs

    @property
    def _pair(self) -> Pair:
        return Pair(self.image.value, self.reference.value, self.axes.value)

    @property
    def pairs(self) -> list[Pair]:
        """What is tuned to: the pairs that were added, and the chosen one."""
        here = self._pair
        added = [pair for pair in self._added if pair.alive(self._viewer)]
        known = here in added or (added and here.reference is None)
        return added if known else [*added, here]

    def _add(self) -> None:
        try:
            self._pair.read_image()
            self._pair.read_reference()
        except InputError as error:
            self.status.value = str(error)
            return
        if self._pair not in self._added:
            self._added.append(self._pair)
        self._list_pairs()

    def _forget(self) -> None:
        self._added.clear()
        self._list_pairs()

    def _list_pairs(self) -> None:
        self._added = [pair for pair in self._added if pair.alive(self._viewer)]
        names = [one.name for one in self._added]
        self.listed.value = "Added: " + ", ".join(names)
        self.listed.visible = self.forget.enabled = bool(names)

    def let_go(self) -> None:
        """Do not follow the viewer's layers any more."""
        for event in self._layer_events():
            event.disconnect(self._layers_changed)
