"""Layers to paint on, and the way to where strokes help most."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels, Layer

from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.preview import camera
from napari_morphogen.recipe import KEY
from napari_morphogen.segment.uncertainty import most_uncertain

BRUSH = 5  # pixels
STROKES = "strokes"
ADVICE = "Paint a stroke of label 1, then press M for a new label."


def new_strokes(viewer: ViewerModel, image: Layer) -> Layer:
    """Add an empty Labels layer on an image, ready to be painted on.

    Parameters
    ----------
    viewer : napari viewer
        Where it goes.
    image : Image
        Where it lies.
    """
    data = image.data[0] if image.multiscale else image.data
    layer = Labels(
        np.zeros(data.shape[: image.ndim], np.uint8),
        name=STROKES,
        scale=image.scale,
        translate=image.translate,
        rotate=image.rotate,
        shear=image.shear,
        affine=image.affine,
        units=image.units,
        axis_labels=image.axis_labels,
    )
    viewer.add_layer(layer)
    viewer.layers.selection.active = layer
    layer.mode, layer.brush_size = "paint", BRUSH
    return layer


def seek_uncertain(
    viewer: ViewerModel, painted: Any, say: Callable[[str], None]
) -> Job | None:
    """Move the view to where the last result can be trusted least.

    Parameters
    ----------
    viewer : napari viewer
        Whose newest layer of uncertainty is searched.
    painted : array or None
        Where strokes are already.
    say : callable
        Shows a sentence to the user.

    Returns
    -------
    job : Job or None
        That searches; None when there is no such layer.
    """
    found = _newest_uncertainty(viewer)
    if found is None:
        say("Run it first: the result says where it is uncertain.")
        return None
    fits = painted is not None and painted.shape == found.data.shape
    job = Job(place_of, found.data, painted if fits else None)
    job.item.connect(lambda place: _show_place(viewer, found, place, say))
    job.failed.connect(say)
    job.start()
    return job


def place_of(uncertainty: Any, strokes: Any) -> Iterator[tuple[int, ...]]:
    """Yield the place that is least certain; for a worker."""
    known = None if strokes is None else np.asarray(strokes)
    yield most_uncertain(np.asarray(uncertainty), strokes=known)


def _newest_uncertainty(viewer: ViewerModel) -> Layer | None:
    for layer in reversed(viewer.layers):
        steps = dict(layer.metadata.get(KEY, {})).get("steps")
        if steps and steps[-1].get("output") == "uncertainty":
            return layer
    return None


def _show_place(
    viewer: ViewerModel,
    layer: Layer,
    place: tuple[int, ...],
    say: Callable[[str], None],
) -> None:
    if layer in viewer.layers:
        share = 100 * float(layer.data[place])
        say(f"Uncertainty {share:.0f} % here; paint a stroke and run again.")
        go_to(viewer, layer, place)


def go_to(viewer: ViewerModel, layer: Layer, place: tuple[int, ...]) -> None:
    """Bring a pixel of a layer into the middle of the view.

    Parameters
    ----------
    viewer : napari viewer
        Whose view.
    layer : Layer
        Of the viewer.
    place : tuple of int
        Index of the pixel.
    """
    world = layer.data_to_world(place)
    ndim = viewer.dims.ndim
    viewer.dims.set_point(range(ndim - layer.ndim, ndim), world)
    shown = [axis - (ndim - layer.ndim) for axis in viewer.dims.displayed]
    centre = tuple(world[axis] for axis in shown if axis >= 0)
    camera(viewer).center = (0.0,) * (3 - len(centre)) + centre
