"""Painting of labels as docks and commands do it: places, files, sentences."""

import itertools
import warnings
from dataclasses import replace

import numpy as np
import pytest

from napari_morphogen.cli import main
from napari_morphogen.evaluate.report_card import FEWEST
from napari_morphogen.generating import (
    STOP,
    Settings,
    Wanted,
    course,
    learn,
    new_pair,
    paint,
    painted,
)
from napari_morphogen.generating import sample as sample_of
from napari_morphogen.io import read, write
from napari_morphogen.params import InputError, Remark
from napari_morphogen.spatial import SpatialArray

QUICK = Settings("painter", 16, seconds=2.0, held_out=0, width=8, threads=1, seed=1)
PLACE = {
    "scale": (0.5, 0.25),
    "translate": (3.0, 4.0),
    "units": ("micrometer", "micrometer"),
    "axis_labels": ("row", "column"),
    "rotate": np.array([[0.0, 1.0], [-1.0, 0.0]]),
}


def labelled(count=5, channels=(), dtype=np.uint16):
    """Return images and their labels."""
    rng = np.random.default_rng(0)
    images, labels = [], []
    for number in range(count):
        cells = np.zeros((40, 44), np.int32)
        cells[8:20, 6 + number : 16 + number], cells[24:34, 20:36] = 1, 2
        plane = (100 + 80 * (cells > 0) + rng.normal(0, 4, cells.shape)).astype(dtype)
        if channels:
            plane = np.stack([plane] * channels[0], -1)
        axes = "yxc" if channels else "yx"
        words = {} if channels else PLACE
        image = SpatialArray(plane, axes, name=f"image {number}", **words)
        images.append(replace(image, rgb=bool(channels)))
        labels.append(SpatialArray(cells, "yx", name=f"cells {number}"))
    return images, labels


def ticking():
    """Return a clock that goes on by a tenth of a second whenever it is read."""
    count = itertools.count()
    return lambda: next(count) / 10


def trained(path, images, labels, settings=QUICK):
    running = learn(images, settings, path, labels=labels, clock=ticking())
    first = next(running)
    reports = [first, running.send([STOP]), *running]
    assert reports[-1].done
    return reports


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "painter.morphogen"
    trained(path, *labelled())
    return path


def test_training_shows_paintings_and_compares_them(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "COMPARED", FEWEST)
    images, labels = labelled()
    path = tmp_path / "m.morphogen"
    few = replace(QUICK, seconds=0.6, held_out=0.2)
    reports = list(learn(images, few, path, labels=labels, clock=ticking()))
    assert reports[-1].samples.data.shape == (64, 64)
    assert {"texture", "sharpness", "coverage", "copies"} < set(reports[-1].card)


def test_an_image_lies_where_its_labels_lie(model):
    labels = SpatialArray(labelled(1)[1][0].data[:30], "yx", name="drawn", **PLACE)
    found = paint(model, labels, seed=3, steps=2)
    assert found.name == "drawn painted"
    assert found.data.shape == labels.data.shape
    assert found.data.dtype == np.uint16
    for name in ("scale", "translate", "units", "axis_labels", "axes"):
        assert getattr(found, name) == getattr(labels, name)
    np.testing.assert_array_equal(found.rotate, PLACE["rotate"])
    about = found.metadata["generator"]
    assert (about["seed"], about["labels"], about["kind"]) == (3, "drawn", "painter")
    again = paint(model, labels, seed=3, steps=2)
    np.testing.assert_array_equal(again.data, found.data)


def test_frames_are_painted_one_by_one(model):
    plane = labelled(1)[1][0].data[:24, :24]
    stack = SpatialArray(np.stack([[plane, plane]] * 2), "tzyx")
    *shares, found = painted(model, stack, 0, 1)
    assert {0.25, 0.5, 0.75, 1} <= set(shares)
    assert shares == sorted(shares)
    assert found.axes == "tzyx"
    assert found.data.shape == (2, 2, 24, 24)
    single = paint(model, SpatialArray(plane, "yx"), steps=1)
    np.testing.assert_array_equal(found.data[0, 0], single.data)
    assert (found.data[0, 1] != found.data[0, 0]).any()


def test_colours_become_colours(tmp_path):
    path = tmp_path / "m.morphogen"
    trained(path, *labelled(channels=(3,), dtype=np.uint8))
    found = paint(path, SpatialArray(np.eye(20, dtype=int), "yx"), steps=1)
    assert (found.rgb, found.axes, found.data.shape) == (True, "yxc", (20, 20, 3))
    movie = SpatialArray(np.ones((2, 9, 8), bool), "tyx")
    assert paint(path, movie, steps=1).data.shape == (2, 9, 8, 3)


def test_channels_stand_before_space(tmp_path):
    images, labels = labelled()
    both = [SpatialArray(np.stack([one.data] * 2), "cyx") for one in images]
    trained(tmp_path / "m.morphogen", both, labels)
    volume = SpatialArray(np.ones((3, 9, 8), bool), "zyx", scale=(5, 1, 1))
    found = paint(tmp_path / "m.morphogen", volume, steps=1)
    assert (found.axes, found.data.shape) == ("czyx", (2, 3, 9, 8))
    assert found.spacing == (5, 1, 1)


def test_other_pixel_sizes_are_remarked(model):
    coarse = SpatialArray(
        np.eye(20, dtype=int), "yx", scale=(2, 2), units=("micrometer",) * 2
    )
    with pytest.warns(Remark, match="2 micrometer wide"):
        paint(model, coarse, steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paint(model, replace(coarse, scale=(0.25, 0.25)), steps=1)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (SpatialArray(np.zeros((20, 20)), "yx", name="blur"), "blur hold float64"),
        (SpatialArray(np.zeros((20, 20, 3), np.uint8), "yxc", rgb=True), "no channels"),
        (SpatialArray(np.zeros((0, 20), int), "yx"), "no pixels"),
        (SpatialArray(np.full((20, 20), -3), "yx"), "hold -3"),
    ],
)
def test_what_is_no_labels_is_told(model, labels, says):
    with pytest.raises(InputError, match=says):
        paint(model, labels)


def test_only_painters_paint_and_painters_only_paint(model, tmp_path):
    labels = labelled(1)[1][0]
    path = tmp_path / "vae.morphogen"
    images = labelled()[0]
    list(learn(images, replace(QUICK, kind="vae", seconds=0.2), path, clock=ticking()))
    with pytest.raises(InputError, match="kind vae, which paints no labels"):
        paint(path, labels)
    with pytest.raises(InputError, match="makes images of labels"):
        sample_of(model, Wanted(2))
    with pytest.raises(InputError, match="seed and steps of at least 0"):
        paint(model, labels, seed=-1)


def test_a_cvae_paints_labels_of_the_size_of_its_patches(tmp_path):
    path = tmp_path / "cvae.morphogen"
    images, labels = labelled()
    trained(path, images, labels, replace(QUICK, kind="cvae", latent=4))
    stack = SpatialArray(np.stack([labels[0].data[8:24, 4:20]] * 2), "tyx")
    found = paint(path, stack, seed=1)
    assert (found.axes, found.data.shape) == ("tyx", (2, 16, 16))
    assert (found.data[0] != found.data[1]).any()
    with pytest.raises(InputError, match=r"16 x 16 pixels only, but .* 40 x 44"):
        paint(path, labels[0])


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (None, "give the labels of every image"),
        (labelled(3)[1], "labels for each of 5 images, but got 3"),
        (
            [SpatialArray(np.eye(9, dtype=int), "yx", name="n")] * 5,
            r"n have .*\(9, 9\)",
        ),
    ],
)
def test_labels_that_do_not_fit_are_told(tmp_path, labels, says):
    with pytest.raises(InputError, match=says):
        next(learn(labelled()[0], QUICK, tmp_path / "m.morphogen", labels=labels))


def test_command_line_paints_pairs_to_train_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for folder, given in zip(("images", "labels"), labelled(), strict=True):
        (tmp_path / folder).mkdir()
        for number, one in enumerate(given):
            write(tmp_path / folder / f"{number}.tif", one)
    call = "train painter --images images --labels labels --model m.morphogen"
    assert (
        main([*call.split(), *"--patch 16 --width 8 --held-out 0 --budget 1s".split()])
        == 0
    )
    assert main("paint m.morphogen labels made --steps 1 --seed 2".split()) == 0
    for folder in ("images", "labels"):
        names = sorted(path.name for path in (tmp_path / "made" / folder).iterdir())
        assert names == [f"{number}.tif" for number in range(5)]
    image, labels = (read(f"made/{folder}/3.tif") for folder in ("images", "labels"))
    np.testing.assert_array_equal(labels.data, read("labels/3.tif").data)
    assert main("paint m.morphogen labels/3.tif 3.tif --steps 1 --seed 2".split()) == 0
    np.testing.assert_array_equal(read("3.tif").data, image.data)
    assert main("paint m.morphogen labels 3.tif".split()) == 2
    assert "give a folder" in capsys.readouterr().err
    assert main("paint gone.morphogen labels/3.tif 4.tif".split()) == 2


# ---- new labels and their image


def crowd():
    """Return labels of 24 squares of two sizes; half of them touch another one."""
    labels = np.zeros((160, 176), np.int32)
    for number in range(24):
        row, column = 8 + 24 * (number // 6), 8 + 27 * (number % 6)
        side = 12 if number % 4 else 8
        column -= 15 * (number % 6 == 1)  # beside the first of its row
        labels[row : row + side, column : column + side] = number + 1
    return SpatialArray(labels, "yx", name="crowd", **PLACE)


def test_new_labels_are_like_the_given_ones_and_painted(model):
    labels = crowd()
    pair = new_pair(model, labels, seed=3)
    found = pair.labels.data
    assert not np.array_equal(found > 0, labels.data > 0)
    sizes = [np.bincount(a.ravel())[1:] for a in (found, labels.data)]
    assert len(sizes[0]) >= 0.9 * len(sizes[1])
    assert 0.8 < np.median(sizes[0]) / np.median(sizes[1]) < 1.2
    for one in pair:
        assert one.data.shape == labels.data.shape
        for name in ("scale", "translate", "units", "axis_labels"):
            assert getattr(one, name) == getattr(labels, name)
    assert pair.labels.name == "crowd new 3"
    again = paint(model, pair.labels, seed=3)
    np.testing.assert_array_equal(pair.image.data, again.data)
    same, other = (new_pair(model, labels, seed=seed) for seed in (3, 4))
    np.testing.assert_array_equal(same.labels.data, found)
    assert not np.array_equal(other.labels.data, found)


def test_new_labels_of_nothing(model):
    empty = crowd().like(np.zeros((20, 20), np.int32), name="nothing")
    with pytest.raises(InputError, match="no object in nothing to place anew"):
        new_pair(model, empty)
    grey = crowd().like(np.zeros((20, 20), np.float32), name="grey")
    with pytest.raises(InputError, match="grey holds no labels"):
        new_pair(model, grey)


def test_new_pairs_on_the_command_line(model, tmp_path, capsys):
    write(tmp_path / "cells.tif", crowd())
    given = ["paint", str(model), str(tmp_path / "cells.tif")]
    assert main([*given, str(tmp_path / "set"), "--new", "2"]) == 0
    for folder in ("images", "labels"):
        names = sorted(path.name for path in (tmp_path / "set" / folder).iterdir())
        assert names == ["cells_0.tif", "cells_1.tif"]
    one, two = (
        read(tmp_path / "set" / "labels" / f"cells_{i}.tif").data for i in (0, 1)
    )
    assert not np.array_equal(one, two)
    assert main([*given, str(tmp_path / "one.tif"), "--new", "1"]) == 2
    assert "give a folder" in capsys.readouterr().err
    assert main([*given, str(tmp_path / "set"), "--new", "-1"]) == 2
    assert "Expected --new to be at least 1" in capsys.readouterr().err
