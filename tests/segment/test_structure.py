import numpy as np
import pytest
from skimage.feature import structure_tensor as reference
from skimage.feature import structure_tensor_eigenvalues

from napari_morphogen.segment.structure import structure_tensor


def stripes(angle, shape=(60, 60)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.sin((np.cos(angle) * x + np.sin(angle) * y) / 2)


@pytest.mark.parametrize("angle", [0, 0.5, np.pi / 2])
def test_stripes_are_coherent_and_noise_is_not(angle):
    inner = (slice(15, -15),) * 2
    ordered = structure_tensor(stripes(angle), measure="coherence")[inner]
    assert ordered.min() > 0.9
    noise = np.random.default_rng(0).normal(size=(60, 60))
    assert structure_tensor(noise, measure="coherence", window=4)[inner].mean() < 0.5


def test_corner_is_where_two_edges_meet():
    square = np.zeros((40, 40))
    square[12:28, 12:28] = 50
    corner = structure_tensor(square, measure="corner")
    edge = structure_tensor(square, measure="edge")
    assert corner[12, 12] > 10 * corner[12, 20]
    assert edge[12, 20] > 1.5 * edge[12, 12]


def test_eigenvalues_are_those_of_scikit_image(blobs):
    image = blobs((40, 36))
    inner = (slice(12, -12),) * 2
    tensor = reference(image / np.ptp(image), sigma=2, mode="nearest", order="rc")
    values = structure_tensor_eigenvalues(tensor)
    for measure, square in (
        ("energy", values[0] + values[1]),
        ("edge", values[0] - values[1]),
        ("corner", values[1]),
    ):
        found = structure_tensor(image, measure=measure, sigma=0) ** 2
        # scikit-image's Sobel smooths sideways: the same but for that
        assert np.corrcoef(found[inner].ravel(), square[inner].ravel())[0, 1] > 0.98


def test_energy_of_a_ramp_is_its_slope():
    ramp = np.broadcast_to(3.0 * np.arange(40), (40, 40))
    found = structure_tensor(ramp, measure="energy", sigma=0)
    np.testing.assert_allclose(found[15:-15, 15:-15], 3, rtol=1e-5)


def test_slopes_are_per_physical_length():
    z = np.mgrid[:14, :30, :30][0] * 4.0
    found = structure_tensor(z, sigma=0, spacing=(4.0, 1.0, 1.0))
    np.testing.assert_allclose(found[7, 10:20, 10:20], 1, rtol=1e-2)
