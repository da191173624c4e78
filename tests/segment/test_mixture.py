"""Gaussian mixtures against scikit-learn and known classes."""

import numpy as np
import pytest
from skimage import data
from sklearn.mixture import GaussianMixture

from napari_morphogen.segment.clustering import cluster, kmeans
from napari_morphogen.segment.mixture import fit, gaussian_mixture


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_components", [2, 4])
def test_fit_is_as_likely_as_sklearns(channels, n_components):
    image = data.astronaut()[::8, ::8, :channels] / 255.0
    pixels = image.reshape(-1, channels)
    mixture = fit(pixels, cluster(pixels, n_components))
    logs = mixture.log_densities(pixels)
    likelihood = np.log(np.exp(logs).sum(axis=1)).mean()
    model = GaussianMixture(n_components, random_state=0).fit(pixels)
    assert likelihood >= model.score(pixels) - 0.02
    assert mixture.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_densities_are_sklearns(channels):
    pixels = np.random.default_rng(0).random((300, channels))
    mixture = fit(pixels, cluster(pixels, 3))
    model = GaussianMixture(3)
    model.weights_, model.means_ = mixture.weights, mixture.means
    model.covariances_ = mixture.covariances
    roots = np.linalg.cholesky(np.linalg.inv(mixture.covariances))
    model.precisions_cholesky_ = roots
    found = mixture.log_densities(pixels)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(pixels))
    together = np.log(np.exp(found).sum(axis=1))
    np.testing.assert_allclose(together, model.score_samples(pixels))


def test_long_clouds_are_told_apart():
    rng = np.random.default_rng(0)
    truth = np.repeat([1, 2], 1000).reshape(40, 50)
    along, across = rng.normal(0, 10, truth.shape), rng.normal(0, 0.3, truth.shape)
    image = np.stack([along, across + 3 * truth], axis=-1)
    labels = gaussian_mixture(image, n_components=2, channel_axis=2)
    agree = max(np.mean(labels == truth), np.mean(labels == 3 - truth))
    plain = kmeans(image, n_clusters=2, channel_axis=2)
    fooled = max(np.mean(plain == truth), np.mean(plain == 3 - truth))
    assert agree > 0.99
    assert fooled < 0.7


def test_narrow_class_beside_a_wide_one():
    rng = np.random.default_rng(0)
    truth = np.repeat([1, 2], 2000).reshape(50, 80)
    image = np.where(truth == 1, rng.normal(0, 1, truth.shape), 0)
    image = np.where(truth == 2, rng.normal(8, 6, truth.shape), image)
    labels = gaussian_mixture(image, n_components=2)
    assert np.mean(labels == truth) > np.mean(kmeans(image, n_clusters=2) == truth)
    assert np.mean(labels == truth) > 0.85


def test_fit_on_a_sample_serves_all_pixels(monkeypatch):
    image = data.astronaut()[::4, ::4]
    whole = gaussian_mixture(image, channel_axis=2)
    monkeypatch.setattr("napari_morphogen.segment.mixture.SAMPLE", 4000)
    monkeypatch.setattr("napari_morphogen.segment.mixture.CHUNK", 700)
    sampled = gaussian_mixture(image, channel_axis=2)
    assert np.mean(sampled == whole) > 0.9
    again = gaussian_mixture(image, channel_axis=2)
    np.testing.assert_array_equal(sampled, again)


def test_classes_are_ordered_by_their_means():
    image = np.random.default_rng(0).permutation(np.repeat([5, 90, 30], 100))
    labels = gaussian_mixture(image.reshape(15, 20), n_components=3)
    expected = np.searchsorted([5, 30, 90], image) + 1
    np.testing.assert_array_equal(labels.ravel(), expected)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("n_different", [1, 2, 3])
def test_fewer_values_than_classes(channels, n_different):
    image = np.tile(np.arange(12) % n_different, (channels, 5, 1))
    labels = gaussian_mixture(image, n_components=5, channel_axis=0)
    np.testing.assert_array_equal(labels, image[0] + 1)


@pytest.mark.parametrize("factor", [2.0**900, 2.0**-900])
def test_hostile_channels(factor):
    image = np.random.default_rng(0).random((3, 25, 25))
    labels = gaussian_mixture(image * factor, channel_axis=0)
    np.testing.assert_array_equal(labels, gaussian_mixture(image, channel_axis=0))
    unlike = gaussian_mixture(image * [[[1]], [[1e30]], [[1e-30]]], channel_axis=0)
    assert unlike.max() == 3
