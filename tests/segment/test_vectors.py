"""Feature vectors of pixels against scikit-image, SciPy and known spreads."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import color, data

from napari_morphogen.segment.clustering import kmeans
from napari_morphogen.segment.mixture import gaussian_mixture
from napari_morphogen.segment.vectors import converted, textures, vectors

METHODS = [(kmeans, "n_clusters"), (gaussian_mixture, "n_components")]


def _share(labels, truth):
    """Return how many pixels are in the class that `truth` says."""
    return np.mean(labels == truth)


def test_lab_is_scikit_images():
    image = data.astronaut()[::8, ::8]
    assert (image.min(), image.max()) == (0, 255)
    found = converted(image.reshape(-1, 3).astype(np.float32), "lab")
    np.testing.assert_allclose(found, color.rgb2lab(image).reshape(-1, 3), atol=1e-4)


def test_hues_have_no_beginning():
    reds = color.hsv2rgb([[0.99, 1, 1], [0.01, 1, 1], [0.5, 1, 1], [0.5, 0, 0]])
    cone = converted(reds, "hsv")
    assert np.linalg.norm(cone[0] - cone[1]) < 0.2
    assert np.linalg.norm(cone[0] - cone[2]) > 1.9


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("space", ["lab", "hsv"])
def test_other_numbers_of_channels_are_no_colours(channels, space):
    values = np.random.default_rng(0).random((20, channels))
    np.testing.assert_array_equal(converted(values, space), values)


@pytest.mark.parametrize("space", ["lab", "hsv"])
@pytest.mark.parametrize(("method", "count"), METHODS)
def test_shade_counts_less_than_colour(method, count, space):
    """Two dull colours, each in light and shade."""
    rng = np.random.default_rng(0)
    colours = np.repeat([[200.0, 40, 40], [40, 40, 200]], 200, axis=0)
    shade = np.where(rng.random((400, 1)) < 0.5, 1.0, 0.8)
    image = (colours * shade + rng.normal(0, 2, colours.shape)).reshape(20, 20, 3)
    labels = method(image, **{count: 2}, colour_space=space, channel_axis=2)
    assert len(np.unique(labels[:10])) == len(np.unique(labels[10:])) == 1
    assert labels[0, 0] != labels[-1, 0]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (3.0, 1.0)])
@pytest.mark.parametrize("weight", [0.5, 1.0, 4.0])
def test_places_spread_as_their_weight_says(spacing, weight):
    image = np.random.default_rng(0).random((20, 30))
    found = vectors(image, spacing=spacing, position=weight).points
    spread = found.var(axis=0)
    assert spread[1:].sum() == pytest.approx(weight**2 * spread[0])
    rows, columns = np.unique(found[:, 1]), np.unique(found[:, 2])
    step = np.diff(rows).mean() / np.diff(columns).mean()
    assert step == pytest.approx(spacing[0])


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_texture_is_a_local_standard_deviation(scale):
    image = np.random.default_rng(0).random((40, 40))
    whole = np.ones(image.shape, bool)
    found = textures(image, whole, (), (scale,)).reshape(image.shape)
    mean = ndimage.gaussian_filter(image, scale, mode="nearest")
    square = ndimage.gaussian_filter((image - mean) ** 2, 2 * scale, mode="nearest")
    np.testing.assert_allclose(found, np.sqrt(square))


def test_texture_does_not_see_broken_pixels():
    image = np.ones((30, 30))
    image[:, 15:] = np.nan
    image[:5, :15] += np.random.default_rng(0).random((5, 15))
    points = vectors(image, texture=1.0).points
    assert points.shape == (450, 4)
    rough = points[:, 1].reshape(30, 15)
    assert rough[:4].min() > 10 * rough[15:].max()


@pytest.mark.parametrize(("method", "count"), METHODS)
@pytest.mark.parametrize("shape", [(60, 80), (8, 40, 60)], ids=["2-D", "3-D"])
def test_texture_tells_rough_from_smooth(method, count, shape):
    rng = np.random.default_rng(0)
    truth = np.ones(shape, int)
    truth[..., shape[-1] // 2 :] = 2
    image = 100 + rng.normal(size=shape) * np.where(truth == 2, 20, 4)
    labels = method(image, **{count: 2}, texture=4.0)
    plain = kmeans(image, n_clusters=2)
    agree = max(_share(labels, truth), _share(labels, 3 - truth))
    assert agree > 0.85
    assert agree > max(_share(plain, truth), _share(plain, 3 - truth)) + 0.1


def test_places_make_classes_hold_together():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(40, 40))
    image[:, 20:] += 1.5

    def borders(labels):
        return np.count_nonzero(np.diff(labels)) + np.count_nonzero(np.diff(labels.T))

    far, near = (kmeans(image, n_clusters=2, position=p) for p in (0.0, 2.0))
    assert borders(near) < 0.3 * borders(far)


def test_thick_rows_are_farther_apart():
    image = np.random.default_rng(0).random((30, 30)) * 1e-3
    given = {"n_clusters": 2, "position": 10.0}
    across = kmeans(image, **given, spacing=(4.0, 1.0))
    along = kmeans(image, **given, spacing=(1.0, 4.0))
    assert (across == across[:, :1]).all()
    assert (along == along[:1]).all()


def test_one_plane_is_flat():
    image = np.random.default_rng(0).random((20, 24))
    given = {"position": 1.0, "texture": 1.0}
    np.testing.assert_array_equal(
        kmeans(image[None], **given)[0], kmeans(image, **given)
    )
