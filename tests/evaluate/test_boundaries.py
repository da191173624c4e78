import math

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from napari_morphogen.evaluate import boundaries, boundary_scores
from napari_morphogen.params import InputError


def _pair(shape, seed=0):
    noise = np.random.default_rng(seed).normal(size=shape)
    blobs = ndimage.gaussian_filter(noise, 2)
    return [ndimage.label(blobs > blobs.std() * level)[0] for level in (0.5, 1)]


@pytest.mark.parametrize(
    "shape, spacing",
    [((40, 50), (1, 1)), ((40, 50), (3, 0.5)), ((8, 20, 22), (2, 1, 1))],
)
def test_distances_are_those_of_all_pairs(shape, spacing):
    labels, truth = _pair(shape)
    points = [np.argwhere(boundaries(a)) * spacing for a in (labels, truth)]
    every = cdist(*points)
    away, home = every.min(axis=1), every.min(axis=0)
    found = boundary_scores(labels, truth, tolerance=1.5, spacing=spacing)
    precision, recall = np.mean(away <= 1.5), np.mean(home <= 1.5)
    assert (found.precision, found.recall) == pytest.approx((precision, recall))
    expected = 2 * precision * recall / (precision + recall)
    assert found.f == pytest.approx(expected)
    assert found.hausdorff == pytest.approx(max(away.max(), home.max()))
    ends = [np.percentile(part, 95) for part in (away, home)]
    assert found.hausdorff95 == pytest.approx(max(ends))
    assert found.assd == pytest.approx(np.concatenate([away, home]).mean())


@pytest.mark.parametrize("shape", [(40, 50), (8, 20, 22)])
def test_figures_are_those_of_scikit_image(shape):
    skimage = pytest.importorskip("skimage")
    labels, truth = _pair(shape)
    inner = [
        skimage.segmentation.find_boundaries(a, connectivity=1, mode="inner")
        for a in (labels, truth)
    ]
    np.testing.assert_array_equal(boundaries(truth), inner[1])
    expected = skimage.metrics.hausdorff_distance(*inner)
    assert boundary_scores(labels, truth).hausdorff == pytest.approx(expected)


def test_known_distance_in_micrometres():
    truth = np.zeros((12, 20, 20), int)
    truth[2:8, 4:14, 4:14] = 1
    labels = np.roll(truth, 2, axis=0)  # two planes of 3 micrometres
    found = boundary_scores(labels, truth, tolerance=6, spacing=(3, 0.5, 0.5))
    assert found.f == 1 and found.hausdorff == 6
    closer = boundary_scores(labels, truth, tolerance=5.9, spacing=(3, 0.5, 0.5))
    assert 0 < closer.f < 1
    rounding = boundary_scores([0, 1, 0, 0, 0], [0, 0, 0, 0, 1], spacing=[0.1])
    again = boundary_scores(
        [0, 1, 0, 0, 0], [0, 0, 0, 0, 1], spacing=[0.1], tolerance=0.3
    )
    assert rounding.f == again.f == 1


def test_touching_objects_have_a_boundary():
    one, two = np.ones((6, 8), int), np.ones((6, 8), int)
    two[:, 4:] = 2
    assert not boundaries(one).any()  # the edge of the image is none
    assert boundaries(two).sum() == 12


def test_plane_of_a_stack_is_a_plane():
    labels, truth = _pair((30, 30))
    plane = boundary_scores(labels, truth)
    assert boundary_scores(labels[None], truth[None], spacing=(5, 1, 1)) == plane


def test_lines_are_boundaries_themselves():
    truth = np.zeros((20, 20), int)
    truth[5:15, 5:15] = 1
    lines = boundaries(truth).astype(int)
    assert boundary_scores(lines, truth, lines=True, tolerance=0).f == 1
    assert boundary_scores(lines, truth, tolerance=0).f == 1


def test_perfect_disjoint_and_symmetric():
    labels, truth = _pair((40, 50))
    perfect = boundary_scores(truth, truth, tolerance=0)
    assert perfect.f == 1 and perfect.assd == perfect.hausdorff95 == 0
    there, back = boundary_scores(labels, truth), boundary_scores(truth, labels)
    assert there.assd == pytest.approx(back.assd) and there.precision == back.recall
    far = np.zeros((40, 50), int)
    far[0, 0], near = 1, np.zeros((40, 50), int)
    near[-1, -1] = 1
    assert boundary_scores(far, near).f == 0


def test_no_boundary_in_one_or_both():
    none, some = np.zeros((9, 9), int), np.pad([[1]], 4)
    both = boundary_scores(none, none)
    assert both.f == 1 and both.hausdorff == both.hausdorff95 == both.assd == 0
    for pair in ((none, some), (some, none)):
        found = boundary_scores(*pair)
        assert found.f == found.precision == found.recall == 0
        assert found.hausdorff == found.hausdorff95 == found.assd == math.inf


def test_painted_only_in_part():
    truth = np.zeros((20, 40), int)
    truth[4:12, 4:12] = 1
    labels = truth.copy()
    labels[4:12, 24:32] = 2
    found = boundary_scores(labels, truth, sparse=True)
    assert found.recall == 1 and found.assd == found.hausdorff == 0
    assert math.isnan(found.f) and math.isnan(found.precision)
    assert found.as_dict()["sparse"] == 1


def test_wrong_options_are_named():
    with pytest.raises(InputError, match="2 positive sizes"):
        boundary_scores([[1]], [[1]], spacing=(1,))
    with pytest.raises(InputError, match=r"tolerance.*-1"):
        boundary_scores([[1]], [[1]], tolerance=-1)
    with pytest.raises(InputError, match=r"\(1, 2\).*\(2, 1\)"):
        boundary_scores([[1, 1]], [[1], [1]])
