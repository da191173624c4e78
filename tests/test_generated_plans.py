"""Methods that make images of their own size, from nothing or from an example."""

import pickle
from typing import Annotated

import annotated_types as at
import numpy as np
import pytest

from napari_morphogen import SpatialArray, recipe, registry, replay, run
from napari_morphogen.params import ChannelAxis, Colours, Image, InputError, Labels
from napari_morphogen.pipeline import plan, run_all
from napari_morphogen.recipe import as_python
from napari_morphogen.registry import METHODS, Method, get
from napari_morphogen.spatial import Canvas

Times = Annotated[int, at.Interval(ge=1, le=9)]
SIZES = {"height": 12, "width": 9}


def repeated(image: Image, *, times: Times = 2, layout: Labels | None = None) -> Image:
    """Repeat an image along its last axis.

    Parameters
    ----------
    times : int
        How often.
    layout : ndarray or None
        Where it shows.
    """
    whole = np.concatenate([image] * times, axis=-1)
    return whole if layout is None else whole * (layout > 0)


def coloured(image: Image, *, channel_axis: ChannelAxis = None) -> Colours:
    """Crop all channels to three rows and columns."""
    return np.moveaxis(np.moveaxis(image, channel_axis, -1)[:3, :3], -1, channel_axis)


def wider(shape, *, times, **others):
    return (*shape[:-1], shape[-1] * times)


@pytest.fixture(autouse=True)
def more_methods(monkeypatch):
    rows = (
        Method(repeated, "generate", size=wider),
        Method(coloured, "generate", size=lambda shape: (3, 3)),
    )
    monkeypatch.setattr(registry, "METHODS", METHODS + rows)


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "cyx"])
def test_result_has_the_size_that_the_method_says(axes):
    image = SpatialArray(
        np.random.default_rng(0).random((2, 3, 4)[-len(axes) :]).astype("f4"),
        axes,
        scale=(2.0, 0.5, 0.5)[-len(axes) :],
        name="small",
    )
    todo = plan("repeated", image, times=3)
    assert todo.shape == (*image.data.shape[:-1], 12)
    made = run("repeated", image, times=3)
    assert (made.axes, made.scale, made.name) == (axes, image.scale, "small repeated")
    np.testing.assert_array_equal(made.data, np.concatenate([image.data] * 3, axis=-1))
    np.testing.assert_array_equal(replay(made.metadata[recipe.KEY], image), made.data)


def test_array_parameter_has_the_size_of_the_result():
    image, layout = np.ones((3, 4), "f4"), np.zeros((3, 8), np.int32)
    layout[:, 6:] = 1
    np.testing.assert_array_equal(run("repeated", image, layout=layout), layout)
    with pytest.raises(InputError, match=r"shape \(3, 8\), like the image"):
        run("repeated", image, layout=layout[:, :4])


def test_colours_of_another_size():
    image = np.random.default_rng(0).integers(0, 255, (8, 7, 3), "u1")
    np.testing.assert_array_equal(run("coloured", image), image[:3, :3])
    whole = SpatialArray(image, "yxc", rgb=True)
    assert run("coloured", whole).rgb


def test_lazy_and_empty_examples():
    import dask.array as da

    image = da.ones((3, 4), chunks=2)
    assert run("repeated", image).shape == (3, 8)
    assert run("repeated", np.zeros((0, 4))).shape == (0, 8)


def test_source_needs_no_image_and_takes_none():
    made = run("perlin", **SIZES)
    assert isinstance(made, SpatialArray)
    assert (made.name, made.axes, made.data.shape) == ("perlin", "yx", (12, 9))
    with pytest.raises(InputError, match="perlin makes its image from parameters"):
        run("perlin", np.zeros((5, 5)))
    with pytest.raises(InputError, match="threshold works on an image: give it one"):
        run("threshold")


def test_source_has_the_pixel_size_that_was_asked_for():
    size = {"pixel_size": 0.25, "plane_distance": 1.5}
    volume = run("random_noise", depth=4, **SIZES, **size)
    assert (volume.axes, volume.data.shape) == ("zyx", (4, 12, 9))
    assert (volume.scale, set(volume.units)) == ((1.5, 0.25, 0.25), {"micrometer"})
    plane = run("random_noise", **SIZES, **size)
    assert plane.scale == (0.25, 0.25)
    assert run("random_noise", **SIZES).units == ("pixel", "pixel")
    assert run("perlin", depth=2, **SIZES, pixel_size=0.5).scale == (0.5,) * 3


def test_all_results_of_a_source_have_names():
    made = run_all("synthetic_cells", height=64, width=64, count=3, radius=6)
    assert list(made) == ["image", "labels"]
    assert made["image"].name == "synthetic_cells"
    assert made["labels"].name == "synthetic_cells labels"


def test_recipe_of_a_source_replays_without_an_image():
    made = run("gaussian_field", **SIZES, seed=3, pixel_size=0.5)
    labels = run("threshold", made, min_size=0)
    written = labels.metadata[recipe.KEY]
    assert written["input"] is None
    assert recipe.makes_its_image(written)
    for again in (replay(written), replay(written, np.zeros((3, 3)))):
        np.testing.assert_array_equal(again.data, labels.data)
        assert again.scale == labels.scale
    space = {}
    code = as_python(written).replace("write('result.tif', image)", "")
    exec(code, space)
    np.testing.assert_array_equal(space["image"].data, labels.data)


def test_recipe_without_an_image_to_start_from():
    made = run("threshold", np.eye(9, dtype="f4"), min_size=0)
    assert isinstance(made, np.ndarray)
    placed = run("threshold", SpatialArray(np.eye(9), "yx"), min_size=0)
    with pytest.raises(InputError, match="threshold works on an image"):
        replay(placed.metadata[recipe.KEY])
    with pytest.raises(InputError, match="no steps"):
        replay({"format": 1, "steps": []})


def test_marks_may_come_from_a_source():
    image = SpatialArray(run("perlin", **SIZES, seed=1).data, "yx", name="taken")
    markers = run("threshold", run("perlin", **SIZES, seed=2), min_size=0)
    labels = run("watershed", image, markers=markers, min_size=0)
    again = replay(labels.metadata[recipe.KEY], image)
    np.testing.assert_array_equal(again.data, labels.data)


def test_canvas_travels_without_pixels():
    todo = plan("perlin", height=3000, width=2000)
    sent = pickle.dumps(todo)
    assert len(sent) < 5000
    there = pickle.loads(sent)
    assert there.shape == (3000, 2000)
    assert there.image.scale == (1.0, 1.0)
    assert Canvas.of((2, 3, 4)).axes == "zyx"


def test_method_without_an_array_takes_nothing():
    assert get("perlin").takes == ""
    assert get("gaussian").takes == "image"
