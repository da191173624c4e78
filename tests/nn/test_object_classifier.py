"""Objects classified from a few examples by shape and by brightness."""

import numpy as np
import pytest
import torch

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.object_classifier import (
    ObjectClassifier,
    Schedule,
    laid_out,
    left_out,
    train_classifier,
)
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.params import InputError, last


def shapes(seed=0, side=6, cell=24):
    """Return disks and bars on a grid, their labels and classes."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((side * cell, side * cell), int)
    y, x = np.mgrid[:cell, :cell] - cell // 2
    classes = {}
    for i in range(side * side):
        bar = bool(rng.integers(2))
        mask = (np.abs(y) < 3) & (np.abs(x) < 10) if bar else np.hypot(y, x) < 7
        mask = mask.T if rng.integers(2) else mask
        r, c = divmod(i, side)
        labels[r * cell : (r + 1) * cell, c * cell : (c + 1) * cell] = mask * (i + 1)
        classes[i + 1] = "bar" if bar else "disk"
    image = (labels > 0) + 0.3 * rng.normal(size=labels.shape)
    return image, labels, classes


def short(steps):
    return Schedule(steps=steps)


def test_learns_shapes_and_survives_its_file(tmp_path):
    image, labels, classes = shapes()
    few = dict(list(classes.items())[:12])
    model = train_classifier(image, labels, few, schedule=short(60))
    assert model.classes == ("bar", "disk")
    image, labels, classes = shapes(1)
    ids, found = model.predict(image, labels)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    named = [model.classes[i] for i in found.argmax(axis=1)]
    right = np.mean([name == classes[i] for i, name in zip(ids, named, strict=True)])
    assert right >= 0.95
    model.save(tmp_path / "classifier.morphogen")
    again = ObjectClassifier.load(tmp_path / "classifier.morphogen")
    assert np.array_equal(again.predict(image, labels)[1], found)
    with pytest.raises(InputError, match="usable"):
        Segmenter.load(tmp_path / "classifier.morphogen")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "segmenter"},
        {"classes": ["a"]},
        {"diameter": float("nan")},
        {"diameter": "wide"},
        {"network": {"ndim": 7}},
        {"network": {"side": 10**9}},
        {"network": {"pooling": "median"}},
        {"network": {"nonsense": 1}},
    ],
    ids=str,
)
def test_files_that_do_not_fit_are_refused(changes, tmp_path):
    image, labels, _ = shapes(side=2)
    model = train_classifier(image, labels, {1: "a", 2: "b"}, schedule=short(1))
    model.save(tmp_path / "good.morphogen")
    header, weights = checkpoint.read(tmp_path / "good.morphogen")
    header["network"] = header["network"] | changes.pop("network", {})
    checkpoint.write(tmp_path / "bad.morphogen", header | changes, weights)
    with pytest.raises(InputError, match="usable object classifier"):
        ObjectClassifier.load(tmp_path / "bad.morphogen")


def test_volumes_and_no_objects():
    labels = np.zeros((8, 20, 20), int)
    labels[2:5, 2:6, 2:6], labels[3:7, 10:18, 10:18] = 4, 9
    given = {4: "a", 9: "b"}
    model = train_classifier(labels * 1.0, labels, given, schedule=short(2))
    assert model.predict(labels, labels)[0].tolist() == [4, 9]
    ids, found = model.predict(labels, labels * 0)
    assert ids.size == 0 and found.shape == (0, 2)
    with pytest.raises(InputError, match="3-D, but these objects are 2-D"):
        model.predict(labels[0], labels[0])


def test_same_seed_same_weights_and_nobody_elses_random_numbers():
    image, labels, classes = shapes()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one = train_classifier(image, labels, classes, schedule=short(2))
    assert torch.equal(torch.rand(3), expected)
    two = train_classifier(image, labels, classes, schedule=short(2))
    assert all(torch.equal(v, two.weights[name]) for name, v in one.weights.items())


def test_bad_examples():
    image, labels, _ = shapes()
    with pytest.raises(InputError, match="two classes"):
        train_classifier(image, labels, {1: "a", 2: "a"})
    with pytest.raises(InputError, match="no object 99"):
        train_classifier(image, labels, {1: "a", 99: "b"})
    with pytest.raises(InputError, match="shape"):
        train_classifier(image[1:], labels, {1: "a", 2: "b"})
    model = train_classifier(image, labels, {1: "a", 2: "b"}, schedule=short(1))
    with pytest.raises(InputError, match="1 channel"):
        model.predict(np.stack([image] * 3), labels, channel_axis=0)


def noise(count, groups):
    """Return patches without any meaning that are alike within a group."""
    rng = np.random.default_rng(0)
    config = laid_out(2, 1, 2, "max")
    kinds = rng.normal(size=(groups, 2, config.side, config.side)).astype(np.float32)
    of = [i % groups for i in range(count)]
    truth = [(of[i] * 7) % 2 for i in range(count)]
    return config, kinds[of], truth, of


def test_cross_validation_does_not_know_what_is_left_out():
    config, patches, truth, groups = noise(40, 10)
    *_, end = left_out(config, patches, truth, groups, 5, short(25))
    assert end.number == 125
    apart = np.mean(end.result() == truth)
    # each one left out alone has its like among the others
    alike = last(left_out(config, patches, truth, range(40), 5, short(25)))
    assert np.mean(alike == truth) >= 0.75 > 0.5 >= apart
