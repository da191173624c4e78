"""Gradient filters against scikit-image and planes of known slope."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from napari_morphogen.segment.gradients import gradient

operators = pytest.mark.parametrize("operator", ["scharr", "prewitt"])


@operators
@pytest.mark.parametrize("shape", [(30, 40), (9, 14, 12), (1, 5), (3, 3, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_operator_is_that_of_skimage(operator, shape, dtype):
    image = np.random.default_rng(0).normal(size=shape).astype(dtype)
    found = gradient(image, operator=operator)
    expected = getattr(filters, operator)(image)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@operators
@pytest.mark.parametrize("spacing", [(2.5, 1.0), (4.0, 1.0, 1.0), (3.0, 1.0, 1.5)])
@pytest.mark.parametrize("sigma", [0.0, 1.2])
def test_slope_of_a_plane_is_physical(operator, spacing, sigma):
    slope = np.array([0.7, -1.3, 0.4])[: len(spacing)]
    place = np.indices((24,) * len(spacing))
    image = np.tensordot(slope * spacing, place, axes=1)
    found = gradient(image, operator=operator, sigma=sigma, spacing=spacing)
    # twice the mean square slope: the next pixel less the previous one
    expected = 2 * np.linalg.norm(slope) / np.sqrt(image.ndim)
    inner = (slice(8, -8),) * image.ndim
    np.testing.assert_allclose(found[inner], expected, rtol=1e-6)


@operators
def test_broken_pixels_are_no_edges(operator, blobs):
    image = blobs((30, 30))
    whole = gradient(image, operator=operator)
    image[10:14, 10:14] = np.nan
    edges = gradient(image, operator=operator)
    assert not edges[10:14, 10:14].any()
    far = ~ndimage.binary_dilation(np.isnan(image), np.ones((3, 3)))
    np.testing.assert_array_equal(edges[far], whole[far])
