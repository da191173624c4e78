"""The scale of an image found from what a network sees in it."""

import numpy as np
import pytest

from napari_morphogen.nn.normalise import normalised, rescaled, resized
from napari_morphogen.nn.scale import busiest, found_scale, scale_to, seen_diameter


def disks(scale, diameter, size=320, step=60):
    """Return perfect maps of disks in an image enlarged by `scale`."""
    n = round(size * scale)
    y, x = (np.mgrid[:n, :n] + 0.5) / scale % step - step / 2
    distance = np.clip(1 - np.hypot(y, x) / (diameter / 2), 0, 1)
    return np.stack([distance > 0, distance]).astype(np.float32)


@pytest.mark.parametrize("diameter", [12, 20, 45])
def test_objects_get_the_known_size(diameter):
    found = found_scale(lambda s: disks(s, diameter), 16.0, (0.4, 1.5))
    assert found == pytest.approx(16 / diameter, rel=0.05)


def test_parts_of_large_objects_are_not_taken_for_objects():
    def predict(scale):  # beyond 30 pixels a disk falls into pieces of 14
        return disks(scale, 40) if 40 * scale < 30 else disks(scale, 14 / scale)

    assert found_scale(predict, 16.0, (0.25, 2.0)) == pytest.approx(0.4, rel=0.05)


def test_noise_of_the_known_size_is_not_taken_for_objects():
    def predict(scale):  # beyond 30 pixels a disk is missed, and noise looks like 16
        if 40 * scale < 30:
            return disks(scale, 40)
        foreground, distance = disks(scale, 16 / scale)
        return np.stack([foreground, np.minimum(distance, 0.6)])  # of no sure centre

    assert found_scale(predict, 16.0, (0.25, 2.0)) == pytest.approx(0.4, rel=0.05)


def test_nothing_seen_changes_nothing():
    assert found_scale(lambda s: np.zeros((2, 9, 9), "f4"), 16.0, (0.5, 2.0)) == 1
    assert scale_to(16.0, 0.0) == 1 and scale_to(16.0, 8.0) == 2


def test_touching_objects_are_measured_apart():
    maps = disks(1, 20, step=20)
    assert seen_diameter(maps) == pytest.approx(20, rel=0.1)


def test_resizing_keeps_the_mean_and_the_values():
    image = np.random.default_rng(0).random((2, 64, 48)).astype(np.float32)
    half = rescaled(image, (0.5, 0.5))
    assert half.shape == (2, 32, 24)
    assert half.mean() == pytest.approx(image.mean(), rel=0.01)
    assert resized(image, (64, 48)) is image
    flat = np.full((1, 4, 5, 6), 3, np.float32)
    for size in [(8, 10, 12), (2, 5, 3), (1, 1, 1)]:
        assert np.allclose(resized(flat, size), 3)


def test_normalisation_ignores_scale_offset_and_single_hot_pixels():
    image = np.random.default_rng(0).random((1, 100, 100)).astype(np.float32)
    plain = normalised(image)
    assert np.quantile(plain, 0.01) == pytest.approx(0, abs=1e-4)
    assert np.allclose(normalised(image * 1000 + 5), plain, atol=1e-3)
    hot = image.copy()
    hot[0, 3, 3] = 1e6
    away = np.delete(normalised(hot).ravel(), 303)
    assert np.allclose(away, np.delete(plain.ravel(), 303), atol=1e-3)


def test_the_scale_of_a_large_image_is_found_in_its_busiest_part():
    image = np.zeros((1, 1300, 700), np.float32)
    image[0, 1200:, 600:] = np.random.default_rng(0).random((100, 100))
    assert np.array_equal(busiest(image), image[:, 788:, 188:])
    assert busiest(image[:, :300, :512]).shape == (1, 300, 512)
    assert busiest(np.zeros((2, 1, 97, 5), np.float32)).shape == (2, 1, 96, 5)
