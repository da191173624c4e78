"""Results in the layer list: added, updated, taken back."""

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from napari.components import ViewerModel
from napari.layers import Labels, Layer

from napari_morphogen.plugin import layers
from napari_morphogen.recipe import KEY
from napari_morphogen.registry import METHODS
from napari_morphogen.spatial import SpatialArray

Name = tuple[str, str | None]  # of a method and of one of its results
UNDO_DEPTH = 5  # every step back keeps an array alive


class Results:
    """The layers that one dock made.

    Running a method again on the same image updates its layers, unless the user
    wants to keep them or has painted on them since. All layers of one run are
    taken back together.

    Parameters
    ----------
    viewer : napari viewer
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._made: WeakKeyDictionary[object, dict[Name, Layer]] = WeakKeyDictionary()
        self._painted: WeakSet[Layer] = WeakSet()
        self._undo: deque[list[Callable[[], None]]] = deque(maxlen=UNDO_DEPTH)
        self._shown: dict[Name, Layer] = {}
        self._begun = False

    @property
    def can_undo(self) -> bool:
        """Whether there is a result to take back."""
        return bool(self._undo)

    def begin(self) -> None:
        """Start a run: what is shown from now on is taken back in one step."""
        self._begun, self._shown = True, {}

    def show(
        self,
        result: SpatialArray,
        *,
        makes: str,
        source: Layer | None,
        image: SpatialArray,
        keep: bool = False,
        visible: bool = True,
        slot: Name | None = None,
    ) -> Layer:
        """Add a layer for `result`, or update the one made before.

        Parameters
        ----------
        result, image : SpatialArray
            What was made, and from what.
        makes : str
            ``"labels"``, ``"shapes"`` or a kind of image.
        source : Layer or None
            The layer of `image`; None where the result was made from nothing.
        keep : bool
            Add a layer, but update it when the same run shows it again.
        visible : bool
            Whether a layer that is added is shown.
        slot : (str, str or None), optional
            Results of one slot update one another; those of one method and output
            do by default.
        """
        triple = layers.layer_data(result, makes, image)
        step = result.metadata[KEY]["steps"][-1]
        name = slot or (step["method"], step["output"])
        origin: object = self if source is None else source
        known = self._made.get(origin, {})
        earlier = self._shown.get(name) if keep else known.get(name)
        if earlier is not None and self._may_update(
            earlier, triple, resized=_has_own_size(step["method"])
        ):
            self._update(earlier, triple, undo=name not in self._shown)
            layer = earlier
        else:
            layer = self._add(triple, visible)
            if visible and triple[2] == "labels" and isinstance(source, Labels):
                self._hide(source)
            self._made.setdefault(origin, {})[name] = layer
        self._shown[name] = layer
        return layer

    def is_painted(self, layer: Layer) -> bool:
        """Tell whether the user has painted on a layer that was shown."""
        return layer in self._painted

    def undo(self) -> None:
        """Take the last run back: remove its layers or restore what they held."""
        if self._undo:
            for step in reversed(self._undo.pop()):
                step()
        self._shown = {}

    def _remember(self, step: Callable[[], None]) -> None:
        if self._begun:
            self._undo.append([])
            self._begun = False
        self._undo[-1].append(step)

    def _may_update(self, layer: Layer, triple: Any, resized: bool) -> bool:
        data, _, makes = triple
        sizes = (layer.data.shape, data.shape)
        return (
            layer in self._viewer.layers
            and layer not in self._painted
            and layers.kind(layer) == makes
            and makes != "shapes"  # what a user drew there cannot be told apart
            and (sizes[0] == sizes[1] or (resized and layer.ndim == data.ndim))
        )

    def _add(self, triple: Any, visible: bool) -> Layer:
        layer = layers.make_layer(triple)
        layer.visible = visible  # what is hidden from the start is never drawn
        self._viewer.add_layer(layer)
        if triple[2] == "labels":
            layer.events.paint.connect(lambda: self._painted.add(layer))
        self._remember(lambda: self._remove(layer))
        return layer

    def _hide(self, source: Layer) -> None:
        """Hide labels that would show what was removed from them."""
        if source.visible:
            source.visible = False
            self._remember(lambda: setattr(source, "visible", True))

    def _update(self, layer: Layer, triple: Any, undo: bool) -> None:
        data, attributes, _ = triple
        # each attribute that is set draws the layer anew, so only what differs is
        changed = {n: attributes[n] for n in layers.moved(layer, triple)}
        changed |= {"data": data, "metadata": attributes["metadata"]}
        before = {name: getattr(layer, name) for name in changed}
        before["metadata"] = dict(layer.metadata)  # napari changes its dict in place
        self._set(layer, changed)
        if undo:
            self._remember(lambda: self._set(layer, before))

    def _set(self, layer: Layer, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(layer, name, value)

    def _remove(self, layer: Layer) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


def _has_own_size(method: str) -> bool:
    """Tell whether results of a method may change their size when it runs again."""
    return any(row.name == method and row.size is not None for row in METHODS)
