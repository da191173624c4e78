"""A layer that fills in while an image larger than memory is computed."""

import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_morphogen.io import ngff
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import states
from napari_morphogen.plans import Plan
from napari_morphogen.plugin import layers, settings
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.progress import Progress as Known
from napari_morphogen.plugin.request import Request
from napari_morphogen.recipe import KEY
from napari_morphogen.scale.estimate import check_fits, is_large, why_whole
from napari_morphogen.scale.large import Progress, in_blocks_on
from napari_morphogen.scale.unfinished import Unfinished
from napari_morphogen.spatial import SpatialArray

MARK = "morphogen fills"  # in the metadata: name and target of the run
LOOK_SECONDS = 1.0  # between two looks at what has been written


def begin(
    asked: Request, viewer: ViewerModel, keep: bool = False
) -> "tuple[Known | Filling, Job]":
    """Return what collects the results of a request, and the job that makes them.

    Parameters
    ----------
    asked : Request
        What the user wants.
    viewer : napari viewer
        Where the layer of a large image appears.
    keep : bool
        Whether what other settings have made of a large image stays in the viewer.

    Raises
    ------
    InputError
        When the request is wrong, or the image too large for the method.
    """
    todo = asked.plan()
    image = asked.image() or todo.image
    reason = why_whole(todo)
    if not is_large(todo) or reason:
        if reason and is_large(todo):
            check_fits(todo, reason)
        return Known(todo, asked.layer, image), Job(states, todo)
    filling = Filling(todo, viewer, image, keep)
    return filling, Job(in_blocks_on, *filling.work)


class Filling:
    """The result of a plan while it is computed in blocks.

    Parameters
    ----------
    todo : Plan
    viewer : napari viewer
        Where the layer appears with the first blocks.
    image : SpatialArray
        What was read from the layer, with all channels.
    keep : bool
        Add a layer, though another run has filled one; the same run never adds two.
    """

    counted, iterates, figures = True, False, ""

    def __init__(
        self, todo: Plan, viewer: ViewerModel, image: SpatialArray, keep: bool = False
    ) -> None:
        self.plan, self.image, self._keep = todo, image, keep
        self.chosen = settings.computing()
        self.target = _target(todo, self.chosen.folder)
        self.layer: Layer | None = None
        self._viewer = viewer
        self._folder = Unfinished(self.target)
        self._now = self._first = Progress("", 0, 1)  # the first of its stage
        self._looked = self._begun = time.monotonic()

    @property
    def work(self) -> tuple[Any, ...]:
        """Arguments of `in_blocks_on`."""
        return self.plan, str(self.target), self.chosen.workers, self.chosen.scheduler

    @property
    def share(self) -> float:
        """How much of the stage is done, from 0 to 1."""
        return self._now.done / max(1, self._now.total)

    @property
    def words(self) -> str:
        """How far it is, in words."""
        stage, done, total = self._now
        if not stage:
            return ""
        blocks = f"; {stage}: block {done} of {total}" if done else f"; {stage}"
        new = done - self._first.done
        if not new or done == total:
            return blocks
        left = (time.monotonic() - self._begun) * (total - done) / new
        return f"{blocks}, {left:.0f} s left of this stage"

    def take(self, progress: Progress) -> None:
        """Show what is there."""
        if progress.stage != self._now.stage:
            self._begun, self._first = time.monotonic(), progress
        self._now = progress
        if self.layer is None:
            self._add()
        elif time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self.layer.refresh(extent=False)

    def finish(self) -> Layer:
        """Show the result that is whole now, in place of what other settings made."""
        found = ngff.read_zarr(self.target)
        shown = self._show(found.metadata.get("levels", [found.data]))
        for layer in self._others():
            self._viewer.layers.remove(layer)
            shown.name = layer.name
        return shown

    @property
    def kept(self) -> str:
        """What is left after a cancel, in words."""
        return (
            f"Cancelled; finished blocks are kept in {self._folder.path}: run the same "
            "again to go on."
        )

    def _add(self) -> None:
        try:
            levels = self._folder.levels()
        except (OSError, ValueError):  # already moved
            return
        if levels:
            self._show(levels)
            for layer in self._others():
                layer.visible = False  # it would hide which blocks are there

    def _show(self, levels: list[Any]) -> Layer:
        makes = self.plan.outputs[self.plan.output]
        result = self.plan.result(levels[0], self.plan.output)
        data, attributes, kind = layers.layer_data(result, makes, self.image)
        several = len(levels) > 1 and data is levels[0]
        data = levels if several else data
        attributes["metadata"] |= {MARK: (result.name, str(self.target))}
        for layer in self._filled(result.name):
            if layer.metadata[MARK][1] == str(self.target):
                if layer.multiscale == several:
                    layer.data, layer.metadata = data, attributes["metadata"]
                    self.layer = layer
                    return layer
                self._viewer.layers.remove(layer)
        attributes |= {"cache": False}  # what is read again may have been written since
        if several:
            attributes["multiscale"] = True
        if kind == "image":
            attributes["contrast_limits"] = self._limits()
        made = layers.make_layer((data, attributes, kind))
        self.layer = self._viewer.add_layer(made)
        return made

    def _others(self) -> list[Layer]:
        """Return layers that other settings have filled, unless they are to stay."""
        name = self.plan.result(self.plan.image.data, self.plan.output).name
        found = [] if self._keep else self._filled(name)
        return [one for one in found if one.metadata[MARK][1] != str(self.target)]

    def _filled(self, name: str) -> list[Layer]:
        """Return the layers that runs of this name have filled."""
        marks = [(one, one.metadata.get(MARK)) for one in self._viewer.layers]
        return [one for one, mark in marks if mark is not None and mark[0] == name]

    def _limits(self) -> tuple[float, float]:
        """Return contrast limits: napari would read the whole image for its own."""
        dtype = self.plan.dtype_of(self.plan.output)
        if dtype.kind == "u":
            return 0, float(2 ** (8 * dtype.itemsize) - 1)
        own = self.image.data.dtype
        return (0, float(2 ** (8 * own.itemsize) - 1)) if own.kind == "u" else (0, 1)


def _target(todo: Plan, folder: str) -> Path:
    """Return where the result goes: the same place for the same work."""
    place = Path(folder) if folder else Path(tempfile.gettempdir()) / "morphogen"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Results cannot be kept in {place} ({error.strerror}); choose another "
            'folder in the dock "Large images".'
        ) from error
    result = todo.result(todo.image.data, todo.output)
    what = [result.metadata[KEY], str(todo.image.metadata.get("path", ""))]
    digest = hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()[:8]
    name = "".join(c if c.isalnum() else "_" for c in result.name)
    return place / f"{name}_{digest}.ome.zarr"
