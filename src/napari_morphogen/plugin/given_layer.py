"""The classes that a person gave to objects, as a layer that lies on them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from numpy.typing import NDArray

from napari_morphogen.object_classes import Frames, class_map
from napari_morphogen.plugin import layers, object_features
from napari_morphogen.plugin.class_layers import (
    EXAMPLES,
    colour_of,
    dress,
    examples_data,
)
from napari_morphogen.plugin.jobs import Job


class GivenLayer:
    """Keeps given classes in the features of a Labels layer, and shows them.

    Parameters
    ----------
    viewer : napari viewer
        Where they are shown.
    objects : Labels
        The layer of the objects.
    axes : str
        Of the image, one letter per axis.

    Raises
    ------
    InputError
        When the axes do not fit the objects.
    """

    def __init__(self, viewer: ViewerModel, objects: Labels, axes: str) -> None:
        self.objects = objects
        self._viewer, self._axes = viewer, axes
        self._job: Job | None = None
        self._names: tuple[str, ...] = ()
        self.frames  # noqa: B018 (raises)

    @property
    def frames(self) -> Frames:
        """The objects as they are now."""
        return Frames(layers.read(self.objects), self._axes)

    @property
    def classes(self) -> dict[object_features.Key, str]:
        """What is given, by the numbers of frame and object."""
        return object_features.given(self.objects)

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of every class are given."""
        names = list(self.classes.values())
        return {name: names.count(name) for name in names}

    def key(self, index: Sequence[int], number: int) -> object_features.Key:
        """Return the numbers of frame and object for a pixel of the labels."""
        return self.frames.number(index), number

    def toggle(
        self, index: Sequence[int], number: int, names: Sequence[str], name: str
    ) -> str:
        """Give a clicked object a class, or take it away if it has it already.

        Parameters
        ----------
        index : sequence of int
            Of the pixel clicked.
        number : int
            Of the object.
        names : sequence of str
            All classes.
        name : str
            The class to give.

        Returns
        -------
        given : str
            The class that the object has now, or nothing.
        """
        key = self.key(index, number)
        now = "" if self.classes.get(key) == name else name
        several = bool(self.frames.looped)
        object_features.give(self.objects, key, now, several=several)
        if self._shown() is None and len(self.classes) > 1:
            self.show(names)
            return now
        if self._shown() is None:
            self._put(np.zeros(self.frames.objects.data.shape, np.uint16), names)
        self._paint(key, names.index(now) + 1 if now else 0)
        return now

    def show(self, names: Sequence[str]) -> None:
        """Show all that is given; the objects are looked up in a worker.

        Parameters
        ----------
        names : sequence of str
            All classes, in the order of their numbers.
        """
        self.release()
        self._names = tuple(names)
        asked = self.classes
        codes = {key: names.index(n) + 1 for key, n in asked.items() if n in names}
        frames = self.frames
        data = np.zeros(frames.objects.data.shape, np.uint16)
        bare = frames.without_channels(data)
        job = self._job = Job(class_map, frames, codes)
        job.item.connect(lambda item: bare.__setitem__(*item))

        def finish(_: float) -> None:
            if job is not self._job:
                return
            self._job = None
            if self.classes != asked:  # clicks that came meanwhile
                self.show(self._names)
            else:
                self._put(data, self._names)

        job.finished.connect(finish)
        job.start()

    def dress(self, names: Sequence[str]) -> None:
        """Give the layer the colours and names of other classes."""
        self._names = tuple(names)
        layer = self._shown()
        if layer is not None:
            dress(layer, names, {n: colour_of(i) for i, n in enumerate(names)})

    def release(self) -> None:
        """End the job, if any."""
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()

    def _shown(self) -> Labels | None:
        shape = self.frames.objects.data.shape
        for layer in self._viewer.layers:
            ours = layer.metadata.get(EXAMPLES) == self._mark
            if ours and layer.data.shape == shape:
                return layer
        return None

    @property
    def _mark(self) -> str:
        return str(self.objects.unique_id)

    def _put(self, data: NDArray[Any], names: Sequence[str]) -> None:
        layer = self._shown()
        if layer is not None:
            layer.data = data
        else:
            active = self._viewer.layers.selection.active
            triple = examples_data(data, self.frames.objects, self._mark)
            self._viewer.add_layer(layers.make_layer(triple))
            # the layer that was clicked on stays the active one
            self._viewer.layers.selection.active = active
        self.dress(names)

    def _paint(self, key: object_features.Key, code: int) -> None:
        layer, frames = self._shown(), self.frames
        if layer is not None:
            frame = frames.without_channels(layer.data)[frames.place(key[0])]
            frame[frames.labels(key[0]) == key[1]] = code
            layer.refresh()
