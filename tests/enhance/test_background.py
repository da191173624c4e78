"""Backgrounds against SciPy's openings and slopes of known shape."""

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.enhance.background import subtract_background

METHODS = ("rolling ball", "top-hat", "gaussian")
methods = pytest.mark.parametrize("method", METHODS)


def _ball(radius, height, ndim):
    reach = np.arange(-int(radius), int(radius) + 1) / radius
    squares = sum(g**2 for g in np.meshgrid(*[reach] * ndim, indexing="ij"))
    return squares <= 1, height * np.sqrt(np.clip(1 - squares, 0, None))


def _scene(shape=(120, 120), spots=12):
    """Return a smooth background and spots of radius 3 on it."""
    y, x = np.indices(shape) / max(shape)
    light = 100 * np.exp(-((y - 0.5) ** 2) - (x - 0.3) ** 2)
    rng = np.random.default_rng(0)
    scene = np.zeros(shape)
    for row, column in rng.uniform(15, np.array(shape) - 15, (spots, 2)):
        inside = (np.indices(shape)[0] - row) ** 2 + (
            np.indices(shape)[1] - column
        ) ** 2
        scene[inside <= 9] = 60
    return light, scene


@pytest.mark.parametrize(
    ("shape", "radius"), [((40, 36), 6.0), ((40, 36), 9.5), ((12, 18, 16), 5.0)]
)
def test_small_ball_is_an_opening(shape, radius):
    noise = np.random.default_rng(1).normal(size=shape)
    image = ndimage.gaussian_filter(noise, 2)
    image = (image - image.min()) / np.ptp(image)
    inside, surface = _ball(radius, radius / 255, len(shape))
    opened = ndimage.grey_opening(
        np.pad(image, 20, constant_values=np.inf), footprint=inside, structure=surface
    )
    inner = (slice(20, -20),) * len(shape)
    # SciPy's second half must not see what lies beyond the border either
    centre = ndimage.grey_erosion(
        image, footprint=inside, structure=surface, mode="constant", cval=np.inf
    )
    expected = ndimage.grey_dilation(
        centre, footprint=inside, structure=surface, mode="constant", cval=-np.inf
    )
    assert (opened[inner] >= expected - 1e-9).all()
    found = subtract_background(image, radius=radius)
    np.testing.assert_allclose(found, image - expected, atol=1e-9)


def test_large_ball_on_a_smaller_image_is_nearly_the_same():
    light, scene = _scene()
    image = light + scene
    low, span = image.min(), np.ptp(image)
    inside, surface = _ball(30, 30 / 255, 2)
    centre = ndimage.grey_erosion(
        (image - low) / span, footprint=inside, structure=surface,
        mode="constant", cval=np.inf,
    )  # fmt: skip
    exact = ndimage.grey_dilation(
        centre, footprint=inside, structure=surface, mode="constant", cval=-np.inf
    )
    found = subtract_background(image, radius=30)
    expected = image - (exact * span + low)
    assert np.abs(found - expected).mean() < 0.02 * span
    assert np.abs(found - expected).max() < 0.1 * span


@pytest.mark.parametrize("size", [1.0, 2.5])
def test_top_hat_is_that_of_scipy(size):
    image = np.random.default_rng(2).random((30, 33))
    found = subtract_background(image, estimate="top-hat", radius=5, spacing=(size, 1))
    expected = ndimage.white_tophat(image, (2 * int(5 / size) + 1, 11), mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("size", [1.0, 2.5])
def test_gaussian_is_the_difference_from_the_mean_around(size):
    image = np.random.default_rng(3).random((30, 33))
    found = subtract_background(image, estimate="gaussian", radius=4, spacing=(size, 1))
    expected = image - ndimage.gaussian_filter(image, (4 / size, 4), mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-12)


@methods
def test_objects_stand_on_an_even_background(method):
    light, scene = _scene()
    flat = subtract_background(light + scene, estimate=method, radius=15)
    assert flat[scene == 0].std() < 0.4 * light.std()
    assert np.median(flat[scene > 0]) > 45
    assert abs(np.median(flat[scene == 0])) < 3


@methods
def test_dark_objects_come_out_bright(method):
    light, scene = _scene()
    bright = subtract_background(light + scene, estimate=method, radius=15)
    dark = subtract_background(
        -(light + scene), estimate=method, radius=15, objects="dark"
    )
    np.testing.assert_allclose(dark, bright, atol=1e-9)


@pytest.mark.parametrize("method", ["rolling ball", "top-hat"])
@pytest.mark.parametrize("radius", [3.0, 40.0, 500.0])
def test_background_is_never_above_the_image(method, radius):
    image = np.random.default_rng(4).random((50, 60)).astype(np.float32)
    assert subtract_background(image, estimate=method, radius=radius).min() >= 0


@methods
def test_offset_is_background(method):
    image = np.random.default_rng(5).integers(0, 200, (40, 40)).astype(np.int16)
    found = subtract_background(image + 1000, estimate=method, radius=12)
    np.testing.assert_array_equal(
        found, subtract_background(image, estimate=method, radius=12)
    )


def test_ball_is_round_in_space():
    noise = np.random.default_rng(6).normal(size=(24, 24))
    plane = ndimage.gaussian_filter(noise, 3)
    coarse = subtract_background(plane[::2], radius=4, spacing=(2, 1))
    inside, surface = _ball(4, 4 / 255, 2)
    image = (plane[::2] - plane[::2].min()) / np.ptp(plane[::2])
    words = {"footprint": inside[::2], "structure": surface[::2], "mode": "constant"}
    centre = ndimage.grey_erosion(image, cval=np.inf, **words)
    opened = ndimage.grey_dilation(centre, cval=-np.inf, **words)
    expected = (image - opened) * np.ptp(plane[::2])
    np.testing.assert_allclose(coarse, expected, atol=1e-9)


@methods
def test_single_plane_of_a_stack_is_a_plane(method, blobs):
    image = blobs((24, 20)).astype(np.float32)
    found = subtract_background(image[None], estimate=method, radius=6)
    np.testing.assert_array_equal(
        found[0], subtract_background(image, estimate=method, radius=6)
    )
