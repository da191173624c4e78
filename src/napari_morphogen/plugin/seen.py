"""The part of a layer that a network shows its prediction of."""

import math

from napari.components import ViewerModel
from napari.layers import Layer

from napari_morphogen.learning import View
from napari_morphogen.plans import Plan
from napari_morphogen.plugin.preview import visible

WHOLE = {2: 2**20, 3: 2**21}  # pixels of a frame up to which all of it is shown
PLANES = 8  # shown on both sides of the current one in a large volume


def seen(viewer: ViewerModel, layer: Layer, axes: str, todo: Plan, number: int) -> View:
    """Return the frame that is on screen, and which part of it.

    Parameters
    ----------
    viewer : napari viewer
        Whose view.
    layer : Image
        What is looked at.
    axes : str
        One letter per axis of the layer.
    todo : Plan
        Made for the layer.
    number : int
        Of the lesson.

    Raises
    ------
    InputError
        When the layer is out of sight.
    """
    point = layer.world_to_data(viewer.dims.point[-layer.ndim :])
    here = {
        axis: min(max(round(float(place)), 0), todo.sizes[axis] - 1)
        for axis, place in zip(axes, point, strict=True)
        if axis in todo.sizes
    }
    index = tuple(here[axis] for axis in todo.looped)
    sizes = [todo.sizes[axis] for axis in todo.spatial]
    part = tuple(slice(0, n) for n in sizes)
    if math.prod(sizes) > WHOLE[len(sizes)]:
        bounds = visible(viewer, layer, axes).bounds
        part = tuple(_stretch(axis, bounds[axis], todo) for axis in todo.spatial)
    return View(number, index, part)


def _stretch(axis: str, bounds: tuple[int, int], todo: Plan) -> slice:
    low, high = bounds
    if axis != "z":
        return slice(low, high)
    return slice(max(low - PLANES, 0), min(high + PLANES, todo.sizes["z"]))
