"""Cells between straight walls whose edges have gaps, counted and measured."""

import numpy as np
import pytest
from skimage import data

from napari_morphogen.segment.hough import hough_lines
from napari_morphogen.segment.line_regions import drawn, line_regions
from napari_morphogen.segment.watershed import watershed

ROWS, COLUMNS = (50, 100, 150), (65, 130, 195)


def _grid(width, gap=10, shape=(200, 260)):
    """Return a grid of dark walls with a gap in two walls of every direction."""
    image = np.full(shape, 100.0)
    for row in ROWS:
        image[row : row + width] = 20
    for column in COLUMNS:
        image[:, column : column + width] = 20
    for row, column in ((50, 100), (100, 30), (150, 220)):
        image[row : row + width, column - gap // 2 : column + gap // 2] = 100
    for row, column in ((25, 65), (125, 130), (170, 195)):
        image[row - gap // 2 : row + gap // 2, column : column + width] = 100
    return image + np.random.default_rng(0).normal(size=shape) * 3


@pytest.mark.parametrize("width", [1, 3, 6])
def test_grid_of_walls_with_gaps_has_sixteen_cells(width):
    image = _grid(width)
    labels = line_regions(image, sigma=1)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(np.unique(labels), np.arange(1, 17))
    middles = [(r, c) for r in (25, 75, 125, 175) for c in (32, 98, 163, 228)]
    assert len({labels[place] for place in middles}) == 16
    sizes = np.bincount(labels.ravel())[1:]
    np.testing.assert_allclose(sizes, 50 * 65, rtol=0.2)


def test_walls_are_given_to_the_regions_beside_them():
    labels = line_regions(_grid(4), sigma=1)
    middle = 65 + 2
    for row in (80, 120):
        left = np.flatnonzero(np.diff(labels[row]))
        assert np.abs(left - middle).min() <= 4


def test_wall_across_a_coarse_axis():
    image = _grid(4)[::2]  # rows lie two pixels apart
    labels = line_regions(image, sigma=1, spacing=(2.0, 1.0))
    assert labels.max() == 16


def test_chain_of_single_steps_gives_the_same_cells():
    image = _grid(1)
    lines = hough_lines(image, sigma=1, count=500)
    walls = drawn(lines, image.shape, extend=8)
    labels = watershed(image, foreground="all", barriers=walls, h=2, min_size=0)
    wide = np.flatnonzero(np.bincount(labels.ravel())[1:] > 1000)
    assert wide.size == 16
    assert (labels > 0).all()
    whole = line_regions(image, sigma=1)
    same = [np.bincount(whole[labels == n + 1]).max() for n in wide]
    assert sum(same) > 0.95 * np.isin(labels, wide + 1).sum()


def test_fields_of_a_checkerboard():
    labels = line_regions(data.checkerboard())
    assert labels.max() == 64
    sizes = np.bincount(labels.ravel())[1:]
    np.testing.assert_allclose(sizes, 25**2, rtol=0.25)


def test_narrow_and_small_regions_go_to_their_neighbours():
    image = _grid(6)
    every = line_regions(image, sigma=1, min_width=0, min_size=0)
    wide = line_regions(image, sigma=1, min_size=0)
    assert every.max() > wide.max() >= 16
    assert line_regions(image, sigma=1, min_size=10**6).max() == 1
    for labels in (every, wide):
        assert (labels > 0).all()


@pytest.mark.parametrize("value", [0, 7.5])
def test_without_lines_all_is_one_region(value):
    np.testing.assert_array_equal(line_regions(np.full((40, 50), value)), 1)


def test_broken_pixels_are_background():
    image = _grid(3)
    image[70:80, 20:40] = np.nan
    labels = line_regions(image, sigma=1)
    np.testing.assert_array_equal(labels == 0, np.isnan(image))
    assert labels.max() == 16


def test_drawn_lines_are_cut_at_the_border():
    lines = np.array([[[2.0, 2.0], [2.0, 6.0]], [[0, 0], [0, 0]]])
    expected = np.zeros((5, 8), bool)
    expected[2], expected[0, 0] = True, True
    np.testing.assert_array_equal(drawn(lines, (5, 8), extend=50), expected)
    short = drawn(lines[:1], (5, 8), extend=2, spacing=(1.0, 2.0))
    np.testing.assert_array_equal(np.flatnonzero(short[2]), np.arange(1, 8))
