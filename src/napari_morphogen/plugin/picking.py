"""Clicks on objects in the viewer, and the keys 1 to 9."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels, Layer

KEYS = "123456789"
STILL = 4.0  # pixels of the canvas that a click may move


class Picking:
    """What clicks and keys do while it is switched on.

    Parameters
    ----------
    viewer : napari viewer
    picked : callable
        Called with the index of the pixel and the number of the object clicked.
    chosen : callable
        Called with the number of a key, counted from 0.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        picked: Callable[[tuple[int, ...], int], None],
        chosen: Callable[[int], None],
    ) -> None:
        self._viewer, self._picked, self._chosen = viewer, picked, chosen
        self._layer: Labels | None = None
        self._keys: Layer | None = None  # the layer that holds them

    @property
    def on(self) -> bool:
        """Whether clicks pick objects."""
        return self._layer is not None

    def start(self, layer: Labels) -> None:
        """Pick objects of a layer from now on, and make it the active one."""
        self.stop()
        self._layer = layer
        selection = self._viewer.layers.selection
        selection.active = layer
        layer.mode = "pan_zoom"
        self._viewer.mouse_drag_callbacks.append(self._press)
        selection.events.active.connect(self._bind)
        self._bind()

    def stop(self) -> None:
        """Leave clicks and keys to napari."""
        if self._layer is not None:
            self._viewer.mouse_drag_callbacks.remove(self._press)
            self._viewer.layers.selection.events.active.disconnect(self._bind)
        self._layer = None
        self._unbind()

    def _bind(self, event: object = None) -> None:
        """Bind the keys to the active layer, whose own would come first."""
        self._unbind()
        active = self._viewer.layers.selection.active
        if active is not None:
            for number, key in enumerate(KEYS):
                active.bind_key(key, self._pressed(number), overwrite=True)
        self._keys = active

    def _unbind(self) -> None:
        if self._keys is not None:
            for key in KEYS:
                self._keys.bind_key(key, None, overwrite=True)
        self._keys = None

    def _pressed(self, number: int) -> Callable[[Layer], None]:
        return lambda layer: self._chosen(number)

    def _press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        painting = str(getattr(active, "mode", "pan_zoom")) != "pan_zoom"
        if event.button != 1 or event.modifiers or painting:
            return
        start, still = np.array(event.pos), True
        yield
        while event.type == "mouse_move":
            still = still and bool(np.abs(np.array(event.pos) - start).max() < STILL)
            yield
        if still and self._layer is not None:
            self._pick(self._layer, event)

    def _pick(self, layer: Labels, event: Any) -> None:
        data = layer.data[0] if layer.multiscale else layer.data
        index = np.round(layer.world_to_data(event.position)).astype(int)
        if len(event.dims_displayed) == 3:  # the first object in the line of sight
            found = layer.get_value(
                event.position,
                view_direction=event.view_direction,
                dims_displayed=event.dims_displayed,
                world=True,
            )
            number = found[-1] if isinstance(found, tuple) else found
        else:  # the layer may be hidden
            inside = np.all((index >= 0) & (index < data.shape))
            number = int(np.asarray(data[tuple(index)])) if inside else 0
        if number:
            self._picked(tuple(index.tolist()), int(number))
