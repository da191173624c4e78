"""Splitting and merging: discs with known necks, lines with known sides."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import draw, measure

from napari_morphogen.segment.splitting import merge_objects, split_objects


def _balls(shape, centres, radius, spacing=1):
    places = np.indices(shape).reshape(len(shape), -1).T * np.array(spacing)
    near = [((places - c) ** 2).sum(axis=1) <= radius**2 for c in centres]
    return np.any(near, axis=0).reshape(shape).astype(int)


def _line(shape, start, end, width=1):
    mask = np.zeros(shape, bool)
    mask[draw.line(*start, *end)] = True
    return ndimage.binary_dilation(mask, np.ones((width, width))).astype(np.uint8)


def _same(labels, parts):
    """Tell whether no part crosses an object and nothing is lost."""
    owners = [np.unique(labels[parts == p]).size for p in range(1, parts.max() + 1)]
    return np.array_equal(parts > 0, labels > 0) and set(owners) <= {1}


# --- by shape


@pytest.mark.parametrize(
    ("shape", "centres", "spacing"),
    [
        ((31, 60), [(15, 16), (15, 42)], None),
        ((21, 31, 56), [(10, 15, 15), (10, 15, 39)], None),
        ((9, 31, 56), [(10, 15, 15), (10, 15, 39)], (2.5, 1, 1)),
    ],
    ids=["2-D", "3-D", "anisotropic"],
)
def test_touching_balls_are_split_in_the_middle(shape, centres, spacing):
    radius = 15 if len(shape) == 2 else 13
    labels = _balls(shape, centres, radius, spacing or 1)
    parts = split_objects(labels * 4, spacing=spacing or ())
    assert parts.max() == 2
    assert _same(labels, parts)
    middle = (centres[0][-1] + centres[1][-1]) / 2
    x = np.broadcast_to(np.arange(shape[-1]), shape)
    clear = (labels > 0) & (np.abs(x - middle) > 1)
    np.testing.assert_array_equal(parts[clear], np.where(x < middle, 1, 2)[clear])


def test_higher_h_splits_less():
    labels = _balls((31, 60), [(15, 16), (15, 42)], 15)
    counts = [split_objects(labels, h=h).max() for h in (1, 4, 20)]
    assert counts[0] == 2
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 1


def test_round_objects_stay_whole_even_where_they_touch():
    labels = _balls((31, 62), [(15, 15)], 15) + 2 * _balls((31, 62), [(15, 46)], 15)
    np.testing.assert_array_equal(split_objects(labels), labels)


def test_touching_objects_are_split_as_if_alone():
    upper = _balls((62, 60), [(15, 16), (15, 42)], 15)
    lower = np.roll(_balls((62, 60), [(15, 16), (15, 42)], 15), 31, axis=0)
    labels = np.where(upper > 0, 9, np.where(lower > 0, 2, 0))
    parts = split_objects(labels)
    assert parts.max() == 4
    assert _same(labels, parts)
    alone = split_objects(lower)
    np.testing.assert_array_equal(parts * (labels == 2), alone)


@pytest.mark.parametrize("shape", [(40, 40), (8, 20, 20)])
def test_nothing_is_lost_of_rough_objects(shape):
    labels = np.random.default_rng(0).integers(0, 4, shape)
    parts = split_objects(labels, h=0)
    assert _same(labels, parts)


# --- by lines


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    ("start", "end"), [((0, 20), (40, 20)), ((2, 3), (37, 38)), ((35, 0), (2, 40))]
)
def test_line_cuts_in_two_halves(start, end, width):
    labels = _balls((41, 41), [(20, 20)], 12) * 6
    lines = _line(labels.shape, start, end, width)
    parts = split_objects(labels, lines=lines)
    assert parts.max() == 2
    assert _same(labels, parts)
    # which side of the line a pixel lies on
    y, x = np.indices(labels.shape)
    (r0, c0), (r1, c1) = start, end
    side = (r1 - r0) * (x - c0) - (c1 - c0) * (y - r0)
    far = (labels > 0) & (np.abs(side) > 6 * np.hypot(r1 - r0, c1 - c0))
    groups = {(bool(s), int(p)) for s, p in zip(side[far] > 0, parts[far], strict=True)}
    assert len(groups) == 2


def test_line_that_ends_inside_cuts_nothing():
    labels = _balls((41, 41), [(20, 20)], 12)
    lines = _line(labels.shape, (0, 20), (22, 20))
    np.testing.assert_array_equal(split_objects(labels, lines=lines), labels)


def test_object_below_the_line_stays():
    labels = np.zeros((9, 9), int)
    labels[4, 2:7] = 3
    np.testing.assert_array_equal(
        split_objects(labels, lines=(labels > 0).astype(int)), labels > 0
    )


def test_objects_away_from_the_line_stay_as_they_are():
    labels = np.zeros((12, 20), int)
    labels[2:10, 2:10] = 5
    labels[2:10, 10:14] = 4
    labels[1, 19] = labels[2, 18] = labels[3, 19] = 2  # connected diagonally
    lines = np.zeros_like(labels)
    lines[:, 6] = 1
    parts = split_objects(labels, lines=lines)
    assert _same(labels, parts)
    assert [np.unique(parts[labels == i]).size for i in (2, 4, 5)] == [1, 1, 2]
    near = parts[5, 6]  # equally near to both
    assert near in (parts[5, 5], parts[5, 7])


def test_pieces_that_touch_diagonally_stay_with_their_side():
    labels = np.zeros((11, 21), int)
    labels[2:9, 2:19] = 1
    labels[1, 1] = labels[9, 19] = 1
    lines = np.zeros_like(labels)
    lines[:, 10] = 1
    parts = split_objects(labels, lines=lines)
    assert parts.max() == 2
    assert parts[1, 1] == parts[2, 2] != parts[9, 19] == parts[8, 18]


def test_surface_cuts_a_volume():
    labels = _balls((15, 21, 21), [(7, 10, 10)], 7) * 3
    lines = np.zeros_like(labels)
    lines[:, :, 10] = 2
    parts = split_objects(labels, lines=lines)
    assert parts.max() == 2
    assert _same(labels, parts)
    assert np.unique(parts[..., :10][labels[..., :10] > 0]).size == 1


def test_pixels_of_the_line_go_to_the_nearest_part_in_space():
    labels = np.ones((3, 9), int)
    lines = np.zeros_like(labels)
    lines[:, 3:6] = 1
    parts = split_objects(labels, lines=lines)
    assert parts[0, 3] == parts[0, 0] != parts[0, 8] == parts[0, 5]


# --- merging


def test_objects_of_one_line_become_one():
    labels = measure.label(np.indices((30, 30)).sum(axis=0) % 6 < 3, connectivity=1)
    lines = np.zeros_like(labels)
    lines[15, 3:12] = 4
    lines[2, 20:28] = 9
    merged = merge_objects(labels, lines=lines)
    np.testing.assert_array_equal(merged > 0, labels > 0)
    for ids in (4, 9):
        assert np.unique(merged[(lines == ids) & (labels > 0)]).size == 1
    touched = set(labels[(lines > 0) & (labels > 0)])
    for number in set(np.unique(labels)) - touched - {0}:
        same = merged == merged[labels == number][0]
        np.testing.assert_array_equal(same, labels == number)


def test_lines_that_share_an_object_join_all():
    labels = np.array([[1, 0, 2, 0, 3, 0, 4]])
    lines = np.array([[0, 0, 5, 5, 5, 0, 0], [7, 7, 7, 0, 0, 0, 0]])
    labels = np.repeat(labels, 2, axis=0)
    merged = merge_objects(labels, lines=lines)
    np.testing.assert_array_equal(merged[0], [1, 0, 1, 0, 1, 0, 2])


@pytest.mark.parametrize("value", [0, -1])
def test_no_line_changes_nothing(value):
    labels = np.array([[0, 2, 2, 0, 1]])
    lines = np.full(labels.shape, value)
    np.testing.assert_array_equal(merge_objects(labels, lines=lines), labels)
    np.testing.assert_array_equal(split_objects(labels, lines=lines), labels)


def test_what_was_split_can_be_merged_again():
    labels = _balls((31, 60), [(15, 16), (15, 42)], 15)
    parts = split_objects(labels)
    lines = _line(labels.shape, (15, 5), (15, 55))
    assert parts.max() == 2
    np.testing.assert_array_equal(merge_objects(parts, lines=lines), labels)
