"""Frames and results of every kind: several, growing, drawn, learnt, of labels."""

import json

import numpy as np
import pytest

from napari_morphogen import recipe, run, samples
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import plan, run_all, states
from napari_morphogen.spatial import SpatialArray, Vertices


@pytest.fixture
def series():
    """Return three coins images over time, with geometry."""
    data = np.stack([samples.coins().data[:150, :200]] * 3)
    place = {"scale": (5, 0.5, 0.5), "translate": (1, 2, 3)}
    return SpatialArray(data, "tyx", name="series", **place)


def test_all_results_lie_where_the_image_lies(series):
    results = run_all("ambrosio_tortorelli", series, iterations=2)
    assert list(results) == ["smooth", "edges"]
    for name, result in results.items():
        assert result.data.shape == series.data.shape
        assert (result.scale, result.translate) == (series.scale, series.translate)
        one = run("ambrosio_tortorelli", series, iterations=2, output=name)
        np.testing.assert_array_equal(one.data, result.data)
        again = recipe.replay(result.metadata[recipe.KEY], series)
        np.testing.assert_array_equal(again.data, result.data)


def test_unknown_result_is_named(series):
    with pytest.raises(InputError, match='no result "glow"; it has smooth, edges'):
        run("ambrosio_tortorelli", series, output="glow")


def test_states_grow_to_the_result(series):
    todo = plan("ambrosio_tortorelli", series, iterations=5, tolerance=0)
    found = list(states(todo))
    assert [state.index for state in found if state.done] == [(0,), (1,), (2,)]
    last = found[-1]
    assert last.number == 5
    whole = run("ambrosio_tortorelli", series, iterations=5, tolerance=0)
    np.testing.assert_array_equal(last.frame["smooth"], whole.data[2])
    energies = [e for state in found if state.index == (2,) for e in state.energies]
    assert len(energies) == 5 and energies == sorted(energies, reverse=True)


def test_plan_stopped_early_is_the_plan_of_fewer_iterations(series):
    todo = plan("ambrosio_tortorelli", series, iterations=9, tolerance=0)
    short = plan("ambrosio_tortorelli", series, iterations=4, tolerance=0)
    assert todo.stopped_at(4).recipe == short.recipe
    assert todo.stopped_at(4).values == short.values


def test_shapes_of_a_series_lie_in_their_frames():
    data = np.zeros((4, 100, 100), np.uint8)
    data[2, 50:] = 255
    found = run("hough_lines", SpatialArray(data, "tyx", scale=(5, 1, 1)))
    assert isinstance(found, Vertices)
    assert found.axes == "tyx" and found.scale == (5, 1, 1)
    assert len(found.data) and (found.data[..., 0] == 2).all()
    flat = run("hough_lines", data[2])
    np.testing.assert_allclose(found.data[..., 1:], flat)


def test_planar_method_takes_volumes_plane_by_plane():
    volume = np.stack([samples.coins().data[:120, :120]] * 2)
    whole = run("line_regions", volume)
    np.testing.assert_array_equal(whole[1], run("line_regions", volume[1]))


def test_no_shapes_is_an_empty_array():
    found = run("hough_circles", np.zeros((2, 60, 60)), axes="tyx")
    assert found.shape[0] == 0 and found.shape[-1] == 3


@pytest.mark.parametrize("method", ["nearest_class", "random_forest"])
def test_strokes_on_one_frame_serve_all(method, series):
    strokes = np.zeros(series.data.shape, np.int32)
    strokes[1] = samples.coin_strokes().data[:150, :200]
    result = run_all(method, series, strokes=strokes)
    np.testing.assert_array_equal(result["labels"].data[0], result["labels"].data[2])
    assert result["probability"].axes == "tcyx"
    assert result["probability"].data.shape == (3, 2, 150, 200)
    assert result["probability"].scale == (5, 1, 0.5, 0.5)
    alone = run(method, series.data[1], strokes=strokes[1])
    np.testing.assert_array_equal(result["labels"].data[1], alone)


def test_strokes_painted_on_channels_count_in_any():
    image = np.stack([samples.coins().data[:150, :200]] * 2)
    painted = samples.coin_strokes().data[:150, :200]
    strokes = np.zeros(image.shape, np.int32)
    strokes[0], strokes[1, painted == 1] = np.where(painted == 2, 2, 0), 1
    both = run("nearest_class", image, axes="cyx", strokes=strokes)
    np.testing.assert_array_equal(
        both, run("nearest_class", image, axes="cyx", strokes=painted)
    )


def test_labels_stay_labels_frame_by_frame():
    labels = np.zeros((2, 2, 30, 30), np.uint16)
    labels[:, :, 5:20, 5:20], labels[..., 10, 10] = 7, 0
    filled = run("fill_holes", labels, axes="tcyx")
    assert filled.shape == labels.shape and filled.dtype == np.int32
    assert (filled[:, :, 10, 10] == 1).all()


def test_labels_are_whole_numbers():
    with pytest.raises(InputError, match=r"float64; segment the image first"):
        run("fill_holes", np.zeros((9, 9)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_colours_are_enhanced_one_by_one(dtype, rgb):
    image = SpatialArray(rgb.astype(dtype), "yxc", rgb=True)
    result = run("median", image)
    assert result.rgb and result.data.dtype == dtype
    for i in range(3):
        alone = run("median", image.data[..., i])
        np.testing.assert_array_equal(result.data[..., i], alone.astype(dtype))


def test_figures_come_along(rgb):
    results = run_all("quantise_colours", SpatialArray(rgb, "yxc", rgb=True))
    assert list(results) == ["image", "figures"]
    ((_, figures),) = results["figures"].items()
    assert figures["PSNR [dB]"] > 10
    assert results["image"].metadata["figures"]


def test_canny_then_lines_then_watershed_is_one_recipe_of_three_steps():
    image = samples.bricks().like(samples.bricks().data[:200, :200])
    edges = run("canny", image, sigma=2, low_threshold=0.75, high_threshold=0.88)
    lines = run("hough_lines", image, edges=edges, min_length=18, max_gap=5)
    given = {"foreground": "all", "h": 2, "min_size": 100}
    labels = run("watershed", image, barriers=lines, **given)
    assert labels.data.max() > 10
    made = json.loads(json.dumps(labels.metadata[recipe.KEY]))
    again = recipe.replay(made, image)
    np.testing.assert_array_equal(again.data, labels.data)
    walls = made["steps"][0]["parameters"]["barriers"]["recipe"]["steps"][0]
    assert walls["method"] == "hough_lines"
    assert walls["parameters"]["edges"]["recipe"]["steps"][0]["method"] == "canny"
    # regions lie between the lines, not on them
    middles = lines.data.mean(axis=1).round().astype(int)
    around = [
        labels.data[max(r - 4, 0) : r + 5, max(c - 4, 0) : c + 5] for r, c in middles
    ]
    assert np.mean([len(np.unique(part)) > 1 for part in around]) > 0.6
