"""Deconvolution against scikit-image and blurs that are known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from skimage import restoration

from napari_morphogen.enhance.deconvolution import richardson_lucy, wiener
from napari_morphogen.params import last

both_shapes = pytest.mark.parametrize(
    ("shape", "spacing"),
    [((48, 40), (1.0, 1.0)), ((48, 40), (2.0, 1.0)), ((12, 20, 22), (2.5, 1.0, 1.0))],
)


def _spots(shape, seed=0):
    spots = (np.random.default_rng(seed).random(shape) > 0.97) * 100.0
    return ndimage.gaussian_filter(spots, 0.7)


def _blurred(image, sigma, spacing):
    return ndimage.gaussian_filter(image, [sigma / s for s in spacing], mode="reflect")


def _error(found, expected):
    return np.sqrt(((found - expected) ** 2).mean())


def _lucy(image, **given):
    return last(richardson_lucy(image, **given))


@both_shapes
@pytest.mark.parametrize("method", [_lucy, wiener])
def test_blur_is_undone(method, shape, spacing):
    sharp = _spots(shape)
    blurred = _blurred(sharp, 1.5, spacing)
    given = {"iterations": 60} if method is _lucy else {"balance": 0.0005}
    found = method(blurred, sigma=1.5, spacing=spacing, **given)
    assert _error(found, sharp) < 0.75 * _error(blurred, sharp)


@both_shapes
def test_sum_is_kept_and_nothing_is_negative(shape, spacing):
    image = _blurred(_spots(shape), 2, spacing)
    image -= image.min()
    for step in richardson_lucy(image, sigma=2, spacing=spacing, iterations=4):
        assert step.result().sum() == pytest.approx(image.sum())
        assert step.result().min() >= 0


def test_inside_it_is_the_filter_of_skimage():
    image = np.zeros((61, 61))
    image[20:40, 25:33] = _spots((20, 8))
    image = _blurred(image, 1.5, (1, 1))
    image -= image.min()
    image /= image.max()
    reach = np.arange(-6, 7)
    line = np.exp(-(reach**2) / 2 / 1.5**2)
    psf = np.outer(line, line) / line.sum() ** 2
    start = np.maximum(image, 0)
    expected = start.copy()
    for _ in range(5):  # the same start, which scikit-image cannot be given
        ratio = start / np.maximum(ndimage.convolve(expected, psf), 1e-300)
        expected *= ndimage.convolve(ratio, psf)
    found = _lucy(image, sigma=1.5, iterations=5)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_divergence_falls_and_steps_are_shorter_runs():
    noise = np.random.default_rng(1).poisson(_blurred(_spots((40, 40)), 2, (1, 1)) + 3)
    steps = [(s.number, s.energy, s.result()) for s in richardson_lucy(noise)]
    assert [number for number, *_ in steps] == list(range(1, 11))
    assert all(later < earlier for (_, earlier, _), (_, later, _) in pairwise(steps))
    for number in (1, 4):
        alone = _lucy(noise, iterations=number)
        np.testing.assert_array_equal(alone, steps[number - 1][2])


@pytest.mark.parametrize("balance", [0.001, 0.1])
@pytest.mark.parametrize("sigma", [0.8, 2.0])
def test_wiener_is_that_of_skimage_on_the_mirrored_image(balance, sigma):
    image = np.random.default_rng(2).random((24, 20))
    image = (image - image.min()) / np.ptp(image)
    mirrored = np.pad(image, ((0, 24), (0, 20)), mode="symmetric")
    angles = [2 * np.pi * np.fft.fftfreq(2 * n) for n in image.shape]
    half = [angles[0][:, None], 2 * np.pi * np.fft.rfftfreq(40)[None]]
    response = np.exp(-(half[0] ** 2 + half[1] ** 2) * sigma**2 / 2)
    laplacian = 4 - 2 * np.cos(half[0]) - 2 * np.cos(half[1])
    expected = restoration.wiener(
        mirrored, response, balance, laplacian + 0j, is_real=True, clip=False
    )
    found = wiener(image, sigma=sigma, balance=balance)
    np.testing.assert_allclose(found, expected[:24, :20], atol=1e-6)


@pytest.mark.parametrize("method", [_lucy, wiener])
def test_without_blur_nothing_changes(method):
    image = np.random.default_rng(3).random((20, 24))
    np.testing.assert_allclose(method(image, sigma=0), image, atol=1e-9)


def test_mean_is_kept():
    image = np.random.default_rng(4).random((20, 24, 6))
    assert wiener(image).mean() == pytest.approx(image.mean())


@pytest.mark.parametrize("method", [_lucy, wiener])
def test_single_plane_of_a_stack_is_a_plane(method, blobs):
    image = blobs((24, 20)).astype(np.float32)
    np.testing.assert_array_equal(method(image[None])[0], method(image))
