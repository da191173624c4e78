"""The compiled Gaussian, gradient and Canny, against SciPy and the plain way."""

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.segment.edges import canny, sobel

SHAPES = [(1, 1), (1, 7), (2, 2), (3, 3), (40, 300), (300, 37)]
VOLUMES = [(1, 9, 8), (6, 1, 1), (2, 2, 2), (2, 5, 4), (12, 30, 41), (3, 150, 9)]
DTYPES = ["f4", "f8"]


def _noise(shape, dtype, power=0):
    image = np.random.default_rng(0).normal(size=shape).astype(dtype)
    return np.ldexp(image, power).astype(dtype)


def _layouts(image):
    yield image
    yield np.asfortranarray(image)
    yield np.repeat(image, 2, axis=-1)[..., ::2]
    read_only = image.copy()
    read_only.flags.writeable = False
    yield read_only


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES + VOLUMES, ids=str)
@pytest.mark.parametrize("sigma", [0.05, 0.4, 1.0, 2.3, 13.0])
def test_gaussian_is_that_of_scipy_to_the_last_bit(compiled, shape, dtype, sigma):
    image = _noise(shape, dtype)
    sigmas = [sigma / s for s in (2.5, 1.0, 1.0)[-len(shape) :]]
    expected = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    found = fast.gaussian(image, sigmas)
    assert found is not None and found.dtype == image.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("function", [sobel, canny])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES + VOLUMES, ids=str)
@pytest.mark.parametrize("spacing", [(), (2.5, 1.0, 1.3)], ids=str)
def test_edges_are_those_of_the_plain_way(both, function, shape, dtype, spacing):
    given = {"sigma": 0.0, "spacing": spacing[-len(shape) :]}
    for image in _layouts(_noise(shape, dtype)):
        found, expected = both(function, image, **given)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("function", [sobel, canny])
@pytest.mark.parametrize("shape", [(40, 50), (9, 20, 24)], ids=str)
@pytest.mark.parametrize(
    ("dtype", "power"), [("f4", 100), ("f4", -120), ("f8", 900), ("f8", -1000)]
)
def test_squares_neither_overflow_nor_vanish(both, function, shape, dtype, power):
    image = _noise(shape, dtype, power)
    found, expected = both(function, image, sigma=0.0)
    np.testing.assert_array_equal(found, expected)
    assert found.any() and np.isfinite(found).all()


@pytest.mark.parametrize("shape", [(120, 130), (12, 40, 44)], ids=str)
@pytest.mark.parametrize("broken", [False, True])
def test_canny_of_smooth_images_is_that_of_the_plain_way(both, blobs, shape, broken):
    image = blobs(shape).astype(np.float32)
    if broken:
        image[..., 5:9, 11] = np.nan
    for low, high in ((0.0, 0.0), (0.3, 0.9), (0.85, 0.95), (1.0, 1.0)):
        found, expected = both(
            canny, image, sigma=0.8, low_threshold=low, high_threshold=high
        )
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [1, 2, 7, 1000, 300_001])
@pytest.mark.parametrize("levels", [0, 5])
def test_quantiles_are_those_of_numpy(compiled, size, levels):
    image = np.abs(_noise((1, size), "f4"))
    if levels:
        image = np.round(image * levels) / np.float32(levels)
    shares = [0.0, 0.01, 0.333, 0.5, 0.85, 0.95, 0.999, 1.0]
    found = fast.quantiles(image, shares)
    expected = np.quantile(image, shares)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
