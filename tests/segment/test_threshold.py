"""Thresholds against scikit-image and known answers."""

from itertools import combinations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, filters

from napari_morphogen.segment.threshold import (
    foreground,
    global_level,
    multi_otsu,
    threshold,
)

RULES = ("otsu", "li", "triangle", "yen", "isodata", "mean")


def _full(image):
    """Stretch to 0 to 255, where scikit-image's bins are the grey values."""
    low, high = image.min(), image.max()
    return np.round((image - float(low)) * (255 / (high - low))).astype(np.uint8)


IMAGES = [
    pytest.param(_full(data.camera()), id="camera"),
    pytest.param(_full(data.coins()), id="coins"),
    pytest.param(_full(data.cell()), id="cell"),
    pytest.param(_full(data.page()), id="page"),
    pytest.param(255 - _full(data.coins()), id="inverted-coins"),
]


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("rule", RULES)
def test_mask_is_that_of_skimage(rule, image):
    level = getattr(filters, f"threshold_{rule}")(image)
    mask = threshold(image, rule=rule, sigma=0, separate=False, min_size=0)
    np.testing.assert_array_equal(mask, image > level)


@pytest.mark.parametrize("image", IMAGES[:2])
@pytest.mark.parametrize("rule", RULES)
def test_smoothed_mask_is_that_of_skimage(rule, image):
    smooth = filters.gaussian(image, 2, mode="nearest", preserve_range=True)
    level = getattr(filters, f"threshold_{rule}")(smooth)
    mask = foreground(image, rule=rule, sigma=2)
    # float32 here, and half a bin of difference
    assert np.mean(mask != (smooth > level)) < 0.01


@pytest.mark.parametrize("rule", RULES)
def test_volume_has_one_threshold(rule, volume):
    image = volume.data
    mask = threshold(image, rule=rule, sigma=0, separate=False, min_size=0)
    np.testing.assert_array_equal(mask, image > global_level(image, rule))
    assert 0 < mask.mean() < 1


@pytest.mark.parametrize("block_size", [3, 25, 51])
def test_local_is_that_of_skimage(block_size):
    image = data.page().astype(np.float64)
    level = filters.threshold_local(
        image, block_size | 1, "gaussian", mode="nearest", param=block_size / 6
    )
    mask = foreground(image, rule="local", sigma=0, block_size=block_size)
    np.testing.assert_array_equal(mask, image > level)


def test_local_level_is_above_the_surroundings():
    image = data.page().astype(np.float64)
    level = filters.threshold_local(image, 51, "gaussian", mode="nearest", param=8.5)
    mask = foreground(image, rule="local", sigma=0, block_size=51, level=12)
    np.testing.assert_array_equal(mask, image > level + 12)
    dark = foreground(
        image, rule="local", objects="dark", sigma=0, block_size=51, level=12
    )
    np.testing.assert_array_equal(dark, image < level - 12)


@pytest.mark.parametrize(
    ("objects", "expected"), [("bright", [0, 0, 1]), ("dark", [1, 0, 0])]
)
def test_manual_level_is_no_object(objects, expected):
    image = np.array([[4, 5, 6]])
    mask = foreground(image, rule="manual", objects=objects, level=5, sigma=0)
    np.testing.assert_array_equal(mask[0], expected)


def _otsu_by_hand(values):
    """Return the pixels above the best of all splits between two values."""
    different = np.unique(values)
    best = max(
        different[:-1],
        key=lambda level: (
            (values > level).mean()
            * (values <= level).mean()
            * (values[values > level].mean() - values[values <= level].mean()) ** 2
        ),
    )
    return values > best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_otsu_of_few_values_splits_between_two_of_them(seed, dtype):
    rng = np.random.default_rng(seed)
    levels = np.concatenate([[0], rng.choice(np.arange(20, 240, 9), 5), [250]])
    image = rng.choice(levels, (30, 30), p=rng.dirichlet(np.ones(7))).astype(dtype)
    mask = foreground(image, rule="otsu", sigma=0)
    np.testing.assert_array_equal(mask, _otsu_by_hand(image.astype(float)))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("low", [-7.0, 0.0, 1e6], ids=str)
def test_two_values_are_split(rule, low, discs):
    inside = discs > 80
    mask = foreground(np.where(inside, low + 3, low), rule=rule, sigma=0)
    np.testing.assert_array_equal(mask, inside)
    dark = foreground(
        np.where(inside, low, low + 3), rule=rule, objects="dark", sigma=0
    )
    np.testing.assert_array_equal(dark, inside)


@pytest.mark.parametrize("rule", ["otsu", "isodata", "mean"])  # symmetric ones
def test_dark_objects_are_bright_ones_of_the_negative(rule):
    image = data.coins().astype(np.float64)
    bright = foreground(image, rule=rule, sigma=1)
    dark = foreground(-image, rule=rule, objects="dark", sigma=1)
    assert np.mean(bright != dark) < 0.01


def test_broken_pixels_do_not_move_the_threshold(discs):
    image = discs.astype(np.float32)
    whole = foreground(image[:, :40], sigma=0)
    image[:, 40:] = np.nan
    image[0, 0] = np.inf
    mask = foreground(image, sigma=0)
    np.testing.assert_array_equal(mask[:, :40], whole)
    assert not mask[:, 40:].any()


def test_objects_are_numbered_and_small_ones_removed(discs):
    apart, joined = (
        threshold(discs, separate=separate, min_size=0) for separate in (True, False)
    )
    labels, count = ndimage.label(joined, np.ones((3, 3)))
    assert count == 2
    np.testing.assert_array_equal(apart, labels)
    sizes = np.bincount(labels[labels > 0])
    only = threshold(discs, min_size=int(sizes[1:].min()) + 1)
    np.testing.assert_array_equal(only > 0, labels == sizes.argmax())


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("image", IMAGES)
def test_multi_otsu_is_that_of_skimage(classes, image):
    limits = filters.threshold_multiotsu(image, classes)
    found = multi_otsu(image, classes=classes, sigma=0)
    np.testing.assert_array_equal(found, np.digitize(image, limits, right=True))


def _within(image, labels):
    """Return the sum of squared distances to the class means."""
    classes = [image[labels == c].astype(float) for c in np.unique(labels)]
    return sum(((values - values.mean()) ** 2).sum() for values in classes)


@pytest.mark.parametrize("classes", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("seed", range(3))
def test_multi_otsu_beats_every_other_split(classes, dtype, seed):
    rng = np.random.default_rng(seed)
    levels = rng.choice(256, 8, replace=False)
    image = rng.choice(levels, (20, 20), p=rng.dirichlet(np.ones(8))).astype(dtype)
    found = multi_otsu(image, classes=classes, sigma=0)
    assert len(np.unique(found)) == min(classes, len(np.unique(image)))
    best = min(
        _within(image, np.digitize(image, limits))
        for limits in combinations(np.unique(image)[1:], int(found.max()))
    )
    assert _within(image, found) == pytest.approx(best)


@pytest.mark.parametrize("values", [[3], [3, 8], [3, 8, 9]], ids=len)
def test_multi_otsu_of_fewer_values_than_classes(values):
    image = np.array([values, values[::-1]])
    found = multi_otsu(image, classes=5, sigma=0)
    np.testing.assert_array_equal(found, np.searchsorted(values, image))


def test_level_of_nothing_and_of_one_value():
    assert global_level(np.zeros(0), "otsu") == 0
    assert global_level(np.full(5, 7.0), "li") == 7
