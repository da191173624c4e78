"""Scores of labels as objects: which were found, missed, split or merged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.evaluate.detection import Detection, share
from napari_morphogen.evaluate.matching import matched, states
from napari_morphogen.evaluate.overlap import Overlap, Pairs, overlap
from napari_morphogen.evaluate.partitions import adjusted_rand, information
from napari_morphogen.params import InputError

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
COUNTED = ("missed", "split", "merged")  # states of objects of the truth


class Objects(NamedTuple):
    """What became of every object of one image, in ascending order of numbers.

    Attributes
    ----------
    ids, pixels : ndarray of int
        Number and size.
    state : ndarray of str
        One of `STATES`.
    partner : ndarray of int
        The object that it is paired with; without a pair, that of the greatest
        IoU; 0 where it touches none.
    iou : ndarray of float
        That of both.
    """

    ids: NDArray[Any]
    pixels: NDArray[np.int64]
    state: NDArray[np.str_]
    partner: NDArray[Any]
    iou: NDArray[np.float64]

    def worst(self, count: int = 10) -> NDArray[Any]:
        """Return the numbers of the objects of the least IoU, the worst first."""
        judged = np.flatnonzero(self.state != "not judged")
        order = np.argsort(self.iou[judged], kind="stable")
        return self.ids[judged[order[:count]]]


@dataclass(frozen=True, eq=False)
class ObjectScores:
    """How well the objects of a label image agree with those of the truth.

    Attributes
    ----------
    detections : tuple of Detection
        One for each threshold.
    truth, labels : Objects
        What became of every object, at the threshold of the states.
    missed, split, merged : int
        Objects of the truth in these states; with those that are true positive
        they are all.
    extra : int
        Objects of the labels in this state.
    seg : float
        Mean over the objects of the truth of the IoU with the one object of the
        labels that holds more than half of it; 0 without one.
    mean_iou : float
        Mean over the objects of the truth of the greatest IoU.
    rand : float
        Adjusted Rand index of all pixels, background a class like others.
    vi_split, vi_merge : float
        Variation of information, in bits: the entropy of the labels where the
        truth is known, and of the truth where the labels are.
    sparse : bool
        Only objects that are painted in the truth were counted.
    """

    detections: tuple[Detection, ...]
    truth: Objects
    labels: Objects
    missed: int
    split: int
    merged: int
    extra: int
    seg: float
    mean_iou: float
    rand: float
    vi_split: float
    vi_merge: float
    sparse: bool = False

    @property
    def mean_ap(self) -> float:
        """Mean of `ap` over the thresholds."""
        return float(np.mean([found.ap for found in self.detections]))

    def at(self, threshold: float) -> Detection:
        """Return the figures at one of the thresholds."""
        for found in self.detections:
            if found.threshold == threshold:
                return found
        known = ", ".join(f"{found.threshold:g}" for found in self.detections)
        raise InputError(
            f"There are no scores at {threshold:g}, only at {known}; take one of these."
        )

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name; see `MEANINGS`."""
        found: dict[str, float] = {
            "sparse": int(self.sparse),
            "truth_objects": self.truth.ids.size,
            "label_objects": self.labels.ids.size,
        }
        names = "missed split merged extra mean_ap seg mean_iou rand vi_split vi_merge"
        found |= {name: getattr(self, name) for name in names.split()}
        if self.sparse:
            found["extra"] = math.nan
        for one in self.detections:
            found |= one.as_dict()
        return found


def object_scores(
    labels: ArrayLike,
    truth: ArrayLike,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    threshold: float = 0.5,
    sparse: bool = False,
) -> ObjectScores:
    """Compare the objects of a label image with those of a true one.

    Parameters
    ----------
    labels, truth : ndarray of int
        Label images of one shape and any number of axes; every number but 0 is
        one object.
    thresholds : sequence of float
        Intersections over union from which on a pair counts, above 0 to 1.
    threshold : float
        The one for the states of the objects.
    sparse : bool
        Only some objects of the truth are painted, each as a whole: 0 means
        "not known". Objects of the labels without a partner are not judged, and
        the Rand index and the information are those of the painted pixels.

    Returns
    -------
    scores : ObjectScores

    Raises
    ------
    InputError
        When the shapes differ, the numbers are not whole, a threshold is out of
        its limits, or `sparse` and nothing is painted.

    Notes
    -----
    A pair counts at an IoU **equal to or above** the threshold. Above 0.5 no
    object has two such partners; at 0.5 and below, the most pairs that can be
    are made, and among those choices the one of the greatest sum of IoU [1]_
    [2]_. Two images without objects agree: shares and qualities are 1. If only
    one has no objects, they are 0.

    References
    ----------
    .. [1] J. C. Caicedo et al., Nat. Methods 16, 1247-1253 (2019),
       DOI 10.1038/s41592-019-0612-7
    .. [2] A. Kirillov et al., Proc. CVPR (2019) 9396-9405,
       DOI 10.1109/CVPR.2019.00963

    Examples
    --------
    >>> scores = object_scores([[1, 1, 0, 2]], [[7, 7, 7, 0]])
    >>> scores.at(0.5).tp, scores.labels.state.tolist()
    (1, ['true positive', 'extra'])
    """
    for one in (*thresholds, threshold):
        if not 0 < one <= 1:
            raise InputError(f"Expected thresholds above 0 and up to 1, but got {one}.")
    table = overlap(labels, truth)
    if sparse and not table.truth_ids.any():
        raise InputError("Nothing is painted in the truth; paint at least one object.")
    pairs = table.pairs()
    chosen = matched(pairs, threshold)
    state_of_truth, state_of_labels = states(table, pairs, chosen, sparse)
    of_truth = _objects(table, pairs, chosen, state_of_truth)
    of_labels = _objects(table.turned(), pairs.turned(), chosen, state_of_labels)
    counts = {name: int(np.sum(of_truth.state == name)) for name in COUNTED}
    painted = table.annotated() if sparse else table
    return ObjectScores(
        detections=tuple(_detection(table, pairs, one, sparse) for one in thresholds),
        truth=of_truth,
        labels=of_labels,
        **counts,
        extra=int(np.sum(of_labels.state == "extra")),
        seg=_mean_greatest(table, pairs, half_of_truth=True),
        mean_iou=_mean_greatest(table, pairs, half_of_truth=False),
        rand=adjusted_rand(painted),
        vi_split=information(painted),
        vi_merge=information(painted.turned()),
        sparse=sparse,
    )


def _detection(
    table: Overlap, pairs: Pairs, threshold: float, sparse: bool
) -> Detection:
    chosen = matched(pairs, threshold)
    extra = int(np.count_nonzero(table.label_ids)) - chosen.size
    missed = int(np.count_nonzero(table.truth_ids)) - chosen.size
    total = float(pairs.iou[chosen].sum())
    return Detection(
        threshold, chosen.size, 0 if sparse else extra, missed, total, sparse
    )


def _objects(
    table: Overlap, pairs: Pairs, chosen: NDArray[np.intp], state: NDArray[np.str_]
) -> Objects:
    """Return what became of the objects of the truth."""
    partner = np.zeros(table.truth_ids.size, table.label_ids.dtype)
    iou = np.zeros(table.truth_ids.size)
    for places in (np.argsort(pairs.iou, kind="stable"), chosen):  # the last one stays
        truth = pairs.truth[places]
        partner[truth] = table.label_ids[pairs.labels[places]]
        iou[truth] = pairs.iou[places]
    real = table.truth_ids != 0
    ids, pixels = table.truth_ids[real], table.truth_pixels[real]
    return Objects(ids, pixels, state[real], partner[real], iou[real])


def _mean_greatest(table: Overlap, pairs: Pairs, half_of_truth: bool) -> float:
    """Return the mean over the objects of the truth of their greatest IoU."""
    greatest = np.zeros(table.truth_ids.size)
    counted = np.ones(pairs.iou.size, bool)
    if half_of_truth:
        counted = pairs.pixels * 2 > table.truth_pixels[pairs.truth]
    np.maximum.at(greatest, pairs.truth[counted], pairs.iou[counted])
    total, objects = float(greatest.sum()), int(np.count_nonzero(table.truth_ids))
    return share(total, objects, int(np.count_nonzero(table.label_ids)))
