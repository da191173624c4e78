"""Objects measured the compiled way and the plain way: the same numbers."""

import numpy as np
import pytest
from skimage.measure import label

from napari_morphogen.measurements import measure

SHAPES = [(1, 1), (1, 9), (60, 70), (1, 20, 30), (9, 20, 24)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", ">u2"])
def test_numbers_are_those_of_the_plain_way(both, shape, dtype):
    rng = np.random.default_rng(0)
    labels = label(rng.random(shape) > 0.6) * rng.integers(1, 4)
    image = (rng.random(shape) * 200).astype(dtype)
    if image.dtype.kind == "f":
        image[rng.random(shape) > 0.9] = np.nan
        image[labels == 3] = np.inf
    for mine in (labels, labels.astype(np.uint8), np.asfortranarray(labels)):
        found, expected = both(measure, mine, image)
        assert list(found) == list(expected)
        for name, column in expected.items():
            np.testing.assert_array_equal(found[name], column, err_msg=name)
            assert found[name].dtype == column.dtype, name


@pytest.mark.parametrize("values", [(-3, 7), (5, 2**40)], ids=str)
def test_labels_that_no_table_holds(both, values):
    labels = np.zeros((6, 7), np.int64)
    labels[1, 1:3], labels[3:5, 2] = values
    found, expected = both(measure, labels)
    assert expected["label"].tolist() == sorted(values)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def test_no_digits_are_lost_far_from_the_origin(both):
    labels = np.zeros((3, 5000), np.int32)
    labels[1, 4990:4996] = 1
    for table in both(measure, labels):
        assert table["x"] == 4992.5
        assert table["axis_major_length"] == pytest.approx(4 * np.sqrt(35 / 12))
        assert table["axis_minor_length"] == 0
