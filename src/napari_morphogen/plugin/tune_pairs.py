"""Layers of images and of what is right about them, as tuning takes them."""

from dataclasses import dataclass

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Shapes

from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers, marks
from napari_morphogen.spatial import SpatialArray


@dataclass(frozen=True)
class Pair:
    """Layers of an image and its reference.

    Attributes
    ----------
    image : Image or None
        What to segment.
    reference : Labels, Shapes or None
        What is painted on it.
    axes : str
        One letter per axis of the image.
    """

    image: Layer | None
    reference: Layer | None
    axes: str

    @property
    def name(self) -> str:
        """Of both."""
        return f"{self.image} with {self.reference}"

    def alive(self, viewer: ViewerModel) -> bool:
        """Tell whether both layers are still there."""
        return self.image in viewer.layers and self.reference in viewer.layers

    def read_image(self) -> SpatialArray:
        """Return the image, or raise InputError."""
        if self.image is None:
            raise InputError("Choose an image layer first.")
        return layers.read(self.image, self.axes)

    def read_reference(self) -> SpatialArray:
        """Return the reference without channels, or raise InputError."""
        layer = self.reference
        if layer is None or self.image is None:
            raise InputError(
                "Choose a reference: a Labels layer with some objects painted."
            )
        if isinstance(layer, Shapes):
            return _flat(marks.read(layer, self.image, self.axes))
        for axes in (self.axes.replace("c", ""), self.axes):
            if layer.ndim == len(axes):
                return _flat(layers.read(layer, axes))
        return layers.read(layer)


def _flat(labels: SpatialArray) -> SpatialArray:
    """Return what is painted on any of the channels."""
    axis = labels.axes.find("c")
    if axis < 0:
        return labels
    axes = labels.axes.replace("c", "")
    return labels.like(np.asarray(labels.data).max(axis=axis), axes, name=labels.name)
