"""Choosing objects and giving some of them classes, by clicks."""

from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_morphogen.params import InputError
from napari_morphogen.plugin import class_layers, layers, object_features
from napari_morphogen.plugin.given_layer import GivenLayer
from napari_morphogen.plugin.object_panel import ObjectPanel
from napari_morphogen.plugin.picking import Picking
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.plugin.state_layers import is_states
from napari_morphogen.spatial import SpatialArray

NAMES = "morphogen-class-names"
USUAL = ("class 1", "class 2")


class TeachingPanel(ObjectPanel):
    """The part of the Object classes dock in which a person teaches.

    Parameters
    ----------
    viewer : napari viewer
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        super().__init__(partial(self._choices, Image), partial(self._choices, Labels))
        self._given: GivenLayer | None = None
        self._picking = Picking(self._viewer, self._picked, self.classes.choose)
        self._sure_to_remove = ""
        self._connect_teaching()
        self._layers_changed()

    def _connect_teaching(self) -> None:
        self.image.changed.connect(lambda: self._image_changed())
        self.objects.changed.connect(lambda: self._objects_changed())
        self.advanced["axes"].changed.connect(lambda: self._objects_changed())
        self.add.changed.connect(lambda: self.add_class())
        self.drop.changed.connect(lambda: self.remove_class())
        self.classes.renamed.connect(self._renamed)
        self.pick.changed.connect(lambda: self._pick_changed())
        for event in self._layer_events():
            event.connect(self._layers_changed)

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.release()
        super().close()

    def release(self) -> None:
        """Let go of the viewer, without touching any widget."""
        for event in self._layer_events():
            event.disconnect(self._layers_changed)
        self._picking.stop()
        if self._given is not None:
            self._given.release()

    def _say(self, text: str) -> None:
        self.status.value = text

    # ---- choices

    def _choices(self, kind: type[Layer], _: Any) -> list[tuple[str, Layer]]:
        return [
            (layer.name, layer)
            for layer in self._viewer.layers
            if isinstance(layer, kind)
            and not is_preview(layer)
            and not is_states(layer)
            and not class_layers.is_classes(layer)
        ]

    def _layers_changed(self, event: object = None) -> None:
        for combo, kind in ((self.image, Image), (self.objects, Labels)):
            combo.reset_choices()
            offered = self._choices(kind, None)
            if combo.value is None and offered:
                combo.value = offered[-1][1]

    def _image_changed(self) -> None:
        form, before = self.advanced["axes"], self.advanced["axes"].value
        if self.image.value is not None:
            form.value = layers.usual_axes(self.image.value)
        if form.value == before:  # else it has said so itself
            self._objects_changed()

    def _objects_changed(self) -> None:
        """Take up the classes and examples that the objects hold already."""
        layer = self.objects.value
        if self._given is not None:
            self._given.release()
        self._given = None
        if layer is None:
            self.pick.value = False
            return
        try:
            image = None if self.image.value is None else self._read_image()
            axes = layers.usual_axes(layer) if image is None else image.axes
            self._given = GivenLayer(self._viewer, layer, axes)
        except InputError as error:
            self._say(str(error))
            return
        self._take_names(layer)
        if self._given.classes:
            self._given.show(self.classes.names)
        self._count()
        if self.pick.value:
            self._picking.start(layer)

    def _take_names(self, layer: Layer) -> None:
        kept = list(layer.metadata.get(NAMES, ()))
        names = [*kept, *(self._given.classes.values() if self._given else ())]
        names = names or list(self.classes.names)
        names += [name for name in USUAL if len(set(names)) < 2 and name not in names]
        self._show_names(tuple(dict.fromkeys(names)))

    def _read_image(self) -> SpatialArray:
        layer = self.image.value
        if layer is None:
            raise InputError("Choose an image layer first.")
        return layers.read(layer, self.advanced["axes"].value)

    # ---- classes and examples

    def _show_names(self, names: tuple[str, ...]) -> None:
        self.classes.show_names(names)
        if self.objects.value is not None:
            self.objects.value.metadata[NAMES] = list(names)
        if self._given is not None:
            self._given.dress(names)
        self._count()

    def add_class(self, name: str = "") -> None:
        """Add a class and choose it.

        Parameters
        ----------
        name : str
            By default a number tells it from the others.
        """
        names = self.classes.names
        number = len(names) + 1
        while not name or name in names:
            name, number = f"class {number}", number + 1
        self._show_names((*names, name))
        self.classes.choose(len(names))

    def remove_class(self) -> None:
        """Remove the chosen class; if it has examples, when asked twice."""
        name, names = self.classes.chosen, self.classes.names
        count = self._given.counts.get(name, 0) if self._given else 0
        if count and self._sure_to_remove != name:
            self._sure_to_remove = name
            self._say(
                f"{name} has {count} examples; press Remove again to take them away."
            )
            return
        self._sure_to_remove = ""
        if name and self._given is not None:
            object_features.rename(self._given.objects, name, "")
        left = tuple(one for one in names if one != name)
        self._show_names(left)
        if self._given is not None and count + len(self._given.classes):
            self._given.show(left)  # the numbers behind it have moved up

    def _renamed(self, old: str, new: str) -> None:
        if self._given is not None:
            object_features.rename(self._given.objects, old, new)
        self._show_names(self.classes.names)

    def _pick_changed(self) -> None:
        layer = self.objects.value
        if not self.pick.value:
            self._picking.stop()
        elif layer is None or self._given is None:
            self.pick.value = False
            self._say("Choose the Labels layer of the objects first.")
        else:
            self._picking.start(layer)
            self._say("Click objects to give them the chosen class.")

    def _picked(self, index: tuple[int, ...], number: int) -> None:
        name = self.classes.chosen
        if self._given is None or not name:
            self._say("Add a class first.")
            return
        try:
            now = self._given.toggle(index, number, self.classes.names, name)
        except InputError as error:
            self._say(str(error))
            return
        self._say(f"Object {number}: {now or 'no class'}.")
        self._count()

    def _count(self) -> None:
        self.classes.show_counts(self._given.counts if self._given else {})
