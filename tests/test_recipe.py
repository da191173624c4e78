"""Recipes: written, read, replayed, shown as Python, and refused in one sentence."""

import json

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import io, recipe
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import run
from napari_morphogen.spatial import SpatialArray


@pytest.fixture
def image(volume):
    return volume.like(volume.data, name="balls", metadata={"path": "a/balls.tif"})


@pytest.fixture
def made(image):
    """Return the recipe of two steps."""
    edges = run("gradient", image, sigma=1.5)
    return run("threshold", edges, min_size=3, level=0.1).metadata[recipe.KEY]


def test_recipe_says_how_it_was_made(made):
    assert made["format"] == 1
    assert made["version"] == recipe.product_version()
    assert made["input"] == {
        "name": "balls",
        "path": "a/balls.tif",
        "shape": [12, 24, 40],
        "dtype": "uint16",
        "axes": "zyx",
    }
    first, second = made["steps"]
    assert first == {
        "method": "gradient",
        "parameters": {"operator": "sobel", "sigma": 1.5},
        "axes": "zyx",
        "channel": None,
        "spacing": [2.0, 1.0, 1.0],
        "output": None,
    }
    assert second["method"] == "threshold"
    assert second["parameters"]["rule"] == "otsu"
    assert second["parameters"]["level"] == 0.1


def test_recipe_comes_back_from_a_file(made, tmp_path):
    path = recipe.save(tmp_path / "cells.json", made)
    assert recipe.load(path) == made
    assert recipe.load(str(path)) == made
    assert [p.name for p in tmp_path.iterdir()] == ["cells.json"]
    recipe.save(path, made)
    assert recipe.load(path) == made


def test_steps_replay_bit_for_bit(made, image):
    edges = run("gradient", image, sigma=1.5)
    expected = run("threshold", edges, min_size=3, level=0.1)
    for given in (image, image.data, da.from_array(image.data, chunks=9)):
        again = recipe.replay(made, given)
        np.testing.assert_array_equal(np.asarray(again.data), expected.data)
    assert recipe.replay(made, image).metadata[recipe.KEY] == made


@pytest.mark.parametrize("dtype", [">u2", "f2", "?"])
def test_any_dtype_replays(dtype, discs):
    data = (discs > 80).astype(dtype)
    result = run("threshold", SpatialArray(data, "yx"))
    again = recipe.replay(result.metadata[recipe.KEY], data)
    np.testing.assert_array_equal(again.data, result.data)


def test_chosen_meaning_of_the_axes_replays(placed):
    stack = placed("zyx")
    result = run("watershed", stack, axes="tyx", min_size=0)
    for given in (stack, stack.data):
        again = recipe.replay(result.metadata[recipe.KEY], given)
        assert again.axes == "tyx"
        np.testing.assert_array_equal(again.data, result.data)


def test_chosen_meaning_of_a_later_step_replays(placed):
    edges = run("gradient", placed("zyx"))
    result = run("threshold", edges, axes="tyx", min_size=0)
    again = recipe.replay(result.metadata[recipe.KEY], placed("zyx"))
    assert again.axes == "tyx"
    np.testing.assert_array_equal(again.data, result.data)


def test_channel_replays_on_any_kind_of_image(placed):
    image = placed("tcyx")
    result = run("canny", image, channel=2)
    for given in (image, image.data, da.from_array(image.data, chunks=8)):
        again = recipe.replay(result.metadata[recipe.KEY], given)
        np.testing.assert_array_equal(np.asarray(again.data), result.data)


def test_recipe_of_one_image_serves_another(made, blobs):
    series = SpatialArray(blobs((3, 6, 12, 12)), "tzyx", scale=(1, 2, 1, 1))
    result = recipe.replay(made, series)
    assert result.axes == "tzyx"
    expected = run(
        "threshold", run("gradient", series, sigma=1.5), min_size=3, level=0.1
    )
    np.testing.assert_array_equal(result.data, expected.data)


def test_spacing_is_the_recorded_one_unless_asked(image):
    made = run("gradient", image, sigma=2).metadata[recipe.KEY]
    cubic = image.like(image.data, scale=(1, 1, 1))
    recorded = recipe.replay(made, cubic)
    own = recipe.replay(made, cubic, own_spacing=True)
    np.testing.assert_array_equal(recorded.data, run("gradient", image, sigma=2).data)
    np.testing.assert_array_equal(own.data, run("gradient", cubic, sigma=2).data)


def test_markers_made_by_a_recipe_replay_with_it(image):
    markers = run("threshold", image, rule="manual", level=150, min_size=0)
    result = run("watershed", image, markers=markers, min_size=0)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    for given in (image, image.data):
        again = recipe.replay(made, given)
        np.testing.assert_array_equal(again.data, result.data)


def test_markers_of_a_channel_replay_with_it(placed):
    image = placed("cyx")
    markers = run("threshold", image, channel=1, rule="manual", level=0.6, min_size=0)
    result = run("watershed", image, channel=0, markers=markers, min_size=0)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    for given in (image, image.data):
        np.testing.assert_array_equal(recipe.replay(made, given).data, result.data)


@pytest.fixture
def painted(discs):
    """Return an image, markers painted by hand and the result."""
    data = np.zeros(discs.shape, np.int32)
    data[16, 16], data[16, 33] = 1, 2
    markers = SpatialArray(data, "yx", name="my dots")
    image = SpatialArray(discs, "yx")
    return image, markers, run("watershed", image, markers=markers)


def test_painted_markers_must_be_given(painted):
    image, markers, result = painted
    made = result.metadata[recipe.KEY]
    assert made["steps"][0]["parameters"]["markers"] == {"layer": "my dots"}
    with pytest.raises(InputError) as caught:
        recipe.replay(made, image)
    assert str(caught.value) == (
        'The recipe takes `markers` from the layer "my dots"; give it as markers=… '
        "(on the command line: --with markers=FILE)."
    )
    for given in (markers, markers.data):
        again = recipe.replay(made, image, markers=given)
        np.testing.assert_array_equal(again.data, result.data)


def test_array_that_no_step_takes_is_named(painted):
    image, markers, result = painted
    made = result.metadata[recipe.KEY]
    with pytest.raises(InputError, match="takes no `marker`"):
        recipe.replay(made, image, markers=markers, marker=markers)


def test_recipe_without_steps_returns_the_image(image):
    again = recipe.replay({"format": 1, "steps": []}, image)
    np.testing.assert_array_equal(again.data, image.data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            {"format": 2, "version": "9.0"},
            "The recipe has format 2 (made by version 9.0), but this version reads "
            "up to 1; update napari-morphogen.",
            id="newer",
        ),
        pytest.param({"format": None}, "The recipe has format None", id="no-format"),
        pytest.param({"steps": None}, "This is no recipe", id="no-steps"),
        pytest.param({"steps": {}}, "This is no recipe", id="steps-are-no-list"),
        pytest.param(
            {"steps": ["gradient"]}, "Step 1 of the recipe has no parameters", id="word"
        ),
        pytest.param(
            {"steps": [{"method": "gradient"}]},
            "Step 1 of the recipe has no parameters",
            id="no-parameters",
        ),
        pytest.param(
            {"steps": [{"parameters": {}}]},
            "Step 1 of the recipe has no method",
            id="no-method",
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {}, "gpu": 1}]},
            "Step 1 of the recipe has an unknown `gpu`; save the recipe again.",
            id="unknown-entry",
        ),
        pytest.param(
            {"steps": [{"method": "dream", "parameters": {}}]},
            'There is no method "dream"; the methods are threshold, ',
            id="unknown-method",
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {"radius": 1}}]},
            "gradient has no parameter `radius`; it has operator, sigma.",
            id="unknown-parameter",
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {"sigma": -1}}]},
            "Expected `sigma` to be between 0 and 50, but got -1.",
            id="value-out-of-range",
        ),
        pytest.param(
            {"steps": [{"method": ["gradient"], "parameters": {}}]},
            "Step 1 of the recipe has a wrong `method`, ['gradient']; save",
            id="method-is-a-list",
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {}, "axes": 5}]},
            "Step 1 of the recipe has a wrong `axes`, 5; save",
            id="axes-are-no-word",
        ),
        pytest.param(
            {"steps": [{"method": "gradient", "parameters": {}, "spacing": 5}]},
            "Step 1 of the recipe has a wrong `spacing`, 5; save",
            id="spacing-is-no-list",
        ),
    ],
)
def test_recipe_that_cannot_be_replayed(change, sentence, image, tmp_path):
    broken = {"format": 1, "version": "0.1", "steps": []} | change
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(broken))
    with pytest.raises(InputError) as caught:
        recipe.replay(recipe.load(path), image)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b"{'steps': []}", id="no-json"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param(b"[1, 2]", id="list"),
        pytest.param(b"null", id="null"),
    ],
)
def test_file_that_holds_no_recipe(content, tmp_path):
    path = tmp_path / "recipe.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="recipe") as caught:
        recipe.load(path)
    assert "\n" not in str(caught.value)


def test_damaged_history_of_an_image_is_dropped(image):
    for damaged in ({}, {"steps": 3}, {"input": {}}, "text", {"steps": [{}]}):
        marked = image.like(image.data, metadata={recipe.KEY: damaged})
        made = run("gradient", marked).metadata[recipe.KEY]
        assert [step["method"] for step in made["steps"]] == ["gradient"]
        assert made["input"]["axes"] == "zyx"


@pytest.mark.parametrize("channel", [None, 1])
def test_python_does_what_the_recipe_says(channel, placed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = io.read(io.write("cells.tif", placed("tcyx")))
    edges = run("gradient", image, channel=channel, sigma=1)
    result = run("threshold", edges, rule="li", min_size=2)
    code = recipe.as_python(result.metadata[recipe.KEY])
    exec(compile(code, "recipe", "exec"), {})
    np.testing.assert_array_equal(io.read("result.tif").data, result.data)


def test_python_names_what_was_painted(painted):
    code = recipe.as_python(painted[2].metadata[recipe.KEY])
    assert "markers=read('markers.tif')" in code
    compile(code, "recipe", "exec")
