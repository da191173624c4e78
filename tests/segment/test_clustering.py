"""Classes of pixels against brute force and scikit-learn."""

from itertools import combinations

import numpy as np
import pytest
from skimage import data
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from napari_morphogen.segment.clustering import kmeans, optimal_classes


def _inertia(features, labels):
    """Return the sum of squared distances of (pixels, channels) to class means."""
    features = features.astype(np.float64)
    classes = [features[labels == c] for c in np.unique(labels)]
    return sum(((points - points.mean(axis=0)) ** 2).sum() for points in classes)


def _sklearn(points, n_clusters, n_init):
    with threadpool_limits(1):
        model = KMeans(n_clusters, n_init=n_init, random_state=0)
        return model.fit(points).inertia_


def _brute_force(values, n_clusters):
    """Return the smallest inertia of all ways to cut the sorted values."""
    ordered = np.sort(values)
    cuts = combinations(range(1, len(values)), n_clusters - 1)
    return min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, cut))
        for cut in cuts
    )


@pytest.mark.parametrize("n_clusters", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["integers", "floats", "far"])
def test_one_channel_is_as_good_as_brute_force(n_clusters, seed, kind):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 9, 14) if kind == "integers" else rng.normal(size=14)
    if kind == "far":
        values[3] = 1e9  # must not drown the others in rounding
    labels = kmeans(values[None], n_clusters=n_clusters)[0]
    count = min(n_clusters, len(np.unique(values)))
    assert labels.max() == len(np.unique(labels)) == count
    best = _brute_force(values.astype(float), count)
    assert _inertia(values[:, None], labels) == pytest.approx(best)


@pytest.mark.parametrize(
    ("values", "n_clusters", "starts"),
    [
        pytest.param([1, 2, 8, 9], 2, [0, 2], id="two"),
        pytest.param([1, 2, 8, 9], 1, [0], id="one"),
        pytest.param([1, 2, 8, 9], 4, [0, 1, 2, 3], id="each"),
        pytest.param([5], 1, [0], id="single"),
    ],
)
def test_cuts(values, n_clusters, starts):
    found = optimal_classes(np.array(values), np.ones(len(values)), n_clusters)
    np.testing.assert_array_equal(found, starts)


def test_counts_are_weights():
    values = np.array([0.0, 1.0, 2.2])
    np.testing.assert_array_equal(optimal_classes(values, np.ones(3), 2), [0, 2])
    heavy = np.array([100.0, 100.0, 1.0])
    np.testing.assert_array_equal(optimal_classes(values, heavy, 2), [0, 1])


def _random(name):
    rng = np.random.default_rng(5)
    return {
        "bytes": rng.integers(0, 256, (40, 40)).astype(np.uint8),
        "normal": rng.normal(size=(40, 40)),
        "skewed": rng.gamma(0.5, size=(40, 40)).astype(np.float32),
        "heavy": rng.standard_cauchy((40, 40)),
        "hot pixel": np.where(
            np.eye(40) * np.arange(40) == 9, 1e4, rng.random((40, 40))
        ),
        "counts": rng.poisson(3e5, (40, 40)).astype(np.uint32),
        "two ranges": np.concatenate(
            [rng.random((20, 40)), 1e5 + 1e3 * rng.random((20, 40))]
        ),
        "coins": data.coins()[:60, :60],
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "bytes",
        "normal",
        "skewed",
        "heavy",
        "hot pixel",
        "counts",
        "two ranges",
        "coins",
    ],
)
@pytest.mark.parametrize("n_clusters", [2, 3, 6])
def test_one_channel_is_never_worse_than_sklearn(name, n_clusters):
    image = _random(name)
    points = image.reshape(-1, 1).astype(np.float64)
    best = _sklearn(points, n_clusters, 20)
    labels = kmeans(image, n_clusters=n_clusters)
    assert _inertia(points, labels.ravel()) <= best * (1 + 1e-5)
    np.testing.assert_array_equal(np.unique(labels), np.arange(1, n_clusters + 1))


@pytest.mark.parametrize("n_clusters", [2, 4, 8])
@pytest.mark.parametrize("axis", [0, 2])
def test_colours_are_as_good_as_sklearn(n_clusters, axis):
    image = data.astronaut()[::6, ::6]
    points = image.reshape(-1, 3).astype(np.float64)
    best = _sklearn(points, n_clusters, 10)
    moved = np.moveaxis(image, -1, axis)
    labels = kmeans(moved, n_clusters=n_clusters, channel_axis=axis)
    assert _inertia(points, labels.ravel()) <= best * 1.01


def test_fit_on_a_sample_serves_all_pixels(monkeypatch):
    monkeypatch.setattr("napari_morphogen.segment.clustering.SAMPLE", 500)
    monkeypatch.setattr("napari_morphogen.segment.clustering.CHUNK", 700)
    image = data.astronaut()[::8, ::8]
    points = image.reshape(-1, 3).astype(np.float64)
    best = _sklearn(points, 3, 10)
    labels = kmeans(image, n_clusters=3, channel_axis=2)
    assert _inertia(points, labels.ravel()) <= best * 1.05


@pytest.mark.parametrize("channels", [1, 3])
def test_classes_are_ordered_from_dark_to_bright(channels):
    image = np.stack([data.coins()[:80, :80]] * channels)
    labels = kmeans(image, n_clusters=5, channel_axis=0)
    means = [image[:, labels == c].mean() for c in range(1, 6)]
    assert means == sorted(means)


def test_other_seed_may_only_change_colours():
    grey, colour = data.coins()[:60, :60], data.astronaut()[::8, ::8]
    one, two = (kmeans(grey, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(one, two)
    first, again = (kmeans(colour, n_clusters=7, channel_axis=2) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("n_different", [1, 2, 3])
def test_fewer_values_than_classes(channels, n_different):
    image = np.tile(np.arange(12) % n_different, (channels, 5, 1))
    labels = kmeans(image, n_clusters=4, channel_axis=0)
    np.testing.assert_array_equal(labels, image[0] + 1)


def test_pixel_broken_in_one_channel_has_no_class():
    image = np.random.default_rng(0).random((3, 20, 20))
    image[1, 4:6, 7] = np.nan
    image[2, 9, 9] = np.inf
    labels = kmeans(image, channel_axis=0)
    np.testing.assert_array_equal(labels == 0, ~np.isfinite(image).all(axis=0))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: a * 2.0**900, id="huge"),
        pytest.param(lambda a: a * 2.0**-900, id="tiny"),
        pytest.param(lambda a: np.where(a > 0.99, 1e300, a), id="far-apart"),
        pytest.param(lambda a: a.round() + a * 1e-17, id="nearly-equal"),
        pytest.param(lambda a: a * [[[1]], [[1e30]], [[1e-30]]], id="unlike-channels"),
    ],
)
def test_hostile_channels(change):
    image = change(np.random.default_rng(0).random((3, 25, 25)))
    labels = kmeans(image, n_clusters=10, channel_axis=0)
    np.testing.assert_array_equal(np.unique(labels), np.arange(1, labels.max() + 1))
    assert labels.max() > 1, labels.max()


def test_smoothing_joins_speckles():
    rng = np.random.default_rng(0)
    truth = np.repeat([1, 2], 40 * 20).reshape(40, 40)
    image = truth + rng.normal(0, 0.5, truth.shape)
    rough, smooth = (kmeans(image, n_clusters=2, sigma=s) for s in (0, 3))
    assert np.mean(smooth != truth) < 0.02 < np.mean(rough != truth)


def test_mahalanobis_is_euclidean_after_whitening():
    image = data.astronaut()[::8, ::8]
    points = image.reshape(-1, 3).astype(float)
    root = np.linalg.cholesky(np.linalg.inv(np.cov(points.T)))
    best = _sklearn(points @ root, 4, 10)
    labels = kmeans(image, n_clusters=4, distance="mahalanobis", channel_axis=2)
    assert _inertia(points @ root, labels.ravel()) <= best * 1.01
    means = [image[labels == c].mean() for c in range(1, 5)]
    assert means == sorted(means)


def test_mahalanobis_does_not_mind_the_unit_of_a_channel():
    image = data.astronaut()[::8, ::8].astype(float)
    given = {"n_clusters": 4, "distance": "mahalanobis", "channel_axis": 2}
    labels = kmeans(image, **given)
    scaled = kmeans(image * [1, 1000, 1], **given)
    same = labels[..., None] == np.arange(1, 5)
    other = scaled[..., None] == np.arange(1, 5)
    overlap = same.reshape(-1, 4).T.astype(int) @ other.reshape(-1, 4).astype(int)
    assert overlap.max(axis=1).sum() > 0.99 * labels.size


@pytest.mark.parametrize("spare", [0.0, 1.0], ids=["constant", "repeated"])
def test_mahalanobis_needs_no_full_rank(spare):
    one = np.repeat([0.0, 5.0, 9.0], 20).reshape(6, 10)
    image = np.stack([one, one * spare, one], axis=0)
    labels = kmeans(image, distance="mahalanobis", channel_axis=0)
    np.testing.assert_array_equal(labels.ravel(), np.repeat([1, 2, 3], 20))
