"""Classes of objects from a few examples: planted answers, frames, bad input."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

from napari_morphogen import recipe
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.object_classes import (
    EVERY,
    Accuracy,
    Classified,
    Frames,
    Options,
    Progress,
    class_map,
    classification,
    training,
)
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

FAST = Options(steps=60, check=False)


def grid(kind, ndim=2, side=8, cell=24, seed=0):
    """Return round objects in cells, and whether each is large, or striped."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((side * cell, side * cell), np.int32)
    labels = labels if ndim == 2 else np.stack([labels] * cell)
    image = rng.normal(0, 0.1, labels.shape)
    at = np.mgrid[(slice(cell),) * ndim] - (cell - 1) / 2
    truth = {}
    for i in range(side * side):
        odd = bool(rng.integers(2))
        small = kind == "size" and not odd
        radius = rng.uniform(4, 6) if small else rng.uniform(8, 10)
        mask = np.linalg.norm(at, axis=0) < radius
        stripes = np.sin(at[-1] * 2 * np.pi / 6 + rng.uniform(0, 6))
        rough = rng.normal(size=mask.shape)
        look = 0 * rough if kind == "size" else stripes if odd else rough
        r, c = divmod(i, side)
        place = (..., slice(r * cell, (r + 1) * cell), slice(c * cell, (c + 1) * cell))
        labels[place][mask] = i + 1
        image[place][mask] += 1 + 0.6 * look[mask]
        truth[i + 1] = "odd" if odd else "even"
    axes = "zyx"[-ndim:]
    return SpatialArray(image, axes), SpatialArray(labels, axes, name="cells"), truth


def learnt(image, labels, given, path, options=FAST, names=("even", "odd")):
    items = list(training(image, labels, given, names, path, options))
    (found,) = (item for item in items if isinstance(item, Classified))
    return found, items


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("kind", ["size", "texture"])
def test_classes_by_size_and_by_texture_are_learnt(kind, ndim, tmp_path):
    image, labels, truth = grid(kind, ndim, side=8 if ndim == 2 else 7)
    given = {(0, number): truth[number] for number in list(truth)[:20]}
    options = Options(steps=100, check=False)
    found, items = learnt(image, labels, given, tmp_path / "m.morphogen", options)
    pairs = zip(found.table["object"].tolist(), found.table["class"], strict=True)
    right = [name == truth[i] for i, name in pairs if (0, i) not in given]
    assert np.mean(right) >= 0.95
    learning = [i for i in items if isinstance(i, Progress) and i.words == "Learning"]
    assert [step.done for step in learning] == list(range(1, 101))


def test_result_says_the_same_in_table_labels_and_places(tmp_path):
    image, labels, truth = grid("size")
    given = {(0, number): truth[number] for number in list(truth)[:12]}
    given[0, 13] = truth[13]
    found, _ = learnt(image, labels, given, tmp_path / "m.morphogen")
    assert list(found.table) == [
        *("object", "class", "probability"),
        *("probability even", "probability odd"),
    ]
    assert found.labels.data.dtype == np.int32
    np.testing.assert_array_equal(found.labels.data > 0, labels.data > 0)
    for row, number in enumerate(found.table["object"]):
        (code,) = set(found.labels.data[labels.data == number].tolist())
        name = found.classes[code - 1]
        assert found.table["class"][row] == name
        share = found.table[f"probability {name}"][row]
        assert share == found.table["probability"][row] >= 0.5
        assert labels.data[tuple(found.places[row])] == number
    step = found.labels.metadata[recipe.KEY]["steps"][-1]
    assert step["parameters"]["classes"] == ["even", "odd"]
    assert step["parameters"]["labels"] == {"layer": "cells"}
    again = list(classification(tmp_path / "m.morphogen", image, labels))[-1]
    np.testing.assert_array_equal(again.labels.data, found.labels.data)
    with pytest.raises(InputError, match="object_classes"):
        recipe.replay(found.labels.metadata[recipe.KEY], image, labels=labels)


def series(axes):
    """Return the objects of two grids as two frames, numbered anew in each."""
    one, two = grid("size", seed=1), grid("size", seed=2)
    image = np.stack([one[0].data, two[0].data])
    labels = np.stack([one[1].data, two[1].data])
    if "c" in axes:
        image = np.stack([image * 0, image], axis=axes.index("c"))
    truth = {(t, n): name for t, f in enumerate((one, two)) for n, name in f[2].items()}
    return image, labels, truth


@pytest.mark.parametrize("axes", ["tyx", "tcyx", "ctyx", "tyxc"])
@pytest.mark.parametrize("thick", [False, True])
def test_numbers_may_begin_anew_in_every_frame(axes, thick, tmp_path):
    image, labels, truth = series(axes)
    if thick:
        if "c" not in axes:
            return
        labels = np.expand_dims(labels, axes.index("c"))
    given = {(t, n): name for (t, n), name in truth.items() if n <= 8}
    placed = SpatialArray(labels, axes if thick else axes.replace("c", ""))
    found, _ = learnt(SpatialArray(image, axes), placed, given, tmp_path / "m")
    assert found.labels.data.shape == labels.shape
    rows = zip(found.table["frame"], found.table["object"], strict=True)
    right = [truth[key] == n for key, n in zip(rows, found.table["class"], strict=True)]
    assert np.mean(right) >= 0.95 and len(right) == 128
    frames = Frames(placed, axes)
    for (t, n), place in zip(truth, found.places, strict=True):
        assert labels[tuple(place)] == n and frames.number(place) == t


def test_a_class_without_a_frame_holds_wherever_the_object_is(tmp_path):
    image, labels, truth = series("tyx")
    labels[1][labels[1] > 0] += 64  # numbers are unique in the series
    given = {(EVERY, n + 64 * t): name for (t, n), name in truth.items() if n <= 8}
    placed = SpatialArray(image, "tyx"), SpatialArray(labels, "tyx")
    found, _ = learnt(*placed, given, tmp_path / "m")
    rows = zip(found.table["object"].tolist(), found.table["class"], strict=True)
    assert np.mean([truth[(i - 1) // 64, (i - 1) % 64 + 1] == n for i, n in rows]) > 0.9
    with pytest.raises(InputError, match=r"no object 999 in the labels"):
        learnt(*placed, given | {(EVERY, 999): "odd"}, tmp_path / "m")


def test_missing_objects_are_refused_or_counted(tmp_path):
    image, labels, truth = grid("size", side=4)
    given = {(0, n): name for n, name in truth.items()} | {(0, 99): "odd"}
    with pytest.raises(InputError, match="no object 99 in the labels"):
        learnt(image, labels, given, tmp_path / "m")
    options = Options(steps=2, skip_missing=True)
    _, items = learnt(image, labels, given, tmp_path / "m", options)
    assert items[-1].missing == 1 and "1 example is no longer" in items[-1].words
    with pytest.raises(InputError, match="no object 3 in frame 1 of"):
        pair = [image.like(np.stack([image.data] * 2), "tyx")]
        pair.append(labels.like(np.stack([labels.data, labels.data * 0]), "tyx"))
        learnt(*pair, {(0, 1): "odd", (0, 2): "even", (1, 3): "odd"}, tmp_path / "m")


def test_accuracy_is_of_examples_left_out_or_too_few_to_tell(tmp_path):
    image, labels, truth = grid("size", side=5)
    given = {(0, n): name for n, name in truth.items()}
    options = Options(steps=40)
    _, items = learnt(image, labels, given, tmp_path / "m", options)
    found = items[-1]
    assert isinstance(found, Accuracy) and sum(found.of.values()) == 25
    assert sum(found.right.values()) >= 23 and "Cross-validated" in found.words
    checks = [i for i in items if isinstance(i, Progress) and "Checking" in i.words]
    assert checks[-1].done == checks[-1].total == 200
    fewer = {key: given[key] for key in list(given)[:6]}
    _, items = learnt(image, labels, fewer, tmp_path / "m", Options(steps=1))
    assert "too few to tell" in items[-1].words


def test_odd_objects_and_pixels(tmp_path):
    image, labels, _ = grid("size", side=3)
    data, pixels = labels.data.copy(), image.data.copy()
    data[0, 0], data[-1, -1], data[:, 30] = 100, 101, 102  # one pixel; border to border
    pixels[:9], pixels[20] = np.nan, np.inf
    given = {(0, 1): "a", (0, 2): "b"}
    cases = [pixels, np.ones_like(pixels), (data * 3).astype(">u2"), data > 0]
    for case in cases:
        placed = image.like(case), labels.like(data)
        found, _ = learnt(*placed, given, tmp_path / "m", Options(steps=2), ("a", "b"))
        assert np.isfinite(found.table["probability"]).all()
        assert set(found.table["object"]) == set(np.unique(data)) - {0}
    none = labels.like(data * 0)
    found = list(classification(tmp_path / "m", image, none))[-1]
    assert found.table["object"].size == 0 and found.places.shape[0] == 0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (SpatialArray(np.zeros((5, 5), int), "yx"), r"shape \(5, 5\).*\(72, 72\)"),
        (SpatialArray(np.zeros((72, 72)), "yx"), "whole numbers.*float64"),
        (SpatialArray(np.zeros((2, 72, 72), int), "tyx"), "labels have 3 axes"),
        (SpatialArray(np.zeros((72, 72, 3), "u1"), "yxc", rgb=True), "colours"),
    ],
)
def test_labels_of_another_image_are_one_sentence(labels, message, tmp_path):
    image, _, _ = grid("size", side=3)
    with pytest.raises(InputError, match=message):
        learnt(image, labels, {(0, 1): "even", (0, 2): "odd"}, tmp_path / "m")


def test_one_class_is_one_sentence(tmp_path):
    image, labels, _ = grid("size", side=3)
    for given in ({}, {(0, 1): "odd"}, {(0, 1): "odd", (0, 2): "odd"}):
        with pytest.raises(InputError, match="at least two classes"):
            learnt(image, labels, given, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_models_of_other_channels_are_refused(tmp_path):
    image, labels, truth = grid("size", side=3)
    names = dict(list(truth.items())[:4]) | {1: "odd", 2: "even"}
    given = {(0, n): name for n, name in names.items()}
    learnt(image, labels, given, tmp_path / "m", Options(steps=1, check=False))
    colours = SpatialArray(np.stack([image.data] * 3, axis=-1), "yxc")
    with pytest.raises(InputError, match="1 channel"):
        list(classification(tmp_path / "m", colours, labels))
    model = ObjectClassifier.load(tmp_path / "m")
    assert model.classes == ("even", "odd")


def test_map_of_given_classes_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    labels = SpatialArray(rng.integers(0, 9, (3, 20, 20)), "tyx")
    codes = {(0, 3): 1, (0, 7): 2, (2, 8): 1, (2, 50): 3, (9, 1): 1}
    expected = np.zeros(labels.data.shape, np.int32)
    for (t, n), code in codes.items():
        if t < 3:
            expected[t][labels.data[t] == n] = code
    found = np.zeros_like(expected)
    for place, values in class_map(Frames(labels, "tyx"), codes):
        found[place] = values
    np.testing.assert_array_equal(found, expected)


def test_without_torch_a_sentence_says_how_to_get_it():
    code = """
import sys
sys.modules["torch"] = None
from napari_morphogen.object_classes import networks
from napari_morphogen.params import InputError
try:
    networks()
except InputError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "napari-morphogen[networks]"' in found.stdout, found.stderr
