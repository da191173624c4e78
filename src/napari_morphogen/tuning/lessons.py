"""Methods that learn from the reference: taught on what they are not scored on."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError
from napari_morphogen.pipeline import plan
from napari_morphogen.plans import Plan
from napari_morphogen.segment import stroke_files
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning.candidates import Candidate, Step, step
from napari_morphogen.tuning.results import Options
from napari_morphogen.tuning.scenes import Scene, kind_of, scenes

SMOOTHING = "sigma"  # the one parameter that does not change what is learned
EVERYTHING = -1  # no fold is left out

Where = NDArray[Any] | int


@dataclass(frozen=True)
class Lessons:
    """What can be learned from the references of scenes.

    Attributes
    ----------
    scenes : sequence of Scene
        Examples are their pixels.
    maps : tuple of ndarray or int
        Per scene the fold of every pixel, or of all of them.
    sparse : bool
        Whether 0 is no class but what is not painted.
    clock : callable
        Seconds.
    spent : list of float
        How long every lesson took.
    """

    scenes: Sequence[Scene]
    maps: tuple[Where, ...]
    sparse: bool
    clock: Callable[[], float] = time.monotonic
    spent: list[float] = field(default_factory=list)
    _learned: dict[Any, Any] = field(default_factory=dict)

    @property
    def classes(self) -> NDArray[Any]:
        """The numbers of the references that are classes, ascending."""
        found = np.unique(np.concatenate([np.unique(s.truth) for s in self.scenes]))
        return found[found != 0] if self.sparse else found

    @property
    def meaning(self) -> dict[int, int]:
        """The class that every number of `labels` stands for."""
        return dict(enumerate(self.classes.tolist(), 1))

    def labels(self, one: Step, image: SpatialArray, where: Where) -> SpatialArray:
        """Return the classes of a frame, each pixel's taught without its fold.

        Parameters
        ----------
        one : Step
            A method that learns.
        image : SpatialArray
            The frame.
        where : ndarray or int
            The fold of every pixel, or of all of them.

        Raises
        ------
        InputError
            When fewer than two classes are painted in the other folds.
        """
        todo = plan(one.method, image, strokes=_nothing(image), **one.parameters)
        found = np.zeros(todo.shape, np.int32)
        for fold in np.unique(where):
            model, values = self.taught(one, int(fold))
            made = todo.compute((), model)[todo.output]
            known = np.concatenate([[0], values])[made]
            np.copyto(found, known, where=np.asarray(where == fold))
        return todo.result(found, todo.output)

    def taught(self, one: Step, fold: int = EVERYTHING) -> tuple[Any, NDArray[Any]]:
        """Return what is learned without a fold, and the number of every class."""
        values = tuple(v for v in one.values if v[0] != SMOOTHING)
        key = one.method, values, fold
        if key not in self._learned:
            started = self.clock()
            plans = list(self._plans(one, fold))
            painted = [np.unique(p.values["strokes"].data) for p in plans]
            numbers = np.unique(np.concatenate(painted))
            self._learned[key] = plans[0].learned(*plans[1:]), numbers[numbers > 0]
            self.spent.append(self.clock() - started)
        return self._learned[key]  # type: ignore[no-any-return]

    def _plans(self, one: Step, fold: int) -> Iterator[Plan]:
        """Yield what is painted outside a fold, scene by scene."""
        classes = self.classes
        for scene, where in zip(self.scenes, self.maps, strict=True):
            strokes = np.searchsorted(classes, scene.truth) + 1
            strokes[np.asarray(where == fold) | (self.sparse & (scene.truth == 0))] = 0
            yield plan(one.method, scene.image, strokes=strokes, **one.parameters)


def taught(
    candidate: Candidate,
    images: Sequence[SpatialArray],
    references: Sequence[SpatialArray],
    path: str | Path,
    options: Options = Options(),  # noqa: B008 (frozen)
) -> Candidate:
    """Teach a candidate that learns by all references, and keep that in a file.

    Parameters
    ----------
    candidate : Candidate
        One that `learns`.
    images, references, options
        As `tune` took them.
    path : path
        Of the classifier to write; ends in ``.npz``.

    Returns
    -------
    candidate : Candidate
        One that reads the file; it can be applied to any image.

    Raises
    ------
    InputError
        When fewer than two classes are painted, or the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from napari_morphogen.samples import coin_strokes, coins
    >>> from napari_morphogen.tuning import applied
    >>> pair = [coins()], [coin_strokes()]
    >>> forest = Candidate((step("random_forest"),))
    >>> with TemporaryDirectory() as folder:
    ...     options = Options(kind="classes", sparse=True)
    ...     ready = taught(forest, *pair, Path(folder, "coins.npz"), options)
    ...     np.unique(applied(ready, coins()).data)
    array([1, 2], dtype=int32)
    """
    path = Path(path).expanduser()
    stroke_files.check_path(path)
    kind = options.kind or kind_of(references)
    found = scenes(images, references, kind, options.sparse)
    lessons = Lessons(found, (0,) * len(found), options.sparse)
    model, _ = lessons.taught(candidate.main)
    if model is None:
        raise InputError("Nothing is painted; paint at least two classes.")
    stroke_files.save(model, path)
    return stored(candidate, path)


def stored(candidate: Candidate, path: str | Path) -> Candidate:
    """Return the candidate that reads from a file what `taught` wrote there.

    Parameters
    ----------
    candidate : Candidate
        One that `learns`.
    path : path
        Of the classifier.
    """
    smoothing = candidate.main.parameters[SMOOTHING]
    reads = step("stroke_classes", {"model": str(path), SMOOTHING: smoothing})
    return candidate.with_step(candidate.place, reads)


def _nothing(image: SpatialArray) -> NDArray[np.int32]:
    """Return strokes of an image on which nothing is painted."""
    sizes = zip(image.axes, image.data.shape, strict=True)
    return np.zeros([size for axis, size in sizes if axis != "c"], np.int32)
