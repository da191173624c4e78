"""Scores of objects at ten thresholds against StarDist, equal counts checked.

Two label images of some 5,000 objects; both called in turn in one process. Printed is
the ratio of the processor times. Where StarDist is not installed, its published
algorithm stands in: the dense matrix of all overlaps, and for every threshold one
assignment of all objects.

    python benchmarks/matching.py [--quick]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage, optimize
from skimage import measure

from napari_morphogen.evaluate import THRESHOLDS, object_scores, overlap

try:
    from stardist.matching import matching
except ImportError:
    matching = None

Array = np.ndarray[Any, Any]
Counts = list[tuple[int, int, int]]


def images_of(side: int) -> tuple[Array, Array]:
    """Return a segmentation and its truth: blobs at two levels, one shifted."""
    noise = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    blobs = ndimage.gaussian_filter(noise, 4, mode="wrap")
    blobs /= blobs.std()
    truth = measure.label(blobs > 0.8)
    labels = measure.label(np.roll(blobs, 1, axis=0) > 0.9)
    return labels.astype(np.int32), truth.astype(np.int32)


def ours(labels: Array, truth: Array) -> Counts:
    found = object_scores(labels, truth).detections
    return [(one.tp, one.fp, one.fn) for one in found]


def stardists(labels: Array, truth: Array) -> Counts:
    found = matching(truth, labels, thresh=THRESHOLDS)
    return [(one.tp, one.fp, one.fn) for one in found]


def dense(labels: Array, truth: Array) -> Counts:
    """Count like StarDist: dense overlaps, one assignment per threshold."""
    shared = np.zeros((truth.max() + 1, labels.max() + 1), np.int64)
    np.add.at(shared, (truth.ravel(), labels.ravel()), 1)
    of_truth, of_labels = shared.sum(axis=1)[1:], shared.sum(axis=0)[1:]
    both = shared[1:, 1:]
    iou = both / (of_truth[:, None] + of_labels - both)
    counts = []
    for threshold in THRESHOLDS:
        costs = -(iou >= threshold).astype(float) - iou / (2 * min(iou.shape))
        tp = int(np.sum(iou[optimize.linear_sum_assignment(costs)] >= threshold))
        counts.append((tp, len(of_labels) - tp, len(of_truth) - tp))
    return counts


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images")
    quick = parser.parse_args().quick
    labels, truth = images_of(512 if quick else 2048)
    print(f"{labels.shape}: {labels.max()} objects, {truth.max()} in the truth")
    theirs, name = (stardists, "stardist") if matching else (dense, "dense algorithm")
    small = images_of(128)
    assert theirs(*small) == ours(*small)  # compiles StarDist's kernel, too
    slow, fast = [], []
    for _ in range(1 if quick else 3):
        seconds, expected = timed(lambda: theirs(labels, truth))
        slow.append(seconds)
        several = [timed(lambda: ours(labels, truth)) for _ in range(5)]
        fast += [seconds for seconds, _ in several]
        assert several[0][1] == expected, "the counts differ"
    table = statistics.median(timed(lambda: overlap(labels, truth))[0] for _ in "12345")
    theirs_s, ours_s = statistics.median(slow), statistics.median(fast)
    print(f"{name} {theirs_s * 1e3:.0f} ms, ours {ours_s * 1e3:.1f} ms, equal counts")
    print(f"the table alone {table * 1e3:.1f} ms")
    print(f"{theirs_s / ours_s:.0f} times faster")


if __name__ == "__main__":
    main()
