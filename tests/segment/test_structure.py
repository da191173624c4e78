import numpy as np
import pytest
from scipy import ndimage
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


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0, 1.0, 1.0), (2.5, 1.0, 1.3)])
@pytest.mark.parametrize("kind", ["noise", "sheets", "lines"])
def test_measures_are_those_of_eigenvalues(spacing, kind):
    shape = (14, 12, 11)[: len(spacing)]
    image = np.random.default_rng(0).normal(size=shape)
    for axis in range({"noise": 3, "sheets": 1, "lines": 2}[kind], len(shape)):
        image = np.repeat(image.take([0], axis), shape[axis], axis)  # constant along it
    smooth = ndimage.gaussian_filter(image, [1.5 / s for s in spacing], mode="nearest")
    slopes = [
        ndimage.correlate1d(smooth, (-0.5, 0, 0.5), a) / s
        for a, s in enumerate(spacing)
    ]
    tensor = np.empty((*shape, len(shape), len(shape)))
    for i, one in enumerate(slopes):
        for j, other in enumerate(slopes):
            tensor[..., i, j] = ndimage.gaussian_filter(
                one * other, [2 / s for s in spacing], mode="nearest"
            )
    values = np.moveaxis(np.linalg.eigvalsh(tensor), -1, 0)[::-1]
    expected = {
        "energy": np.sqrt(values.sum(axis=0)),
        "edge": np.sqrt(values[0] - values[1]),
        "corner": np.sqrt(np.maximum(values[-1], 0)),
        "coherence": (values[0] - values[-1]) / (values[0] + values[-1]),
    }
    for measure, numbers in expected.items():
        found = structure_tensor(image, measure=measure, sigma=1.5, spacing=spacing)
        most = 3e-4 * expected["energy"].max() if measure != "coherence" else 1e-6
        np.testing.assert_allclose(found, numbers, atol=most)


@pytest.mark.parametrize("measure", ["energy", "edge", "corner", "coherence"])
def test_single_plane_of_a_stack_is_a_plane(measure, blobs):
    image = blobs((20, 18))
    flat = structure_tensor(image, measure=measure)
    stack = structure_tensor(image[None], measure=measure, spacing=(3.0, 1.0, 1.0))
    np.testing.assert_allclose(stack[0], flat, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("measure", ["energy", "edge", "corner"])
@pytest.mark.parametrize(
    ("dtype", "power"), [("f4", 100), ("f4", -100), ("f8", 900), ("f8", -900)]
)
@pytest.mark.parametrize("shape", [(20, 18), (6, 12, 10)], ids=["2-D", "3-D"])
def test_measures_have_the_unit_of_the_image(measure, dtype, power, shape, blobs):
    image = blobs(shape).astype(dtype) + 1
    factor = np.dtype(dtype).type(2.0**power)
    plain, scaled = (
        structure_tensor(i, measure=measure) for i in (image, image * factor)
    )
    np.testing.assert_array_equal(scaled, plain * factor)
    assert plain.any()


def test_energy_of_a_ramp_is_its_slope():
    ramp = np.broadcast_to(3.0 * np.arange(40), (40, 40))
    found = structure_tensor(ramp, measure="energy", sigma=0)
    np.testing.assert_allclose(found[15:-15, 15:-15], 3, rtol=1e-5)


def test_slopes_are_per_physical_length():
    z = np.mgrid[:14, :30, :30][0] * 4.0
    found = structure_tensor(z, sigma=0, spacing=(4.0, 1.0, 1.0))
    np.testing.assert_allclose(found[7, 10:20, 10:20], 1, rtol=1e-2)
