import math

import numpy as np
import pytest
from scipy import ndimage, optimize

from napari_morphogen.evaluate import THRESHOLDS, object_scores
from napari_morphogen.params import InputError


def _pair(shape, seed=0, low=0.3):
    """A segmentation and its truth: the same blobs at two levels, one shifted."""
    noise = np.random.default_rng(seed).normal(size=shape)
    blobs = ndimage.gaussian_filter(noise, 2, mode="wrap")
    blobs /= blobs.std()
    truth = ndimage.label(blobs > low)[0]
    return ndimage.label(np.roll(blobs, 1, axis=-1) > low + 0.4)[0], truth


def _iou(labels, truth):
    """Dense matrix of intersections over unions, mask by mask."""
    ours = [labels == i for i in range(1, labels.max() + 1)]
    theirs = [truth == i for i in range(1, truth.max() + 1)]
    return np.array([[(a & b).sum() / (a | b).sum() for a in ours] for b in theirs])


IMAGES = [_pair((70, 90)), _pair((12, 30, 30), seed=1)]


@pytest.mark.parametrize("pair", IMAGES, ids=["plane", "volume"])
@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.2, 0.3, *THRESHOLDS, 1.0])
def test_counts_are_those_of_an_assignment(pair, threshold):
    iou = _iou(*pair)
    costs = -(iou >= threshold).astype(float) - iou / (2 * min(iou.shape))
    chosen = iou[optimize.linear_sum_assignment(costs)]
    chosen = chosen[chosen >= threshold]
    found = object_scores(*pair, thresholds=[threshold]).at(threshold)
    assert found.tp == len(chosen)
    assert found.tp > 0 or threshold >= 0.8
    assert found.fn == iou.shape[0] - found.tp
    assert found.fp == iou.shape[1] - found.tp
    assert found.iou_sum == pytest.approx(chosen.sum())


@pytest.mark.parametrize("pair", IMAGES, ids=["plane", "volume"])
def test_figures_are_those_of_stardist(pair):
    matching = pytest.importorskip("stardist.matching").matching
    labels, truth = pair
    theirs = matching(truth, labels, thresh=(0.2, *THRESHOLDS))
    found = object_scores(labels, truth, thresholds=(0.2, *THRESHOLDS))
    for mine, other in zip(found.detections, theirs, strict=True):
        assert (mine.tp, mine.fp, mine.fn) == (other.tp, other.fp, other.fn)
        assert mine.ap == pytest.approx(other.accuracy)
        assert mine.f1 == pytest.approx(other.f1)
        assert mine.pq == pytest.approx(other.panoptic_quality)


def test_seg_and_mean_iou_by_hand():
    labels, truth = IMAGES[0]
    iou, sizes = _iou(labels, truth), np.bincount(truth.ravel())[1:]
    shared = np.array(
        [
            [np.sum((truth == i) & (labels == j)) for j in range(1, labels.max() + 1)]
            for i in range(1, truth.max() + 1)
        ]
    )
    over_half = np.where(shared > sizes[:, None] / 2, iou, 0)
    found = object_scores(labels, truth)
    assert found.seg == pytest.approx(over_half.max(axis=1).mean())
    assert found.mean_iou == pytest.approx(iou.max(axis=1).mean())
    assert found.truth.iou == pytest.approx(iou.max(axis=1))
    assert found.labels.iou == pytest.approx(iou.max(axis=0))


def test_equal_to_the_threshold_is_enough():
    labels, truth = [1, 1, 1, 0], [1, 1, 0, 1]
    assert object_scores(labels, truth).at(0.5).tp == 1
    assert object_scores(labels, truth, thresholds=[0.51]).at(0.51).tp == 0
    eleven, twenty = np.arange(20) < 11, np.ones(20, int)
    assert object_scores(eleven, twenty).at(0.55).tp == 1


def test_two_halves_have_one_partner():
    found = object_scores([1, 1, 2, 2], [5, 5, 5, 5])
    assert (found.at(0.5).tp, found.at(0.5).fp, found.at(0.5).fn) == (1, 1, 0)


def test_most_pairs_before_best_pairs():
    # 1-A overlaps most, but only 1-B and 2-A make two pairs
    truth = np.repeat([1, 1, 1, 1, 2, 2], 1)
    labels = np.repeat([9, 8, 8, 8, 8, 8], 1)
    found = object_scores(labels, truth, thresholds=[0.2]).at(0.2)
    assert found.tp == 2 and found.iou_sum == pytest.approx(1 / 4 + 2 / 5)


def test_state_of_every_object():
    #        found     cut in two       run together     missed  extra
    truth = [1, 1, 0, 2, 2, 2, 2, 2, 0, 3, 3, 4, 4, 4, 0, 5, 5, 0, 0]
    label = [7, 7, 0, 6, 6, 0, 8, 8, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 4]
    found = object_scores(label, truth)
    states = dict(zip(found.truth.ids, found.truth.state, strict=True))
    assert states == {
        1: "true positive",
        2: "split",
        3: "merged",
        4: "merged",
        5: "missed",
    }
    states = dict(zip(found.labels.ids, found.labels.state, strict=True))
    assert states == {
        7: "true positive",
        6: "split",
        8: "split",
        9: "merged",
        4: "extra",
    }
    counts = found.missed, found.extra, found.split, found.merged
    assert counts == (1, 1, 1, 2)
    assert found.truth.partner.tolist()[:1] == [7]
    assert found.truth.worst(2).tolist() == [5, 4]
    assert found.labels.worst(1).tolist() == [4]


@pytest.mark.parametrize("pair", IMAGES, ids=["plane", "volume"])
def test_states_add_up(pair):
    found = object_scores(*pair)
    assert found.at(0.5).fn == found.missed + found.split + found.merged
    partner = dict(zip(found.truth.ids, found.truth.partner, strict=True))
    back = dict(zip(found.labels.ids, found.labels.partner, strict=True))
    for truth, state in zip(found.truth.ids, found.truth.state, strict=True):
        assert state != "true positive" or back[partner[truth]] == truth


@pytest.mark.parametrize("pair", IMAGES, ids=["plane", "volume"])
def test_pairs_of_pixels_are_those_of_other_libraries(pair):
    metrics = pytest.importorskip("skimage.metrics")
    cluster = pytest.importorskip("sklearn.metrics")
    labels, truth = pair
    found = object_scores(labels, truth)
    expected = cluster.adjusted_rand_score(truth.ravel(), labels.ravel())
    assert found.rand == pytest.approx(expected)
    split, merge = metrics.variation_of_information(truth, labels)
    assert (found.vi_split, found.vi_merge) == pytest.approx((split, merge))
    painted = object_scores(labels, truth, sparse=True)
    expected = metrics.variation_of_information(truth, labels, ignore_labels=(0,))
    assert (painted.vi_split, painted.vi_merge) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("pair", IMAGES, ids=["plane", "volume"])
def test_perfect_is_one(pair):
    found = object_scores(pair[1], pair[1])
    for one in found.detections:
        assert one.precision == one.recall == one.f1 == one.ap == one.pq == 1
    assert found.mean_ap == found.seg == found.mean_iou == found.rand == 1
    assert found.vi_split == found.vi_merge == 0
    assert set(found.truth.state) == {"true positive"}


def test_disjoint_is_nothing():
    found = object_scores([1, 1, 0, 0], [0, 0, 1, 1])
    assert found.mean_ap == found.seg == found.mean_iou == found.at(0.5).pq == 0
    assert (found.missed, found.extra) == (1, 1)
    assert found.truth.partner.tolist() == [0]


def test_relabelling_changes_nothing():
    labels, truth = IMAGES[0]
    rng = np.random.default_rng(2)
    new = np.concatenate([[0], rng.permutation(10_000)[: labels.max()] + 1])
    plain, other = object_scores(labels, truth), object_scores(new[labels], truth)
    before, after = plain.as_dict(), other.as_dict()
    assert before == pytest.approx(after)
    assert np.array_equal(plain.truth.state, other.truth.state)


def test_exchange_turns_what_it_should():
    labels, truth = IMAGES[0]
    there, back = object_scores(labels, truth), object_scores(truth, labels)
    assert there.mean_ap == back.mean_ap and there.rand == pytest.approx(back.rand)
    assert there.at(0.5).precision == back.at(0.5).recall
    assert there.vi_split == pytest.approx(back.vi_merge)


def test_empty_images():
    none, some = np.zeros((4, 4), int), np.eye(4, dtype=int)
    for nothing in (none, none[:0]):
        found = object_scores(nothing, nothing)
        assert found.mean_ap == found.seg == found.rand == found.at(0.5).pq == 1
    for pair in ((none, some), (some, none)):
        found = object_scores(*pair)
        assert found.mean_ap == found.seg == found.at(0.5).pq == 0
        assert found.at(0.5).precision == found.at(0.5).recall == 0


def test_painted_only_in_part():
    truth = np.zeros((20, 40), int)
    truth[2:8, 2:8], truth[2:8, 12:18], truth[12:18, 2:8] = 1, 2, 3
    labels = np.where(truth == 2, 0, truth)
    labels[12:18, 20:38] = 4  # no one has painted there
    some = np.where(truth < 3, truth, 0)
    found = object_scores(labels, some, sparse=True)
    assert found.sparse and found.as_dict()["sparse"] == 1
    one = found.at(0.5)
    assert (one.tp, one.fn, one.recall) == (1, 1, 0.5)
    assert all(map(math.isnan, (one.precision, one.ap, one.f1, one.pq)))
    assert math.isnan(found.as_dict()["fp@0.50"])
    assert found.labels.state.tolist() == ["true positive", "not judged", "not judged"]
    assert found.extra == 0 and math.isnan(found.as_dict()["extra"])
    assert found.labels.worst().tolist() == [1]
    assert object_scores(truth, some, sparse=True).mean_iou == 1


def test_wrong_options_are_named():
    with pytest.raises(InputError, match="0 and up to 1, but got 0"):
        object_scores([1], [1], thresholds=[0])
    with pytest.raises(InputError, match=r"only at 0\.5, 0\.55"):
        object_scores([1], [1]).at(0.3)
    with pytest.raises(InputError, match="Nothing is painted"):
        object_scores([1], [0], sparse=True)
