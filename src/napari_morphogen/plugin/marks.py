"""What a user has marked on an image, as labels: strokes, points, drawn shapes."""

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet

import numpy as np
from napari.layers import Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_morphogen.drawing import drawn, inside, rounded
from napari_morphogen.plugin import layers
from napari_morphogen.recipe import KEY
from napari_morphogen.spatial import SpatialArray

KINDS = (Labels, Points, Shapes)

Place = Callable[[Any], Any]


def read(marks: Layer, image: Layer, axes: str) -> SpatialArray:
    """Return marks as labels on the pixels of an image.

    Parameters
    ----------
    marks : Labels, Points or Shapes
        Every point and every shape becomes a label of its own, in their order.
    image : Image or Labels
        The layer that was marked.
    axes : str
        Of `image`, without colours.
    """
    if isinstance(marks, Labels):
        own = axes if marks.ndim == len(axes) else None
        return layers.read(marks, own)
    whole = layers.read(image, axes)
    sizes = whole.data.shape[: image.ndim]
    place = _place(marks, image)
    if isinstance(marks, Points):
        labels = _dots([place(point) for point in marks.data], sizes)
    else:
        pairs = zip(marks.data, marks.shape_type, strict=True)
        shapes = ((np.stack([place(v) for v in found]), kind) for found, kind in pairs)
        labels = drawn(shapes, sizes)
    metadata = {KEY: marks.metadata[KEY]} if KEY in marks.metadata else {}
    return SpatialArray(labels, axes, name=marks.name, metadata=metadata)


def only(
    found: Iterable[Layer], image: Layer | None, axes: str, results: bool = True
) -> Layer | None:
    """Return the layer that marks an image, where no other one can be meant.

    Parameters
    ----------
    found : iterable of Layer
        Of all kinds. Labels come before what is drawn.
    image : Image, Labels or None
        The layer that is marked.
    axes : str
        Of `image`, without colours.
    results : bool
        Whether what a method made is meant, too; strokes to learn from it is not.
    """
    if image is None:
        return None
    shape = image.data.shape[: image.ndim]
    bare = tuple(n for n, axis in zip(shape, axes, strict=False) if axis != "c")
    drawn = [one for one in found if isinstance(one, KINDS) and one is not image]
    drawn = [one for one in drawn if results or KEY not in one.metadata]
    labels = [one for one in drawn if isinstance(one, Labels)]
    fitting = [one for one in labels if one.data.shape in (shape, bare)]
    fitting = fitting if labels else drawn
    return fitting[0] if len(fitting) == 1 else None


class Follower:
    """Calls a function whenever marks change that it has been told of.

    Parameters
    ----------
    act : callable
        A method, called with the event.
    """

    def __init__(self, act: Callable[[Any], None]) -> None:
        self._act = act
        self._known: WeakSet[Layer] = WeakSet()

    def follow(self, layer: Layer) -> None:
        """Follow a layer, if it holds marks and is not followed yet."""
        if isinstance(layer, KINDS) and layer not in self._known:
            self._known.add(layer)
            painted = isinstance(layer, Labels)
            event = layer.events.paint if painted else layer.events.data
            event.connect(self._act)


def _place(marks: Layer, image: Layer) -> Place:
    """Return the way from a position in the marks to one in pixels of the image."""

    def place(position: Any) -> NDArray[Any]:
        world = np.asarray(marks.data_to_world(position), float)
        missing = image.ndim - world.size
        # napari lines axes up at the end; marks of fewer axes hold everywhere
        whole = np.concatenate([np.zeros(max(missing, 0)), world[max(-missing, 0) :]])
        found = np.asarray(image.world_to_data(whole), float)
        found[: max(missing, 0)] = np.nan
        return found

    return place


def _dots(points: list[NDArray[Any]], sizes: tuple[int, ...]) -> NDArray[np.int32]:
    labels = np.zeros(sizes, np.int32)
    for number, point in enumerate(points, 1):
        where = rounded(point)
        if inside(where, sizes):
            labels[where] = number
    return labels
