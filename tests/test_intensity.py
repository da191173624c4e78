"""Any dtype, broken pixels, colours, smoothing."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import color

from napari_morphogen.intensity import as_float, fill_broken, luminance, smooth
from napari_morphogen.params import InputError


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        *[
            (dtype, np.float32)
            for dtype in ("?", "u1", "i1", ">u2", "<i2", "f2", ">f4")
        ],
        *[(dtype, np.float64) for dtype in ("u4", ">i4", "u8", ">i8", ">f8")],
    ],
)
def test_every_number_keeps_its_value(dtype, expected):
    kind = np.dtype(dtype)
    if kind.kind == "f":
        ends = [np.finfo(kind).max, np.finfo(kind).tiny]
    else:
        largest = 1 if kind.kind == "b" else np.iinfo(kind).max
        ends = [largest, largest // 3]
    image = np.array([ends], dtype)
    found = as_float(image)
    assert found.dtype == expected
    assert found.dtype.isnative
    if kind.itemsize < 8 or kind.kind == "f":
        np.testing.assert_array_equal(found, image.astype(np.float64))


def test_native_float_is_not_copied():
    image = np.ones((3, 3), np.float32)
    assert as_float(image) is image


@pytest.mark.parametrize("dtype", ["complex64", "U3", "O", "M8[s]"])
def test_other_values_are_refused(dtype):
    with pytest.raises(InputError, match="Expected real numbers, but the image holds"):
        as_float(np.zeros((2, 2), dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38], ids=str)
def test_broken_pixels_take_the_nearest_value(value):
    image = np.array([[1, 2, 3, 4, 5, 6]], np.float32)
    image[0, 2:4] = value
    before = image.copy()
    filled, broken = fill_broken(image)
    np.testing.assert_array_equal(filled, [[1, 2, 2, 5, 5, 6]])
    np.testing.assert_array_equal(broken, [[0, 0, 1, 1, 0, 0]])
    np.testing.assert_array_equal(image, before)


def test_whole_image_is_not_copied():
    image = np.full((3, 3), 1e30, np.float32)
    filled, broken = fill_broken(image)
    assert filled is image
    assert broken is None


def test_wholly_broken_image_becomes_zero():
    filled, broken = fill_broken(np.full((2, 3), np.nan))
    assert not filled.any()
    assert broken.all()


@pytest.mark.parametrize("spacing", [(), (1.0, 1.0, 1.0), (4.0, 1.0, 2.0)], ids=str)
def test_smoothing_is_physical(spacing):
    image = np.zeros((41, 41, 41))
    image[20, 20, 20] = 1
    found = smooth(image, 3, spacing)
    place = np.indices(image.shape) - 20
    sizes = spacing or (1, 1, 1)
    width = [
        size * np.sqrt((found * index**2).sum() / found.sum())
        for size, index in zip(sizes, place, strict=True)
    ]
    np.testing.assert_allclose(width, 3, rtol=0.02)
    sigmas = [3 / size for size in sizes]
    expected = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    np.testing.assert_array_equal(found, expected)


def test_no_smoothing_returns_the_image_itself():
    image = np.ones((3, 3))
    assert smooth(image, 0, ()) is image


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_luminance_is_that_of_skimage(rgb, dtype):
    expected = color.rgb2gray(rgb) * 255
    np.testing.assert_allclose(luminance(rgb.astype(dtype)), expected, rtol=1e-5)


def test_alpha_is_ignored(rgb):
    alpha = np.full((*rgb.shape[:2], 1), np.nan)
    with_alpha = np.concatenate([rgb, alpha], axis=-1)
    np.testing.assert_array_equal(luminance(with_alpha), luminance(rgb.astype(float)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("place", [0, 2**17, 400_000 - 1])
def test_one_broken_pixel_of_a_large_image_is_found(value, place):
    image = np.ones(400_000, np.float32)
    image[place] = value
    filled, broken = fill_broken(image)
    assert broken.sum() == 1 and broken[place]
    assert (filled == 1).all()
