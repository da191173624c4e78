"""Gaussian random fields have the spectrum that was asked for."""

import numpy as np
import pytest
from scipy import ndimage, special, stats

from napari_morphogen.generate.fields import field, gaussian_field

FREE = (1.0, 1.0)


def ratios(expected, count=20, size=128, **words):
    """Return the mean power in rings of frequencies, relative to what is expected."""
    power = 0.0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        image = field(rng, (size, size), FREE, tiles=True, **words)
        power = power + np.abs(np.fft.fft2(image)) ** 2 / count / size**2
    k = np.fft.fftfreq(size)
    radius = np.hypot(*np.meshgrid(k, k, indexing="ij"))
    radius[0, 0] = 1  # is in no ring
    ring = np.floor(radius * 32)
    numbers = np.arange(16)
    return ndimage.mean(
        power / expected(radius), np.where(radius < 0.5, ring, -1), numbers
    )


@pytest.mark.parametrize("exponent", [0.0, 2.0, 3.5])
def test_power_law(exponent):
    words = {"spectrum": "power law", "length": 1.0, "exponent": exponent}
    found = ratios(lambda k: k**-exponent, **words)
    np.testing.assert_allclose(found / found.mean(), 1, atol=0.1)


def test_gaussian_spectrum():
    def expected(k):
        return 2 * np.pi * 2.0**2 * np.exp(-2 * np.pi**2 * 4 * k**2)

    found = ratios(expected, spectrum="gaussian", length=2.0)
    np.testing.assert_allclose(found, 1, atol=0.1)


@pytest.mark.parametrize("smoothness", [0.5, 1.5, 4.0])
def test_matern_correlation(smoothness):
    """The covariance is compared with Matern's own formula, not with a spectrum."""
    length, total = 8.0, 0.0
    lags = np.array([2, 4, 8, 16])
    for seed in range(40):
        image = field(
            np.random.default_rng(seed), (128, 128), FREE,
            length=length, smoothness=smoothness, tiles=False,
        )  # fmt: skip
        pairs = [(image[:, :-lag] * image[:, lag:]).mean() for lag in lags]
        total = total + np.array(pairs) / 40
    scaled = np.sqrt(2 * smoothness) * lags / length
    known = 2 ** (1 - smoothness) / special.gamma(smoothness)
    known = known * scaled**smoothness * special.kv(smoothness, scaled)
    np.testing.assert_allclose(total, known, atol=0.06)


def test_values_are_normal_with_mean_and_deviation():
    image = gaussian_field(
        height=600, width=600, correlation_length=2.0, mean=50.0, sd=7.0
    )
    assert image.mean() == pytest.approx(50, abs=0.3)
    assert image.std() == pytest.approx(7, rel=0.03)
    apart = image[::12, ::12].ravel()
    assert stats.kstest(apart, stats.norm(50, 7).cdf).pvalue > 0.001


@pytest.mark.parametrize("spectrum", ["matern", "gaussian", "power law"])
def test_only_tiles_know_their_opposite_side(spectrum):
    def across(tiles):
        pairs = []
        for seed in range(30):
            image = gaussian_field(
                height=64, width=64, spectrum=spectrum, exponent=2.0, tiles=tiles,
                seed=seed,
            )  # fmt: skip
            pairs.append((image[0] * image[-1]).mean())
        return np.mean(pairs)

    assert across(tiles=True) > 0.6
    assert across(tiles=False) < 0.4


def test_volume_is_as_alike_along_planes_as_across():
    image = gaussian_field(
        depth=40, height=120, width=120, correlation_length=12.0, tiles=True,
        pixel_size=0.25, plane_distance=1.0,
    )  # fmt: skip
    image -= image.mean()
    plane = (image[:-2] * image[2:]).mean()  # two planes are eight pixels
    row = (image[:, :-8] * image[:, 8:]).mean()
    assert plane == pytest.approx(row, abs=0.06)


def test_planes_closer_than_pixels():
    image = gaussian_field(depth=8, height=30, width=30, plane_distance=0.1)
    assert image.shape == (8, 30, 30)
    steps = [np.abs(np.diff(image, axis=axis)).mean() for axis in (0, 1)]
    assert steps[0] < steps[1] / 3


@pytest.mark.parametrize("spectrum", ["matern", "gaussian", "power law"])
@pytest.mark.parametrize("length", [0.1, 1000.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 1), (2, 3, 4)])
def test_tiny_images_and_extreme_lengths(spectrum, length, shape):
    spacing = (1.0,) * len(shape)
    for tiles in (True, False):
        rng = np.random.default_rng(0)
        words = {"spectrum": spectrum, "length": length, "exponent": 8.0}
        image = field(rng, shape, spacing, tiles=tiles, **words)
        assert image.shape == shape and np.isfinite(image).all()
