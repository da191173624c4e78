"""Scores over several images: pooled, averaged, and how sure the average is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate import classes, detection
from napari_morphogen.evaluate.classes import ClassScores
from napari_morphogen.evaluate.objects import ObjectScores
from napari_morphogen.params import InputError

COUNTS = "truth_objects label_objects missed extra split merged".split()


class Scores(Protocol):
    """Anything with figures by name."""

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name."""
        ...


class Figure(NamedTuple):
    """One figure over several images.

    Attributes
    ----------
    mean : float
        Over the images where it is a number.
    low, high : float
        Ends of the bootstrap interval of the mean.
    pooled : float
        From the objects or pixels of all images as one set; NaN for figures
        that are not made of counts.
    """

    mean: float
    low: float
    high: float
    pooled: float


@dataclass(frozen=True)
class Summary:
    """Scores over several images.

    Attributes
    ----------
    images : int
        How many.
    confidence : float
        Of the intervals.
    figures : mapping of str to Figure
        By the names of `MEANINGS`.
    """

    images: int
    confidence: float
    figures: Mapping[str, Figure]

    def as_dict(self) -> dict[str, float]:
        """Return plain numbers: every figure four times, as ``"name mean"`` …."""
        found: dict[str, float] = {"images": self.images, "confidence": self.confidence}
        for name, figure in self.figures.items():
            found |= {f"{name} {part}": v for part, v in figure._asdict().items()}
        return found


def summarise(
    scores: Sequence[Scores],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Summary:
    """Gather the scores of several images.

    Parameters
    ----------
    scores : sequence of scores
        One of each image, all of one kind and with the same options.
    confidence : float
        Of the interval around the mean, between 0 and 1.
    resamples : int
        How many times images are drawn again.
    seed : int
        Same seed, same interval.

    Returns
    -------
    summary : Summary

    Raises
    ------
    InputError
        When there are no scores, their kinds differ, or a number is out of its
        limits.

    Notes
    -----
    The percentile bootstrap [1]_: as many images as there are, drawn with
    replacement, give one mean; the interval holds the middle of many such.
    A figure that is NaN or missing for an image is averaged over the others.

    References
    ----------
    .. [1] B. Efron, Ann. Statist. 7, 1-26 (1979), DOI 10.1214/aos/1176344552

    Examples
    --------
    >>> from napari_morphogen.evaluate import class_scores
    >>> right, half = class_scores([1, 1], [1, 1]), class_scores([1, 0], [1, 1])
    >>> found = summarise([right, half]).figures["accuracy"]
    >>> found.mean, found.pooled
    (0.75, 0.75)
    """
    kinds = sorted({type(one).__name__ for one in scores})
    if len(kinds) != 1:
        raise InputError(
            f"Expected scores of one kind, but got {' and '.join(kinds) or 'none'}; "
            "summarise each kind by itself."
        )
    if not 0 < confidence < 1:
        raise InputError(f"Expected `confidence` from 0 to 1, but got {confidence}.")
    if resamples < 1:
        raise InputError(f"Expected `resamples` of at least 1, but got {resamples}.")
    rows = [one.as_dict() for one in scores]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = np.array([[row.get(name, np.nan) for name in names] for row in rows])
    draws = np.random.default_rng(seed).integers(len(rows), size=(resamples, len(rows)))
    whole = _pooled(scores)
    figures = {
        name: Figure(
            *_interval(table[:, i], draws, confidence), whole.get(name, np.nan)
        )
        for i, name in enumerate(names)
    }
    return Summary(len(rows), confidence, figures)


def _interval(
    values: NDArray[np.float64], draws: NDArray[np.int64], confidence: float
) -> tuple[float, float, float]:
    known = ~np.isnan(values)
    if not known.any():
        return np.nan, np.nan, np.nan
    mean = float(values[known].mean())
    if not np.isfinite(values[known]).all():  # infinite distances have no spread
        return mean, mean, mean
    drawn = known[draws].sum(axis=1)
    if not drawn.any():  # few draws can miss all the images that are known
        return mean, mean, mean
    sums = np.where(known, values, 0)[draws].sum(axis=1)
    means = sums[drawn > 0] / drawn[drawn > 0]
    ends = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return mean, float(ends[0]), float(ends[1])


def _pooled(scores: Sequence[Scores]) -> dict[str, float]:
    """Return the figures of all images' objects or pixels as one set."""
    by_class = [one for one in scores if isinstance(one, ClassScores)]
    if by_class:
        return classes.pooled(by_class).as_dict()
    by_object = [one for one in scores if isinstance(one, ObjectScores)]
    if not by_object:
        return {}
    return _pooled_objects(by_object)


def _pooled_objects(scores: Sequence[ObjectScores]) -> dict[str, float]:
    rows = [one.as_dict() for one in scores]
    found: dict[str, float] = {name: sum(r[name] for r in rows) for name in COUNTS}
    sizes = np.array([row["truth_objects"] for row in rows])
    for name in ("seg", "mean_iou"):  # means over the objects of the truth
        total = float(np.dot([row[name] for row in rows], sizes))
        found[name] = detection.share(total, sizes.sum(), found["label_objects"])
    each = zip(*(one.detections for one in scores), strict=True)
    together = [detection.pooled(same) for same in each]
    for one in together:
        found |= one.as_dict()
    found["mean_ap"] = float(np.mean([one.ap for one in together]))
    return found
