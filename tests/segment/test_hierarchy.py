"""Regions merged by depth: nested, by Kruskal's algorithm, on known landscapes."""

from itertools import pairwise

import numpy as np
import pytest
from skimage import data, measure, morphology, segmentation

from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.hierarchy import hierarchical_watershed

DEPTHS = (0, 0.5, 1, 3, 10, 20, 45, 80, 100)


def _nested(fine, coarse):
    pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
    return np.array_equal(pairs[0], np.unique(fine))


def _kruskal(basins, land, limit):
    """Join by the minimum spanning tree; cut edges of more dynamics than `limit`."""
    edges = []
    for axis in range(land.ndim):
        one, two = (np.moveaxis(a, axis, 0) for a in (basins, land))
        for a, b, s, t in zip(
            one[:-1].ravel(), one[1:].ravel(), two[:-1].ravel(), two[1:].ravel(),
            strict=True,
        ):  # fmt: skip
            if a != b and a and b:
                edges.append((max(s, t), min(a, b), max(a, b)))
    floor = {n: land[basins == n].min() for n in np.unique(basins[basins > 0])}
    tree, kept = {n: n for n in floor}, {n: n for n in floor}

    def root(of, n):
        while of[n] != n:
            n = of[n]
        return n

    for height, a, b in sorted(edges):
        one, two = root(tree, a), root(tree, b)
        if one == two:
            continue
        if height - max(floor[one], floor[two]) <= limit:
            kept[root(kept, a)] = root(kept, b)
        floor[one] = min(floor[one], floor[two])
        tree[two] = one
    return np.vectorize(lambda n: root(kept, n) if n else 0)(basins)


@pytest.mark.parametrize("landscape", ["gradient", "intensity"])
@pytest.mark.parametrize("name", ["coins", "cell", "volume", "ties"])
def test_higher_merge_only_merges(landscape, name, blobs):
    image = {
        "coins": lambda: data.coins()[:120, :150],
        "cell": lambda: data.cell()[200:320, 200:320],
        "volume": lambda: blobs((9, 30, 30)),
        "ties": lambda: np.random.default_rng(0).integers(0, 4, (40, 50)),
    }[name]()
    given = {"landscape": landscape, "sigma": 0}
    results = [hierarchical_watershed(image, merge=m, **given) for m in DEPTHS]
    for fine, coarse in pairwise(results):
        assert _nested(fine, coarse)
    assert results[0].max() > 10
    np.testing.assert_array_equal(results[-1], np.ones(image.shape))


@pytest.mark.parametrize("shape", [(30, 40), (6, 12, 13)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("levels", [5, 10**6])
@pytest.mark.parametrize("merge", [10.0, 40.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_regions_are_those_of_the_minimum_spanning_tree(shape, levels, merge, seed):
    image = np.random.default_rng(seed).integers(0, levels, shape)
    given = {"landscape": "intensity", "objects": "dark", "sigma": 0}
    fine = hierarchical_watershed(image, merge=0, **given)
    found = hierarchical_watershed(image, merge=merge, **given)
    unit = (image - image.min()) / np.ptp(image)
    expected = _kruskal(fine, unit.astype(np.float32).astype(float), merge / 100)
    assert 1 < len(np.unique(expected)) <= fine.max()
    assert _nested(found, expected) and _nested(expected, found)


def test_no_merging_is_the_watershed_of_all_minima():
    image = data.coins()[:150, :150].astype(np.float32)
    land = sobel(image, sigma=1)
    minima = morphology.local_minima(land, connectivity=1)
    expected = segmentation.watershed(land, measure.label(minima, connectivity=1))
    found = hierarchical_watershed(image, sigma=1, merge=0)
    assert found.max() == expected.max()
    assert (found == expected).mean() > 0.999  # equal heights may be shared otherwise


def test_dynamics_of_a_profile():
    #               A        B     C           D
    profile = [[9, 0, 5, 9, 4, 7, 3, 9.5, 10, 2, 10]]
    given = {"landscape": "intensity", "objects": "dark", "sigma": 0}
    counts = [
        hierarchical_watershed(np.array(profile), merge=m, **given).max()
        for m in (0, 29.9, 30.1, 59.9, 60.1, 79.9, 80.1)
    ]
    # B merges with C at 7 - 4, both with A at 9 - 3, D with all at 10 - 2
    assert counts == [4, 4, 3, 3, 2, 2, 1]


def test_wall_between_planes_counts_for_its_distance():
    volume = np.zeros((8, 16, 16), np.float32)
    volume[4:] = 100  # planes lie 4 pixels apart: a gradient 4 times less steep
    volume[:, 8:] += 60
    near = hierarchical_watershed(volume, sigma=0, merge=60)
    far = hierarchical_watershed(volume, sigma=0, merge=60, spacing=(4, 1, 1))
    assert near[0, 0, 0] != near[-1, 0, 0] and near[0, 0, 0] == near[0, -1, 0]
    assert far[0, 0, 0] == far[-1, 0, 0] and far[0, 0, 0] != far[0, -1, 0]


@pytest.mark.parametrize("objects", ["bright", "dark"])
def test_background_stays_out(objects, discs):
    image = discs if objects == "bright" else 255 - discs
    labels = hierarchical_watershed(
        image, foreground="otsu", objects=objects, landscape="intensity", merge=100
    )
    assert labels.max() == 2  # two connected things
    assert 0.1 < (labels > 0).mean() < 0.4


def test_small_regions_are_removed(discs):
    fine = hierarchical_watershed(discs, merge=1)
    fewer = hierarchical_watershed(discs, merge=1, min_size=30)
    assert 0 < fewer.max() < fine.max()
    assert np.bincount(fewer.ravel())[1:].min() >= 30


def test_broken_pixels_are_background(discs):
    image = discs.astype(float)
    image[5:9, 20:30] = np.nan
    labels = hierarchical_watershed(image)
    np.testing.assert_array_equal(labels == 0, np.isnan(image))
