"""Results in the layer list: added, updated, taken back."""

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from napari.components import ViewerModel
from napari.layers import Layer

from napari_morphogen.plugin import layers
from napari_morphogen.recipe import KEY
from napari_morphogen.spatial import SpatialArray

UNDO_DEPTH = 5  # every step back keeps an array alive


class Results:
    """The layers that one dock made.

    Running a method again on the same image updates its layer, unless the user
    wants to keep it or has painted on it since.

    Parameters
    ----------
    viewer : napari viewer
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._made: WeakKeyDictionary[Layer, dict[str, Layer]] = WeakKeyDictionary()
        self._painted: WeakSet[Layer] = WeakSet()
        self._undo: deque[Callable[[], None]] = deque(maxlen=UNDO_DEPTH)

    @property
    def can_undo(self) -> bool:
        """Whether there is a result to take back."""
        return bool(self._undo)

    def show(
        self,
        result: SpatialArray,
        *,
        makes: str,
        source: Layer,
        image: SpatialArray,
        keep: bool = False,
    ) -> Layer:
        """Add a layer for `result`, or update the one made before.

        Parameters
        ----------
        result, image : SpatialArray
            What was made, and from what.
        makes : str
            ``"labels"`` or ``"image"``.
        source : Layer
            The layer of `image`.
        keep : bool
            Always add a layer.
        """
        triple = layers.layer_data(result, makes, image)
        method = result.metadata[KEY]["steps"][-1]["method"]
        earlier = self._made.get(source, {}).get(method)
        if keep or not self._may_update(earlier, triple):
            layer = self._add(triple)
            self._made.setdefault(source, {})[method] = layer
            return layer
        assert earlier is not None
        self._update(earlier, triple)
        return earlier

    def undo(self) -> None:
        """Take the last result back: remove its layer or restore what it held."""
        if self._undo:
            self._undo.pop()()

    def _may_update(self, layer: Layer | None, triple: Any) -> bool:
        data, _, makes = triple
        return (
            layer is not None
            and layer in self._viewer.layers
            and layer not in self._painted
            and layers.kind(layer) == makes
            and layer.data.shape == data.shape
        )

    def _add(self, triple: Any) -> Layer:
        layer = self._viewer.add_layer(layers.make_layer(triple))
        if triple[2] == "labels":
            layer.events.paint.connect(lambda: self._painted.add(layer))
        self._undo.append(lambda: self._remove(layer))
        return layer

    def _update(self, layer: Layer, triple: Any) -> None:
        data, attributes, _ = triple
        # each attribute that is set draws the layer anew, so only what differs is
        changed = {n: attributes[n] for n in layers.moved(layer, triple)}
        changed |= {"data": data, "metadata": attributes["metadata"]}
        before = {name: getattr(layer, name) for name in changed}
        before["metadata"] = dict(layer.metadata)  # napari changes its dict in place
        self._set(layer, changed)
        self._undo.append(lambda: self._set(layer, before))

    def _set(self, layer: Layer, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(layer, name, value)

    def _remove(self, layer: Layer) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
