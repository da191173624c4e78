"""The place to paint next, against answers known beforehand."""

import numpy as np
import pytest

from napari_morphogen.segment.uncertainty import most_uncertain


def _spots(shape, **at):
    field = np.zeros(shape, np.float32)
    for value, place in at.values():
        field[place] = value
    return field


def test_a_doubtful_patch_counts_more_than_a_doubtful_pixel():
    field = _spots(
        (40, 40),
        pixel=(1.0, (5, 5)),
        patch=(0.6, (slice(25, 32), slice(20, 27))),
    )
    assert most_uncertain(field, sigma=0) == (5, 5)
    assert most_uncertain(field, sigma=2) == (28, 23)


def test_what_is_painted_is_passed_over():
    field = _spots((30, 30), one=(1.0, (5, 5)), two=(0.5, (20, 24)))
    strokes = np.zeros(field.shape, np.int32)
    strokes[5, 9] = 2
    assert most_uncertain(field, strokes=strokes, sigma=0, apart=3.9) == (5, 5)
    assert most_uncertain(field, strokes=strokes, sigma=0, apart=4) == (20, 24)


def test_distance_and_smoothing_follow_the_spacing():
    field = _spots((9, 20, 20), one=(1.0, (2, 5, 5)), two=(0.5, (8, 15, 15)))
    strokes = np.zeros(field.shape, np.int32)
    strokes[4, 5, 5] = 1
    given = {"strokes": strokes, "sigma": 0, "apart": 5}
    assert most_uncertain(field, **given) == (8, 15, 15)
    assert most_uncertain(field, **given, spacing=(3.0, 1.0, 1.0)) == (2, 5, 5)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_an_image_painted_all_over_still_has_a_place(shape):
    field = np.zeros(shape)
    field[(1,) * len(shape)] = 0.3
    strokes = np.ones(shape, int)
    assert most_uncertain(field, strokes=strokes, sigma=0) == (1,) * len(shape)


def test_result_is_of_plain_numbers_and_the_input_stays():
    field = np.random.default_rng(0).random((6, 7))
    before = field.copy()
    field.flags.writeable = False
    place = most_uncertain(field, sigma=0)
    assert place == np.unravel_index(before.argmax(), before.shape)
    assert all(type(i) is int for i in place)
    np.testing.assert_array_equal(field, before)
