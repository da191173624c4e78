"""What a user has chosen in a dock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari.layers import Layer

from napari_morphogen.pipeline import plan
from napari_morphogen.plans import Plan
from napari_morphogen.plugin import layers, marks
from napari_morphogen.spatial import SpatialArray


@dataclass(frozen=True)
class Request:
    """One method with its parameters, for one layer.

    Attributes
    ----------
    layer : Image or Labels
        What to work on.
    axes : str
        One letter per axis of the layer.
    channel : int or None
        The channel chosen; None means all.
    method : str
        Its name.
    values : mapping
        Parameters that are no arrays.
    marks : mapping
        Labels, Points or Shapes layers by the parameters they are for.
    """

    layer: Layer
    axes: str
    channel: int | None
    method: str
    values: Mapping[str, Any]
    marks: Mapping[str, Layer]

    def arrays(self) -> dict[str, SpatialArray]:
        """Return what is marked, as labels on the pixels of the layer."""
        found = self.marks.items()
        return {name: marks.read(m, self.layer, self.axes) for name, m in found}

    def plan(self, arrays: Mapping[str, SpatialArray] | None = None) -> Plan:
        """Return what there is to compute, or raise InputError."""
        image = layers.read(self.layer, self.axes)
        words = {**self.values, **(self.arrays() if arrays is None else arrays)}
        return plan(self.method, image, channel=self.channel, **words)
