"""`morphogen evaluate synthetic` and `generate synthetic_cells --like`."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_morphogen import read, write
from napari_morphogen.cli import main
from napari_morphogen.generate.cells import synthetic_cells

SMALL = "--steps 1 --width 4 --levels 1 --patch 16 --threads 1"
EXTRA = "--extra-images extra/images --extra-labels extra/labels"
REAL = "--images real/images --labels real/labels"
FEW = {"height": 48, "width": 48, "radius": 6.0, "background": 1.0}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("real", "extra")):
        for kind in ("images", "labels"):
            (tmp_path / name / kind).mkdir(parents=True)
        for seed in range(2):
            pair = synthetic_cells(**FEW, count=3 + number, seed=seed + 9 * number)
            for kind, array in zip(("images", "labels"), pair, strict=True):
                write(tmp_path / name / kind / f"{seed}.tif", array)


def call(text):
    return main(["evaluate", "synthetic", *text.split()])


def test_table_verdict_and_json(capsys):
    assert call(f"{REAL} {EXTRA} {SMALL} --seeds 1 --json out.json") == 0
    said = capsys.readouterr().out
    arms = ["watershed", "real", "real + synthetic", "synthetic only"]
    for arm in arms:
        assert sum(line.startswith(f"{arm}  ") for line in said.splitlines()) == 2
    assert "too few seeds to tell" in said
    found = json.loads(Path("out.json").read_text())
    assert [row["arm"] for row in found["rows"]] == arms
    assert found["differences"][0]["low"] is None
    assert found["settings"]["steps"] == 1


def test_test_images_without_real_labels_to_learn_from(capsys):
    test = "--test-images real/images --test-labels real/labels"
    assert call(f"{test} {EXTRA} {SMALL} --seeds 1 --json -") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["arm"] for row in found["rows"]] == ["watershed", "synthetic only"]
    assert {row["scored"] for row in found["rows"]} == {2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"--images real/images {EXTRA}", "--images and --labels belong together"),
        (f"{REAL} {EXTRA} extra/labels", "--extra-labels for each of 1"),
        (EXTRA, "Scores need real images"),
        (f"{REAL} {EXTRA} --steps 0", "`steps` from 1"),
        (f"{REAL} {EXTRA} --json nowhere/a.json", "no folder nowhere"),
    ],
)
def test_wrong_calls_are_told_in_a_sentence(words, said, capsys):
    assert call(words) == 2
    assert said in capsys.readouterr().err


def test_cells_like_real_ones():
    command = "generate synthetic_cells --out-dir like --images 3 --like real/images "
    assert main([*command.split(), "real/labels", "--photons", "77"]) == 0
    for number in (1, 2, 3):
        image = read(f"like/images/{number:04d}.tif")
        labels = read(f"like/labels/{number:04d}.tif")
        assert image.data.shape == (48, 48) and labels.data.max() == 3
        given = image.metadata["morphogen"]["steps"][0]["parameters"]
        assert given["photons"] == 77
        assert given["radius"] == pytest.approx(6, rel=0.25)
    assert len(np.unique([given["seed"]])) == 1
