"""What the Train dock learns from: layers, and folders of files."""

from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.pairs import Pair, Taught, alive, folder_pairs
from napari_morphogen.plugin.panel import ALL_CHANNELS
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.plugin.strokes import ADVICE, new_strokes
from napari_morphogen.plugin.train_panel import (
    FILE,
    LAST,
    MEANINGS,
    NEW,
    TrainPanel,
)


class TaughtPanel(TrainPanel):
    """A panel that knows what is to be learnt from.

    Parameters
    ----------
    viewer : napari viewer
        Where images and labels are.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._pairs: list[Taught] = []
        super().__init__(self.image_choices, self.label_choices, self.channel_choices)
        self.image.changed.connect(lambda: self._image_changed())
        self.axes.changed.connect(lambda: self._axes_changed())
        self.start.changed.connect(lambda: self._start_changed())
        self.meaning.changed.connect(lambda: self._meaning_changed())
        self.more.changed.connect(lambda on: setattr(self.advanced, "visible", on))
        self.new.changed.connect(lambda: self._new_strokes())
        self.add.changed.connect(lambda: self._add_pair())
        self.folders.changed.connect(lambda: self._ask_folders())
        self.forget.changed.connect(lambda: self._set_pairs([]))
        for event in self._layer_events():
            event.connect(self._layers_changed)
        self._layers_changed()

    def forget_layers(self) -> None:
        """Follow the viewer's layers no longer."""
        for event in self._layer_events():
            event.disconnect(self._layers_changed)

    def _layer_events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    # ---- choices

    def image_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that can be learnt on."""
        return self._of(Image)

    def label_choices(self, _: Any) -> list[tuple[str, Layer]]:
        """Return names and layers that can be painted on."""
        return self._of(Labels)

    def channel_choices(self, _: Any) -> list[str]:
        """Return the channels of the chosen layer."""
        layer, axes = self.image.value, self.axes.value
        if layer is None or "c" not in axes or len(axes) != layer.ndim:
            return [ALL_CHANNELS]
        data = layer.data[0] if layer.multiscale else layer.data
        return [ALL_CHANNELS, *map(str, range(data.shape[axes.index("c")]))]

    def _of(self, kind: type[Layer]) -> list[tuple[str, Layer]]:
        found = [layer for layer in self._viewer.layers if isinstance(layer, kind)]
        return [(layer.name, layer) for layer in found if not is_preview(layer)]

    def _layers_changed(self, event: object = None) -> None:
        for box, kind in ((self.image, Image), (self.labels_layer, Labels)):
            box.reset_choices()
            offered = self._of(kind)
            if box.value is None and offered:
                box.value = offered[-1][1]
        self._pairs = [one for one in self._pairs if alive(one, self._viewer)]
        self._set_pairs(self._pairs)

    def _image_changed(self) -> None:
        if self.image.value is not None:
            try:
                self.axes.value = layers.usual_axes(self.image.value)
            except InputError as error:
                self._say(str(error))
        self._axes_changed()

    def _axes_changed(self) -> None:
        self.channel.reset_choices()
        self.channel.visible = len(self.channel.choices) > 1

    def _start_changed(self) -> None:
        self.file.visible = self.start.value == FILE

    def _meaning_changed(self) -> None:
        if self.start.value == LAST:  # it has learnt something else
            self.start.value = NEW
        self._say(f"{MEANINGS[self.meaning.value][2]}.")

    # ---- what is learnt from

    def _pair(self) -> Pair:
        if self.image.value is None:
            raise InputError("Choose an image layer first.")
        if self.labels_layer.value is None:
            raise InputError(
                "Choose a labels layer, or press New strokes and paint on it."
            )
        channel = self.channel.value
        number = None if channel in (ALL_CHANNELS, None) else int(channel)
        return Pair(self.image.value, self.labels_layer.value, self.axes.value, number)

    def _add_pair(self) -> None:
        try:
            pair = self._pair()
        except InputError as error:
            self._say(str(error))
            return
        if pair not in self._pairs:
            self._set_pairs([*self._pairs, pair])

    def _ask_folders(self) -> None:
        images = QFileDialog.getExistingDirectory(self.native, "Folder of images")
        if images:
            labels = QFileDialog.getExistingDirectory(self.native, "Folder of labels")
            if labels:
                self.add_folders(images, labels)

    def add_folders(self, images: str | Path, labels: str | Path) -> None:
        """Learn from a folder of images and one of labels, too.

        Parameters
        ----------
        images, labels : path
            Of folders with files of the same names.
        """
        try:
            found, alone = folder_pairs(Path(images), Path(labels))
        except InputError as error:
            self._say(str(error))
            return
        self._set_pairs([*self._pairs, *found])
        self._say(f"Without a partner, left out: {alone}." if alone else "")

    def _set_pairs(self, pairs: list[Taught]) -> None:
        self._pairs = pairs
        names = [pair.name for pair in pairs]
        text = ", ".join(names[:3]) + (f" and {len(names) - 3} more" * (len(names) > 3))
        self.pairs.value = f"Learns from: {text}" if pairs else ""
        self.pairs.visible = self.forget.enabled = bool(pairs)

    def _new_strokes(self) -> None:
        if self.image.value is None:
            self._say("Choose an image layer first.")
            return
        self.labels_layer.value = new_strokes(self._viewer, self.image.value)
        self._say(f"{ADVICE} {MEANINGS[self.meaning.value][2]}.")

    def taught(self) -> list[Taught]:
        """Return what is chosen, and what was added before."""
        if not self._pairs:
            return [self._pair()]
        if self.image.value is None or self.labels_layer.value is None:
            return self._pairs
        chosen = self._pair()
        return [chosen, *[pair for pair in self._pairs if pair != chosen]]

    def _say(self, text: str) -> None:
        self.status.value = text
