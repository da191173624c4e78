"""An image and its labels, as layers or as files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray

from napari_morphogen.io.pairs import paired
from napari_morphogen.learning import Files, Lesson, Settings, lesson
from napari_morphogen.plans import Index, Plan
from napari_morphogen.plugin import layers


@dataclass(frozen=True)
class Pair:
    """Layers of an image and its labels.

    Attributes
    ----------
    image : Image
        What to learn on.
    labels : Labels
        What is painted on it.
    axes : str
        One letter per axis of the image.
    channel : int or None
        The channel chosen; None means all.
    """

    image: Layer
    labels: Layer
    axes: str
    channel: int | None

    @property
    def name(self) -> str:
        """Of the image."""
        return str(self.image.name)

    def lesson(self, settings: Settings, model: Path) -> Lesson:
        """Return what can be learnt; see `learning.lesson`."""
        image = layers.read(self.image, self.axes)
        own = self.axes if self.labels.ndim == len(self.axes) else None
        labels = layers.read(self.labels, own)
        return lesson(image, labels, settings, model, channel=self.channel)

    def painted(self, todo: Plan, index: Index) -> NDArray[Any]:
        """Return a copy of the labels of one frame; no other frame is read.

        Parameters
        ----------
        todo : Plan
            Of the lesson of this pair.
        index : tuple of int
            Of the frame.
        """
        known = {len(self.axes): self.axes, len(todo.axes): todo.axes}
        axes = known.get(self.labels.ndim, todo.spatial)
        frame = np.array(self.labels.data[todo.select(axes, index)])
        kept = [axis for axis in axes if axis not in todo.looped]
        return frame.max(axis=kept.index("c")) if "c" in kept else frame


Taught = Pair | Files


def alive(one: Taught, viewer: ViewerModel) -> bool:
    """Tell whether layers are still there; files always are."""
    if isinstance(one, Files):
        return True
    return one.image in viewer.layers and one.labels in viewer.layers


def folder_pairs(images: Path, labels: Path) -> tuple[list[Files], str]:
    """Return the files of two folders that belong together, and those that do not.

    Raises
    ------
    InputError
        When no names fit.
    """
    pairs = paired(labels, images)
    found = [Files(image, label) for label, image in pairs.found]
    return found, ", ".join(path.name for path in pairs.alone)
