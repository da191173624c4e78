"""Results that arrive in parts."""

from typing import Any

import numpy as np

from napari_morphogen.learning import View
from napari_morphogen.plans import Frame, Plan
from napari_morphogen.spatial import SpatialArray


class Canvas:
    """The results of a plan, filled in part by part.

    Parameters
    ----------
    todo : Plan
        Whose results.
    """

    def __init__(self, todo: Plan) -> None:
        self.plan = todo
        self._joined: dict[str, Any] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing has been put."""
        return not self._joined

    def put(self, view: View, frame: Frame) -> None:
        """Put the results of one part of a frame into their places.

        Parameters
        ----------
        view : View
            What was seen.
        frame : mapping
            Results by name.
        """
        for name, value in frame.items():
            role = self.plan.outputs[name]
            if role == "figures":
                continue
            whole = self._whole(name, value)
            channels = (slice(None),) * (role == "channels")
            place: dict[str, Any] = dict(zip(self.plan.looped, view.index, strict=True))
            place |= dict(zip(self.plan.spatial, view.part, strict=True))
            axes = self.plan.axes_of(name)
            at = tuple(place.get(axis, slice(None)) for axis in axes)
            inner = [axis for axis in axes if axis not in self.plan.looped]
            order = [*(["c"] if channels else []), *self.plan.spatial]
            whole[at] = np.transpose(value, [order.index(axis) for axis in inner])

    def let_go(self) -> None:
        """Go on in arrays of its own: those handed out belong to who has them."""
        self._joined = {name: array.copy() for name, array in self._joined.items()}

    def _whole(self, name: str, value: Any) -> Any:
        sizes = self.plan.sizes
        if self.plan.outputs[name] == "channels":
            sizes = sizes | {"c": len(value)}
        shape = [sizes[axis] for axis in self.plan.axes_of(name)]
        if name not in self._joined or self._joined[name].shape != tuple(shape):
            self._joined[name] = np.zeros(shape, value.dtype)
        return self._joined[name]

    def results(self) -> dict[str, SpatialArray]:
        """Return every result by name, each where the image lies."""
        return self.plan.results(self._joined)
