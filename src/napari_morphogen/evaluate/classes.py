"""Scores of labels as classes: how many pixels of each are right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from napari_morphogen.evaluate.detection import share
from napari_morphogen.evaluate.overlap import Overlap, overlap
from napari_morphogen.params import InputError


@dataclass(frozen=True)
class ClassScore:
    """How many pixels of one class are right.

    Attributes
    ----------
    label : int
        The class.
    tp, fp, fn, tn : int
        Pixels of the class in both images, in the labels alone, in the truth
        alone, and in neither.
    """

    label: int
    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def dice(self) -> float:
        """Shared pixels over the mean size in both images."""
        return share(2 * self.tp, 2 * self.tp + self.fp + self.fn, 0)

    @property
    def iou(self) -> float:
        """Shared pixels over the pixels of either."""
        return share(self.tp, self.tp + self.fp + self.fn, 0)

    @property
    def precision(self) -> float:
        """Share of the pixels of the labels that are right."""
        return share(self.tp, self.tp + self.fp, self.fn)

    @property
    def recall(self) -> float:
        """Share of the pixels of the truth that were found."""
        return share(self.tp, self.tp + self.fn, self.fp)

    @property
    def accuracy(self) -> float:
        """Share of all pixels on which both agree about this class."""
        wrong = self.fp + self.fn
        return share(self.tp + self.tn, self.tp + self.tn + wrong, 0)

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name and the class."""
        names = "tp fp fn tn dice iou precision recall accuracy".split()
        return {f"{name}@{self.label}": getattr(self, name) for name in names}


@dataclass(frozen=True)
class ClassScores:
    """How well the classes of a label image agree with those of the truth.

    Attributes
    ----------
    classes : tuple of ClassScore
        In ascending order.
    correct, pixels : int
        How many pixels have the right class, and how many were counted.
    sparse : bool
        Only pixels that are painted in the truth were counted.
    """

    classes: tuple[ClassScore, ...]
    correct: int
    pixels: int
    sparse: bool = False

    @property
    def accuracy(self) -> float:
        """Share of the pixels that have the right class."""
        return share(self.correct, self.pixels, 0)

    @property
    def mean_dice(self) -> float:
        """Mean over the classes."""
        return _mean([one.dice for one in self.classes])

    @property
    def mean_iou(self) -> float:
        """Mean over the classes."""
        return _mean([one.iou for one in self.classes])

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name; see `MEANINGS`."""
        names = "accuracy mean_dice mean_iou pixels".split()
        found: dict[str, float] = {"sparse": int(self.sparse)}
        found |= {name: getattr(self, name) for name in names}
        for one in self.classes:
            found |= one.as_dict()
        return found


def class_scores(
    labels: ArrayLike,
    truth: ArrayLike,
    *,
    classes: Sequence[int] = (),
    sparse: bool = False,
) -> ClassScores:
    """Compare the classes of a label image with those of a true one.

    Parameters
    ----------
    labels, truth : ndarray of int
        Label images of one shape and any number of axes; every number is a class.
    classes : sequence of int
        Those to score; by default all in either image but the background, 0.
    sparse : bool
        Only some pixels of the truth are painted: 0 means "not known" and no
        such pixel is counted.

    Returns
    -------
    scores : ClassScores

    Raises
    ------
    InputError
        When the shapes differ, the numbers are not whole, or `sparse` and
        nothing is painted.

    Notes
    -----
    Dice [1]_ is 2 TP / (2 TP + FP + FN), IoU [2]_ is TP / (TP + FP + FN). A
    class in neither image scores 1; one in a single image 0. Precision, recall
    and accuracy are those of the class against all others [3]_.

    References
    ----------
    .. [1] L. R. Dice, Ecology 26, 297-302 (1945), DOI 10.2307/1932409
    .. [2] P. Jaccard, New Phytol. 11, 37-50 (1912),
       DOI 10.1111/j.1469-8137.1912.tb05611.x
    .. [3] M. Sokolova and G. Lapalme, Inf. Process. Manag. 45, 427-437 (2009),
       DOI 10.1016/j.ipm.2009.03.002

    Examples
    --------
    >>> scores = class_scores([[1, 1, 2, 0]], [[1, 2, 2, 0]])
    >>> [round(one.dice, 3) for one in scores.classes], scores.accuracy
    ([0.667, 0.667], 0.75)
    """
    table = overlap(labels, truth)
    if sparse:
        table = table.annotated()
        if not table.pixels.size:
            raise InputError("Nothing is painted in the truth; paint some pixels.")
    either = np.union1d(table.truth_ids, table.label_ids)
    wanted = sorted({int(one) for one in (classes or either[either != 0])})
    same = table.truth_ids[table.truth_of] == table.label_ids[table.label_of]
    return ClassScores(
        tuple(_score(table, one) for one in wanted),
        int(table.pixels[same].sum()),
        int(table.pixels.sum()),
        sparse,
    )


def pooled(scores: Iterable[ClassScores]) -> ClassScores:
    """Return the scores over several images: their pixels counted as one set.

    Examples
    --------
    >>> one = class_scores([1, 1, 0], [1, 1, 1])
    >>> round(pooled([one, class_scores([1], [1])]).mean_dice, 3)
    0.857
    """
    every = list(scores)
    known = sorted({one.label for image in every for one in image.classes})
    return ClassScores(
        tuple(_sum(every, label) for label in known),
        sum(image.correct for image in every),
        sum(image.pixels for image in every),
        any(image.sparse for image in every),
    )


def _score(table: Overlap, label: int) -> ClassScore:
    in_truth = (table.truth_ids == label)[table.truth_of]
    in_labels = (table.label_ids == label)[table.label_of]
    tp = int(table.pixels[in_truth & in_labels].sum())
    fp = int(table.pixels[in_labels].sum()) - tp
    fn = int(table.pixels[in_truth].sum()) - tp
    return ClassScore(label, tp, fp, fn, int(table.pixels.sum()) - tp - fp - fn)


def _sum(images: Sequence[ClassScores], label: int) -> ClassScore:
    """Return one class over all images; where it is absent all is true negative."""
    tp = fp = fn = 0
    for image in images:
        for one in image.classes:
            if one.label == label:
                tp, fp, fn = tp + one.tp, fp + one.fp, fn + one.fn
    everything = sum(image.pixels for image in images)
    return ClassScore(label, tp, fp, fn, everything - tp - fp - fn)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 1.0
