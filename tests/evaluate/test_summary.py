import math

import numpy as np
import pytest
from scipy import stats

from napari_morphogen.evaluate import (
    MEANINGS,
    boundary_scores,
    class_scores,
    image_scores,
    meaning,
    object_scores,
    summarise,
)
from napari_morphogen.evaluate.report_card import report_card
from napari_morphogen.params import InputError


def _images(count=8, size=24):
    rng = np.random.default_rng(0)
    truth = np.kron(rng.integers(0, 3, (count, 6, 6)), np.ones((4, 4), int))
    numbered = truth * 100 + np.arange(6).repeat(4) * (truth > 0)
    noise = rng.random(truth.shape) < 0.3
    return np.where(noise, 0, numbered), numbered


def test_mean_and_interval():
    scores = [object_scores(a, b) for a, b in zip(*_images(), strict=True)]
    values = np.array([one.mean_ap for one in scores])
    found = summarise(scores, resamples=4000).figures["mean_ap"]
    assert found.mean == pytest.approx(values.mean())
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=1
    )
    expected = theirs.confidence_interval
    width = expected.high - expected.low
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=width / 5)
    assert found.low < found.mean < found.high


def test_same_seed_same_interval():
    scores = [class_scores(a, b) for a, b in zip(*_images(), strict=True)]
    assert summarise(scores, seed=3) == summarise(scores, seed=3)
    assert summarise(scores, seed=3) != summarise(scores, seed=4)


def test_pooled_objects_are_those_of_one_large_image():
    labels, truth = _images()
    apart = (np.arange(len(truth)) * 1000)[:, None, None]  # no number twice
    labels, truth = (np.where(a > 0, a + apart, 0) for a in (labels, truth))
    together = object_scores(labels, truth).as_dict()
    each = [object_scores(a, b) for a, b in zip(labels, truth, strict=True)]
    figures = summarise(each, resamples=1).figures
    pixelwise = {"rand", "vi_split", "vi_merge", "sparse"}
    for name in set(together) - pixelwise:
        assert figures[name].pooled == pytest.approx(together[name]), name
    assert math.isnan(figures["rand"].pooled)


def test_missing_and_infinite_figures():
    none, some = np.zeros((9, 9), int), np.pad([[1]], 4)
    found = summarise([boundary_scores(none, some), boundary_scores(some, some)])
    assert found.figures["assd"].mean == math.inf
    sparse = [object_scores(some, some, sparse=True)] * 2
    assert math.isnan(summarise(sparse).figures["mean_ap"].mean)
    classes = [class_scores([1, 1], [1, 1]), class_scores([2, 1], [2, 2])]
    assert summarise(classes).figures["dice@2"].mean == pytest.approx(2 / 3)


def test_plain_numbers_with_a_meaning_each():
    image, labels = np.eye(12), np.eye(12, dtype=int)
    every = (
        object_scores(labels, labels),
        class_scores(labels, labels),
        boundary_scores(labels, labels),
        image_scores(image, image),
    )
    known = set()
    for scores in every:
        for name, value in scores.as_dict().items():
            assert type(value) in (int, float), name
            assert len(meaning(name).text) <= 80
            known.add(name.partition("@")[0])
        summary = summarise([scores, scores]).as_dict()
        assert all(type(value) in (int, float) for value in summary.values())
    noise = np.random.default_rng(0).random((96, 96))
    card = report_card([noise], [noise[::-1]], patch_size=16).as_dict()
    assert all(len(meaning(name).text) <= 80 for name in card)
    assert known | set(card) == set(MEANINGS)


def test_wrong_inputs_are_named():
    one = class_scores([1], [1])
    for scores in ([], [one, object_scores([1], [1])]):
        with pytest.raises(InputError, match="one kind"):
            summarise(scores)
    with pytest.raises(InputError, match="confidence"):
        summarise([one], confidence=1)
    with pytest.raises(InputError, match="resamples"):
        summarise([one], resamples=0)
