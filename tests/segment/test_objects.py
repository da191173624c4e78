"""Numbering and removing objects."""

import numpy as np
import pytest
from skimage import measure

from napari_morphogen.segment.objects import connected_objects, keep_large


@pytest.mark.parametrize("shape", [(40, 40), (12, 14, 16)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("min_size", [0, 1, 2, 9])
def test_objects_are_those_of_skimage(shape, min_size):
    mask = np.random.default_rng(0).random(shape) < 0.15
    expected = measure.label(mask, connectivity=mask.ndim)
    regions = measure.regionprops(expected)
    for region in regions:
        if region.num_pixels < min_size:
            expected[expected == region.label] = 0
    found = connected_objects(mask, min_size)
    np.testing.assert_array_equal(found > 0, expected > 0)
    pairs = np.unique(np.stack([found, expected]).reshape(2, -1), axis=1)
    assert len(pairs.T) == len(np.unique(expected))
    np.testing.assert_array_equal(np.unique(found), np.arange(found.max() + 1))
    assert found.dtype == np.int32


def test_diagonal_neighbours_touch():
    np.testing.assert_array_equal(connected_objects(np.eye(3, dtype=bool)), np.eye(3))


@pytest.mark.parametrize(
    ("labels", "min_size", "expected"),
    [
        pytest.param([[7, 7, 0, 3]], 0, [[2, 2, 0, 1]], id="renumbers-in-order"),
        pytest.param([[7, 7, 0, 3]], 2, [[1, 1, 0, 0]], id="size-itself-is-kept"),
        pytest.param([[7, 7, 0, 3]], 3, [[0, 0, 0, 0]], id="none-left"),
        pytest.param([[2, 0, 2, 5]], 2, [[1, 0, 1, 0]], id="parts-count-together"),
        pytest.param([[0, 0]], 0, [[0, 0]], id="background-only"),
        pytest.param(np.zeros((0, 4), int), 1, np.zeros((0, 4)), id="empty"),
    ],
)
def test_large_ones_are_kept(labels, min_size, expected):
    found = keep_large(np.asarray(labels), min_size)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int32


def test_more_objects_than_16_bits_hold():
    mask = np.zeros((600, 600), bool)
    mask[::2, ::2] = True
    assert connected_objects(mask).max() == 90_000
