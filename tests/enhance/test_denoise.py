"""Denoising against SciPy, scikit-image and noise of known strength."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters, restoration

from napari_morphogen.enhance.denoise import (
    denoise_nl_means,
    denoise_tv,
    gaussian,
    median,
    noise_level,
)
from napari_morphogen.enhance.wavelets import denoise_wavelet

both_shapes = pytest.mark.parametrize(
    "shape", [(40, 36), (8, 20, 18)], ids=["2-D", "3-D"]
)
of_noise = pytest.mark.parametrize("method", [denoise_nl_means, denoise_tv])


def _step(shape, noise=10.0, seed=0):
    """Return an image of two areas, 50 and 150, without and with noise."""
    clean = np.full(shape, 50.0)
    clean[..., shape[-1] // 2 :] = 150
    noisy = clean + np.random.default_rng(seed).normal(scale=noise, size=shape)
    return clean, noisy


def _error(image, clean):
    return np.sqrt(((image - clean) ** 2).mean())


@both_shapes
@pytest.mark.parametrize("sizes", [1.0, 2.5])
def test_gaussian_is_that_of_scipy(shape, sizes):
    image = _step(shape)[1]
    spacing = (sizes,) + (1.0,) * (len(shape) - 1)
    sigmas = [1.7 / s for s in spacing]
    found = gaussian(image, sigma=1.7, spacing=spacing)
    expected = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@both_shapes
@pytest.mark.parametrize("radius", [1.0, 2.0, 2.5])
def test_median_is_that_of_skimage(shape, radius):
    image = _step(shape)[1].astype(np.float32)
    reach = np.arange(-int(radius), int(radius) + 1)
    grid = np.meshgrid(*[reach] * len(shape), indexing="ij")
    ball = sum(g**2 for g in grid) <= radius**2
    expected = filters.median(image, ball, mode="nearest")
    np.testing.assert_array_equal(median(image, radius=radius), expected)


def test_median_looks_as_far_along_every_axis():
    image = np.random.default_rng(0).random((6, 9, 9))
    found = median(image, radius=2.0, spacing=(2.5, 1, 1))
    planes = [median(plane, radius=2.0) for plane in image]
    np.testing.assert_array_equal(found, planes)  # the next plane is too far
    assert not np.array_equal(median(image, radius=3.0, spacing=(2.5, 1, 1)), found)


def test_median_removes_odd_pixels_and_keeps_edges():
    clean, _ = _step((30, 30))
    odd = clean.copy()
    odd[4::7, 3::7] = 1e6
    np.testing.assert_array_equal(median(odd, radius=1.5), clean)


@pytest.mark.parametrize("shape", [(300,), (200, 150), (30, 40, 25)])
@pytest.mark.parametrize("scale", [0.1, 20.0])
def test_noise_is_found(shape, scale):
    noise = np.random.default_rng(1).normal(scale=scale, size=shape)
    slope = np.indices(shape).sum(axis=0) * scale / 50
    assert noise_level(noise + slope) == pytest.approx(scale, rel=0.1)
    assert noise_level(slope) < 1e-9 if len(shape) > 1 else True


@of_noise
@both_shapes
@pytest.mark.parametrize("noise", [3.0, 20.0])
def test_noise_is_removed_and_the_edge_is_kept(method, shape, noise):
    clean, noisy = _step(shape, noise)
    found = method(noisy)
    assert _error(found, clean) < 0.45 * _error(noisy, clean)
    half = shape[-1] // 2
    assert np.median(found[..., half] - found[..., half - 1]) > 90 - noise


@of_noise
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_without_noise_nothing_changes(method, strength):
    clean, noisy = _step((30, 30))
    np.testing.assert_allclose(method(clean, strength=1.0), clean, rtol=1e-6)
    np.testing.assert_allclose(method(noisy, strength=0.0), noisy, rtol=1e-6)


@of_noise
def test_strength_counts_in_noise(method):
    noisy = _step((60, 60))[1]
    left = [np.abs(method(noisy, strength=s) - noisy).mean() for s in (0.5, 1, 2)]
    assert left == sorted(left)


def test_filters_are_those_of_skimage():
    image = np.random.default_rng(2).random((30, 28))
    image -= image.min()
    image /= image.max()
    sigma = 1.3 * noise_level(image)
    expected = restoration.denoise_nl_means(image, 7, 3, h=0.6 * sigma, sigma=sigma)
    found = denoise_nl_means(image, strength=1.3, patch_size=7, patch_distance=3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    expected = restoration.denoise_tv_chambolle(image, sigma, max_num_iter=9)
    found = denoise_tv(image, strength=1.3, iterations=9)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("method", [gaussian, median, denoise_nl_means, denoise_tv])
def test_single_plane_of_a_stack_is_a_plane(method, blobs):
    image = blobs((24, 20)).astype(np.float32)
    image += np.random.default_rng(0).normal(scale=0.05, size=image.shape)
    np.testing.assert_array_equal(method(image[None])[0], method(image))


def test_wavelets_are_those_of_skimage():
    clean, image = _step((64, 96))
    low, span = image.min(), np.ptp(image)
    unit = (image - low) / span
    expected = restoration.denoise_wavelet(
        unit, sigma=noise_level(unit), wavelet="sym4", rescale_sigma=False
    )
    found = denoise_wavelet(image)
    np.testing.assert_allclose(found, expected * span + low, rtol=1e-9)
    assert _error(found, clean) < 0.6 * _error(image, clean)
