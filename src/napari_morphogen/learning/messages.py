"""What goes into a training, what is told it meanwhile, and what comes out."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.io import read
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import matching, plan
from napari_morphogen.plans import Frame, Index, Plan
from napari_morphogen.segment.models import METHOD_OF
from napari_morphogen.spatial import SpatialArray

Task = Literal["semantic", "instances", "interiors", "edges"]
Place = tuple[slice, ...]
STOP = "stop"  # told to end training early
UNFINISHED = ".training"  # ending of the file of a training
LIMITS = (
    ("seconds", 1, math.inf),
    ("held_out", 0, 0.9),
    ("width", 4, 256),
    ("levels", 1, 6),
    ("convolutions", 1, 3),
    ("patch", 0, 1024),
    ("seed", 0, 2**31 - 1),
    ("threads", 0, 1024),
)


@dataclass(frozen=True)
class Settings:
    """What is learnt, and how long.

    Attributes
    ----------
    task : str
        What labels mean. "semantic": classes of pixels, 0 is unlabelled.
        "instances": objects, one number each, 0 is background. "interiors":
        strokes, 1 on background, 2 inside objects, 3 on their borders. "edges":
        as "instances", but boundaries are learnt.
    sparse : bool
        For "instances" and "edges": 0 is unlabelled, 1 is background, and objects
        that are painted whole have numbers from 2.
    seconds : float
        That training takes; infinity ends when it stops improving.
    held_out : float
        Share of the labels that is not learnt from but measured.
    planes : bool
        Whether volumes are learnt plane by plane.
    width, levels, convolutions, pooling
        Of the U-Net.
    patch : int
        Pixels along the finest axis that are learnt from at once; 0 chooses.
    augment : bool
        Whether patches are turned, stretched, bent and recoloured.
    seed : int
        Of all that is drawn.
    threads : int
        Cores used; 0 leaves one free, so that a window stays alive.
    device : str
        "auto", "cpu", "cuda" or "mps".
    """

    task: Task = "semantic"
    sparse: bool = False
    seconds: float = 60.0
    held_out: float = 0.0
    planes: bool = False
    width: int = 16
    levels: int = 3
    convolutions: int = 2
    pooling: Literal["max", "average"] = "max"
    patch: int = 0
    augment: bool = True
    seed: int = 0
    threads: int = 0
    device: str = "auto"

    def check(self) -> None:
        """Raise InputError when a value cannot be used."""
        check_limits(self, LIMITS)


def check_limits(settings: object, limits: Iterable[tuple[str, float, float]]) -> None:
    """Raise InputError when a value of settings is beyond its limits.

    Parameters
    ----------
    settings : object
        With the values as attributes.
    limits : iterable of (str, float, float)
        Name, least and greatest value.
    """
    for name, low, high in limits:
        value = getattr(settings, name)
        if not low <= value <= high:
            raise InputError(
                f"Expected `{name}` from {low} to {high}, but got {value}."
            )


class Lesson(NamedTuple):
    """An image and what is painted on it.

    Attributes
    ----------
    plan : Plan
        How the trained network will be applied to the image.
    labels : SpatialArray
        Fits the image.
    """

    plan: Plan
    labels: SpatialArray


class Files(NamedTuple):
    """An image and its labels that are read where they are learnt from.

    Attributes
    ----------
    image, labels : path
        Of files.
    axes : str or None
        One letter per axis of the image.
    channel : int or None
        The channel chosen; None means all.
    """

    image: Path
    labels: Path
    axes: str | None = None
    channel: int | None = None

    @property
    def name(self) -> str:
        """Of the image, without its ending."""
        return self.image.stem

    def lesson(self, settings: "Settings", model: str | Path) -> Lesson:
        """Return the same, read; see `lesson`.

        Raises
        ------
        InputError
            With the name of the file that cannot be used.
        """
        try:
            image, labels = read(self.image, axes=self.axes), read(self.labels)
            return lesson(image, labels, settings, model, channel=self.channel)
        except InputError as error:
            raise InputError(f"{self.image}: {error}") from error


@dataclass(frozen=True)
class View:
    """What somebody looks at.

    Attributes
    ----------
    lesson : int
        Number of the image, from 0.
    index : tuple of int
        Of the frame.
    part : tuple of slice
        Of the frame, per spatial axis.
    """

    lesson: int
    index: Index
    part: Place


@dataclass(frozen=True)
class Painted:
    """Labels that may have changed since training began.

    Attributes
    ----------
    lesson : int
        Number of the image, from 0.
    index : tuple of int
        Of the frame.
    labels : ndarray of int
        All of the frame.
    """

    lesson: int
    index: Index
    labels: NDArray[Any]


@dataclass(frozen=True)
class Report:
    """How training stands.

    Attributes
    ----------
    step : int
        Batches learnt from.
    seconds, left : float
        Since the start and to the end; infinite where the end is open.
    loss, held_out : float
        Mean since the last report, and on what is held out; NaN where unknown.
    view : View or None
        What `frame` shows.
    frame : mapping or None
        The results of the method on that part, by name.
    note : str
        What there is to say.
    done : bool
        Whether the model is finished and written.
    """

    step: int
    seconds: float
    left: float
    loss: float
    held_out: float
    view: View | None = None
    frame: Frame | None = None
    note: str = ""
    done: bool = False


def lesson(
    image: Any, labels: Any, settings: Settings, model: str | Path, **options: Any
) -> Lesson:
    """Return what can be learnt from an image and its labels.

    Parameters
    ----------
    image : SpatialArray or array
        Any dimensionality.
    labels : SpatialArray or array
        Of the shape of the image, of its result or of its spatial axes.
    settings : Settings
        Decide which method applies the network.
    model : path
        Where the model will be.
    **options
        The `axes` and `channel` of `pipeline.plan`.

    Raises
    ------
    InputError
        When they do not fit together.
    """
    todo = plan(METHOD_OF[settings.task], image, model=str(model), **options)
    return Lesson(todo, matching("labels", labels, todo))


def painted_frames(given: Lesson) -> Iterator[tuple[Index, NDArray[Any]]]:
    """Yield the index and the labels of every frame that is painted on.

    Parameters
    ----------
    given : Lesson
        Of any number of frames; if there is only one, it is always taken.
    """
    todo, labels = given
    for index in todo.frames:
        frame = np.asarray(labels.data[todo.select(labels.axes, index)])
        if is_learnt(given, frame):
            yield index, frame


def is_learnt(given: Lesson, frame: NDArray[Any]) -> bool:
    """Return whether the labels of a frame say anything.

    Parameters
    ----------
    given : Lesson
        Of any number of frames; if there is only one, it always counts.
    frame : ndarray of int
        Labels of one of them.
    """
    return bool(frame.any()) or len(given.plan.frames) == 1


def unfinished(path: str | Path) -> Path:
    """Return where a training that writes the model `path` keeps its state.

    Examples
    --------
    >>> unfinished("cells.morphogen").name
    'cells.training'
    """
    return Path(path).with_suffix(UNFINISHED)
