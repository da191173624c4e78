"""Contrast against scikit-image and percentiles."""

import numpy as np
import pytest
from skimage import data, exposure

from napari_morphogen.enhance.contrast import clahe, normalise


@pytest.mark.parametrize("kernel_size", [16, 50])
@pytest.mark.parametrize("clip_limit", [0.01, 0.2])
def test_clahe_is_that_of_skimage(kernel_size, clip_limit):
    image = data.coins()[:120, :150]
    found = clahe(image, kernel_size=kernel_size, clip_limit=clip_limit)
    low, span = float(image.min()), float(np.ptp(image))
    unit = ((image - low) / span).astype(np.float32)
    expected = exposure.equalize_adapthist(unit, kernel_size, clip_limit)
    np.testing.assert_allclose(found, expected * span + low, rtol=1e-4)
    assert found.min() == pytest.approx(low)
    assert found.max() == pytest.approx(low + span)


def test_tiles_are_cubes_in_space(blobs):
    volume = blobs((8, 30, 30))
    found = clahe(volume, kernel_size=12, spacing=(3, 1, 1))
    expected = exposure.equalize_adapthist(volume, (4, 12, 12))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_dim_half_gains_contrast():
    texture = np.random.default_rng(0).random((64, 128))
    light = np.where(np.arange(128) < 64, 0.05, 1.0)
    found = clahe(texture * light, kernel_size=32, clip_limit=0.0)
    before = (texture * light)[:, :40].std() / (texture * light)[:, 88:].std()
    after = found[:, :40].std() / found[:, 88:].std()
    assert before < 0.06
    assert after > 0.8


@pytest.mark.parametrize("shape", [(40, 50), (6, 20, 20)])
@pytest.mark.parametrize(("low", "high"), [(0, 100), (1, 99.8), (20, 50), (50, 50)])
def test_percentiles_become_0_and_1(shape, low, high):
    image = np.random.default_rng(1).gamma(2, 100, shape)
    found = normalise(image, low=low, high=high)
    bottom, top = np.percentile(image, [low, high])
    if top > bottom:
        expected = np.clip((image - bottom) / (top - bottom), 0, 1)
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert 0 <= found.min() <= found.max() <= 1


def test_broken_pixels_do_not_shift_the_percentiles():
    image = np.random.default_rng(2).random((30, 30))
    whole = normalise(image[:20], low=5, high=95)
    image[20:] = np.nan
    found = normalise(image, low=5, high=95)
    np.testing.assert_allclose(found[:20], whole, atol=1e-12)
    assert not found[20:].any()


@pytest.mark.parametrize("factor", [2.0**-60, 3.0, 2.0**60])
def test_unit_does_not_matter(factor):
    image = np.random.default_rng(3).random((30, 30))
    np.testing.assert_allclose(normalise(image * factor), normalise(image), atol=1e-12)


@pytest.mark.parametrize("method", [clahe, normalise])
def test_single_plane_of_a_stack_is_a_plane(method, blobs):
    image = blobs((24, 20)).astype(np.float32)
    np.testing.assert_array_equal(method(image[None])[0], method(image))
