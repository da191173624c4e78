"""New images from the command line: files, pairs, folders, recipes."""

import json

import numpy as np
import pytest

from napari_morphogen import read, recipe, run, write
from napari_morphogen.cli import main

CELLS = "--height 64 --width 80 --count 5 --radius 8".split()
GIVEN = {"height": 64, "width": 80, "count": 5, "radius": 8.0}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_image_and_labels_come_from_one_run(folder):
    call = "generate synthetic_cells image.tif --labels-out labels.tif --pixel-size 0.5"
    assert main([*call.split(), *CELLS]) == 0
    for name in ("image", "labels"):
        found = read(folder / f"{name}.tif")
        made = run("synthetic_cells", **GIVEN, pixel_size=0.5, output=name)
        np.testing.assert_array_equal(found.data, made.data)
        assert (found.scale, found.units) == ((0.5, 0.5), ("micrometer",) * 2)
    assert found.data.dtype == np.int32


def test_one_result_can_be_chosen(folder):
    call = "generate synthetic_cells only.tif --output labels"
    assert main([*call.split(), *CELLS]) == 0
    made = run("synthetic_cells", **GIVEN, output="labels")
    np.testing.assert_array_equal(read("only.tif").data, made.data)
    assert [path.name for path in folder.iterdir()] == ["only.tif"]


def test_set_of_pairs_has_seeds_one_after_the_other(folder):
    call = "generate synthetic_cells --out-dir set --images 3 --seed 5 --suffix .npy"
    assert main([*call.split(), *CELLS]) == 0
    for kind, name in (("images", "image"), ("labels", "labels")):
        files = sorted((folder / "set" / kind).iterdir())
        assert [file.name for file in files] == ["0001.npy", "0002.npy", "0003.npy"]
        for seed, file in enumerate(files, 5):
            made = run("synthetic_cells", **GIVEN, seed=seed, output=name)
            np.testing.assert_array_equal(read(file).data, made.data)


def test_methods_with_one_result_fill_one_folder(folder):
    assert main("generate perlin --out-dir set --images 2".split()) == 0
    assert sorted(p.name for p in folder.rglob("*")) == [
        "0001.tif", "0002.tif", "images", "set",
    ]  # fmt: skip


def test_recipe_in_the_file_replays_without_an_input(folder):
    assert main("generate gaussian_field field.tif --seed 4".split()) == 0
    written = read("field.tif").metadata[recipe.KEY]
    recipe.save("field.json", json.loads(json.dumps(written)))
    assert main("replay field.json again.tif".split()) == 0
    np.testing.assert_array_equal(read("again.tif").data, read("field.tif").data)


def test_replay_of_a_source_takes_the_output_only(folder, capsys):
    recipe.save("r.json", run("perlin").metadata[recipe.KEY])
    write("in.tif", np.zeros((9, 9), np.float32))
    assert main("replay r.json in.tif out.tif".split()) == 2
    assert "makes its own image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("perlin", "perlin takes no image and one output, but got no path"),
        ("perlin a.tif b.tif", "takes no image and one output, but got a.tif b.tif"),
        ("perlin a.tif --out-dir set", "takes no image and --out-dir, but got a.tif"),
        ("perlin a.tif --images 3", "Several images need a folder"),
        ("perlin --out-dir set --images 0", "--images to be at least 1"),
        ("perlin a.tif --octaves 99", "`octaves` to be between 1 and 10"),
        ("synthetic_cells a.tif --radius 150", "`radius` to be at most 128"),
        ("perlin gone/a.tif", "There is no folder gone"),
        ("perlin a.xyz", "xyz"),
    ],
)
def test_wrong_calls_are_told_in_a_sentence(folder, capsys, call, said):
    assert main(["generate", *call.split()]) == 2
    assert said in capsys.readouterr().err
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_remarks_go_beside_the_output(folder, capsys):
    call = "generate synthetic_cells a.tif --height 64 --width 64 --count 500"
    assert main(call.split()) == 0
    assert "a.tif: Only " in capsys.readouterr().err
    assert read("a.tif").data.shape == (64, 64)


def test_segment_knows_no_sources(capsys):
    with pytest.raises(SystemExit):
        main("segment perlin a.tif b.tif".split())
    assert "invalid choice" in capsys.readouterr().err
