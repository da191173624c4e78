"""Lines and circles drawn with known places, lengths and radii."""

import numpy as np
import pytest
from skimage import data, draw

from napari_morphogen.params import InputError
from napari_morphogen.segment.circles import hough_circles
from napari_morphogen.segment.edges import canny
from napari_morphogen.segment.hough import hough_lines


def _step(angle, shape=(160, 160), offset=5.0, spacing=(1.0, 1.0)):
    """Return a bright half plane whose edge has the given normal, in degrees."""
    normal = np.array([np.cos(angle), np.sin(angle)])
    place = np.indices(shape).reshape(2, -1).T * spacing
    middle = (np.array(shape) - 1) / 2 * spacing
    away = (place - middle) @ normal - offset
    return np.clip(away + 0.5, 0, 1).reshape(shape), normal, middle + offset * normal


def _square(low, high, shape, spacing=(1.0, 1.0)):
    rows, columns = (np.arange(n) * s for n, s in zip(shape, spacing, strict=True))
    inside = [(low <= v) & (v <= high) for v in (rows, columns)]
    return np.outer(*inside).astype(float)


@pytest.mark.parametrize("degrees", [0, 1.5, 30, 45, 77.7, 90, 120, 179])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0)], ids=str)
def test_edge_of_any_direction(degrees, spacing):
    shape = tuple(int(160 / s) for s in spacing)
    image, normal, point = _step(np.deg2rad(degrees), shape, spacing=spacing)
    lines = hough_lines(image, sigma=1, spacing=spacing) * spacing
    assert len(lines) == 1
    start, end = lines[0]
    length = np.hypot(*(end - start))
    assert length > 130
    assert abs((end - start) @ normal) / length < np.sin(np.deg2rad(1))
    assert np.abs((lines[0] - point) @ normal).max() < 1


def test_drawn_lines_lie_where_they_were_drawn():
    ends = np.array([[[20, 30], [150, 200]], [[100, 10], [180, 120]]])
    image = np.random.default_rng(0).normal(size=(200, 240)) * 0.02
    for start, end in ends:
        image[draw.line(*start, *end)] = 1
    lines = hough_lines(image, sigma=1.5, low_threshold=0.9, high_threshold=0.97)
    assert len(lines) == 4  # both edges of two lines
    for start, end in ends:
        along = (end - start) / np.hypot(*(end - start))
        across = np.array([-along[1], along[0]])
        near = [np.abs((line - start) @ across).max() < 2.5 for line in lines]
        assert sum(near) == 2
        for line in lines[near]:
            direction = (line[1] - line[0]) / np.hypot(*(line[1] - line[0]))
            assert abs(direction @ across) < np.sin(np.deg2rad(1))
            places = np.sort((line - start) @ along)
            np.testing.assert_allclose(places, [0, np.hypot(*(end - start))], atol=4)


def test_sides_of_a_square_have_its_length():
    lines = hough_lines(_square(30, 80, (120, 130)), sigma=1)
    assert lines.shape == (4, 2, 2) and lines.dtype == np.float64
    lengths = np.hypot(*(lines[:, 1] - lines[:, 0]).T)
    np.testing.assert_allclose(lengths, 51, atol=8)  # Canny rounds corners
    assert (np.diff(lengths) <= 0).all()
    sides = sorted(np.ptp(lines, axis=1).argmin(axis=1))
    assert sides == [0, 0, 1, 1]


def test_gap_is_bridged_up_to_its_limit():
    image = np.zeros((60, 200))
    image[30:] = 1
    image[:, 95:110] = 0.5  # no edge
    joined = hough_lines(image, sigma=1, max_gap=30)
    apart = hough_lines(image, sigma=1, max_gap=6, min_length=60)
    level = [np.ptp(line[:, 0]) < 2 for line in joined]
    assert np.ptp(joined[level][:, :, 1], axis=1).max() > 180
    assert len(apart) == 2
    assert np.ptp(apart[:, :, 1], axis=1).max() < 110


def test_short_lines_and_many_lines_are_left_out():
    image = data.checkerboard()
    lines = hough_lines(image)
    assert len(lines) == 14  # seven inner borders each way
    assert len(hough_lines(image, count=5)) == 5
    assert len(hough_lines(image, min_length=210)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_noise_has_hardly_any_lines_or_circles(seed):
    noise = np.random.default_rng(seed).random((250, 250))
    assert len(hough_lines(noise)) <= 4
    assert len(hough_circles(noise)) <= 2


@pytest.mark.parametrize("spacing", [(), (2.0, 1.0), (1.0, 1.5)], ids=str)
def test_discs_have_their_centres_and_radii(spacing):
    sizes = np.array(spacing or (1.0, 1.0))
    discs = [(40, 50, 20), (100, 60, 12), (80, 130, 31)]
    shape = tuple((np.array((140, 180)) / sizes).astype(int))
    rows, columns = (np.arange(n) * s for n, s in zip(shape, sizes, strict=True))
    image = np.zeros(shape)
    for row, column, radius in discs:
        away = np.hypot(rows[:, None] - row, columns - column)
        image += np.clip(radius + 0.5 - away, 0, 1)
    circles = hough_circles(image, spacing=spacing) * sizes
    assert circles.shape == (3, 4, 2)
    found = np.column_stack([circles.mean(axis=1), np.ptp(circles, axis=1) / 2])
    found = found[np.argsort(found[:, 2])]
    expected = [
        (r, c, radius, radius) for r, c, radius in sorted(discs, key=lambda d: d[2])
    ]
    np.testing.assert_allclose(found, expected, atol=1.5)


def test_corners_go_round_as_napari_has_them():
    row, column = np.ogrid[:80, :90]
    image = np.hypot(row - 40, column - 45) <= 20
    (corners,) = hough_circles(image)
    middle = corners.mean(axis=0)
    signs = [[-1, -1], [-1, 1], [1, 1], [1, -1]]
    np.testing.assert_array_equal(np.sign(corners - middle), signs)


def test_all_coins_are_found():
    found = hough_circles(data.coins(), low_threshold=0.8, high_threshold=0.9)
    assert 23 <= len(found) <= 25
    radii = np.ptp(found, axis=1)[:, 0] / 2
    assert radii.min() > 15 and radii.max() < 35


def test_circles_keep_their_distance():
    given = {"low_threshold": 0.8, "high_threshold": 0.9, "threshold": 0.2}
    centres = hough_circles(data.coins(), min_distance=45, **given).mean(axis=1)
    away = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1))
    assert away[~np.eye(len(centres), dtype=bool)].min() >= 45
    assert len(hough_circles(data.coins(), count=3, **given)) == 3


def test_radii_may_be_given_in_either_order():
    given = {"low_threshold": 0.8, "high_threshold": 0.9}
    one = hough_circles(data.coins(), min_radius=15, max_radius=30, **given)
    other = hough_circles(data.coins(), min_radius=30, max_radius=15, **given)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", [hough_lines, hough_circles])
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1)),
        np.ones((1, 7)),
        np.ones((7, 1), bool),
        np.full((9, 8), np.nan),
        np.full((24, 20), 1e30, ">f4"),
        np.arange(4.0).reshape(2, 2),
    ],
    ids=["one", "row", "column", "nan", "constant", "tiny"],
)
def test_nothing_is_found_in_nothing(method, image):
    for spacing in ((), (2.0, 1.0)):
        found = method(image, spacing=spacing)
        assert found.shape == (0, 2 if method is hough_lines else 4, 2)
        assert found.dtype == np.float64


@pytest.mark.parametrize("method", [hough_lines, hough_circles])
def test_intensities_change_nothing_but_broken_pixels_are_no_edges(method):
    row, column = np.ogrid[:100, :100]
    image = (np.hypot(row - 30, column - 65) <= 20) + (row > column + 20.0)
    given = {"low_threshold": 0.75, "high_threshold": 0.85}
    plain = method(image.astype("f4"), **given)
    assert len(plain)
    for factor in (2.0**100, 2.0**-100):
        np.testing.assert_array_equal(
            method((image * factor).astype("f4"), **given), plain
        )
    image[:, :50] = np.nan
    for spacing in ((), (1.0, 2.0)):
        found = method(image, spacing=spacing, **given)
        assert (found.mean(axis=1)[:, 1] > 45).all()


@pytest.mark.parametrize("method", [hough_lines, hough_circles])
def test_thresholds_out_of_order(method):
    with pytest.raises(InputError, match="`high_threshold` to be at least"):
        method(np.eye(9), low_threshold=0.9, high_threshold=0.5)


@pytest.mark.parametrize("function", [hough_lines, hough_circles])
@pytest.mark.parametrize("spacing", [(), (2.0, 1.0)], ids=["square", "oblong"])
def test_edges_found_before_serve_as_well(function, spacing):
    image = np.zeros((80, 90))
    image[20:60, 30:70] = 100
    image[(np.mgrid[:80, :90][0] - 40) ** 2 < 4] += 3
    edges = canny(image, sigma=2, spacing=spacing)
    found = function(image, edges=edges, sigma=2, spacing=spacing)
    if not spacing:  # on oblong pixels edges are found after resampling
        np.testing.assert_allclose(found, function(image, sigma=2), atol=0.5)
    assert len(function(image, edges=np.zeros_like(edges), spacing=spacing)) == 0
