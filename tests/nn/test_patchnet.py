"""Objects classified from a few examples by shape and by brightness."""

import numpy as np
import pytest
import torch

from napari_morphogen.nn.patchnet import (
    ObjectClassifier,
    object_patches,
    train_classifier,
)
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.params import InputError


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


def test_learns_shapes_and_survives_its_file(tmp_path):
    image, labels, classes = shapes()
    few = dict(list(classes.items())[:12])
    model = train_classifier(image, labels, few, steps=60)
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


def test_patches_show_object_and_surroundings():
    image, labels, _ = shapes()
    ids, patches = object_patches(image[np.newaxis].astype("f4"), labels, 16, 16)
    assert patches.shape == (36, 2, 16, 16)
    assert ids.tolist() == list(range(1, 37))
    for number, patch in zip(ids, patches, strict=True):
        size = min((labels == number).sum(), 256)
        assert 0.75 * size <= patch[-1].sum() <= size


def test_volumes_and_no_objects():
    labels = np.zeros((8, 20, 20), int)
    labels[2:5, 2:6, 2:6], labels[3:7, 10:18, 10:18] = 4, 9
    model = train_classifier(labels * 1.0, labels, {4: "a", 9: "b"}, steps=2)
    assert model.predict(labels, labels)[0].tolist() == [4, 9]
    ids, found = model.predict(labels, labels * 0)
    assert ids.size == 0 and found.shape == (0, 2)


def test_same_seed_same_weights():
    image, labels, classes = shapes()
    one, two = (train_classifier(image, labels, classes, steps=2) for _ in range(2))
    assert all(torch.equal(v, two.weights[name]) for name, v in one.weights.items())


def test_bad_examples():
    image, labels, _ = shapes()
    with pytest.raises(InputError, match="two classes"):
        train_classifier(image, labels, {1: "a", 2: "a"})
    with pytest.raises(InputError, match="no object 99"):
        train_classifier(image, labels, {1: "a", 99: "b"})
    with pytest.raises(InputError, match="shape"):
        train_classifier(image[1:], labels, {1: "a", 2: "b"})
