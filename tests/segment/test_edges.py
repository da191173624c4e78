"""Edges against scikit-image, planes of known slope and spheres of known radius."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, feature, filters

from napari_morphogen.params import InputError
from napari_morphogen.segment.edges import canny, sobel

IMAGES = {
    "camera": data.camera,
    "coins": data.coins,
    "moon": data.moon,
    "page": data.page,
    "cell": data.cell,
}


@pytest.mark.parametrize("shape", [(30, 40), (9, 14, 12), (1, 5), (3, 3, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sobel_is_that_of_skimage(shape, dtype):
    image = np.random.default_rng(0).normal(size=shape).astype(dtype)
    np.testing.assert_allclose(sobel(image), filters.sobel(image), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", IMAGES)
def test_sobel_of_a_photograph_is_that_of_skimage(name):
    image = IMAGES[name]()
    expected = filters.sobel(image.astype(np.float32))
    np.testing.assert_allclose(sobel(image), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "spacing", [(1.0, 1.0), (2.5, 1.0), (4.0, 1.0, 1.0), (3.0, 1.0, 1.5)]
)
@pytest.mark.parametrize("sigma", [0.0, 1.2])
def test_sobel_of_a_plane_is_its_physical_slope(spacing, sigma):
    slope = np.array([0.7, -1.3, 0.4])[: len(spacing)]
    place = np.indices((24,) * len(spacing))
    image = np.tensordot(slope * spacing, place, axes=1)
    inner = (slice(8, -8),) * image.ndim
    found = sobel(image, sigma=sigma, spacing=spacing)[inner]
    # twice the mean square slope: the next pixel less the previous one
    expected = 2 * np.linalg.norm(slope) / np.sqrt(image.ndim)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_sobel_does_not_see_broken_pixels(blobs):
    image = blobs((30, 30))
    whole = sobel(image)
    image[10:14, 10:14] = np.nan
    edges = sobel(image)
    assert not edges[10:14, 10:14].any()
    far = ~ndimage.binary_dilation(np.isnan(image), np.ones((3, 3)))
    np.testing.assert_array_equal(edges[far], whole[far])
    assert edges.max() <= 1.5 * whole.max()


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.7])
@pytest.mark.parametrize(("low", "high"), [(0.85, 0.95), (0.5, 0.9)])
def test_canny_is_that_of_skimage(name, sigma, low, high):
    image = IMAGES[name]()[:256, :256].astype(np.float32)
    expected = feature.canny(
        image, sigma, low, high, mode="nearest", use_quantiles=True
    )
    found = canny(image, sigma=sigma, low_threshold=low, high_threshold=high)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["camera", "coins"])
def test_canny_of_a_stack_of_copies_is_that_of_one(name):
    image = IMAGES[name]()[:120, :120].astype(np.float32)
    flat = canny(image, sigma=1.5)
    stack = canny(np.stack([image] * 7), sigma=1.5)
    for plane in stack[1:-1]:
        assert np.mean(plane != flat) < 0.002  # ties where the gradient is rounded
    assert not stack[0].any()


def _ball(radius, spacing):
    """Return a smooth ball and the distance of every pixel to its centre."""
    counts = [2 * int((radius + 6) / s) + 1 for s in spacing]
    axes = [(np.arange(n) - n // 2) * s for n, s in zip(counts, spacing, strict=True)]
    distance = np.sqrt(sum(a**2 for a in np.meshgrid(*axes, indexing="ij")))
    return 1 / (1 + np.exp((distance - radius) * 2)), distance


@pytest.mark.parametrize(
    "spacing", [(1, 1, 1), (2, 1, 1), (3, 1, 1), (1, 1, 1.5)], ids=str
)
@pytest.mark.parametrize("radius", [9.0, 12.3])
def test_canny_surface_of_a_ball(spacing, radius):
    image, distance = _ball(radius, spacing)
    edges = canny(
        image, sigma=1, low_threshold=0.5, high_threshold=0.8, spacing=spacing
    )
    at = distance[edges > 0]
    assert abs(at.mean() - radius) < 0.25
    assert np.abs(at - radius).max() < max(spacing)
    # closed: no way from the inside to the outside through faces
    rooms, _ = ndimage.label(edges == 0)
    centre = tuple(n // 2 for n in image.shape)
    assert rooms[centre] != rooms[0, 0, 0]
    assert 0 not in (rooms[centre], rooms[0, 0, 0])
    # thin: no more voxels than rays along the axes meet
    met = 2 * np.pi * radius**2 * sum(spacing) / np.prod(spacing)
    assert 0.5 < (edges > 0).sum() / met < 1
    solid = ndimage.binary_erosion(edges > 0, np.ones((2, 2, 2)))
    assert solid.sum() < 0.01 * (edges > 0).sum()


def test_weak_edges_are_kept_where_they_touch_strong_ones():
    image = np.zeros((60, 60), np.float32)
    image[:, 20:] = np.linspace(10, 1, 60)[:, None]  # one edge that fades
    image[40:52, 42:52] -= 0.8  # a weak edge alone
    strong_only = canny(image, low_threshold=0.97, high_threshold=0.97)
    both = canny(image, low_threshold=0.85, high_threshold=0.97)
    column = slice(18, 22)
    assert 30 < strong_only[:, column].any(axis=1).sum() < 50
    assert both[2:-2, column].any(axis=1).all()
    assert canny(image, low_threshold=0.85, high_threshold=0.85)[40:52, 40:].any()
    assert not both[40:52, 40:].any()


def test_high_threshold_below_low_is_named():
    with pytest.raises(InputError, match=r"`high_threshold` .* \(0.9\), but got 0.5"):
        canny(np.eye(5), low_threshold=0.9, high_threshold=0.5)


def test_border_and_surroundings_of_broken_pixels_are_no_edges():
    image = data.camera()[:100, :100].astype(np.float32)
    image[40:44, 50:60] = np.nan
    edges = canny(image, low_threshold=0.1, high_threshold=0.1)
    border = np.pad(np.zeros((98, 98), bool), 1, constant_values=True)
    near = ndimage.binary_dilation(np.isnan(image), np.ones((3, 3)))
    assert not edges[border | near].any()
    assert edges.any()
