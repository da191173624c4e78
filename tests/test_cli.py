"""The command line on real files."""

import csv
import json

import numpy as np
import pytest
import tifffile

from napari_morphogen import SpatialArray, measure, read, run, samples, write
from napari_morphogen.cli import main
from napari_morphogen.evaluate import boundary_scores, object_scores
from napari_morphogen.registry import METHODS
from napari_morphogen.samples import (
    coin_labels,
    coins,
    spheres,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    for number in range(3):
        part = coins().data[number * 80 : number * 80 + 120]
        write(tmp_path / "images" / f"coins{number}.tif", part)
    return tmp_path


def test_methods_lists_every_method_with_its_line(capsys):
    assert main(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [m.name for m in METHODS]
    assert all(m.title in line for m, line in zip(METHODS, lines, strict=True))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_help_explains_every_method(method, capsys):
    assert main(["help", method.name]) == 0
    assert "Parameters" in capsys.readouterr().out


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_segment_equals_run(method, folder):
    source, target = write(folder / "coins.tif", coins()), folder / "out.tif"
    if not method.takes:
        assert main(["generate", method.name, str(target)]) == 0
        expected = run(method.name)
        np.testing.assert_array_equal(read(target).data, expected.data)
        return
    if method.takes == "labels":
        source = write(folder / "labels.tif", coin_labels())
    if method.makes == "shapes":
        target = folder / "out.csv"
    needed, words = samples.needed(method.function), []
    for name, value in needed.items():
        file = value if name == "model" else write(folder / f"{name}.tif", value)
        words += [f"--{name}", str(file)]
    if method.name == "texture_sgd":
        needed, words = {"steps": 1}, ["--steps", "1"]
    command = "generate" if method.family == "generate" else "segment"
    assert main([command, method.name, str(source), str(target), *words]) == 0
    expected = run(method.name, read(source), **needed).data
    if method.makes == "shapes":
        rows = list(csv.DictReader(target.read_text().splitlines()))
        table = [[float(row["axis-0"]), float(row["axis-1"])] for row in rows]
        np.testing.assert_array_equal(np.reshape(table, expected.shape), expected)
    else:
        np.testing.assert_array_equal(read(target).data, expected)


def test_other_results_can_be_asked_for(folder):
    call = "segment ambrosio_tortorelli images/coins0.tif out.tif --iterations 3"
    assert main([*call.split(), "--output", "edges"]) == 0
    image = read("images/coins0.tif")
    expected = run("ambrosio_tortorelli", image, iterations=3, output="edges")
    np.testing.assert_array_equal(read("out.tif").data, expected.data)


def test_missing_strokes_are_asked_for(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["segment", "snake", "images/coins0.tif", "out.tif"])
    assert ended.value.code == 2
    assert "--initial" in capsys.readouterr().err


def test_options_reach_the_method(folder):
    call = "segment threshold images/coins0.tif out.tif --rule li --sigma 2 "
    assert main([*call.split(), "--no-separate", "--min-size", "5"]) == 0
    image = read("images/coins0.tif")
    expected = run("threshold", image, rule="li", sigma=2, separate=False, min_size=5)
    np.testing.assert_array_equal(read("out.tif").data, expected.data)


def test_pixel_size_survives_and_another_library_reads_it(tmp_path):
    write(tmp_path / "in.tif", spheres())
    call = ["segment", "watershed", str(tmp_path / "in.tif"), str(tmp_path / "out.tif")]
    assert main(call) == 0
    found = read(tmp_path / "out.tif")
    assert (found.scale, found.units) == (spheres().scale, spheres().units)
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
    assert pixels["PhysicalSizeZ"] == 2.0
    assert pixels["PhysicalSizeX"] == 0.5


def test_folder_with_a_broken_file(folder, capsys):
    (folder / "images" / "broken.tif").write_text("no image")
    assert main("segment gradient images --out-dir results".split()) == 1
    assert "broken.tif" in capsys.readouterr().err
    names = sorted(path.name for path in (folder / "results").iterdir())
    assert names == [f"coins{number}_gradient.tif" for number in range(3)]


def test_jobs_give_the_same_files(folder):
    for jobs in ("1", "2"):
        call = f"segment kmeans images --out-dir by{jobs} --jobs {jobs}"
        assert main(call.split()) == 0
    for number in range(3):
        one, two = (read(f"by{n}/coins{number}_kmeans.tif").data for n in "12")
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("suffix", [".png", ".npy", ".ome.zarr"])
def test_other_formats_hold_the_same_labels(folder, suffix):
    call = f"segment threshold images/coins1.tif --out-dir out --suffix {suffix}"
    assert main(call.split()) == 0
    found = read(f"out/coins1_threshold{suffix}").data
    expected = run("threshold", read("images/coins1.tif")).data
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_replay_repeats_the_steps(folder):
    labels = run("threshold", run("gradient", read("images/coins0.tif"), sigma=1))
    recipe = folder / "edges.json"
    recipe.write_text(json.dumps(labels.metadata["morphogen"]))
    assert main(["replay", str(recipe), "images", "--out-dir", "again"]) == 0
    np.testing.assert_array_equal(read("again/coins0_edges.tif").data, labels.data)


def test_replay_takes_painted_markers_from_a_file(folder):
    image = read("images/coins0.tif")
    painted = np.zeros(image.data.shape, np.int32)
    painted[30, 40] = painted[60, 200] = 1
    markers = SpatialArray(painted, "yx", name="painted")
    labels = run("watershed", image, markers=markers, foreground="all")
    recipe = folder / "recipe.json"
    recipe.write_text(json.dumps(labels.metadata["morphogen"]))
    write(folder / "painted.tif", painted)
    call = ["replay", str(recipe), "images/coins0.tif", "out.tif"]
    assert main(call) == 1
    assert main([*call, "--with", "markers=painted.tif"]) == 0
    np.testing.assert_array_equal(read("out.tif").data, labels.data)


def test_measure_writes_the_table_of_every_label_image(folder):
    labels = run("threshold", read("images/coins0.tif"))
    write(folder / "labels.tif", labels)
    call = "measure labels.tif table.csv --image images/coins0.tif"
    assert main(call.split()) == 0
    expected = measure(labels, read("images/coins0.tif"))
    with open("table.csv") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose([float(row[name]) for row in rows], column)
    assert main("measure labels.tif --out-dir tables".split()) == 0
    assert (folder / "tables" / "labels_objects.csv").exists()


@pytest.fixture
def scored(folder):
    """Two folders of labels: references a, b, ab, c and results of the first three."""
    truth = np.zeros((40, 50), np.int32)
    truth[2:12, 2:12], truth[20:30, 10:30] = 1, 2
    place = {"scale": (0.5, 0.25), "units": ("micrometer",) * 2}
    for side, names in (
        ("truths", ["a", "b", "ab", "c"]),
        ("results", "a b ab".split()),
    ):
        (folder / side).mkdir()
        for number, name in enumerate(names):
            ending = "_threshold" if side == "results" and name != "b" else ""
            data = np.roll(truth, number if side == "results" else 0, axis=1)
            write(
                folder / side / f"{name}{ending}.tif", SpatialArray(data, "yx", **place)
            )
    return folder


def test_evaluate_tells_what_the_scores_are(scored, capsys):
    call = "evaluate labels truths/b.tif results/b.tif"
    assert main(call.split()) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[0]: line.split()[1] for line in lines}
    labels, truth = read("results/b.tif"), read("truths/b.tif")
    scores = object_scores(labels.data, truth.data)
    assert found["mean_ap"] == f"{scores.mean_ap:.4g}"
    far = boundary_scores(labels.data, truth.data, spacing=labels.spacing)
    assert float(found["hausdorff"]) == far.hausdorff == 0.25  # a column
    assert found["tolerance"] == "0.5"  # two of them
    assert any("micrometer" in line for line in lines if line.startswith("assd"))
    assert main([*call.split(), "--markdown", "--classes", "--tolerance", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "| --- | --- | --- | --- |"
    assert any(line.startswith("| dice@2 | 0.95 |") for line in lines)
    assert any(line.startswith("| tolerance | 0.1 |") for line in lines)


def test_evaluate_pairs_folders_by_name(scored, capsys):
    call = "evaluate labels truths results --json all.json --csv all.csv"
    assert main(call.split()) == 0
    printed = capsys.readouterr()
    assert "c.tif" in printed.err and "a.tif" not in printed.err
    assert printed.out.splitlines()[0].startswith("image ")
    found = json.loads((scored / "all.json").read_text())
    assert found["unpaired"] == ["truths/c.tif"] and found["failed"] == []
    names = {image["name"]: image["figures"] for image in found["images"]}
    assert sorted(names) == ["a_threshold.tif", "ab_threshold.tif", "b.tif"]
    assert names["a_threshold.tif"]["f1@0.95"] == 1
    mean = found["summary"]["figures"]["seg"]
    values = [figures["seg"] for figures in names.values()]
    assert mean["mean"] == pytest.approx(np.mean(values))
    assert min(values) <= mean["low"] <= mean["mean"] <= mean["high"] <= max(values)
    with open("all.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["seg"]) for row in rows] == [
        names[r["name"]]["seg"] for r in rows
    ]
    assert main([*call.split()[:4], "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert not list(scored.glob(".*"))


def test_evaluate_goes_on_behind_a_broken_file(scored, capsys):
    (scored / "results" / "ab_threshold.tif").write_text("no image")
    write(scored / "results" / "c.tif", np.zeros((3, 3), np.int32))
    assert main("evaluate labels truths results --sparse --json o.json".split()) == 1
    printed = capsys.readouterr()
    assert "ab_threshold.tif" in printed.err and "(3, 3)" in printed.err
    assert "only what is painted" in printed.out
    found = json.loads((scored / "o.json").read_text())
    assert len(found["images"]) == 2 and len(found["failed"]) == 2
    assert found["images"][0]["figures"]["f1@0.50"] is None


@pytest.mark.parametrize(
    "call, sentence",
    [
        pytest.param("truths results/b.tif", "two folders", id="file and folder"),
        pytest.param("truths images", "No names fit", id="names"),
        pytest.param("truths nowhere", "nowhere", id="no input"),
        pytest.param("truths results --csv no/o.csv", "no folder", id="no place"),
        pytest.param("truths results --json images", "is a folder", id="a folder"),
        pytest.param("truths results --tolerance -1", "--tolerance", id="tolerance"),
        pytest.param("twice results", "both belong", id="ambiguous"),
    ],
)
def test_wrong_calls_of_evaluate_are_one_sentence(scored, call, sentence, capsys):
    (scored / "twice").mkdir()
    write(scored / "twice" / "a.tif", np.zeros((4, 4), np.int32))
    if call.startswith("twice"):
        write(scored / "results" / "a_kmeans.tif", np.zeros((4, 4), np.int32))
    assert main(["evaluate", "labels", *call.split()]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(scored.glob("o.*")) and (scored / "images").is_dir()


@pytest.mark.parametrize(
    "call, sentence",
    [
        pytest.param(
            "segment gradient a.tif b.tif c.tif", "--out-dir", id="three paths"
        ),
        pytest.param(
            "segment gradient images --out-dir o --jobs 0", "--jobs", id="jobs"
        ),
        pytest.param(
            "segment gradient images/coins0.tif o.tif --sigma 99", "`sigma`", id="limit"
        ),
        pytest.param("segment gradient nowhere --out-dir o", "nowhere", id="no input"),
        pytest.param("help nothing", '"nothing"', id="unknown method"),
        pytest.param("replay none.json images --out-dir o", "none.json", id="recipe"),
    ],
)
def test_wrong_calls_are_one_sentence_and_status_2(folder, call, sentence, capsys):
    assert main(call.split()) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.startswith("morphogen: ")
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "changes, sentence",
    [
        pytest.param({"format": 99, "version": "9.9"}, "update", id="newer"),
        pytest.param(
            {"steps": [{"method": "magic", "parameters": {}}]}, "magic", id="method"
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {"glow": 1}}]},
            "glow",
            id="parameter",
        ),
    ],
)
def test_recipes_that_cannot_be_replayed_are_one_sentence(
    folder, changes, sentence, capsys
):
    made = run("gradient", read("images/coins0.tif")).metadata["morphogen"]
    (folder / "r.json").write_text(json.dumps(dict(made) | changes))
    assert main(["replay", "r.json", "images/coins0.tif", "o.tif"]) in (1, 2)
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error
    assert not (folder / "o.tif").exists()
