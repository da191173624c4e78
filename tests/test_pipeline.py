"""The one path from an image to a result, and the sentences on the way."""

import json

import dask.array as da
import numpy as np
import pytest

from napari_morphogen.params import InputError
from napari_morphogen.pipeline import frames, plan, run
from napari_morphogen.registry import METHODS, family, get
from napari_morphogen.spatial import SpatialArray


def test_unknown_method_lists_the_known_ones(discs):
    with pytest.raises(InputError) as caught:
        run("otsu", discs)
    names = ", ".join(method.name for method in METHODS)
    assert str(caught.value) == f'There is no method "otsu"; the methods are {names}.'


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param(
            {"radius": 2},
            "gradient has no parameter `radius`; it has operator, sigma.",
            id="unknown-parameter",
        ),
        pytest.param(
            {"sigma": 99},
            "Expected `sigma` to be between 0 and 50, but got 99.",
            id="out-of-range",
        ),
        pytest.param(
            {"axes": "zyx"},
            "Expected `axes` to hold one letter for each of the image's 2 axes, "
            'but got "zyx".',
            id="axes",
        ),
        pytest.param(
            {"axes": "xy"},
            "Expected `axes` to hold the spatial axes in the order z, y, x, "
            'but got "xy".',
            id="axes-in-wrong-order",
        ),
        pytest.param(
            {"channel": 0},
            "Channel 0 was chosen, but the image has no channels (axes yx); "
            "leave `channel` out or name the axes.",
            id="no-channels",
        ),
        pytest.param(
            {"spacing": (1, 1, 1)},
            "Expected `spacing` to hold 2 positive sizes, but got (1, 1, 1).",
            id="too-many-sizes",
        ),
        pytest.param(
            {"spacing": (1, 0)},
            "Expected `spacing` to hold 2 positive sizes, but got (1, 0).",
            id="size-of-zero",
        ),
        pytest.param(
            {"spacing": (1, float("nan"))},
            "Expected `spacing` to hold 2 positive sizes, but got (1, nan).",
            id="size-is-no-number",
        ),
        pytest.param(
            {"spacing": 2},
            "Expected `spacing` to hold 2 positive sizes, but got 2.",
            id="one-size-for-all",
        ),
        pytest.param(
            {"spacing": ("a", "b")},
            "Expected `spacing` to hold 2 positive sizes, but got ('a', 'b').",
            id="sizes-are-words",
        ),
    ],
)
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_what_does_not_fit_is_named(given, sentence, lazy, discs):
    image = da.from_array(discs) if lazy else discs
    with pytest.raises(InputError) as caught:
        run("gradient", image, **given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("channel", [-1, 3, 99])
def test_channel_out_of_range(channel, placed):
    with pytest.raises(InputError) as caught:
        run("gradient", placed("tcyx"), channel=channel)
    assert str(caught.value) == (f"Expected `channel` from 0 to 2, but got {channel}.")


@pytest.mark.parametrize("channel", [1.0, "1", True, [1]], ids=repr)
def test_channel_is_a_whole_number(channel, placed):
    with pytest.raises(InputError, match="`channel` from 0 to 2, but got"):
        run("gradient", placed("cyx"), channel=channel)


def test_channel_may_be_a_number_of_numpy(placed):
    result = run("gradient", placed("cyx"), channel=np.int64(1))
    json.dumps(result.metadata)
    np.testing.assert_array_equal(
        result.data, run("gradient", placed("cyx"), channel=1).data
    )


@pytest.mark.parametrize(
    "shape", [(24, 21), (20, 24), (1, 24, 20), (3, 24, 20), (24,), ()]
)
def test_markers_of_another_shape(shape):
    with pytest.raises(InputError) as caught:
        run("watershed", np.zeros((24, 20)), markers=np.ones(shape, int))
    assert str(caught.value) == (
        f"Expected `markers` of shape (24, 20), like the image, but got {shape}."
    )


def test_markers_serve_every_frame_or_their_own(discs):
    series = np.stack([discs, discs[:, ::-1]])
    one = np.zeros(discs.shape, int)
    one[16, 16], one[16, 33] = 1, 2
    own = np.stack([one, one[:, ::-1]])
    given = {"axes": "tyx", "min_size": 0}
    shared = run("watershed", series, markers=one, **given)
    each = run("watershed", series, markers=own, **given)
    for t, image in enumerate(series):
        for found, markers in ((shared[t], one), (each[t], own[t])):
            expected = run("watershed", image, markers=markers, min_size=0)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["list", "dask", "spatial", "lazy spatial"])
def test_markers_of_any_kind(kind, discs):
    markers = np.zeros(discs.shape, np.uint16)
    markers[16, 16], markers[16, 33] = 5, 3
    expected = run("watershed", discs, markers=markers)
    given = {
        "list": markers.tolist(),
        "dask": da.from_array(markers),
        "spatial": SpatialArray(markers, "yx"),
        "lazy spatial": SpatialArray(da.from_array(markers), "yx"),
    }[kind]
    np.testing.assert_array_equal(run("watershed", discs, markers=given), expected)


def test_empty_markers_are_named(discs):
    with pytest.raises(InputError, match="`markers` hold no marker"):
        run("watershed", discs, markers=np.zeros(discs.shape, int))


@pytest.mark.parametrize("kind", ["complex64", "U2"])
def test_image_that_holds_no_real_numbers(kind):
    with pytest.raises(InputError, match="Expected real numbers"):
        run("gradient", np.zeros((4, 4), kind))


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_kind_of_array_is_kept(lazy, discs):
    data = da.from_array(discs) if lazy else discs
    assert isinstance(run("gradient", data), type(data))
    result = run("gradient", SpatialArray(data, "yx", name="coins"))
    assert isinstance(result, SpatialArray)
    assert isinstance(result.data, type(data))
    assert result.name == "coins gradient"
    assert run("gradient", SpatialArray(data, "yx")).name == "image gradient"


def test_image_is_left_as_it_was(placed):
    image = placed("tcyx", metadata={"path": "a.tif", "note": [1]})
    before = image.data.copy(), dict(image.metadata)
    result = run("threshold", image, channel=1)
    np.testing.assert_array_equal(image.data, before[0])
    assert image.metadata == before[1]
    assert set(result.metadata) == {"morphogen"}


def test_given_spacing_overrules_that_of_the_image(volume):
    cubic = run("gradient", volume, sigma=2, spacing=(1, 1, 1))
    np.testing.assert_array_equal(cubic.data, run("gradient", volume.data, sigma=2))
    assert cubic.scale == volume.scale


def test_result_grows_frame_by_frame(placed):
    todo = plan("watershed", placed("tcyx"), channel=0)
    joined = {}
    steps = frames(todo)
    index, frame = next(steps)
    todo.put(joined, index, frame)
    assert joined["labels"].shape == (2, 24, 20)
    np.testing.assert_array_equal(joined["labels"][0], frame["labels"])
    assert not joined["labels"][1].any()
    for index, frame in steps:
        todo.put(joined, index, frame)
    expected = run("watershed", placed("tcyx"), channel=0)
    np.testing.assert_array_equal(todo.results(joined)["labels"].data, expected.data)


@pytest.mark.parametrize(
    ("method", "axes", "made", "count"),
    [
        ("threshold", "yx", "yx", 1),
        ("threshold", "tczyx", "tzyx", 2),
        ("gradient", "tczyx", "tczyx", 6),
        ("kmeans", "tczyx", "tzyx", 2),
        ("canny", "cyx", "yx", 1),
    ],
)
def test_frames_of_a_plan(method, axes, made, count, placed):
    todo = plan(method, placed(axes))
    assert todo.axes == made
    assert len(todo.frames) == count
    sizes = {"t": 2, "c": 3, "z": 5, "y": 24, "x": 20}
    assert todo.shape == tuple(sizes[axis] for axis in made)


@pytest.mark.parametrize("dtype", ["u4", "i8"])
def test_frames_of_one_series_have_one_type(dtype):
    image = np.zeros((2, 6, 6), dtype)
    image[1, 3:] = 2**31 - 1  # only this frame exceeds what float32 holds
    result = run("gradient", image, axes="tyx")
    np.testing.assert_array_equal(result[1], run("gradient", image[1]))


def test_registry_is_a_table_of_contents():
    names = [method.name for method in METHODS]
    assert len(set(names)) == len(names)
    assert all(get(name).name == name for name in names)
    families = {method.family for method in METHODS}
    listed = [method for name in families for method in family(name)]
    assert sorted(listed, key=lambda m: m.name) == sorted(METHODS, key=lambda m: m.name)
    assert family("networks of tomorrow") == ()
