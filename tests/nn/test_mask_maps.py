"""Maps of labels that painters are told."""

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.nn.mask_maps import MAPS, REACH, mask_maps
from napari_morphogen.params import InputError


def two_cells():
    labels = np.zeros((30, 40), np.uint16)
    labels[5:15, 5:15] = 3
    labels[5:15, 15:25] = 9
    return labels


def test_maps_say_what_they_say():
    labels = two_cells()
    inside, depth, touching, near = mask_maps(labels)
    np.testing.assert_array_equal(inside, np.where(labels, 1, -1))
    assert depth[labels == 0].max() == 0
    assert depth.max() == 1
    assert depth[5, 8] == depth[8, 14] == pytest.approx(0.2)  # of five pixels
    np.testing.assert_array_equal(np.unique(np.nonzero(touching)[1]), [14, 15])
    assert near[labels > 0].max() == 0
    distance = ndimage.distance_transform_edt(labels == 0)
    away = labels == 0
    np.testing.assert_allclose(
        near[away], np.exp((1 - distance[away]) / REACH), rtol=1e-6
    )


def test_maps_turn_with_the_labels():
    labels = two_cells()
    for quarters in range(1, 4):
        np.testing.assert_array_equal(
            mask_maps(np.rot90(labels, quarters)),
            np.rot90(mask_maps(labels), quarters, axes=(1, 2)),
        )


def test_a_mask_is_enough_where_objects_do_not_touch():
    labels = two_cells()
    labels[:, 15] = 0
    np.testing.assert_array_equal(mask_maps(labels > 0), mask_maps(labels))


@pytest.mark.parametrize("kind", ["bool", "uint8", ">i2", "int64", "uint64"])
def test_any_whole_numbers_do(kind):
    labels = (two_cells() > 3).astype(kind)
    np.testing.assert_array_equal(mask_maps(labels), mask_maps(two_cells() > 3))


@pytest.mark.parametrize("value", [0, 7])
def test_one_number_everywhere_is_fine(value):
    for shape in ((1, 1), (9, 12)):
        found = mask_maps(np.full(shape, value))
        assert found.shape == (MAPS, *shape)
        assert np.isfinite(found).all()
        assert (found[0] == (1 if value else -1)).all()
        assert not found[2:].any()


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros((4, 4)), "whole numbers, but the labels hold float64"),
        (np.full((4, 4), -1), "hold -1"),
        (np.zeros((2, 4, 4), int), "planes of labels"),
        (np.zeros((0, 4), int), "planes of labels"),
    ],
)
def test_what_is_no_labels_is_told_in_a_sentence(labels, says):
    with pytest.raises(InputError, match=says):
        mask_maps(labels)
