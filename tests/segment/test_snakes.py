"""Snakes against scikit-image and discs of known size."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import active_contour

from napari_morphogen.params import last
from napari_morphogen.segment.snakes import Outline, _Settings, snake


def _disc(shape, centre, radius, spacing=(1.0, 1.0)):
    y, x = np.ogrid[: shape[0], : shape[1]]
    way = (spacing[0] * (y - centre[0])) ** 2 + (spacing[1] * (x - centre[1])) ** 2
    return way < radius**2


@pytest.mark.parametrize("pulls", [(0.0, 1.0), (1.0, 0.0), (-0.5, 2.0)], ids=str)
@pytest.mark.parametrize("count", [7, 40, 81])
def test_iterations_are_those_of_skimage(pulls, count):
    image = ndimage.gaussian_filter(_disc((50, 60), (24, 30), 14).astype(float), 2)
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    start = np.stack([24 + 17 * np.sin(turn), 30 + 17 * np.cos(turn)], axis=1)
    given = {"alpha": 0.02, "beta": 0.3, "gamma": 0.05}
    w_line, w_edge = pulls
    expected = active_contour(
        image, start, w_line=w_line, w_edge=w_edge, max_num_iter=9, **given
    )
    settings = _Settings(**given, w_line=w_line, w_edge=w_edge, sizes=np.ones(2))
    outline = Outline(1, 0, start, settings.pull(image))
    for _ in range(9):
        settings.move(outline)
    # the border of scikit-image's Sobel filter differs, and with it the spline
    np.testing.assert_allclose(outline.points, expected, atol=1e-5)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0)])
@pytest.mark.parametrize("radius", [12, 19])
def test_outline_goes_to_the_disc_from_both_sides(spacing, radius):
    shape, centre = (round(64 / spacing[0]), 64), (round(32 / spacing[0]), 32)
    disc = _disc(shape, centre, 15, spacing)
    drawn = _disc(shape, centre, radius, spacing).astype(int)
    steps = list(snake(disc, initial=drawn, spacing=spacing))
    found = steps[-1].result() > 0
    assert (found != disc).sum() < 0.1 * disc.sum()
    assert steps[-1].energy < steps[0].energy


def test_objects_keep_their_numbers_and_planes():
    image = np.zeros((3, 50, 90))
    drawn = np.zeros(image.shape, int)
    for z, x, number in ((0, 22, 9), (0, 66, 4), (2, 44, 9)):
        image[z] += _disc((50, 90), (25, x), 13)
        drawn[z][_disc((50, 90), (25, x), 15)] = number
    labels = last(snake(image, initial=drawn, sigma=1))
    assert labels[0, 25, 22] == labels[2, 25, 44] == 2
    assert labels[0, 25, 66] == 1
    assert not labels[1].any()


def test_objects_that_overlap_do_not_both_take_a_pixel():
    image = _disc((40, 60), (20, 30), 14)
    drawn = np.zeros(image.shape, int)
    drawn[6:34, 14:30], drawn[6:34, 30:46] = 1, 2
    labels = last(snake(image, initial=drawn))
    assert set(np.unique(labels)) <= {0, 1, 2}
    assert (labels == 1).any()


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (3, 3), (20, 30), (2, 9, 8)], ids=str
)
def test_tiny_drawings(shape):
    image = np.arange(np.prod(shape)).reshape(shape)
    drawn = np.zeros(shape, int)
    assert not last(snake(image, initial=drawn)).any()
    drawn[(0,) * len(shape)] = 5
    labels = last(snake(image, initial=drawn, iterations=20))
    assert set(np.unique(labels)) <= {0, 1}


def test_it_ends_when_nothing_moves():
    disc = _disc((64, 64), (32, 32), 15)
    steps = list(snake(disc, initial=disc.astype(int), tolerance=0.05))
    assert 1 <= len(steps) < 500
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
