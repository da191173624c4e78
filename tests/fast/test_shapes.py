"""The compiled distances, domes and the watershed on them, against the plain way."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, measure, morphology, segmentation

from napari_morphogen import fast
from napari_morphogen.segment import flooding
from napari_morphogen.segment.hierarchy import hierarchical_watershed
from napari_morphogen.segment.watershed import watershed

SHAPES = [(1, 7), (7, 1), (40, 300), (130, 37), (1, 9, 8), (6, 1, 1), (12, 30, 41)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.95, 0.999])
@pytest.mark.parametrize("spacing", [(), (2.5, 1.0, 1.3), (2, 1, 1)], ids=str)
def test_distance_is_that_of_scipy(compiled, shape, share, spacing):
    mask = np.random.default_rng(0).random(shape) < share
    mask.flat[mask.size // 2] = False
    sizes = spacing[-len(shape) :]
    expected = ndimage.distance_transform_edt(mask, sampling=sizes or None)
    found = fast.distance(mask, sizes)
    assert found is not None and found.dtype == np.float32
    np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize("shape", [(2, 2), (40, 50), (9, 20, 24)], ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("levels", [3, 1000])
@pytest.mark.parametrize("h", [1, 30, 2000])
def test_reconstruction_is_that_of_skimage(compiled, shape, dtype, levels, h):
    rng = np.random.default_rng(0)
    mask = rng.random(shape) < 0.8
    mask.flat[0] = True
    image = rng.integers(0, levels, shape).astype(dtype)
    ceiling = np.where(mask, image, image.min() - h - 1)
    seed = np.where(mask, ceiling - h, ceiling)
    expected = morphology.reconstruction(seed, ceiling)
    found = fast.reconstruction(seed, ceiling, mask)
    assert found is not None and found.dtype == seed.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("landscape", ["distance", "intensity", "gradient"])
@pytest.mark.parametrize("name", ["coins", "cell", "volume"])
@pytest.mark.parametrize("spacing", [(), (2.3, 1.0, 1.4)], ids=str)
@pytest.mark.parametrize("h", [0.0, 1.0, 5.0])
def test_watershed_is_that_of_the_plain_way(both, landscape, name, spacing, h, blobs):
    image = blobs((12, 40, 40)) if name == "volume" else getattr(data, name)()
    given = {"landscape": landscape, "spacing": spacing[-image.ndim :], "h": h}
    for rule in ("otsu", "all"):
        found, expected = both(watershed, image, foreground=rule, min_size=0, **given)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(1, 9), (60, 70), (12, 30, 31)], ids=str)
@pytest.mark.parametrize("levels", [2, 30, 10**7])
@pytest.mark.parametrize("share", [0.6, 1.0])
def test_flood_is_that_of_skimage_where_no_markers_tie(compiled, shape, levels, share):
    rng = np.random.default_rng(0)
    landscape = rng.integers(0, levels, shape).astype(np.float32)
    mask = rng.random(shape) < share
    places = rng.permutation(np.flatnonzero(mask))[:9]
    markers = np.zeros(shape, np.int32)
    markers.flat[places] = np.arange(len(places)) + 1
    landscape.flat[places] = -1 - np.arange(len(places))
    found = fast.flood(landscape, markers, mask)
    expected = segmentation.watershed(landscape, markers, mask=mask)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("scale", [0.0, 1e-44, 1e-20, 1e30])
def test_flood_of_any_range(compiled, scale):
    rng = np.random.default_rng(0)
    landscape = (rng.random((40, 50)) * scale).astype(np.float32)
    landscape[5, 5] = -scale
    markers = measure.label(morphology.local_minima(landscape)).astype(np.int32)
    markers[5, 5] = markers[5, 5] or markers.max() + 1
    found = fast.flood(landscape, markers, np.ones(landscape.shape, bool))
    assert (found > 0).all()
    np.testing.assert_array_equal(found[markers > 0], markers[markers > 0])


def test_touching_discs_of_one_size_are_shared_out_as_the_plain_way(both, discs):
    image = np.hstack([discs] * 4) > 40
    found, expected = both(watershed, image.astype("f4"), sigma=0, foreground="mean")
    np.testing.assert_array_equal(found, expected)
    assert found.max() > 8


@pytest.mark.parametrize("shape", [(1, 9), (40, 50), (9, 20, 21)], ids=str)
@pytest.mark.parametrize("levels", [1, 2, 30, 10**7])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_flood_from_any_markers_is_that_of_the_plain_way(both, shape, levels, dtype):
    rng = np.random.default_rng(1)
    landscape = (rng.integers(-levels, levels, shape) / 7).astype(dtype)
    mask = rng.random(shape) < 0.9
    markers = np.where(rng.random(shape) < 0.05, rng.integers(0, 9, shape), 0)
    found, expected = both(flooding.flood, landscape, markers.astype("i4"), mask)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype == np.int32


@pytest.mark.parametrize("landscape", ["distance", "intensity", "gradient"])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_watershed_from_strokes_is_that_of_the_plain_way(both, landscape, dtype):
    image = data.coins().astype(dtype)
    markers = np.zeros(image.shape, np.int32)
    for number, row in enumerate(range(10, 300, 20), 1):
        markers[row : row + 3, 20 * number : 20 * number + 60] = number
    given = {"landscape": landscape, "markers": markers, "min_size": 0}
    for rule in ("otsu", "all"):
        found, expected = both(watershed, image, foreground=rule, **given)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("landscape", ["gradient", "intensity"])
@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_hierarchy_is_that_of_the_plain_way(both, landscape, dtype):
    image = data.coins().astype(dtype)
    for merge in (0.0, 5.0):
        found, expected = both(
            hierarchical_watershed, image, landscape=landscape, merge=merge
        )
        np.testing.assert_array_equal(found, expected)
