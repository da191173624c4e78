"""`morphogen train` and `morphogen predict`: from folders to labels."""

import json
import math

import numpy as np
import pytest

from napari_morphogen import read, run, write
from napari_morphogen.cli import main
from napari_morphogen.cli_train import seconds
from napari_morphogen.samples import coin_labels, coin_strokes, coins


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("images", "labels", "strokes"):
        (tmp_path / name).mkdir()
    for number in range(3):
        rows = slice(90 * number, 90 * number + 120)
        for made, name in (
            (coins(), "images"),
            (coin_labels(), "labels"),
            (coin_strokes(), "strokes"),
        ):
            write(tmp_path / name / f"coins{number}.tif", made.data[rows])
    return tmp_path


SMALL = "--width 8 --levels 2 --patch 32 --model m.morphogen"


def test_train_predict_evaluate(folder, capsys):
    call = f"train unet --images images --labels labels --budget 8s {SMALL}"
    assert main(call.split()) == 0
    assert main("predict m.morphogen images --out-dir out".split()) == 0
    found = sorted(path.name for path in (folder / "out").iterdir())
    assert found == [f"coins{n}_network_objects.tif" for n in range(3)]
    image = read("images/coins1.tif")
    expected = run("network_objects", image, model=str(folder / "m.morphogen"))
    np.testing.assert_array_equal(read(f"out/{found[1]}").data, expected.data)
    assert main("evaluate labels labels out --json scores.json".split()) == 0
    assert json.loads((folder / "scores.json").read_text())


def test_classes_from_strokes_and_their_probability(folder):
    call = f"train unet --images images --labels strokes --task semantic {SMALL}"
    assert main([*call.split(), "--budget", "4s"]) == 0
    call = "predict m.morphogen images/coins0.tif p.tif --output probability --flips"
    assert main(call.split()) == 0
    assert read("p.tif").data.shape == (2, 120, 384)


def test_going_on_from_a_model_and_from_an_interruption(folder, capsys):
    call = f"train unet --images images --labels labels --budget 3s {SMALL}"
    assert main(call.split()) == 0
    assert main([*call.split(), "--start", "m.morphogen"]) == 0
    assert main([*call.split(), "--resume"]) == 2
    assert "no interrupted training m.training" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("--budget soon", "--budget such as"),
        ("--budget 0s", "--budget such as"),
        ("--width 1", "`width` from 4"),
        ("--start none.morphogen", "no file none.morphogen"),
        ("--model no/where.morphogen", "no folder no"),
        ("--device cuda", "no device"),
        ("--channel 3", "Channel 3"),
        ("--labels images --task semantic", "hold number"),
    ],
)
def test_wrong_calls_are_one_sentence(folder, capsys, words, text):
    if "cuda" in words:
        torch = pytest.importorskip("torch")
        if torch.cuda.is_available():
            pytest.skip("there is such a device")
    call = f"train unet --images images --labels labels {SMALL} {words}"
    assert main(call.split()) == 2
    said = capsys.readouterr().err.strip()
    assert text in said and said.count("\n") == 0


def test_budgets():
    assert [seconds(t) for t in ("90", "90s", "1.5 min", "2m", "1h")] == [
        90, 90, 90, 120, 3600
    ]  # fmt: skip
    assert math.isinf(seconds("until-best"))


def test_predicting_with_no_model_is_one_sentence(folder, capsys):
    assert main("predict images/coins0.tif images --out-dir out".split()) == 2
    assert "no model file" in capsys.readouterr().err
