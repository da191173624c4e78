"""Features of pixels, against scikit-image, NumPy and polynomials."""

import threading

import numpy as np
import pytest
from scipy import ndimage
from skimage import feature

from napari_morphogen import features
from napari_morphogen.features import cached, eigenvalues, kinds_of, multiscale, pieces

ALL = ("intensity", "gradient", "hessian", "structure")


@pytest.fixture(autouse=True)
def _empty_cache():
    features.clear()
    yield
    features.clear()


def _noise(shape, seed=0):
    image = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return ndimage.gaussian_filter(image, 1)


def _central(image, spacing):
    return np.gradient(image.astype(float), *spacing)


@pytest.mark.parametrize("shape", [(40, 33), (9, 20, 17)], ids=str)
def test_scikit_image_has_the_same_intensities_and_curvatures(shape):
    image = _noise(shape)
    theirs = feature.multiscale_basic_features(
        image, edges=False, sigma_min=1, sigma_max=4
    )
    ours = multiscale(image, sigmas=[1, 2, 4], kinds=("intensity", "hessian"))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.moveaxis(theirs, -1, 0), atol=2e-6)


@pytest.mark.parametrize("shape", [(30, 23), (9, 20, 17)], ids=str)
def test_channels_come_one_after_the_other_as_in_scikit_image(shape):
    image = np.stack([_noise(shape, seed) for seed in range(2)], axis=1)
    theirs = feature.multiscale_basic_features(
        image, edges=False, sigma_min=1, sigma_max=2, channel_axis=1
    )
    kinds = ("intensity", "hessian")
    ours = multiscale(image, sigmas=[1, 2], kinds=kinds, channel_axis=1)
    np.testing.assert_allclose(ours, np.moveaxis(theirs, -1, 0), atol=2e-6)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0, 1.5)], ids=str)
def test_derivatives_are_those_of_numpy_per_unit_of_length(spacing):
    image = _noise((11, 14, 13)[-len(spacing) :])
    smooth = ndimage.gaussian_filter(image, [2 / s for s in spacing], mode="nearest")
    slopes = _central(smooth, spacing)
    length = np.sqrt(sum(slope**2 for slope in slopes))
    second = [_central(slope, spacing) for slope in slopes]
    ndim = len(spacing)
    hessian = np.stack([np.stack(row, axis=-1) for row in second], axis=-2)
    values = np.linalg.eigvalsh((hessian + hessian.swapaxes(-1, -2)) / 2)[..., ::-1]
    found = multiscale(
        image, sigmas=[2], kinds=("gradient", "hessian"), spacing=spacing
    )
    assert len(found) == 1 + ndim
    np.testing.assert_allclose(found[0], length, atol=1e-6)
    np.testing.assert_allclose(found[1:], np.moveaxis(values, -1, 0), atol=1e-6)


@pytest.mark.parametrize("spacing", [(2.0, 1.0), (3.0, 1.0, 1.5)], ids=str)
def test_structure_tensor_is_that_of_scipy_and_numpy(spacing):
    image = _noise((11, 14, 13)[-len(spacing) :])
    sigmas = [1.5 / s for s in spacing]
    smooth = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    slopes = _central(smooth, spacing)
    tensor = [
        [ndimage.gaussian_filter(a * b, sigmas, mode="nearest") for b in slopes]
        for a in slopes
    ]
    matrices = np.stack([np.stack(row, axis=-1) for row in tensor], axis=-1)
    values = np.moveaxis(np.linalg.eigvalsh(matrices)[..., ::-1], -1, 0)
    found = multiscale(image, sigmas=[1.5], kinds=["structure"], spacing=spacing)
    np.testing.assert_allclose(found, values, atol=1e-6)


def test_curvature_of_a_paraboloid_is_known():
    z, y, x = np.mgrid[:15, :21, :21] * 1.0
    image = 2 * (2 * z) ** 2 - y**2 + 0.5 * x**2  # planes are 2 apart
    found = multiscale(image, sigmas=[0], kinds=["hessian"], spacing=(2.0, 1.0, 1.0))
    inner = found[:, 3:-3, 3:-3, 3:-3]
    expected = np.reshape([4.0, 1.0, -2.0], (3, 1, 1, 1))
    np.testing.assert_allclose(inner, np.broadcast_to(expected, inner.shape), atol=1e-4)


@pytest.mark.parametrize("size", [2, 3])
def test_eigenvalues_are_those_of_numpy(size):
    rng = np.random.default_rng(0)
    full = rng.normal(size=(2000, size, size))
    full[:500, range(size), range(size)] = 1.0  # and nearly equal ones
    full[:500] *= np.geomspace(1e-9, 1, 500)[:, None, None]
    full[500] = 0
    full[501] = np.eye(size) * 3
    upper = [full[:, i, j] for i in range(size) for j in range(i, size)]
    expected = np.linalg.eigvalsh(full.swapaxes(1, 2), UPLO="L")[:, ::-1]
    found = np.stack(eigenvalues(upper), axis=1)
    scale = np.abs(expected).max(axis=1, keepdims=True) + 1e-300
    assert (np.abs(found - expected) / scale).max() < 1e-7
    assert (np.diff(found, axis=1) <= 0).all()


def test_a_single_plane_of_a_stack_has_the_features_of_the_plane():
    image = _noise((20, 17))
    flat = multiscale(image, kinds=ALL, spacing=(1.0, 2.0))
    deep = multiscale(image[None], kinds=ALL, spacing=(3.0, 1.0, 2.0))
    np.testing.assert_array_equal(deep[:, 0], flat)


@pytest.mark.parametrize("shape", [(9, 8), (1, 9, 8), (5, 9, 8)], ids=str)
@pytest.mark.parametrize("kinds", [ALL, ("structure",), ("hessian", "intensity")])
def test_kinds_are_in_one_order_and_as_many_as_told(shape, kinds):
    image = _noise(shape)
    found, names = multiscale(image, sigmas=[1, 2], kinds=kinds), None
    names = kinds_of([1, 2], kinds, shape)
    assert len(found) == len(names)
    every = multiscale(image, sigmas=[1, 2], kinds=ALL)
    chosen = [kind in kinds for kind in kinds_of([1, 2], ALL, shape)]
    np.testing.assert_array_equal(found, every[chosen])
    assert names == [k for k in kinds_of([1, 2], ALL, shape) if k in kinds]


@pytest.mark.parametrize("dtype", ["bool", ">u2", "i8", "f2", ">f8"])
def test_any_dtype_and_memory_order(dtype):
    image = (np.abs(_noise((12, 11))) * 100).astype(dtype)
    expected = multiscale(image.astype(np.float32), kinds=ALL)
    for view in (image, np.asfortranarray(image), image[::-1].copy()[::-1]):
        np.testing.assert_array_equal(multiscale(view, kinds=ALL), expected)


def test_broken_pixels_take_their_neighbours_values():
    image = np.full((12, 12), 3.0)
    image[4, 5], image[7, 7] = np.nan, 1e300
    found = multiscale(image, sigmas=[1])
    np.testing.assert_allclose(found[0], 3, rtol=1e-6)
    np.testing.assert_allclose(found[1:], 0, atol=1e-6)


def test_contrast_by_a_power_of_two_changes_no_bit():
    image = _noise((15, 16))
    plain, more = multiscale(image), multiscale(image * np.float32(2**20))
    np.testing.assert_array_equal(more, plain * 2**20)


@pytest.mark.parametrize("kinds", [("intensity", "gradient", "hessian"), ALL])
@pytest.mark.parametrize("shape", [(150, 40), (40, 150), (6, 120, 20)], ids=str)
def test_pieces_are_the_whole_to_the_last_bit(monkeypatch, shape, kinds):
    image = np.stack([_noise(shape, seed) for seed in range(2)], axis=-1)
    given = {"sigmas": [0.7, 2], "kinds": kinds, "channel_axis": -1}
    given["spacing"] = (1.0, 1.3, 1.7)[: len(shape)]
    whole = multiscale(image, **given)
    monkeypatch.setattr(features, "PIECE_BYTES", whole.nbytes // 3)
    joined, number = np.full_like(whole, np.nan), 0
    for place, part in pieces(image, **given):
        joined[(slice(None), *place)] = part
        number += 1
    assert number > 1
    np.testing.assert_array_equal(joined, whole)


# --- the cache


@pytest.fixture
def calls(monkeypatch):
    made = []
    plain = features.multiscale

    def counted(image, **given):
        made.append(image.shape)
        return plain(image, **given)

    monkeypatch.setattr(features, "multiscale", counted)
    return made


def test_the_same_pixels_are_measured_once(calls):
    image = _noise((20, 20))
    first, again = cached(image, sigmas=(1,)), cached(image.copy(), sigmas=(1,))
    assert again is first
    assert len(calls) == 1
    np.testing.assert_array_equal(first, multiscale(image, sigmas=(1,)))


def test_other_pixels_or_parameters_are_measured_anew(calls):
    image = _noise((20, 20))
    other = image.copy()
    other[3, 4] += 1
    cached(image, sigmas=(1,))
    for changed, sigmas in (
        (other, (1,)),
        (image, (2,)),
        (image.reshape(10, 40), (1,)),
        (image.view(">f4"), (1,)),
        (image.T, (1,)),
    ):
        before = len(calls)
        cached(changed, sigmas=sigmas)
        assert len(calls) == before + 1


def test_what_is_cached_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        cached(_noise((5, 5)))[0, 0, 0] = 1


def test_what_was_not_used_for_longest_is_forgotten(monkeypatch, calls):
    images = [_noise((16, 16), seed) for seed in range(3)]
    size = cached(images[0], sigmas=(1,)).nbytes
    monkeypatch.setattr(features, "CACHE_BYTES", 2 * size)
    for i in (1, 0, 2, 0):
        cached(images[i], sigmas=(1,))
    assert len(calls) == 3
    cached(images[1], sigmas=(1,))
    assert len(calls) == 4


def test_a_stack_larger_than_the_cache_is_not_kept(monkeypatch, calls):
    monkeypatch.setattr(features, "CACHE_BYTES", 10)
    for _ in range(2):
        assert cached(np.eye(8)).shape == (24, 8, 8)
    assert len(calls) == 2


def test_several_threads_get_the_same_numbers():
    images = [_noise((30, 30), seed % 3) for seed in range(12)]
    found = [None] * len(images)

    def look(i):
        found[i] = cached(images[i])

    threads = [threading.Thread(target=look, args=(i,)) for i in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for image, stack in zip(images, found, strict=True):
        np.testing.assert_array_equal(stack, multiscale(image))
