"""Axes, geometry and what is guessed of them."""

import dask.array as da
import numpy as np
import pytest

from napari_morphogen.params import InputError
from napari_morphogen.spatial import (
    SpatialArray,
    as_spatial,
    axes_from_labels,
    guess_axes,
    looks_rgb,
)


@pytest.mark.parametrize(
    ("axes", "shape", "sentence"),
    [
        ("yx", (2, 2, 2), "one letter for each of the image's 3 axes"),
        ("tzyx", (2, 2, 2), "one letter for each of the image's 3 axes"),
        ("", (2, 2), "one letter for each of the image's 2 axes"),
        ("yyx", (2, 2, 2), "each letter once"),
        ("tzy", (2, 2, 2), "both y and x among its letters"),
        ("tc", (2, 2), "both y and x among its letters"),
        ("xy", (2, 2), "the spatial axes in the order z, y, x"),
        ("yxz", (2, 2, 2), "the spatial axes in the order z, y, x"),
    ],
)
@pytest.mark.parametrize("make", [SpatialArray, as_spatial])
def test_wrong_axes_are_named(make, axes, shape, sentence):
    with pytest.raises(InputError) as caught:
        make(np.zeros(shape), axes)
    assert str(caught.value) == f'Expected `axes` to hold {sentence}, but got "{axes}".'


@pytest.mark.parametrize("field", ["scale", "translate", "units", "axis_labels"])
def test_wrong_number_of_values_is_named(field):
    values = (1, 2, 3)
    with pytest.raises(InputError, match=f"`{field}` to hold one value for each of"):
        SpatialArray(np.zeros((2, 2)), "yx", **{field: values})


def test_defaults_are_those_of_a_plain_image():
    image = SpatialArray(np.zeros((2, 3, 4)), "tyx")
    assert image.scale == (1.0, 1.0, 1.0)
    assert image.translate == (0.0, 0.0, 0.0)
    assert image.units == ("pixel",) * 3
    assert image.axis_labels == ("t", "y", "x")
    assert not image.rgb


@pytest.mark.parametrize(
    ("axes", "scale", "spacing", "relative"),
    [
        ("yx", (0.5, 0.25), (0.5, 0.25), (2.0, 1.0)),
        ("tzyx", (60, 3, 1.5, 1.5), (3, 1.5, 1.5), (2, 1, 1)),
        ("zcyx", (2e-6, 1, 5e-7, 5e-7), (2e-6, 5e-7, 5e-7), (4, 1, 1)),
        ("yx", (-2, 1), (2, 1), (2, 1)),
        ("yx", (0, 3), (0, 3), (1, 1)),
        ("yx", (0, 0), (0, 0), (1, 1)),
    ],
)
def test_spacing_is_that_of_the_spatial_axes(axes, scale, spacing, relative):
    image = SpatialArray(np.zeros((2,) * len(axes)), axes, scale=scale)
    assert image.spacing == spacing
    assert image.relative_spacing == pytest.approx(relative)


def test_dropped_axis_takes_its_geometry_along(placed):
    image = placed("tczyx")
    result = image.like(image.data[:, 0], "tzyx", name="other")
    assert result.scale == (30.0, 2.0, 0.5, 0.5)
    assert result.translate == (5.0, -7.0, 3.5, 11.0)
    assert result.units == ("second",) + ("micrometer",) * 3
    assert result.axis_labels == ("time", "depth", "row", "column")
    kept = [0, 2, 3, 4]
    np.testing.assert_array_equal(result.rotate, image.rotate[kept][:, kept])
    np.testing.assert_array_equal(result.shear, image.shear[kept][:, kept])
    rows = [*kept, 5]
    np.testing.assert_array_equal(result.affine, image.affine[rows][:, rows])
    assert (result.name, image.name) == ("other", "cells")


def test_result_of_colours_is_no_longer_coloured(rgb):
    image = SpatialArray(rgb, "yxc", rgb=True)
    assert image.like(rgb).rgb
    assert not image.like(rgb[..., 0], "yx").rgb


@pytest.mark.parametrize("dtype", [None, np.float64])
def test_it_is_an_array_to_numpy(rgb, dtype):
    image = SpatialArray(rgb, "yxc")
    found = np.asarray(image, dtype)
    np.testing.assert_array_equal(found, rgb)
    assert found.dtype == (dtype or rgb.dtype)
    np.testing.assert_array_equal(np.asarray(image.like(da.from_array(rgb))), rgb)


@pytest.mark.parametrize(
    ("shape", "dtype", "axes"),
    [
        ((8, 8), "u1", "yx"),
        ((3, 8, 8), "u1", "zyx"),
        ((8, 8, 3), "u1", "yxc"),
        ((8, 8, 4), "f4", "yxc"),
        ((8, 8, 3), "i4", "zyx"),
        ((8, 8, 5), "u1", "zyx"),
        ((4, 4, 4), "u1", "zyx"),
        ((9, 8, 8, 3), "u2", "zyxc"),
        ((2, 9, 8, 8), "u1", "tzyx"),
        ((2, 9, 8, 8, 3), ">u2", "tzyxc"),
        ((2, 3, 9, 8, 8), "u1", "tczyx"),
    ],
)
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_axes_are_guessed(shape, dtype, axes, lazy):
    data = np.zeros(shape, dtype)
    image = as_spatial(da.from_array(data) if lazy else data)
    assert image.axes == axes
    assert image.rgb == axes.endswith("c")


@pytest.mark.parametrize("ndim", [0, 1, 6])
def test_number_of_axes_that_cannot_be_guessed(ndim):
    with pytest.raises(InputError, match=f"2 to 5 axes, but got {ndim}; name them"):
        as_spatial(np.zeros((2,) * ndim))


def test_number_of_axes_may_be_any_when_they_are_named():
    assert as_spatial(np.zeros((2,) * 6), "abczyx").axes == "abczyx"


def test_lists_are_arrays():
    assert as_spatial([[1, 2], [3, 4]]).axes == "yx"


def test_named_axes_overrule_those_of_the_image(placed):
    image = placed("zyx")
    assert as_spatial(image) is image
    assert as_spatial(image, "zyx") is image
    renamed = as_spatial(image, "tyx")
    assert renamed.axes == "tyx"
    assert renamed.scale == image.scale
    with pytest.raises(InputError, match="one letter for each"):
        as_spatial(image, "yx")


def test_named_axes_may_make_colours_channels(rgb):
    image = SpatialArray(rgb, "yxc", rgb=True)
    assert as_spatial(image, "yxc").rgb
    assert not as_spatial(image, "zyx").rgb
    assert as_spatial(rgb, "yxc").rgb
    assert not as_spatial(rgb, "zyx").rgb


@pytest.mark.parametrize(
    ("labels", "rgb", "axes"),
    [
        (["time", "row", "column"], False, "tyx"),
        (["Frame", " CH ", "plane", "Y", "X"], False, "tczyx"),
        (["y", "x"], True, "yxc"),
        (["position", "y", "x"], False, "tyx"),
        (["position", "t", "y", "x"], False, "styx"),
        (["-2", "-1"], False, None),
        (["", "y"], False, None),
        (["c", "y", "x"], True, None),
        (["t", "time", "y", "x"], False, None),
        ([], False, None),
    ],
)
def test_labels_may_tell_the_axes(labels, rgb, axes):
    assert axes_from_labels(labels, rgb) == axes


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [
        ((5, 5, 3), "u1", True),
        ((5, 4, 3), "u1", False),
        ((5, 5, 2), "u1", False),
        ((5, 5, 3), "?", False),
        ((3, 4), "u1", False),
    ],
)
def test_colours_are_recognised(shape, dtype, expected):
    assert looks_rgb(np.zeros(shape, dtype)) is expected


def test_guess_counts_colours_apart():
    assert guess_axes(4, rgb=True) == "zyxc"
