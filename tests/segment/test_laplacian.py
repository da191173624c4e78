import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.segment.laplacian import laplacian, zero_crossings


@pytest.mark.parametrize("shape", [(50, 46), (18, 24, 22)], ids=["2-D", "3-D"])
@pytest.mark.parametrize(("sigma", "share"), [(2.5, 0.06), (5.0, 0.03)])
def test_is_nearly_that_of_scipy_times_the_square_of_sigma(shape, sigma, share):
    image = np.random.default_rng(0).normal(size=shape)  # without an offset
    expected = ndimage.gaussian_laplace(image, sigma, mode="nearest") * sigma**2
    most = share * np.abs(expected).max()  # SciPy samples the derivative
    np.testing.assert_allclose(laplacian(image, sigma=sigma), expected, atol=most)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0, 1.0)], ids=str)
@pytest.mark.parametrize("width", [4.0, 6.0])
def test_gaussian_blob_has_its_known_curvature(spacing, width):
    sigma, sizes = 3.0, np.array(spacing)
    places = np.indices([int(8 * width / s) * 2 + 1 for s in spacing])
    away = [p - p.max() // 2 for p in places] * sizes.reshape(-1, *[1] * len(spacing))
    blob = np.exp(-sum(a**2 for a in away) / (2 * width**2))
    wide, ndim = width**2 + sigma**2, len(spacing)
    expected = -(sigma**2) * ndim / wide * (width**2 / wide) ** (ndim / 2)
    found = laplacian(blob, sigma=sigma, spacing=spacing)
    assert found.min() == pytest.approx(expected, rel=0.04)
    assert found.argmin() == found.size // 2


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_bright_background_leaves_no_trace(dtype, discs):
    assert not laplacian(np.full((30, 26), 50_000, dtype), sigma=3).any()
    dim, bright = (laplacian(discs.astype(dtype) + k, sigma=3) for k in (0, 50_000))
    np.testing.assert_allclose(bright, dim, atol=1e-4)
    for sigma in (1, 2.5):
        dim, bright = (
            zero_crossings(discs.astype("u2") + k, sigma=sigma) for k in (0, 50_000)
        )
        np.testing.assert_array_equal(bright, dim)


@pytest.mark.parametrize("threshold", [0.0, 0.3])
def test_flat_surroundings_have_no_crossings(threshold):
    y, x = np.ogrid[:120, :120]
    away = np.hypot(y - 60, x - 60)
    edges = zero_crossings((away <= 10) * 100, sigma=2, threshold=threshold)
    assert np.abs(away[edges == 1] - 10.5).max() < 1.5


def test_symmetric_step_has_one_thin_line():
    step = np.repeat([[0] * 15 + [80] * 15], 12, axis=0)
    edges = zero_crossings(step, sigma=2)
    np.testing.assert_array_equal(edges.sum(axis=1), 1)
    assert edges[:, 14:16].any(axis=1).all()


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
