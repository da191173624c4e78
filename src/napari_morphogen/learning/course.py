"""A training from its first batch to the written model."""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.learning.messages import (
    STOP,
    UNFINISHED,
    Files,
    Lesson,
    Painted,
    Report,
    Settings,
    View,
    is_learnt,
    painted_frames,
    unfinished,
)
from napari_morphogen.learning.taught import samples
from napari_morphogen.params import InputError
from napari_morphogen.plans import Frame, Index
from napari_morphogen.segment.models import maps_by, need_networks
from napari_morphogen.segment.trained import classes_by, objects_by

Learning = Generator[Report, list[Any] | None, None]

TRAINING = 0.85  # of the time for objects; the rest is for their thresholds
ROUND = 60.0  # seconds, after which "until it stops improving" looks back
WORTH = 0.98  # of the loss before, at most, for another round
AFTER_CORRECTION = 20.0  # seconds, at least, that a new stroke is learnt from
REPORT_SECONDS = 0.5
LOOK_SECONDS = 2.0  # between two predictions, at least
LEAST = 2.0  # seconds for the thresholds
FIRST_LOOK = 4  # steps; before, there is nothing but chance to see
LOOKING = 0.08  # of the time at most
SAVE_SECONDS = 15.0


def learn(
    lessons: Sequence[Lesson | Files],
    settings: Settings,
    path: str | Path,
    start: str | Path = "",
    view: View | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Learning:
    """Train a network and say how it comes along; whoever stops asking stops it.

    Parameters
    ----------
    lessons : sequence of Lesson or Files
        What to learn from.
    settings : Settings
        What to learn and how long.
    path : path
        Of the model file, which is written at the end. Until then the state of the
        training is beside it, under the name that `unfinished` returns, written
        every few seconds.
    start : path
        A model to go on from, or what `unfinished` names; empty begins anew.
    view : View or None
        What is predicted while training.
    clock : callable
        Returns seconds.

    Yields
    ------
    report : Report
        Twice a second, about.

    Receives
    --------
    messages : list
        Of `Painted`, `View` and `STOP`.

    Raises
    ------
    InputError
        When there is nothing to learn, labels and images do not fit together, or
        the model to start from is of another kind.

    Examples
    --------
    >>> import tempfile
    >>> from napari_morphogen.learning import lesson
    >>> image = np.repeat([[0, 0, 0, 0, 9, 9, 9, 9]], 8, axis=0)
    >>> strokes = np.where(np.arange(8) % 3, 0, 1 + (image > 0))
    >>> settings = Settings(width=4, levels=1, patch=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "edge.morphogen")
    ...     course = learn([lesson(image, strokes, settings, path)], settings, path)
    ...     report = next(course)
    ...     while not report.done:
    ...         report = course.send([STOP])
    ...     path.is_file()
    True
    """
    course = _Course(lessons, settings, Path(path), clock)
    course.view = view
    course.begin(start)
    yield from course.run()


def patches(
    lessons: Sequence[Lesson | Files], settings: Settings
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    """Yield one batch of what a network would learn from, to be looked at.

    Parameters
    ----------
    lessons : sequence of Lesson or Files
        What to learn from.
    settings : Settings
        Say how patches are varied.

    Yields
    ------
    images : ndarray of float32, shape (patches, channels, [P,] M, N)
        Normalised.
    labels : ndarray of int32, shape (patches, [P,] M, N)
        0 is unlabelled; then the numbers of classes, or 1 for background and 2 for
        objects.
    """
    course = _Course(lessons, settings, Path("none"), time.monotonic)
    course.begin("")
    images, targets = course.training.batch(0)
    yield images.numpy(), targets[:, 0].round().numpy().astype(np.int32)


def ready() -> Iterator[None]:
    """Import what training needs; for a worker that waits."""
    need_networks()
    import napari_morphogen.nn.training  # noqa: F401

    yield None


class _Course:
    """One training, from its images to the written model."""

    def __init__(
        self,
        lessons: Sequence[Lesson | Files],
        settings: Settings,
        path: Path,
        clock: Callable[[], float],
    ) -> None:
        need_networks()
        self.settings, self.path, self.clock = settings, path, clock
        self.lessons = [
            one.lesson(settings, path) if isinstance(one, Files) else one
            for one in lessons
        ]
        self.view: View | None = None
        self.painted: dict[tuple[int, Index], NDArray[Any]] = {}
        for number, given in enumerate(self.lessons):
            self.painted |= {
                (number, index): frame for index, frame in painted_frames(given)
            }
        self.looked = self.reported = self.saved = -math.inf
        self.look_cost = 0.0
        self.note = ""

    # ---- what there is to learn

    def samples(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Return the images, channels first, and their labels."""
        return samples(self.lessons, self.painted, self.settings)

    def begin(self, start: str | Path) -> None:
        """Make ready to learn, from nothing or from where another has ended."""
        from napari_morphogen.nn.examples import TooFewLabels
        from napari_morphogen.nn.training import Training

        images, labels = self.samples()
        resumes = bool(start) and Path(start).suffix == UNFINISHED
        model = None if resumes or not start else _segmenter(start)
        options = self._options(images)
        given: dict[str, Any] = {"channel_axis": 0, "model": model}
        try:
            self.training = Training(images, labels, options=options, **given)
        except TooFewLabels:
            self.note = "Too little is painted to hold some of it out."
            options = replace(options, held_out=0.0)
            self.training = Training(images, labels, options=options, **given)
        self.learnt = images, labels
        if resumes:
            self.training.restore(start)

    def _options(self, images: Sequence[NDArray[Any]]) -> Any:
        from napari_morphogen.nn.devices import device
        from napari_morphogen.nn.options import Options
        from napari_morphogen.nn.patches import AUGMENTATION, NO_AUGMENTATION

        chosen = self.settings
        spacing = self.lessons[0].plan.seen_spacing[-(images[0].ndim - 1) :]
        return Options(
            task=chosen.task,
            sparse=chosen.sparse,
            spacing=spacing,
            width=chosen.width,
            levels=chosen.levels,
            convolutions=chosen.convolutions,
            pooling=chosen.pooling,
            patch=chosen.patch,
            held_out=chosen.held_out,
            augmentation=AUGMENTATION if chosen.augment else NO_AUGMENTATION,
            seed=chosen.seed,
            threads=chosen.threads,
            device=device(chosen.device, images[0].ndim - 1),
        )

    # ---- learning

    def run(self) -> Learning:
        """Learn until time is over or somebody says stop, then write the model."""
        from napari_morphogen.nn.train import Budget

        limit = self._limit()
        best = math.inf
        while True:
            stopped = yield from self._round(Budget(seconds=limit))
            measured = self.training.losses[1]
            if math.isnan(measured):
                measured = self.training.losses[0]
            better, best = measured < WORTH * best, min(best, measured)
            if stopped or math.isfinite(self.settings.seconds) or not better:
                break
            limit += ROUND
        yield from self._finish()

    def _limit(self) -> float:
        """Return the seconds of the first round."""
        if not math.isfinite(self.settings.seconds):
            return ROUND
        whole = self.settings.task in ("instances", "interiors")
        return self.settings.seconds * (TRAINING if whole else 1.0)

    def _round(self, budget: Any) -> Generator[Report, list[Any] | None, bool]:
        """Learn for one budget; return whether somebody said stop."""
        while True:
            corrected = False
            for trained in self.training.run(budget, every=1, clock=self.clock):
                for report in self._reports(trained.progress, budget.seconds):
                    told = yield report
                    if told and STOP in told:
                        return True
                    corrected |= self._take(told)
                if corrected:
                    break
            if not corrected:
                return False
            self._correct(budget.seconds)

    def _reports(self, progress: Any, limit: float) -> Iterator[Report]:
        now = self.clock()
        if now - self.saved > SAVE_SECONDS:
            self.training.save(unfinished(self.path))
            self.saved = now
        pause = max(LOOK_SECONDS, self.look_cost / LOOKING)
        looks = self.view is not None and now - self.looked > pause
        looks = looks and progress.step >= FIRST_LOOK
        if looks or now - self.reported > REPORT_SECONDS or progress.share >= 1:
            self.reported = now
            yield self._report(progress, limit, looks)

    def _report(self, progress: Any, limit: float, looks: bool) -> Report:
        view = self.view if looks else None
        frame = None if view is None else self._look(view)
        left = math.inf
        if math.isfinite(self.settings.seconds):
            left = max(self.settings.seconds - progress.seconds, 0.0)
        note, self.note = self.note, ""
        return Report(
            progress.step,
            progress.seconds,
            left,
            progress.loss,
            progress.held_out,
            view,
            frame,
            note,
        )

    def _look(self, view: View) -> Frame:
        began = self.clock()
        model = self.training.segmenter()
        # what images are scaled by is known of those that are learnt from
        frame = self._seen(model, view, scale=math.sqrt(math.prod(model.scales)))
        self.looked = self.clock()
        self.look_cost = self.looked - began
        return frame

    def _seen(self, network: Any, view: View, scale: float = 0.0) -> Frame:
        todo = self.lessons[view.lesson].plan
        image, axis = todo.frame_at(view.index)
        words: dict[str, Any] = {"channel_axis": axis, "part": view.part}
        words |= {"device": self.training.options.device, "scale": scale}
        task = self.settings.task
        if task == "semantic":
            found: Any = classes_by(network, image, **words)
        elif task == "edges":
            found = maps_by(network, image, **words)[0]
        else:
            found = objects_by(network, image, **words)
        return todo.named(found)

    # ---- what is told meanwhile

    def _take(self, told: Iterable[Any] | None) -> bool:
        """Take over what was told; return whether labels have changed."""
        changed = False
        for message in told or ():
            if isinstance(message, View):
                self.view, self.looked = message, -math.inf
            elif isinstance(message, Painted):
                changed |= self._repaint(message)
        return changed

    def _repaint(self, message: Painted) -> bool:
        """Take over the labels of a frame; return whether they are new."""
        place, labels = (message.lesson, message.index), message.labels
        known = self.painted.get(place, np.zeros_like(labels))
        if np.array_equal(known, labels):
            return False
        if is_learnt(self.lessons[message.lesson], labels):
            self.painted[place] = labels
        else:
            del self.painted[place]
        return True

    def _correct(self, seconds: float) -> None:
        """Go on with new labels, or as before where they cannot be used."""
        try:
            self._use(seconds)
        except InputError as error:
            self.note = str(error)

    def _use(self, seconds: float) -> None:
        """Learn from new labels; what the network cannot tell yet begins anew."""
        images, labels = self.samples()
        highest = max(int(label.max()) for label in labels)
        known = self.training.config.out_channels
        if self.settings.task == "semantic" and highest > known:
            spent = self.training.position
            self.begin("")
            self.training.position = (0, min(spent[1], seconds / 2))
            self.note = f"Class {highest} is new: training began anew."
            return
        self.training.correct(images, labels)
        self.learnt = images, labels
        step, spent_seconds = self.training.position
        latest = max(seconds - AFTER_CORRECTION, seconds / 2)
        self.training.position = (step, min(spent_seconds, latest))
        self.looked = -math.inf

    # ---- the end

    def _finish(self) -> Learning:
        model = self.training.segmenter()
        if self.settings.task in ("instances", "interiors"):
            yield self._last("Choosing thresholds …")
            model = self._tuned(model)
        model.save(self.path)
        unfinished(self.path).unlink(missing_ok=True)
        frame = None if self.view is None else self._seen(model, self.view)
        yield replace(self._last(self.note), view=self.view, frame=frame, done=True)

    def _tuned(self, model: Any) -> Any:
        from napari_morphogen.segment.network import tuned

        images, labels = self.learnt  # what is painted now may not be of use
        sparse = self.settings.sparse or self.settings.task == "interiors"
        left = (1 - TRAINING) * self.settings.seconds
        words: dict[str, Any] = {"channel_axis": 0, "sparse": sparse}
        return tuned(model, images, labels, seconds=max(left, LEAST), **words)

    def _last(self, note: str) -> Report:
        step, seconds = self.training.position
        loss, held_out = self.training.losses
        return Report(step, seconds, 0.0, loss, held_out, note=note)


def _segmenter(path: str | Path) -> Any:
    from napari_morphogen.nn.segmenter import Segmenter

    return Segmenter.load(path)
