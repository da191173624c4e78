"""A candidate applied: its labels in the layer list, its values in a dock."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_morphogen.plugin import forms
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import Latest
from napari_morphogen.plugin.opening import open_dock
from napari_morphogen.plugin.panel import ALL_CHANNELS
from napari_morphogen.plugin.results import Results
from napari_morphogen.plugin.tune_work import Task, application
from napari_morphogen.registry import get
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import Candidate

TUNED = ("tuned", None)  # what the layers are called among results


class Applier:
    """Runs candidates on layers; one result follows another in the same layer.

    Parameters
    ----------
    viewer : napari viewer
        Where results go.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._results = Results(viewer)
        self.work = Latest()

    def apply(
        self,
        candidate: Candidate,
        layer: Layer,
        image: SpatialArray,
        learning: tuple[Task | None, Path],
        keep: Callable[[], bool],
        end: Callable[[str], None],
    ) -> None:
        """Make labels; a newer call ends an older one.

        Parameters
        ----------
        candidate : Candidate
            What is run.
        layer : Image
            What it is run on.
        image : SpatialArray
            Read from the layer.
        learning : Task or None, and Path
            What a candidate that learns is taught by, and where it keeps that.
        keep : callable
            Whether to add a layer instead of updating the last one.
        end : callable
            Is given what went wrong, or nothing.
        """

        def show(made: SpatialArray) -> None:
            if layer in self._viewer.layers:
                self._results.begin()
                named = made.like(made.data, name=f"{image.name} tuned")
                self._results.show(
                    named,
                    makes="labels",
                    source=layer,
                    image=image,
                    keep=keep(),
                    slot=TUNED,
                )

        self.work.start(Job(application, candidate, image, *learning), show, end)


def fill_dock(
    viewer: ViewerModel, candidate: Candidate, layer: Layer, axes: str
) -> str:
    """Open the dock of a candidate's main method, and set its parameters there.

    Parameters
    ----------
    viewer : napari viewer
        A model without a window has no docks.
    candidate : Candidate
        What the form will say.
    layer : Image
        Chosen in the dock.
    axes : str
        Of the layer.

    Returns
    -------
    title : str
        Of the dock; nothing where there is no window.
    """
    if getattr(viewer, "window", None) is None:
        return ""
    main = candidate.main
    title = get(main.method).family.capitalize()
    dock = open_dock(viewer, title)
    dock.image.value = layer
    if dock.axes.value != axes:
        dock.axes.value = axes
    dock.method.value = main.method
    _choose_channel(dock, candidate)
    forms.fill(dock.form, main.parameters)
    return title


def _choose_channel(dock: Any, candidate: Candidate) -> None:
    first = candidate.place == 0 and candidate.channel is not None
    wanted = str(candidate.channel) if first else ALL_CHANNELS
    if wanted in dock.channel.choices:
        dock.channel.value = wanted
