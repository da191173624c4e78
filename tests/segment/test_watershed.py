"""Separated objects: known counts and volumes, and scikit-image's flooding."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, segmentation

from napari_morphogen.params import InputError
from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.threshold import foreground
from napari_morphogen.segment.watershed import watershed

LANDSCAPES = ("distance", "intensity", "gradient")


def _balls(centres, radius, shape, spacing):
    """Return balls of 100 in a volume whose planes, rows and columns lie apart."""
    place = np.indices(shape).reshape(len(shape), -1).T * spacing
    inside = [((place - c) ** 2).sum(axis=1) <= radius**2 for c in centres]
    return np.any(inside, axis=0).reshape(shape) * 100.0


def test_touching_discs_are_two(discs):
    assert foreground(discs, sigma=1).any()
    labels = watershed(discs)
    assert ndimage.label(foreground(discs, sigma=1))[1] == 2
    assert labels.max() == 3
    centres = [labels[16, 16], labels[16, 33], labels[34, 52]]
    assert sorted(centres) == [1, 2, 3]
    sizes = np.bincount(labels.ravel())[centres]
    np.testing.assert_allclose(sizes, np.pi * 81, rtol=0.07)
    assert (labels[:, :24] != centres[1]).all() and (labels[:, 26:] != centres[0]).all()


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (3, 1, 1), (1, 1.5, 1)])
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["z", "y", "x"])
def test_row_of_touching_spheres(spacing, axis):
    radius, count = 9.0, 3
    length = [2 * radius + 6] * 3
    length[axis] += (count - 1) * 1.8 * radius
    shape = [int(n / s) for n, s in zip(length, spacing, strict=True)]
    centres = np.full((count, 3), radius + 3.0)
    centres[:, axis] += np.arange(count) * 1.8 * radius
    image = _balls(centres, radius, shape, spacing)
    labels = watershed(image, spacing=spacing, sigma=0.5, h=1)
    assert labels.max() == count
    own = [labels[tuple(np.round(c / spacing).astype(int))] for c in centres]
    assert sorted(own) == [1, 2, 3]
    # what two neighbours share is a lens of two caps of height 0.1 radius
    cap = np.pi * (0.1 * radius) ** 2 * (3 * radius - 0.1 * radius) / 3
    ball = 4 / 3 * np.pi * radius**3
    expected = [ball - cap * (1 + (0 < i < count - 1)) for i in range(count)]
    volumes = np.bincount(labels.ravel())[own] * np.prod(spacing)
    np.testing.assert_allclose(volumes, expected, rtol=0.04)


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("compactness", [0.0, 10.0])
def test_flooding_from_markers_is_that_of_skimage(landscape, compactness):
    image = data.coins().astype(np.float64)
    mask = foreground(image, sigma=2)
    rng = np.random.default_rng(0)
    markers = np.zeros(image.shape, int)
    markers[rng.integers(0, 303, 60), rng.integers(0, 384, 60)] = np.arange(1, 61)
    mask |= markers > 0
    smoothed = ndimage.gaussian_filter(image, 2, mode="nearest")
    low, high = smoothed.min(), smoothed.max()
    height = {
        "distance": -ndimage.distance_transform_edt(mask),
        "intensity": -(smoothed - low) / (high - low) * 100,
        "gradient": sobel(smoothed),
    }[landscape]
    expected = segmentation.watershed(
        height, markers, mask=mask, compactness=compactness
    )
    found = watershed(
        image,
        landscape=landscape,
        sigma=2,
        compactness=compactness,
        markers=markers,
        min_size=0,
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("rule", ["otsu", "all"])
@pytest.mark.parametrize(
    ("dtype", "ids"),
    [
        pytest.param("uint8", [1, 2, 3, 4], id="uint8"),
        pytest.param("int64", [9, 2, 5, 1], id="any-order"),
        pytest.param("int32", [2_000_000_000, 70_000, 5, 1], id="large"),
        pytest.param("uint64", [2**64 - 1, 2**40, 5, 1], id="huge"),
        pytest.param(">i2", [1, 2, 3, 4], id="big-endian"),
    ],
)
def test_every_marker_becomes_one_object(landscape, rule, dtype, ids, discs):
    places = ((16, 16), (16, 33), (34, 52), (40, 5))  # the last in the background
    markers = np.zeros(discs.shape, dtype)
    for place, number in zip(places, ids, strict=True):
        markers[place] = number
    before = markers.copy()
    labels = watershed(
        discs, landscape=landscape, foreground=rule, markers=markers, min_size=0
    )
    np.testing.assert_array_equal(markers, before)
    order = np.argsort(np.argsort(ids)) + 1
    assert [labels[place] for place in places] == list(order)
    np.testing.assert_array_equal(np.unique(labels[labels > 0]), [1, 2, 3, 4])


def test_marker_of_several_parts_is_one_object(discs):
    markers = np.zeros(discs.shape, int)
    markers[16, 12] = markers[16, 20] = 1
    markers[16, 33] = 2
    labels = watershed(discs, markers=markers, min_size=0)
    assert labels[16, 12] == labels[16, 20] == 1
    assert labels[16, 33] == 2
    assert not labels[34, 52]  # no marker, no object


def test_markers_hold_no_marker(discs):
    with pytest.raises(InputError, match="`markers` hold no marker"):
        watershed(discs, markers=np.zeros(discs.shape, int))


def test_broken_pixels_are_background_even_under_a_marker(discs):
    image = discs.astype(float)
    image[10:20, 14:18] = np.nan
    markers = np.zeros(discs.shape, int)
    markers[16, 16], markers[16, 33] = 1, 2
    for given in ({}, {"markers": markers}, {"foreground": "all"}):
        labels = watershed(image, min_size=0, **given)
        assert not labels[np.isnan(image)].any()
        assert labels.any()


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("name", ["coins", "cell", "volume"])
def test_higher_h_never_gives_more_objects(landscape, name, blobs):
    image = (
        blobs((9, 40, 40)) if name == "volume" else getattr(data, name)()[:150, :150]
    )
    counts = [
        watershed(image, landscape=landscape, h=h, min_size=0).max()
        for h in (0, 0.5, 1, 2, 4, 8, 20, 100)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("h", [0.0, 1.0, 7.0, 100.0])
def test_no_object_is_lost_whatever_h(landscape, h):
    mask = np.zeros((60, 80), bool)
    mask[5:6, 5:30] = True  # thin
    mask[20:23, 5:8] = True  # small
    y, x = np.ogrid[:60, :80]
    mask |= (y - 35) ** 2 + (x - 50) ** 2 <= 400
    labels = watershed(mask * 50 + 10, landscape=landscape, sigma=0, h=h, min_size=0)
    np.testing.assert_array_equal(labels > 0, mask)
    if h == 100:
        assert labels.max() == 3


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("shape", [(40, 40), (9, 20, 20)], ids=["2-D", "3-D"])
def test_dark_objects_are_bright_ones_of_the_negative(landscape, shape, blobs):
    image = np.round(blobs(shape) * 255)
    given = {"landscape": landscape, "foreground": "mean", "h": 0.3, "min_size": 3}
    bright = watershed(image, **given)
    dark = watershed(255 - image, objects="dark", **given)
    assert bright.max() > 1
    np.testing.assert_array_equal(bright, dark)


def test_small_objects_are_removed(discs):
    every = watershed(discs, min_size=0)
    sizes = np.bincount(every.ravel())
    sizes[0] = 0
    fewer = watershed(discs, min_size=int(sizes.max()))
    np.testing.assert_array_equal(fewer > 0, sizes[every] == sizes.max())
    assert fewer.max() < every.max()


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (9, 9), (1, 1, 1), (1, 8, 8), (4, 4, 4)]
)
@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("h", [0, 1])
def test_whole_image_is_one_object_where_it_is_constant(shape, landscape, h):
    labels = watershed(
        np.ones(shape), landscape=landscape, foreground="all", h=h, min_size=0
    )
    np.testing.assert_array_equal(labels, np.ones(shape))


def test_flooding_everything_leaves_nothing_out(discs):
    labels = watershed(discs, landscape="gradient", foreground="all", min_size=0)
    assert (labels > 0).all()


def test_compact_regions_are_more_equal():
    rng = np.random.default_rng(0)
    image = rng.random((60, 60))
    markers = np.zeros(image.shape, int)
    markers[10::20, 10::20] = np.arange(1, 10).reshape(3, 3)
    given = {"landscape": "intensity", "foreground": "all", "markers": markers}
    loose, compact = (watershed(image, compactness=c, **given) for c in (0, 100))
    spread = [np.bincount(labels.ravel())[1:].std() for labels in (loose, compact)]
    assert spread[1] < 0.2 * spread[0]


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_lines_are_those_of_skimage(landscape):
    image = data.coins().astype(np.float32)
    given = {"landscape": landscape, "foreground": "all", "sigma": 2, "min_size": 0}
    markers = np.zeros(image.shape, int)
    rng = np.random.default_rng(0)
    markers[rng.integers(0, 303, 60), rng.integers(0, 384, 60)] = np.arange(1, 61)
    found = watershed(image, lines=True, markers=markers, **given)
    apart = found == 0
    assert 0.002 < apart.mean() < 0.1
    pixels = np.pad(found, 1)
    for step in ((0, 1), (1, 0)):
        near = np.roll(pixels, step, (0, 1))
        assert not ((pixels != near) & (pixels > 0) & (near > 0)).any()
    if landscape == "gradient":
        smoothed = ndimage.gaussian_filter(image, 2, mode="nearest")
        expected = segmentation.watershed(sobel(smoothed), markers, watershed_line=True)
        np.testing.assert_array_equal(found, expected)


def test_lines_part_the_objects_that_touch(discs):
    joined, parted = watershed(discs), watershed(discs, lines=True)
    assert parted.max() == joined.max()
    lost = (joined > 0) & (parted == 0)
    assert 0 < lost.sum() < 25
    np.testing.assert_array_equal(parted[parted > 0], joined[parted > 0])


def test_mask_is_what_is_flooded(discs):
    mask = np.zeros(discs.shape, ">i4")
    mask[5:20, 5:60] = 7
    labels = watershed(discs, mask=mask, min_size=0)
    np.testing.assert_array_equal(labels > 0, mask > 0)
    assert not watershed(discs, mask=np.zeros_like(mask)).any()
    painted = np.zeros_like(mask)
    painted[40, 3] = 1  # a marker outside counts, as in a foreground
    labels = watershed(discs, mask=mask, markers=painted, min_size=0)
    assert labels[40, 3] == 1 and (labels > 0).sum() == 1


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_no_flood_crosses_a_wall(landscape):
    image = np.random.default_rng(0).random((40, 60))
    walls = np.zeros(image.shape, np.uint8)
    walls[:, 20:23], walls[18, 23:] = 1, 9
    markers = np.zeros(image.shape, int)
    markers[5, 5], markers[5, 40], markers[35, 40] = 1, 2, 3
    labels = watershed(
        image, landscape=landscape, foreground="all", markers=markers, barriers=walls
    )
    assert (labels[:, :20] == 1).all()
    assert (labels[:18, 23:] == 2).all() and (labels[19:, 23:] == 3).all()
    assert (labels[:, 20] == 1).all() and (labels[:, 22] > 1).all()  # the nearest
    parted = watershed(
        image,
        landscape=landscape,
        foreground="all",
        markers=markers,
        barriers=walls,
        lines=True,
    )
    assert (np.count_nonzero(parted == 0, axis=1)[:18] == 1).all()


def test_gap_in_a_wall_is_where_floods_meet():
    walls = np.zeros((60, 121), bool)
    walls[:, 60] = True
    walls[26:34, 60] = False
    walls[[0, -1]] = walls[:, [0, -1]] = True
    labels = watershed(
        np.zeros(walls.shape), foreground="all", barriers=walls, h=5, min_size=0
    )
    assert labels.max() == 2 and (labels > 0).all()
    assert (labels[:, :60] == labels[5, 5]).all()
    assert (labels[:, 61:] == labels[5, 100]).all()


def test_marker_on_a_wall_stays(discs):
    walls = np.zeros(discs.shape, int)
    walls[:, 24] = 1
    markers = np.zeros(discs.shape, int)
    markers[16, 16], markers[16, 24] = 1, 2
    labels = watershed(discs, markers=markers, barriers=walls, min_size=0)
    assert labels[16, 16] == 1 and labels[16, 24] == 2


def test_two_spheres_sampled_coarsely_along_planes():
    spacing, radius = (4.0, 1.0, 1.0), 12.0
    centres = [(16.0, 16.0, 16.0), (16.0, 16.0 + 1.7 * radius, 16.0)]
    image = _balls(centres, radius, (9, 54, 33), spacing)
    labels = watershed(image, spacing=spacing, sigma=0, h=1)
    assert labels.max() == 2
    places = np.indices(image.shape).reshape(3, -1).T * spacing
    away = [((places - c) ** 2).sum(axis=1) for c in centres]
    nearest = np.argmin(away, axis=0).reshape(image.shape) + 1
    own = nearest if labels[4, 16, 16] == 1 else 3 - nearest
    inside = image > 0
    assert (labels[inside] == own[inside]).mean() > 0.99
    cap = np.pi * (0.15 * radius) ** 2 * (3 * radius - 0.15 * radius) / 3
    volume = 4 / 3 * np.pi * radius**3 - cap
    volumes = np.bincount(labels.ravel())[1:] * np.prod(spacing)
    np.testing.assert_allclose(volumes, volume, rtol=0.05)
