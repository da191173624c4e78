"""What was found at one threshold of intersection over union."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Detection:
    """Found and missed objects at one threshold of intersection over union (IoU).

    Attributes
    ----------
    threshold : float
        A pair counts from this IoU on, this IoU included.
    tp, fp, fn : int
        Pairs; objects of the labels, and of the truth, without a partner.
    iou_sum : float
        Of the pairs.
    sparse : bool
        The truth leaves objects out: `fp` is 0, and all figures that need it
        are NaN.
    """

    threshold: float
    tp: int
    fp: int
    fn: int
    iou_sum: float
    sparse: bool = False

    @property
    def precision(self) -> float:
        """Share of the objects of the labels that stand for one of the truth."""
        return self._needs_fp(share(self.tp, self.tp + self.fp, self.fn))

    @property
    def recall(self) -> float:
        """Share of the objects of the truth that were found."""
        return share(self.tp, self.tp + self.fn, self.fp)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return self._needs_fp(share(2 * self.tp, 2 * self.tp + self.fp + self.fn, 0))

    @property
    def ap(self) -> float:
        """Pairs over all objects of either image, pairs counted once."""
        return self._needs_fp(share(self.tp, self.tp + self.fp + self.fn, 0))

    @property
    def sq(self) -> float:
        """Segmentation quality: the mean IoU of the pairs."""
        return share(self.iou_sum, self.tp, self.fp + self.fn)

    @property
    def rq(self) -> float:
        """Recognition quality: the same as `f1`."""
        return self.f1

    @property
    def pq(self) -> float:
        """Panoptic quality: `sq` times `rq`."""
        return self.sq * self.rq

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name and the threshold."""
        names = "tp fp fn precision recall f1 ap sq rq pq".split()
        found = {f"{name}@{self.threshold:.2f}": getattr(self, name) for name in names}
        if self.sparse:
            found[f"fp@{self.threshold:.2f}"] = math.nan
        return found

    def _needs_fp(self, value: float) -> float:
        return math.nan if self.sparse else value


def pooled(found: Iterable[Detection]) -> Detection:
    """Return the detection over several images: their objects counted as one set."""
    every = list(found)
    return Detection(
        every[0].threshold,
        sum(one.tp for one in every),
        sum(one.fp for one in every),
        sum(one.fn for one in every),
        sum(one.iou_sum for one in every),
        any(one.sparse for one in every),
    )


def share(part: float, whole: float, other: float) -> float:
    """Return part / whole; of nothing, 1 where nothing else is there either."""
    if whole:
        return float(part / whole)
    return 0.0 if other else 1.0
