"""The samples of the library as layers for File > Open Sample."""

from typing import Any

from napari_morphogen import samples
from napari_morphogen.plugin.layers import layer_data
from napari_morphogen.spatial import SpatialArray


def coins() -> list[Any]:
    """Open the coins."""
    return _layers(samples.coins())


def cell() -> list[Any]:
    """Open the cell."""
    return _layers(samples.cell())


def tissue() -> list[Any]:
    """Open the stained tissue."""
    return _layers(samples.tissue())


def retina() -> list[Any]:
    """Open the retina."""
    return _layers(samples.retina())


def bricks() -> list[Any]:
    """Open the wall of bricks."""
    return _layers(samples.bricks())


def membranes() -> list[Any]:
    """Open the membranes."""
    return _layers(samples.membranes())


def spheres() -> list[Any]:
    """Open the spheres in 3-D."""
    return _layers(samples.spheres())


def drifting() -> list[Any]:
    """Open the drifting discs."""
    return _layers(samples.drifting())


def _layers(sample: SpatialArray) -> list[Any]:
    return [layer_data(sample, "image", sample)]
