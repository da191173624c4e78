import numpy as np
import pytest

from napari_morphogen.evaluate import class_scores
from napari_morphogen.evaluate.classes import pooled
from napari_morphogen.params import InputError


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, (6, 15, 20))
    return np.where(rng.random(truth.shape) < 0.3, 1, truth), truth


def test_figures_are_those_of_scikit_learn(pair):
    metrics = pytest.importorskip("sklearn.metrics")
    labels, truth = pair
    found = class_scores(labels, truth, classes=range(4))
    flat = truth.ravel(), labels.ravel()
    for name, theirs in (
        ("dice", metrics.f1_score),
        ("iou", metrics.jaccard_score),
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
    ):
        mine = [getattr(one, name) for one in found.classes]
        assert mine == pytest.approx(theirs(*flat, average=None))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(*flat))
    assert found.classes[2].accuracy == np.mean((truth == 2) == (labels == 2))


def test_perfect_and_disjoint(pair):
    perfect = class_scores(pair[1], pair[1])
    assert perfect.mean_dice == perfect.mean_iou == perfect.accuracy == 1
    disjoint = class_scores([1, 0], [0, 1])
    assert disjoint.mean_dice == disjoint.mean_iou == disjoint.accuracy == 0


def test_background_is_a_class_only_when_asked(pair):
    assert [one.label for one in class_scores(*pair).classes] == [1, 2, 3]
    assert [one.label for one in class_scores(*pair, classes=[0]).classes] == [0]


def test_empty_images():
    none = np.zeros((3, 3), int)
    found = class_scores(none, none, classes=[1])
    assert found.mean_dice == found.classes[0].recall == found.accuracy == 1
    assert class_scores(none, none + 1).mean_dice == 0
    assert class_scores(none[:0], none[:0]).accuracy == 1


def test_painted_only_in_part(pair):
    labels, truth = pair
    found = class_scores(labels, truth, sparse=True)
    there = truth > 0
    assert found.sparse and found.pixels == there.sum()
    assert found.accuracy == pytest.approx(np.mean(labels[there] == truth[there]))
    two = found.classes[1]
    assert two.fp == 0 and two.fn == np.sum((truth == 2) & (labels != 2))
    with pytest.raises(InputError, match="Nothing is painted"):
        class_scores(labels, truth * 0, sparse=True)


def test_pooled_pixels_are_those_of_one_large_image(pair):
    labels, truth = pair
    parts = pooled(class_scores(a, b) for a, b in zip(labels, truth, strict=True))
    assert parts == class_scores(labels, truth)
