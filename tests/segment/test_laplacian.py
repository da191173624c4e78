import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.segment.laplacian import laplacian, zero_crossings


@pytest.mark.parametrize("shape", [(30, 26), (9, 14, 12)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_equals_scipy_times_the_square_of_sigma(shape, sigma, blobs):
    image = blobs(shape)
    expected = ndimage.gaussian_laplace(image, sigma, mode="nearest") * sigma**2
    np.testing.assert_allclose(laplacian(image, sigma=sigma), expected, atol=1e-6)


def test_without_smoothing_it_is_the_plain_laplacian(blobs):
    image = blobs((20, 20))
    expected = ndimage.laplace(image, mode="nearest")
    np.testing.assert_allclose(laplacian(image, sigma=0), expected, atol=1e-12)


def test_curvature_is_per_physical_length():
    z, y, x = np.mgrid[:9, :30, :30].astype(np.float64)
    bowl = (3 * z) ** 2 + y**2 + x**2  # curvature 2 along every axis
    found = laplacian(bowl, sigma=0, spacing=(3.0, 1.0, 1.0))
    np.testing.assert_allclose(found[2:-2, 2:-2, 2:-2], 6, rtol=1e-9)


@pytest.mark.parametrize("radius", [4, 8])
def test_blob_answers_most_at_its_own_size(radius):
    y, x = np.ogrid[:64, :64]
    disc = ((y - 32) ** 2 + (x - 32) ** 2 <= radius**2).astype(np.float32)
    sigmas = np.arange(1, 10, 0.5)
    answers = [-laplacian(disc, sigma=s)[32, 32] for s in sigmas]
    assert sigmas[np.argmax(answers)] == pytest.approx(radius / np.sqrt(2), abs=0.6)


def test_crossings_lie_on_the_rim_of_a_disc():
    y, x = np.ogrid[:80, :80]
    away = np.hypot(y - 40, x - 40)
    edges = zero_crossings((away <= 22) * 100, sigma=2)
    assert edges.any()
    assert np.abs(away[edges == 1] - 22.5).max() < 2
    angles = np.arctan2(*(np.argwhere(edges) - 40).T)
    assert np.diff(np.sort(angles)).max() < 0.15  # all the way round


def test_crossings_lie_on_a_ball_sampled_anisotropically():
    z, y, x = np.ogrid[:20, :60, :60]
    away = np.sqrt((3.0 * (z - 10)) ** 2 + (y - 30) ** 2 + (x - 30) ** 2)
    edges = zero_crossings((away <= 20) * 100, sigma=2, spacing=(3.0, 1.0, 1.0))
    assert edges.any()
    assert np.abs(away[edges == 1] - 20).max() < 4


def test_weak_crossings_are_noise():
    rng = np.random.default_rng(0)
    image = rng.normal(0, 1, (80, 80))
    image[:, 40:] += 30
    edges = zero_crossings(image, sigma=2, threshold=0.95)
    columns = np.nonzero(edges)[1]
    assert set(columns) <= {38, 39, 40, 41} and len(columns) >= 80
