"""DBSCAN on pixels: scikit-learn's labels, by compiled loops and without numba."""

import os
import subprocess
import sys

import numpy as np
import pytest
from skimage import data
from sklearn.cluster import DBSCAN

from napari_morphogen import samples
from napari_morphogen.fast import clusters
from napari_morphogen.fast.modules import SWITCH
from napari_morphogen.params import InputError
from napari_morphogen.segment import dbscan as module
from napari_morphogen.segment.dbscan import dbscan, grid_clusters, value_clusters

EPS = (1.0, 1.5, 2.0, 2.5, 3.0)
SIZES = (1.0, 1.0, 0.5, 1.3, 2.0)


@pytest.fixture(params=["compiled", "plain"])
def engine(request, monkeypatch):
    """Both ways to the labels, whatever the size of the image."""
    monkeypatch.setattr(module, "SMALL", 0)
    if request.param == "plain":
        monkeypatch.setenv(SWITCH, "off")
    else:
        pytest.importorskip("numba")
        monkeypatch.setenv(SWITCH, "now")
        monkeypatch.setattr(clusters, "LINES", 3)  # several threads and seams
        monkeypatch.setattr(clusters, "cores", lambda: 3)


def _sklearn(features, eps, min_samples, spacing):
    """Return scikit-learn's labels, 0 for noise and for pixels with NaN."""
    shape = features.shape[1:]
    places = np.indices(shape).reshape(len(shape), -1) * np.array(spacing)[:, None]
    values = features.reshape(len(features), -1).astype(float)
    points = np.vstack([places[: len(shape)], values]).T
    known = np.isfinite(points).all(axis=1)
    labels = np.zeros(len(points), np.int32)
    if known.any():
        model = DBSCAN(eps=eps, min_samples=min_samples)
        labels[known] = model.fit(points[known]).labels_ + 1
    return labels.reshape(shape)


def _case(seed):
    """Return a random small image with random parameters."""
    rng = np.random.default_rng(seed)
    ndim, channels = rng.integers(2, 4), rng.integers(1, 4)
    shape = tuple(rng.integers(1, 20 if ndim == 2 else 9, ndim))
    features = rng.normal(0, 1.5, (channels, *shape))
    if seed % 2:  # many equal distances
        features = rng.integers(0, rng.integers(2, 12), features.shape)
    features = features.astype(np.float32)
    features[:, rng.random(shape) < 0.1 * (seed % 3)] = np.nan
    spacing = tuple(rng.choice(SIZES, ndim).tolist())
    return features, float(rng.choice(EPS)), int(rng.integers(1, 15)), spacing


@pytest.mark.parametrize("start", range(0, 240, 20))
def test_random_images_have_sklearns_labels(engine, start):
    for seed in range(start, start + 20):
        given = _case(seed)
        np.testing.assert_array_equal(
            grid_clusters(*given), _sklearn(*given), err_msg=f"seed {seed}"
        )


@pytest.mark.parametrize("seed", range(40))
def test_values_without_places_have_sklearns_labels(seed):
    features, eps, min_samples, _ = _case(seed)
    found = value_clusters(features[0], eps / 4, min_samples)
    values = features[0].ravel().astype(float)
    expected = np.zeros(values.size, np.int32)
    known = np.isfinite(values)
    if known.any():
        model = DBSCAN(eps=eps / 4, min_samples=min_samples)
        expected[known] = model.fit(values[known, None]).labels_ + 1
    np.testing.assert_array_equal(found.ravel(), expected)


@pytest.mark.parametrize("name", ["coins", "astronaut"])
def test_real_image_has_sklearns_labels(engine, name):
    image = getattr(data, name)()[::6, ::6]
    channel_axis = 2 if image.ndim == 3 else None
    stack = np.moveaxis(np.atleast_3d(image), -1, 0).astype(float)
    stack -= stack.min(axis=(1, 2), keepdims=True)
    features = stack / stack.max() * (100 / 6.0 / len(stack) ** 0.5)
    found = dbscan(
        image,
        eps=2.0,
        min_samples=7,
        contrast=6.0,
        sigma=0,
        min_size=0,
        channel_axis=channel_axis,
    )
    expected = _sklearn(features.astype(np.float32), 2.0, 7, (1.0, 1.0))
    assert found.max() > 3
    np.testing.assert_array_equal(found, expected)


def test_coins_are_found_by_default():
    labels = dbscan(samples.coins().data)
    sizes = np.bincount(labels.ravel())[1:]
    assert 20 <= np.count_nonzero(sizes > 500) <= 28  # 24 coins and the background


def test_cell_is_found_by_default():
    labels = dbscan(samples.cell().data)
    assert labels.max() == 2
    assert 8_000 < np.count_nonzero(labels == 2) < 15_000


def test_grey_colours_are_like_one_channel():
    image = data.coins()[:100, :100]
    three = dbscan(np.stack([image] * 3), channel_axis=0)
    np.testing.assert_array_equal(three > 0, dbscan(image) > 0)


def test_thick_planes_are_far_apart(engine):
    image = np.zeros((3, 12, 12))
    image[1] = 100
    given = {"eps": 2.0, "min_samples": 5, "sigma": 0, "min_size": 0, "contrast": 1.0}
    cubic = dbscan(image, **given)
    thick = dbscan(image, spacing=(3.0, 1.0, 1.0), **given)
    assert [plane.max() for plane in cubic] == [1, 2, 1]
    assert [plane.max() for plane in thick] == [1, 2, 3]


def test_gap_separates_and_noise_is_nothing():
    image = np.zeros((20, 41))
    image[:, 20] = np.nan
    image[5, 5] = 100
    labels = dbscan(image, eps=1.5, min_samples=4, sigma=0)
    assert set(np.unique(labels[:, :20])) == {0, 1}
    assert labels[5, 5] == 0
    assert set(np.unique(labels[:, 21:])) == {2}
    assert not labels[:, 20].any()


def test_small_regions_are_removed():
    image = np.zeros((20, 20))
    image[2:6, 2:6] = 100
    labels = dbscan(image, sigma=0, eps=1.5, min_samples=4, min_size=0)
    assert labels.max() == 2
    assert dbscan(image, sigma=0, eps=1.5, min_samples=4, min_size=17).max() == 1


def test_far_pixels_of_one_intensity_belong_together_without_places():
    image = np.tile([[0, 0, 0, 200, 200, 100]], (10, 5))
    labels = dbscan(image, position=False, sigma=0, min_samples=20, contrast=1.0)
    np.testing.assert_array_equal(labels[0, :6], [1, 1, 1, 2, 2, 3])


def test_channels_need_places():
    with pytest.raises(InputError, match="3; choose a channel"):
        dbscan(np.zeros((3, 5, 5)), position=False, channel_axis=0)


@pytest.mark.parametrize("lines", [1, 5, 64])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_change_the_labels(monkeypatch, lines, threads):
    pytest.importorskip("numba")
    monkeypatch.setenv(SWITCH, "now")
    image = np.random.default_rng(0).random((4, 30, 25)).astype(np.float32) * 20
    monkeypatch.setattr(clusters, "LINES", lines)
    monkeypatch.setattr(clusters, "cores", lambda: threads)
    monkeypatch.setattr(module, "SMALL", 0)
    labels = grid_clusters(image[None], 2.0, 4)
    assert labels.max() > 10
    np.testing.assert_array_equal(labels, _sklearn(image[None], 2.0, 4, (1, 1, 1)))


BROKEN = """
import sys
from importlib.abc import MetaPathFinder
class Broken(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "numba":
            raise {error}("broken")
sys.meta_path.insert(0, Broken())
import numpy as np
from napari_morphogen.fast import modules
from napari_morphogen.segment import dbscan
dbscan.SMALL = 0
assert modules.module("density") is None
print(dbscan.dbscan(np.eye(60), sigma=0, min_samples=2, min_size=0).max())
"""


@pytest.mark.parametrize("error", ["ImportError", "OSError", "SystemError"])
def test_missing_or_broken_numba_does_not_matter(error):
    code = BROKEN.format(error=error)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {SWITCH: "now"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    expected = dbscan(np.eye(60), sigma=0, min_samples=2, min_size=0).max()
    assert int(done.stdout) == expected
