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
    layer : Image, Labels or None
        What to work on; None for a method that makes its image from nothing.
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

    layer: Layer | None
    axes: str
    channel: int | None
    method: str
    values: Mapping[str, Any]
    marks: Mapping[str, Layer]

    def image(self) -> SpatialArray | None:
        """Return what to work on."""
        return None if self.layer is None else layers.read(self.layer, self.axes)

    def arrays(self) -> dict[str, SpatialArray]:
        """Return what is marked, as labels on the pixels of the layer."""
        if self.layer is None:
            return {}
        found = self.marks.items()
        return {name: marks.read(m, self.layer, self.axes) for name, m in found}

    def plan(self, arrays: Mapping[str, SpatialArray] | None = None) -> Plan:
        """Return what there is to compute, or raise InputError."""
        words = {**self.values, **(self.arrays() if arrays is None else arrays)}
        return plan(self.method, self.image(), channel=self.channel, **words)
