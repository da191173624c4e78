import numpy as np
import pytest
from scipy import ndimage
from skimage import data, filters

from napari_morphogen.segment.gradients import gradient

OPERATORS = ["sobel", "scharr", "prewitt", "farid", "roberts", "gaussian"]
each = pytest.mark.parametrize("operator", OPERATORS)


@pytest.mark.parametrize("operator", OPERATORS[:5])
def test_equals_scikit_image(operator):
    image = data.camera()[100:200, 150:300].astype(np.float32)
    expected = getattr(filters, operator)(image)
    np.testing.assert_allclose(
        gradient(image, operator=operator), expected, rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("operator", ["sobel", "scharr", "prewitt", "farid"])
def test_equals_scikit_image_in_3d(operator, blobs):
    image = blobs((9, 14, 12))
    expected = getattr(filters, operator)(image)
    found = gradient(image, operator=operator)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("sigma", [0, 1.0, 2.5])
def test_derivative_of_gaussian_equals_scipy(sigma, blobs):
    image = blobs((30, 26))
    expected = ndimage.gaussian_gradient_magnitude(image, sigma or 1, mode="nearest")
    found = gradient(image, operator="gaussian", sigma=sigma)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@each
@pytest.mark.parametrize("shape", [(20, 20), (9, 12, 12)], ids=["2-D", "3-D"])
def test_flat_image_has_no_edges_and_a_ramp_has_the_same_everywhere(operator, shape):
    assert not gradient(np.full(shape, 7, np.uint8), operator=operator).any()
    ramp = np.broadcast_to(np.arange(shape[-1], dtype=np.float32), shape)
    inner = gradient(ramp, operator=operator)[(slice(5, -4),) * len(shape)]
    if inner.size:
        np.testing.assert_allclose(inner, inner.flat[0], rtol=1e-4)
        assert inner.flat[0] > 0


@each
def test_slope_is_per_physical_length(operator):
    z, y = np.mgrid[:12, :40].astype(np.float64)
    along = np.stack([4 * z + 0 * y] * 16, axis=-1)  # rises by 4 per plane
    across = np.stack([0 * z + y] * 16, axis=-1)  # rises by 1 per row
    middle = (6, 20, 8)
    steep = gradient(along, operator=operator, spacing=(4.0, 1.0, 1.0))[middle]
    flat = gradient(across, operator=operator, spacing=(4.0, 1.0, 1.0))[middle]
    assert steep == pytest.approx(flat, rel=1e-3)


@pytest.mark.parametrize("operator", ["roberts", "gaussian"])
def test_length_of_the_slope_of_a_plane(operator):
    slope, spacing = np.array([0.7, -1.3, 0.4]), (3.0, 1.0, 1.5)
    image = np.tensordot(slope * spacing, np.indices((16,) * 3), axes=1)
    found = gradient(image, operator=operator, sigma=1.2, spacing=spacing)
    assert found[8, 8, 8] == pytest.approx(np.linalg.norm(slope), rel=1e-3)


@each
def test_broken_pixels_are_no_edges(operator, blobs):
    image = blobs((30, 30))
    whole = gradient(image, operator=operator, sigma=0)
    image[10:14, 10:14] = np.nan
    edges = gradient(image, operator=operator, sigma=0)
    assert not edges[10:14, 10:14].any()
    reach = 4 if operator == "gaussian" else 2
    far = ~ndimage.binary_dilation(np.isnan(image), np.ones((2 * reach + 1,) * 2))
    np.testing.assert_array_equal(edges[far], whole[far])


@each
def test_thin_line_is_found_on_its_pixels(operator):
    image = np.zeros((21, 21), np.uint8)
    image[:, 10:] = 200
    strongest = gradient(image, operator=operator)[10].argmax()
    assert strongest in (9, 10)
