"""The command `morphogen evaluate images`."""

import csv
import json

import numpy as np
import pytest

from napari_morphogen import write
from napari_morphogen.cli import main
from napari_morphogen.evaluate import image_scores, report_card


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("truths", "results"):
        (tmp_path / name).mkdir()
    for number in range(12):
        image = rng.integers(0, 200, (20, 24)).astype(np.uint8)
        write(f"truths/{number:02}.tif", image)
        made = image + rng.integers(0, 50, image.shape).astype(np.uint8)
        write(f"results/{number:02}_denoised.tif", made)
    return tmp_path


def images(folder, name):
    from napari_morphogen import read

    return [read(path).data for path in sorted((folder / name).iterdir())]


def test_pairs_have_their_figures_with_mean_and_interval(folder, capsys):
    call = "evaluate images truths results --json o.json --csv o.csv"
    assert main(call.split()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["image", "psnr", "ssim", "rmse"]
    assert any("95% interval" in line and "pooled" not in line for line in lines)
    assert any(line.startswith("psnr") and "DOI 10." in line for line in lines)
    pairs = zip(images(folder, "results"), images(folder, "truths"), strict=True)
    expected = [image_scores(*pair).as_dict() for pair in pairs]
    found = json.loads((folder / "o.json").read_text())
    assert [image["figures"] for image in found["images"]] == expected
    mean = np.mean([figures["ssim"] for figures in expected])
    assert found["summary"]["figures"]["ssim"]["mean"] == pytest.approx(mean)
    assert found["meanings"]["ssim"]["doi"] == "10.1109/TIP.2003.819861"
    with open("o.csv") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[3]["psnr"]) == expected[3]["psnr"] and len(rows) == 12
    one = "evaluate images truths/00.tif results/00_denoised.tif --data-range 255"
    assert main([*one.split(), "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("| figure | 00_denoised.tif |")


def test_report_card_compares_sets(folder, capsys):
    call = "evaluate images truths results --report-card --patch-size 16 --seed 2"
    assert main([*call.split(), "--json", "o.json"]) == 0
    printed = capsys.readouterr().out
    for word in ("texture", "unseen real", "noise", "blind to", "patches of 16 x 16"):
        assert word in printed
    found = json.loads((folder / "o.json").read_text())
    sets = [images(folder, name) for name in ("truths", "results")]
    expected = report_card(*sets, patch_size=16, seed=2)
    assert found["images"][0]["figures"] == pytest.approx(expected.as_dict())
    assert len(found["pairs"]) == expected.patches and "summary" not in found
    assert found["pairs"][0]["training_image"] == expected.pairs["training_image"][0]
    assert main([*call.split(), "--held-out", "results", "--json", "-"]) == 0
    best = json.loads(capsys.readouterr().out)["images"][0]["figures"]
    assert [best[n] for n in ("texture", "coverage")] == [1, 1]


@pytest.mark.parametrize(
    "call, sentence",
    [
        pytest.param("truths results --held-out truths", "--report-card", id="held"),
        pytest.param("truths results --data-range -1", "--data-range", id="range"),
        pytest.param("truths nowhere --report-card", "nowhere", id="no input"),
        pytest.param(
            "truths results --report-card --patch-size 3", "3 x 3", id="patch"
        ),
        pytest.param("truths results --csv no/o.csv", "no folder", id="no place"),
    ],
)
def test_wrong_calls_are_one_sentence(folder, call, sentence, capsys):
    assert main(["evaluate", "images", *call.split()]) == 2
    assert sentence in capsys.readouterr().err


def test_a_broken_pair_is_named_and_the_others_are_compared(folder, capsys):
    write("results/03_denoised.tif", np.zeros((3, 3)))
    assert main("evaluate images truths results".split()) == 1
    printed = capsys.readouterr()
    assert "(3, 3)" in printed.err and printed.out.count("_denoised.tif") == 11
