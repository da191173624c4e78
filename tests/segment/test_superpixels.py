"""Superpixels: scikit-image's on plain images, and what must hold on all."""

import numpy as np
import pytest
from skimage import data, segmentation
from skimage.measure import label

from napari_morphogen.segment.superpixels import slic


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
