"""Morphological contours against scikit-image, and shapes that are known."""

from itertools import cycle

import numpy as np
import pytest
from scipy import ndimage
from skimage import data
from skimage.segmentation import morphsnakes

from napari_morphogen.params import last
from napari_morphogen.segment.contours import chan_vese, edge_map, geodesic_contour
from napari_morphogen.segment.regions import Region

SHAPES = pytest.mark.parametrize("shape", [(60, 70), (9, 20, 67)], ids=["2-D", "3-D"])
ALPHA = 1000.0


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Let scikit-image begin with SI after IS; it counts on from call to call."""
    ways = (
        lambda u: morphsnakes.sup_inf(morphsnakes.inf_sup(u)),
        lambda u: morphsnakes.inf_sup(morphsnakes.sup_inf(u)),
    )
    monkeypatch.setattr(morphsnakes._curvop, "funcs", cycle(ways))


def _noisy(blobs, shape):
    noise = np.random.default_rng(1).normal(size=shape)
    return np.rint(blobs(shape) * 150 + 10 * noise + 50)


@SHAPES
@pytest.mark.parametrize("smoothing", [0, 1, 3])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 2.0)], ids=str)
def test_chan_vese_is_that_of_skimage(shape, smoothing, weights, blobs):
    image = _noisy(blobs, shape)
    start = morphsnakes.checkerboard_level_set(shape)
    given = {"lambda1": weights[0], "lambda2": weights[1], "smoothing": smoothing}
    states = []
    morphsnakes.morphological_chan_vese(
        image, 6, start, iter_callback=lambda u: states.append(u.astype(bool)), **given
    )
    steps = chan_vese(image, sigma=0, iterations=6, initial=start, **given)
    compared = 0
    for step, inside in zip(steps, states[1:], strict=False):
        if not inside.any():
            break
        if image[inside].mean() < image[~inside].mean():
            inside = ~inside
        np.testing.assert_array_equal(step.result() > 0, inside)
        compared += 1
    assert compared > 1


@SHAPES
@pytest.mark.parametrize(
    ("smoothing", "balloon"), [(0, 0.0), (1, -1.0), (1, 1.5), (2, -2.0)]
)
def test_geodesic_contour_is_that_of_skimage(shape, smoothing, balloon, blobs):
    image = blobs(shape)
    start = np.zeros(shape, np.int8)
    start[tuple(slice(n // 6, -(n // 6)) for n in shape)] = 1
    g = edge_map(image, 1.0, ALPHA, ())
    states = []
    morphsnakes.morphological_geodesic_active_contour(
        g, 5, start, smoothing, "auto", balloon, lambda u: states.append(u > 0)
    )
    steps = geodesic_contour(
        image, sigma=1.0, alpha=ALPHA, balloon=balloon, smoothing=smoothing,
        iterations=5, initial=start,
    )  # fmt: skip
    compared = 0
    for step, inside in zip(steps, states[1:], strict=False):
        np.testing.assert_array_equal(step.result() > 0, inside)
        compared += 1
    assert compared > 1


@pytest.mark.parametrize("objects", ["bright", "dark"])
@pytest.mark.parametrize("start", ["otsu", "checkerboard"])
def test_chan_vese_finds_discs(objects, start, discs):
    image = discs if objects == "bright" else 255 - discs
    truth = ndimage.gaussian_filter(discs.astype(float), 1) > 90
    found = last(chan_vese(image, objects=objects, start=start))
    assert (truth != (found > 0)).sum() < 30
    assert found.max() == 2  # two of the three touch


@pytest.mark.parametrize("method", [chan_vese, geodesic_contour])
def test_steps_count_and_any_number_of_iterations_is_a_part(method, discs):
    steps = list(method(discs, iterations=200))
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) < 200
    results = [step.result() for step in method(discs, iterations=5)]
    whole = [step.result() for step in method(discs, iterations=200)]
    assert len(results) == min(5, len(whole))
    alone = last(method(discs, iterations=4))
    steps = method(discs, iterations=200)
    for step in steps:
        if step.number == 4:
            np.testing.assert_array_equal(step.result(), alone)


def test_energy_of_chan_vese_falls_without_smoothing(blobs):
    image = _noisy(blobs, (60, 70))
    steps = chan_vese(image, smoothing=0, sigma=0, start="checkerboard")
    energies = [step.energy for step in steps]
    assert len(energies) > 3
    assert (np.diff(energies) <= 1e-12).all()


def test_energies_are_those_of_their_definitions(discs):
    step = next(chan_vese(discs, sigma=0, lambda1=2.0))
    inside = step.result() > 0
    unit = (discs - discs.min()) / np.ptp(discs).astype(float)
    parts = [unit[inside], unit[~inside]]
    sums = [np.square(part - part.mean()).sum() for part in parts]
    assert step.energy == pytest.approx((2 * sums[0] + sums[1]) / discs.size, rel=1e-5)
    spacing = (3.0, 1.0)
    step = next(geodesic_contour(discs, sigma=1, spacing=spacing))
    inside, g = step.result() > 0, edge_map(unit, 1, ALPHA, spacing)
    down, right = inside[1:] != inside[:-1], inside[:, 1:] != inside[:, :-1]
    energy = ((g[1:] + g[:-1]) / 2)[down].sum()
    energy += 3 * ((g[:, 1:] + g[:, :-1]) / 2)[right].sum()
    assert step.energy == pytest.approx(energy, rel=1e-5)


def test_geodesic_contour_separates_coins():
    labels = last(geodesic_contour(data.coins(), min_size=300))
    assert 22 <= labels.max() <= 27  # 24 coins


def test_drawn_objects_keep_apart():
    image = np.zeros((40, 60))
    image[10:30, 10:50] = 1  # one bar, on which two objects are drawn
    drawn = np.zeros(image.shape, int)
    drawn[14:26, 12:26], drawn[14:26, 34:48] = 7, 3
    labels = last(geodesic_contour(image, balloon=1.0, initial=drawn, sigma=1))
    assert set(np.unique(labels)) == {0, 1, 2}
    assert labels[20, 14] == 2 and labels[20, 45] == 1
    assert abs((labels > 0).sum() - image.sum()) < 150


@pytest.mark.parametrize("method", [chan_vese, geodesic_contour])
def test_nothing_drawn_gives_nothing(method, discs):
    empty = np.zeros(discs.shape, np.int32)
    assert not last(method(discs, initial=empty)).any()


@pytest.mark.parametrize("size", [1.0, 2.0])
def test_edges_hold_in_physical_proportions(size):
    z, y, x = np.ogrid[:32, :40, :40]
    ball = (size * (z - 16)) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 144
    g = edge_map(ball.astype(float), 1.5, ALPHA, (size, 1.0, 1.0))
    # the edge holds as strongly on top of the ball as on its side
    top, side = g[16 + round(12 / size), 20, 20], g[16, 20, 32]
    assert top == pytest.approx(side, rel=0.2)


@pytest.mark.parametrize("ndim", [2, 3])
def test_smoothing_removes_specks_and_keeps_half_spaces(ndim):
    speck = np.zeros((9,) * ndim, bool)
    speck[(4,) * ndim] = True
    half = np.zeros((9,) * ndim, bool)
    half[:5] = True
    for mask, expected in ((speck, 0), (half, half.sum())):
        moving = Region(mask)
        moving.bend(False)
        moving.bend(True)
        inner = (slice(2, -2),) * ndim
        kept = moving.mask()[inner].sum()
        assert kept == (expected and half[inner].sum())
