"""Scores of labels, fold by fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate import object_scores
from napari_morphogen.tuning.folds import Folds, folds
from napari_morphogen.tuning.results import Kind
from napari_morphogen.tuning.scenes import Scene

STRANGE = 5  # times as large as any painted object: no object is
THRESHOLDS = np.arange(50, 91, 5) / 100  # of the intersection over union


class Tally(NamedTuple):
    """What one scene says about a candidate.

    Attributes
    ----------
    counts : ndarray
        Objects: (fold, threshold, right/extra/missed). Classes: rows of fold,
        number in the labels, class and how many pixels share them.
    score : float
        Of the scene alone, to stop early what is bad.
    """

    counts: NDArray[Any]
    score: float


@dataclass(frozen=True, eq=False)
class Judge:
    """Scores labels of scenes.

    Attributes
    ----------
    scenes : sequence of Scene
        All that is judged.
    kind : str
        ``"objects"`` or ``"classes"``.
    sparse : bool
        Whether the reference is painted only in part.
    parts : Folds
        What is left out in turn.
    """

    scenes: Sequence[Scene]
    kind: Kind
    sparse: bool
    parts: Folds

    @classmethod
    def of(cls, found: Sequence[Scene], kind: Kind, sparse: bool) -> "Judge":
        """Return a judge of these scenes."""
        return cls(found, kind, sparse, folds(found, kind, sparse))

    def tally(self, number: int, labels: NDArray[Any]) -> Tally:
        """Compare the labels of one scene with its reference."""
        scene, where = self.scenes[number], self.parts.maps[number]
        if self.kind == "classes":
            rows = _shared(labels, scene.truth, where, self.sparse)
            table = _merged(rows)
            return Tally(rows, _dice(_meaning(table), table))
        counts = _matches(labels, scene, where, self.parts.count, self.sparse)
        return Tally(counts, _f1(counts.sum(axis=0)))

    def scores(
        self, tallies: Sequence[Tally], meaning: Mapping[int, int] | None = None
    ) -> NDArray[np.float64]:
        """Return the score of every fold.

        Of classes, what a number stands for is learned on the other folds, unless
        its `meaning` is given.
        """
        if self.kind == "objects":
            total = np.sum([one.counts for one in tallies], axis=0)
            return np.array([_f1(counts) for counts in total])
        rows = np.concatenate([one.counts for one in tallies])
        found = []
        for fold in range(self.parts.count):
            mine = rows[:, 0] == fold
            others = rows[~mine] if self.parts.count > 1 else rows
            known = _meaning(_merged(others)) if meaning is None else meaning
            found.append(_dice(known, _merged(rows[mine])))
        return np.array(found)

    def classes(self, tallies: Sequence[Tally]) -> dict[int, int]:
        """Return the class that every number of the labels stands for."""
        if self.kind == "objects":
            return {}
        return _meaning(_merged(np.concatenate([one.counts for one in tallies])))

    def mean(self, scores: NDArray[np.float64]) -> float:
        """Return the weighted mean over the folds."""
        return float(np.average(scores, weights=self.parts.weights))


# ---- objects


def _matches(
    labels: NDArray[Any],
    scene: Scene,
    where: NDArray[Any] | int,
    count: int,
    sparse: bool,
) -> NDArray[np.int64]:
    scores = object_scores(labels, scene.truth, thresholds=(0.5,), sparse=sparse)
    truth, ours = scores.truth, scores.labels
    edge = scene.cut_mask()
    cut = np.unique(scene.truth[edge]) if edge.any() else np.zeros(0, int)
    judged_truth = ~np.isin(truth.ids, cut)
    partner = ours.partner
    judged = ~np.isin(partner, cut[cut != 0])
    if edge.any():
        judged &= (ours.state == "true positive") | ~np.isin(
            ours.ids, np.unique(labels[edge])
        )
    if sparse:  # what lies elsewhere may be right, unless it is like nothing painted
        judged &= np.isin(ours.state, ("true positive", "split", "merged")) | (
            ours.pixels > STRANGE * truth.pixels.max(initial=1)
        )
    fold_truth = _fold_of(truth.ids, scene.truth, where)
    fold_ours = _fold_of(ours.ids, labels, where)
    known = np.isin(partner, truth.ids)
    if not isinstance(where, int):
        at = np.searchsorted(truth.ids, partner[known])
        fold_ours[known] = fold_truth[at]
    found = np.zeros((count, THRESHOLDS.size, 3), np.int64)
    for place, threshold in enumerate(THRESHOLDS):
        right = (truth.state == "true positive") & (truth.iou >= threshold)
        good = (ours.state == "true positive") & (ours.iou >= threshold)
        found[:, place, 0] = _counted(fold_truth[judged_truth & right], count)
        found[:, place, 1] = _counted(fold_ours[judged & ~good], count)
        found[:, place, 2] = _counted(fold_truth[judged_truth & ~right], count)
    return found


def _fold_of(
    ids: NDArray[Any], labels: NDArray[Any], where: NDArray[Any] | int
) -> NDArray[np.intp]:
    """Return the fold of every object: that of its first pixel."""
    if isinstance(where, int):
        return np.full(ids.size, where, np.intp)
    values, first = np.unique(labels, return_index=True)
    kept = values != 0
    return np.asarray(where.ravel()[first[kept]], np.intp)


def _counted(places: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    return np.bincount(places, minlength=count)


def _f1(counts: NDArray[np.int64]) -> float:
    """Return the mean over thresholds of right, extra, missed."""
    right, extra, missed = counts.T.astype(float)
    total = 2 * right + extra + missed
    return float(
        np.mean(np.divide(2 * right, total, np.ones_like(total), where=total > 0))
    )


# ---- classes

Table = Mapping[tuple[int, int], int]


def _shared(
    labels: NDArray[Any], truth: NDArray[Any], where: NDArray[Any] | int, sparse: bool
) -> NDArray[np.int64]:
    """Return rows of fold, number, class, pixels."""
    kept = truth.ravel() != 0 if sparse else np.ones(truth.size, bool)
    numbers = labels.ravel()[kept].astype(np.int64)
    classes = truth.ravel()[kept].astype(np.int64)
    if isinstance(where, int):
        fold = np.full(numbers.size, where)
    else:
        fold = np.asarray(where.ravel()[kept], np.int64)
    values, places = np.unique(classes, return_inverse=True)
    wide = int(numbers.max(initial=0)) + 1
    codes = (fold * wide + numbers) * max(values.size, 1) + places.reshape(-1)
    found, pixels = np.unique(codes, return_counts=True)
    rest, place = np.divmod(found, max(values.size, 1))
    return np.stack([rest // wide, rest % wide, values[place], pixels], axis=1)


def _merged(rows: NDArray[np.int64]) -> Table:
    table: dict[tuple[int, int], int] = {}
    for _, number, value, pixels in rows.tolist():
        table[number, value] = table.get((number, value), 0) + pixels
    return table


def _meaning(table: Table) -> dict[int, int]:
    """Return for every number the class that it shares most pixels with."""
    best: dict[int, tuple[int, int]] = {}
    for (number, value), pixels in sorted(table.items()):
        if pixels > best.get(number, (0, 0))[0]:
            best[number] = pixels, value
    return {number: value for number, (_, value) in best.items()}


def _dice(meaning: Mapping[int, int], tested: Table) -> float:
    """Return the mean Dice of the classes, a number being what it stands for."""
    right: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for (number, value), pixels in tested.items():
        said = meaning.get(number, -1)
        right[value] = right.get(value, 0) + pixels * (said == value)
        for one in (said, value):
            sizes[one] = sizes.get(one, 0) + pixels
    classes = [value for value in sizes if value > 0]
    if not classes:
        return 1.0
    return float(np.mean([2 * right.get(c, 0) / sizes[c] for c in classes]))
