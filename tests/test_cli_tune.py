"""The commands tune and suggest."""

import json

import numpy as np
import pytest

from napari_morphogen import SpatialArray, read, write
from napari_morphogen.cli import main
from napari_morphogen.cli_tune import seconds


@pytest.fixture
def files(tmp_path):
    """Two folders of images and labels: squares in noise."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        truth = np.zeros((80, 80), np.int32)
        for number in range(16):
            y, x = divmod(number, 4)
            truth[20 * y + 4 : 20 * y + 15, 20 * x + 4 : 20 * x + 15] = number + 1
        image = (truth > 0) * 100 + rng.normal(0, 20, truth.shape)
        for folder, pixels in (("images", image.astype(np.float32)), ("truth", truth)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write(tmp_path / folder / f"{name}.tif", SpatialArray(pixels, "yx"))
    return tmp_path


def tuned(files, *more):
    where = [str(files / "images"), str(files / "truth")]
    return main(["tune", *where, "--budget", "1.5s", "--methods", "threshold", *more])


def test_recipe_replays_to_good_labels(files, capsys):
    best = files / "best.json"
    assert tuned(files, "--recipe", str(best), "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert table["rows"][0]["method"] == "threshold"
    assert table["rows"][0]["score"] > 0.9
    assert table["kind"] == "objects"
    assert json.loads(best.read_text()) == table["rows"][0]["recipe"]
    target = files / "out.tif"
    assert main(["replay", str(best), str(files / "images/a.tif"), str(target)]) == 0
    assert read(target).data.max() == 16


def test_table_is_printed_and_written(files, capsys):
    assert tuned(files, "--json", str(files / "table.json")) == 0
    printed = capsys.readouterr().out
    assert "threshold" in printed
    assert "cross-validated" in printed
    assert json.loads((files / "table.json").read_text())["folds"] == 6


def test_what_was_learned_is_kept_beside_the_recipe(files, capsys):
    for path in (files / "truth").iterdir():
        write(path, SpatialArray((read(path).data > 0).astype(np.uint8), "yx"))
    where = [str(files / "images"), str(files / "truth"), "--kind", "classes"]
    given = ["tune", *where, "--budget", "1.5s", "--methods", "nearest_class"]
    assert main([*given, "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["rows"][0]["recipe"] is None
    assert "--recipe" in told.err
    best, target = files / "best.json", files / "out.tif"
    assert main([*given, "--recipe", str(best), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert json.loads(best.read_text()) == table["rows"][0]["recipe"]
    image, truth = files / "images/a.tif", read(files / "truth/a.tif").data
    assert main(["replay", str(best), str(image), str(target)]) == 0
    assert (read(target).data - 1 == truth).mean() > 0.95
    best.unlink()
    assert main([*given, "--recipe", str(best)]) == 2  # best.npz may be another's
    assert "best.npz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--budget", "soon"], "soon"),
        (["--budget", "0"], "'0'"),
        (["--methods", "canny"], "canny is not searched"),
        (["--recipe", "/nowhere/best.json"], "no folder"),
    ],
)
def test_wrong_calls(files, capsys, more, message):
    assert tuned(files, *more) == 2
    assert message in capsys.readouterr().err


def test_times():
    assert seconds("90") == seconds("90s") == seconds("1.5min") == 90


def test_suggest(files, capsys):
    image = str(files / "images/a.tif")
    assert main(["suggest", image]) == 0
    assert "bright" in capsys.readouterr().out
    assert main(["suggest", image, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["noise"] == pytest.approx(20, rel=0.2)
    assert 8 < found["size"] < 17
