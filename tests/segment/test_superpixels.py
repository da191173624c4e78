"""Superpixels: scikit-image's on plain images, and what must hold on all."""

import numpy as np
import pytest
from skimage import color, data, segmentation
from skimage.measure import label

from napari_morphogen.segment.clustering import cluster, kmeans
from napari_morphogen.segment.superpixels import slic, superpixel_clusters


def test_plain_image_is_scikit_images():
    image = data.coins()
    grey = (image - image.min()) / np.ptp(image)
    expected = segmentation.slic(
        grey, n_segments=150, compactness=0.1, sigma=0, channel_axis=None
    )
    found = slic(image, n_segments=150, compactness=0.1, sigma=0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("axis", [0, 2])
def test_colours_follow_their_axis(axis):
    image = data.astronaut()[::4, ::4]
    labels = slic(np.moveaxis(image, -1, axis), channel_axis=axis)
    np.testing.assert_array_equal(labels, slic(image, channel_axis=2))
    assert 100 < labels.max() < 300


def test_superpixels_are_connected_and_numbered():
    labels = slic(data.coins(), n_segments=100)
    ids = np.unique(labels)
    np.testing.assert_array_equal(ids, np.arange(1, ids.size + 1))
    assert label(labels, connectivity=1).max() == ids.size


def test_they_follow_an_edge():
    image = np.zeros((40, 60), np.uint8)
    image[:, 27:] = 200
    labels = slic(image, n_segments=30, sigma=0)
    assert not set(np.unique(labels[:, :27])) & set(np.unique(labels[:, 27:]))


def test_size_of_a_pixel_is_used(volume):
    grey = (volume.data - volume.data.min()) / np.ptp(volume.data)
    given = {"n_segments": 60, "compactness": 0.1, "sigma": 0, "spacing": (2.0, 1, 1)}
    expected = segmentation.slic(grey, channel_axis=None, **given)
    found = slic(volume.data, **given)
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found, slic(volume.data, **given | {"spacing": ()}))


def test_broken_pixels_are_in_no_superpixel():
    image = data.coins()[:80, :80].astype(float)
    image[10:30, 20:40] = np.nan
    image[50, 50] = np.inf
    labels = slic(image, n_segments=40)
    np.testing.assert_array_equal(labels == 0, ~np.isfinite(image))


@pytest.mark.parametrize("method", ["kmeans", "gaussian mixture"])
@pytest.mark.parametrize("shape", [(80, 120), (10, 40, 60)], ids=["2-D", "3-D"])
def test_classes_of_superpixels_see_texture(method, shape):
    rng = np.random.default_rng(0)
    truth = np.ones(shape, int)
    truth[..., shape[-1] // 3 :], truth[..., 2 * shape[-1] // 3 :] = 2, 3
    mean, spread = np.array([[0, 90, 100, 140], [0, 5, 30, 5]])[:, truth]
    image = mean + rng.normal(size=shape) * spread
    given = {"n_segments": 150, "n_clusters": 3, "compactness": 1.0}
    labels = superpixel_clusters(image, **given, method=method)
    assert np.mean(labels == truth) > 0.9
    pixels = kmeans(image, n_clusters=3)
    assert np.mean(labels == truth) > np.mean(pixels == truth) + 0.1
    assert np.count_nonzero(np.diff(labels)) < 0.3 * np.count_nonzero(np.diff(pixels))


def test_classes_of_superpixels_are_made_of_superpixels():
    image = data.astronaut()[::4, ::4]
    given = {"n_segments": 100, "compactness": 0.1, "sigma": 1.0, "channel_axis": 2}
    labels = superpixel_clusters(image, n_clusters=4, **given)
    segments = slic(image, **given)
    pairs = np.unique(np.stack([segments.ravel(), labels.ravel()]), axis=1)
    assert pairs.shape[1] == segments.max()
    means = [image[labels == c].mean() for c in range(1, 5)]
    assert means == sorted(means)


def test_large_superpixels_count_more():
    points = np.array([[0.0, 0], [0, 0.4], [0, 1]])
    heavy_ends = cluster(points, 2, 0, points, np.array([1, 1, 50]))
    heavy_middle = cluster(points, 2, 0, points, np.array([1, 50, 1]))
    np.testing.assert_array_equal(heavy_ends == heavy_ends[1], [True, True, False])
    np.testing.assert_array_equal(heavy_middle == heavy_middle[1], [True, True, False])


def test_lab_superpixels_are_scikit_images():
    image = data.astronaut()[::4, ::4]
    lab = color.rgb2lab(image)
    lab -= lab.min(axis=(0, 1))
    expected = segmentation.slic(
        lab / lab.max(), 150, 0.1, sigma=0, convert2lab=False, channel_axis=-1
    )
    given = {"n_segments": 150, "compactness": 0.1, "sigma": 0, "channel_axis": 2}
    found = slic(image, colour_space="lab", **given)
    assert np.mean(found == expected) > 0.95
