"""From trials to a table: one row per method, scored on what was left out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.spatial import SPATIAL_AXES
from napari_morphogen.tuning.candidates import Candidate
from napari_morphogen.tuning.choice import (
    first_best,
    left_out,
    standard_error,
    tied,
)
from napari_morphogen.tuning.results import Ranking, Row
from napari_morphogen.tuning.scenes import Place, Scene
from napari_morphogen.tuning.space import simplicity
from napari_morphogen.tuning.trials import Bench, Trial

SPEEDS = 3.0  # times within this factor are the same
SINGLE = "Nothing is left to test on: the score is of what was tuned on."


@dataclass
class Pool:
    """Trials of one method, the simplest first.

    Attributes
    ----------
    trials : list of Trial
        Those with a score of every fold.
    confirmed : list of Trial
        Those of them that were repeated on whole images.
    failed : list of Trial
        Those with a problem.
    """

    trials: list[Trial] = field(default_factory=list)
    confirmed: list[Trial] = field(default_factory=list)
    failed: list[Trial] = field(default_factory=list)
    _shown: dict[tuple[Candidate, bool], NDArray[np.int32]] = field(
        default_factory=dict
    )

    @property
    def full(self) -> list[Trial]:
        """Those to choose from."""
        return self.confirmed or self.trials

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Scores: (candidate, fold)."""
        return np.array([trial.folds for trial in self.full])

    @property
    def best(self) -> Trial:
        """The trial of the greatest mean."""
        return max(self.full, key=lambda trial: trial.mean)

    def add(self, trial: Trial) -> None:
        """Take in a trial."""
        if trial.problem:
            self.failed.append(trial)
        elif trial.folds is not None:
            self.trials.append(trial)
            self.trials.sort(key=_order)

    def confirm(self, trial: Trial) -> None:
        """Take in a trial on whole images."""
        self.confirmed.append(trial)
        self.confirmed.sort(key=_order)

    def row(self, bench: Bench) -> Row:
        """Return the row of the table."""
        judge = bench.judge_of(self.full[0])
        weights = judge.parts.weights
        matrix = self.matrix
        chosen = self.full[first_best(matrix @ (weights / weights.sum()))]
        folds = left_out(matrix, weights)
        return Row(
            chosen.candidate,
            judge.mean(folds),
            standard_error(folds, weights),
            chosen.seconds,
            False,
            self._labels(chosen, bench),
            tuple(folds.tolist()),
            chosen.whole,
            chosen.classes,
        )

    def _labels(self, chosen: Trial, bench: Bench) -> NDArray[np.int32]:
        key = chosen.candidate, chosen.whole
        if key not in self._shown:
            make = bench.whole_labels if chosen.whole else bench.labels
            self._shown = {key: make(chosen.candidate, 0)}
        return self._shown[key]


def _order(trial: Trial) -> tuple[tuple[int, int], float]:
    return simplicity(trial.candidate), -trial.mean


def ranked(bench: Bench, pools: Mapping[str, Pool]) -> Ranking:
    """Return the table of all methods that have a score.

    Parameters
    ----------
    bench : Bench
        What the trials were made on.
    pools : mapping
        The trials by method.
    """
    scored = [pool for pool in pools.values() if pool.full]
    rows = _sorted([pool.row(bench) for pool in scored], bench)
    score, error = _overall(scored, bench)
    best = next((pool.full[0] for pool in scored if pool.confirmed), None)
    judge = bench.judge if best is None else bench.judge_of(best)
    parts, scene = judge.parts, bench.scenes[0]
    note = parts.note or (SINGLE if parts.count < 2 else "")
    return Ranking(
        rows=tuple(rows),
        score=score,
        error=error,
        kind=bench.judge.kind,
        folds=parts.count,
        units=parts.units,
        note=note,
        crop=_picture(scene),
        truth=scene.truth,
        image=scene.number,
        place=_place(scene),
        tried=0,
        elapsed=0.0,
        budget=0.0,
    )


def _sorted(rows: list[Row], bench: Bench) -> list[Row]:
    """Return the best first, of those that are tied the faster and simpler."""
    if not rows:
        return []
    best = max(rows, key=lambda row: (row.whole, row.score))
    judge = bench.whole if best.whole and bench.whole is not None else bench.judge
    weights = judge.parts.weights
    level = [
        replace(
            row,
            tied=row.whole == best.whole
            and tied(np.array(best.folds), np.array(row.folds), weights),
        )
        for row in rows
    ]
    front = sorted((row for row in level if row.tied), key=_ease)
    rest = sorted(
        (row for row in level if not row.tied),
        key=lambda row: (row.whole, row.score),
        reverse=True,
    )
    return front + rest


def _ease(row: Row) -> tuple[float, tuple[int, int], float]:
    speed = round(math.log(max(row.seconds, 1e-3), SPEEDS))
    return speed, simplicity(row.candidate), -row.score


def _overall(scored: list[Pool], bench: Bench) -> tuple[float, float]:
    """Return the score of the whole search, and its standard error."""
    some = [pool for pool in scored if pool.confirmed] or scored
    if not some:
        return math.nan, math.nan
    judge = bench.judge_of(some[0].full[0])
    weights = judge.parts.weights
    folds = left_out(np.concatenate([pool.matrix for pool in some]), weights)
    return judge.mean(folds), standard_error(folds, weights)


def _picture(scene: Scene) -> NDArray[np.generic]:
    """Return the pixels of a crop, channels last."""
    axis = scene.image.axes.find("c")
    pixels = np.asarray(scene.image.data)
    return pixels if axis < 0 else np.moveaxis(pixels, axis, -1)


def _place(scene: Scene) -> Place:
    """Return where a crop lies in its image, for all axes but channels."""
    ends = dict(zip(_spatial(scene), scene.place, strict=True))
    looped = {axis: (number, number + 1) for axis, number in scene.index}
    axes = [*looped, *ends]
    return tuple((looped | ends)[axis] for axis in axes)


def _spatial(scene: Scene) -> str:
    return "".join(axis for axis in scene.frame.axes if axis in SPATIAL_AXES)
