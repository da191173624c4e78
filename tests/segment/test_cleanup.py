"""Clean-up against scikit-image, SciPy and objects of known shape."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure, segmentation

from napari_morphogen.segment.cleanup import (
    expand_labels,
    fill_holes,
    filter_objects,
    relabel,
    smooth_labels,
)

both_shapes = pytest.mark.parametrize(
    "shape", [(60, 50), (14, 24, 22)], ids=["2-D", "3-D"]
)


def _specks(shape, share=0.35, seed=0):
    """Return connected regions of noise: many sizes, holes and rough outlines."""
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = ndimage.gaussian_filter(noise, 1)
    mask = smooth > np.quantile(smooth, 1 - share)
    return measure.label(mask, connectivity=len(shape))


def _disc(radius, centre, shape=(41, 41)):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


# --- filter_objects


@both_shapes
@pytest.mark.parametrize(("low", "high"), [(0, 0), (5, 0), (0, 12), (5, 30)])
@pytest.mark.parametrize("border", [True, False])
def test_objects_are_kept_by_size_and_place(shape, low, high, border):
    labels = _specks(shape)
    found = filter_objects(labels, min_size=low, max_size=high, border=border)
    expected = labels if border else segmentation.clear_border(labels)
    for region in measure.regionprops(expected):
        if region.area < low or (high and region.area > high):
            expected = np.where(labels == region.label, 0, expected)
    expected = segmentation.relabel_sequential(expected)[0]
    np.testing.assert_array_equal(found, expected)


@both_shapes
@pytest.mark.parametrize("largest", [1, 3, 1000])
def test_largest_objects_are_kept(shape, largest):
    labels = _specks(shape)
    found = filter_objects(labels, min_size=0, largest=largest)
    sizes = np.bincount(labels[labels > 0])[1:]
    order = sorted(range(sizes.size), key=lambda i: (-sizes[i], i))[:largest]
    kept = np.isin(labels, np.array(order) + 1)
    np.testing.assert_array_equal(found > 0, kept)


def test_largest_is_chosen_among_what_passes():
    labels = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 2, 2, 0, 3, 0]])
    labels = np.pad(labels, ((0, 1), (0, 0)))
    found = filter_objects(labels, min_size=0, largest=1, border=False)
    np.testing.assert_array_equal(found > 0, labels == 2)


def test_only_plane_is_no_border():
    plane = np.pad(np.ones((3, 3), int), 2)[None]
    assert filter_objects(plane, min_size=0, border=False).sum() == 9


# --- fill_holes


@both_shapes
@pytest.mark.parametrize("seed", [0, 1])
def test_holes_of_one_object_are_those_of_scipy(shape, seed):
    labels = _specks(shape, 0.5, seed)
    alone = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    found = fill_holes(alone)
    np.testing.assert_array_equal(found > 0, ndimage.binary_fill_holes(alone))
    assert (found > 0).sum() > alone.sum()


@both_shapes
@pytest.mark.parametrize("limit", [0, 3])
def test_holes_are_filled_by_the_one_object_around(shape, limit):
    labels = _specks(shape, 0.55)
    found = fill_holes(labels, max_size=limit)
    faces = ndimage.generate_binary_structure(labels.ndim, 1)
    holes = measure.label(labels == 0, connectivity=1)
    inner = set(np.unique(segmentation.clear_border(holes))) - {0}
    expected = labels.copy()
    for hole in inner:
        inside = holes == hole
        owners = np.unique(labels[ndimage.binary_dilation(inside, faces) & ~inside])
        if owners.size == 1 and (not limit or inside.sum() <= limit):
            expected[inside] = owners[0]
    np.testing.assert_array_equal(found, expected)
    assert (expected != labels).any()


def test_ring_around_another_object_stays_open():
    ring = _disc(18, (20, 20)) & ~_disc(12, (20, 20))
    labels = ring * 7 + _disc(5, (20, 20)) * 3
    np.testing.assert_array_equal(fill_holes(labels) > 0, labels > 0)
    assert (fill_holes(labels * ring) > 0).sum() == _disc(18, (20, 20)).sum()


# --- smooth_labels


def test_straight_outlines_stay_and_rough_ones_become_smooth():
    half = np.zeros((40, 40), int)
    half[:, :17] = 1
    half[:, 17:30] = 2
    np.testing.assert_array_equal(smooth_labels(half, sigma=3), half)
    disc = _disc(15, (20, 20)).astype(int)
    rough = disc ^ (np.random.default_rng(0).random(disc.shape) < 0.08)
    smooth = smooth_labels(rough, sigma=2)
    assert (smooth != disc).sum() < 0.2 * (rough != disc).sum()


@both_shapes
@pytest.mark.parametrize("sigma", [0.5, 2.0, 50.0])
def test_no_object_is_lost(shape, sigma):
    labels = _specks(shape)
    found = smooth_labels(labels, sigma=sigma)
    assert found.max() == labels.max()
    assert np.bincount(found.ravel())[1:].min() > 0


@both_shapes
@pytest.mark.parametrize("sizes", [1.0, 2.5])
def test_pixels_go_to_the_highest_of_all_smoothed_masks(shape, sizes):
    spacing = (sizes,) + (1.0,) * (len(shape) - 1)
    labels = _specks(shape)
    labels[np.bincount(labels.ravel())[labels] <= 60] = 0
    labels = segmentation.relabel_sequential(labels)[0]
    sigmas = [1.5 / s for s in spacing]
    masks = [(labels == i).astype(float) for i in range(labels.max() + 1)]
    votes = np.stack(
        [ndimage.gaussian_filter(m, sigmas, mode="nearest") for m in masks]
    )
    best = np.sort(votes, axis=0)
    clear = best[-1] - best[-2] > 1e-5
    found = smooth_labels(labels, sigma=1.5, spacing=spacing)
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(found[clear], votes.argmax(axis=0)[clear])


# --- expand_labels


@both_shapes
@pytest.mark.parametrize("distance", [1.0, 3.5])
def test_growth_is_that_of_skimage(shape, distance):
    labels = _specks(shape, 0.02)
    found = expand_labels(labels * 5, distance=distance)
    expected = segmentation.expand_labels(labels, distance)
    np.testing.assert_array_equal(found > 0, expected > 0)
    differ = found != expected  # only between equally near objects
    assert differ.mean() < 0.01


def test_growth_is_physical():
    labels = np.zeros((21, 41, 41), np.uint8)
    labels[10, 20, 20] = 200
    grown = expand_labels(labels, distance=6, spacing=(2.5, 1, 1))
    z, y, x = np.indices(labels.shape) - np.array([10, 20, 20]).reshape(3, 1, 1, 1)
    np.testing.assert_array_equal(grown, (2.5 * z) ** 2 + y**2 + x**2 <= 36)


# --- relabel


@both_shapes
def test_numbers_have_no_gaps(shape):
    labels = _specks(shape)
    odd = np.where(labels > 0, 3 * labels + 4, 0)
    expected = segmentation.relabel_sequential(labels)[0]
    np.testing.assert_array_equal(relabel(odd), expected)


@both_shapes
def test_connected_parts_are_objects_of_their_own(shape):
    labels = _specks(shape) % 3
    found = relabel(labels, connected=True)
    count = 0
    for value in (1, 2):
        full = np.ones((3,) * labels.ndim)
        parts, parts_count = ndimage.label(labels == value, full)
        count += parts_count
        for part in range(1, parts_count + 1):
            assert np.unique(found[parts == part]).size == 1
    assert found.max() == count
    np.testing.assert_array_equal(found > 0, labels > 0)
