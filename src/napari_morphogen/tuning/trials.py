"""Candidates tried on scenes: what bad ones cost, and what good ones score."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError, last
from napari_morphogen.params import Step as IterationStep
from napari_morphogen.pipeline import plan
from napari_morphogen.plans import Frame
from napari_morphogen.registry import get
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning.candidates import Candidate, Step, applied, channels
from napari_morphogen.tuning.lessons import EVERYTHING, Lessons, Where
from napari_morphogen.tuning.scenes import Scene
from napari_morphogen.tuning.scoring import Judge, Tally

CACHED = 96_000_000  # bytes of results of first steps
TINY = 32  # pixels along every axis, to warm up
LAG = 0.06  # in score: further behind the best on the same scenes, and it ends
LAG_ALONE = 0.2  # as long as a single scene has spoken

Clock = Callable[[], float]


class TooSlow(Exception):
    """A candidate took longer than it may."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate and how it did.

    Attributes
    ----------
    candidate : Candidate
        What was tried.
    folds : ndarray or None
        Score of every fold; None when it ended early.
    mean : float
        Over the folds, or the scenes it came to; -1 when it failed.
    seconds : float
        Per million pixels, without learning.
    whole : bool
        Whether whole images were looked at.
    problem : str
        Why it failed.
    scenes : tuple of float
        Score of every scene it came to.
    classes : mapping of int to int
        The class that every number of its labels stands for; empty for objects.
    """

    candidate: Candidate
    folds: NDArray[np.float64] | None
    mean: float
    seconds: float
    whole: bool
    problem: str = ""
    scenes: tuple[float, ...] = ()
    classes: Mapping[int, int] = field(default_factory=dict)


@dataclass
class Bench:
    """Tries candidates; keeps what first steps made for those that share them.

    Attributes
    ----------
    judge : Judge
        Scores the labels of crops.
    clock : callable
        Seconds.
    whole : Judge or None
        Scores the labels of whole frames; None where the crops are whole.
    """

    judge: Judge
    clock: Clock
    whole: Judge | None = None
    _kept: OrderedDict[Any, SpatialArray] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _taught: dict[str, Lessons] = field(default_factory=dict)

    @property
    def scenes(self) -> Sequence[Scene]:
        """What candidates are tried on."""
        return self.judge.scenes

    def tried(
        self, candidate: Candidate, limit: float, best: Sequence[float] = ()
    ) -> Trial:
        """Try a candidate on the crops, scene by scene.

        Parameters
        ----------
        candidate : Candidate
            What is tried.
        limit : float
            Seconds it may take.
        best : sequence of float
            Scores of the scenes to keep up with.
        """
        start, pixels, lessons = self.clock(), 0, self._learning
        tallies: list[Tally] = []
        problem = ""
        for number, scene in enumerate(self.scenes):
            try:
                if self.clock() - start > limit:
                    raise TooSlow
                labels = self.labels(candidate, number, start + limit)
                tallies.append(self.judge.tally(number, labels))
            except TooSlow:
                problem = f"takes more than {limit:.2g} s"
            except InputError as error:
                problem = str(error)
            except MemoryError:
                problem = "the memory is too small"
            pixels += scene.truth.size
            alone = tuple(one.score for one in tallies)
            if problem or _behind(alone, best, len(self.scenes)):
                break
        applying = self.clock() - start - (self._learning - lessons)
        seconds = applying / max(pixels, 1) * 1e6
        return self._trial(candidate, tallies, seconds, problem)

    def _trial(
        self,
        candidate: Candidate,
        tallies: Sequence[Tally],
        seconds: float,
        problem: str,
    ) -> Trial:
        alone = tuple(one.score for one in tallies)
        whole = all(scene.whole for scene in self.scenes)
        if problem:
            return Trial(candidate, None, -1.0, seconds, whole, problem, alone)
        if len(tallies) < len(self.scenes):
            mean = float(np.mean(alone))
            return Trial(candidate, None, mean, seconds, whole, "", alone)
        return self._full(candidate, tallies, seconds, whole)

    def warm(self, candidate: Candidate) -> None:
        """Run a candidate on a few pixels: the first time takes longer."""
        image = self.scenes[0].image
        place = tuple(
            slice(None) if axis == "c" else slice(0, TINY) for axis in image.axes
        )
        little = image.like(np.ascontiguousarray(image.data[place]))
        with suppress(InputError, MemoryError):
            if candidate.learns:
                some = replace(self.scenes[0], image=little, truth=_stripes(little))
                lessons = Lessons([some], (0,), sparse=True)
                lessons.labels(candidate.main, little, EVERYTHING)
            else:
                applied(candidate, little)

    def confirmed(self, trial: Trial) -> Trial:
        """Return the trial with scores of whole images.

        Parameters
        ----------
        trial : Trial
            One with scores of all crops.
        """
        assert self.whole is not None
        start, pixels, lessons = self.clock(), 0, self._learning
        tallies: list[Tally] = []
        for number, scene in enumerate(self.whole.scenes):
            made = self._frame_labels(trial.candidate, scene)
            tallies.append(self.whole.tally(number, made))
            pixels += scene.truth.size
        applying = self.clock() - start - (self._learning - lessons)
        seconds = applying / max(pixels, 1) * 1e6
        return self._full(trial.candidate, tallies, seconds, True)

    def judge_of(self, trial: Trial) -> Judge:
        """Return who scored a trial."""
        return self.whole if trial.whole and self.whole is not None else self.judge

    def _full(
        self,
        candidate: Candidate,
        tallies: Sequence[Tally],
        seconds: float,
        whole: bool,
    ) -> Trial:
        judge = self.whole if whole and self.whole is not None else self.judge
        known = self._lessons("crop").meaning if candidate.learns else None
        folds = judge.scores(tallies, known)
        mean, alone = judge.mean(folds), tuple(one.score for one in tallies)
        classes = judge.classes(tallies) if known is None else known
        return Trial(candidate, folds, mean, seconds, whole, "", alone, classes)

    def labels(
        self, candidate: Candidate, number: int, deadline: float = np.inf
    ) -> NDArray[Any]:
        """Return what a candidate makes of the crop of a scene."""
        image, where = self.scenes[number].image, self.judge.parts.maps[number]
        made = self._made(candidate, ("crop", number), image, where, deadline)
        return np.asarray(made.data)

    def whole_labels(self, candidate: Candidate, number: int) -> NDArray[Any]:
        """Return what a candidate makes of the frame, in the crop of a scene."""
        scene = self.scenes[number]
        if scene.whole:
            return self.labels(candidate, number)
        return self._frame_labels(candidate, scene)[scene.box]

    def _frame_labels(self, candidate: Candidate, scene: Scene) -> NDArray[Any]:
        """Return what a candidate makes of the frame of a scene."""
        assert self.whole is not None
        number = _frames(self.whole.scenes).index(_frame(scene))
        image, where = self.whole.scenes[number].image, self.whole.parts.maps[number]
        made = self._made(candidate, ("frame", number), image, where, np.inf)
        return np.asarray(made.data)

    def _made(
        self,
        candidate: Candidate,
        key: tuple[str, int],
        image: SpatialArray,
        where: Where,
        deadline: float,
    ) -> SpatialArray:
        result = image
        path: tuple[Any, ...] = (key, candidate.channel)
        for one, channel in channels(candidate):
            path = (*path, one)
            found = self._kept.get(path)
            if found is None:
                if get(one.method).fit is None:
                    found = self._computed(one, result, channel, deadline)
                else:
                    found = self._lessons(key[0]).labels(one, result, where)
                self._keep(path, found)
            else:
                self._kept.move_to_end(path)
            result = found
        return result

    def _lessons(self, what: str) -> Lessons:
        """Return what can be learned of the crops, by the folds of these or frames."""
        if what not in self._taught:
            maps = self.judge.parts.maps
            if what == "frame" and self.whole is not None:
                frames, parts = _frames(self.whole.scenes), self.whole.parts.maps
                wide = [parts[frames.index(_frame(scene))] for scene in self.scenes]
                maps = tuple(
                    where if isinstance(where, int) else where[scene.box]
                    for where, scene in zip(wide, self.scenes, strict=True)
                )
            given = (self.scenes, maps, self.judge.sparse, self.clock)
            self._taught[what] = Lessons(*given)
        return self._taught[what]

    @property
    def _learning(self) -> float:
        """Seconds that all lessons took so far."""
        return sum(map(sum, (lessons.spent for lessons in self._taught.values())))

    def _computed(
        self, one: Step, image: SpatialArray, channel: int | None, deadline: float
    ) -> SpatialArray:
        todo = plan(one.method, image, channel=channel, **one.parameters)
        joined: dict[str, Any] = {}
        for index in todo.frames:
            steps = todo.steps(index)
            if todo.iterates:
                steps = self._in_time(steps, deadline)
            todo.put(joined, index, last(steps))
        return todo.results(joined)[todo.output]

    def _in_time(
        self, steps: Iterator[IterationStep[Frame]], deadline: float
    ) -> Iterator[IterationStep[Frame]]:
        for one in steps:
            if self.clock() > deadline:
                raise TooSlow
            yield one

    def _keep(self, path: Any, found: SpatialArray) -> None:
        self._kept[path] = found
        self._bytes += found.data.nbytes
        while self._bytes > CACHED and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.data.nbytes


def _frame(scene: Scene) -> tuple[Any, ...]:
    return scene.number, scene.index


def _frames(found: Sequence[Scene]) -> list[tuple[Any, ...]]:
    """Return which frames scenes are of."""
    return [_frame(scene) for scene in found]


def _stripes(image: SpatialArray) -> NDArray[np.int64]:
    """Return two classes of the pixels of an image without its channels."""
    sizes = zip(image.axes, image.data.shape, strict=True)
    shape = tuple(size for axis, size in sizes if axis != "c")
    return np.asarray(np.indices(shape).sum(axis=0) % 2 + 1)


def _behind(ours: Sequence[float], best: Sequence[float], count: int) -> bool:
    """Tell whether scores lag so far that the rest is not worth the time."""
    done = len(ours)
    if not best or not done or done >= count:
        return False
    lag = float(np.mean(best[:done]) - np.mean(ours))
    return lag > LAG + (LAG_ALONE - LAG) / done
