"""Noise has the distribution that was asked for."""

import numpy as np
import pytest
from scipy import stats

from napari_morphogen.generate.noise import perlin, random_noise

LARGE = {"height": 400, "width": 300}


@pytest.mark.parametrize("mean", [0.5, 30.0, 5000.0])
def test_photons_vary_by_their_mean(mean):
    image = random_noise(**LARGE, distribution="poisson", mean=mean)
    assert image.mean() == pytest.approx(mean, rel=0.02)
    assert image.var() == pytest.approx(mean, rel=0.03)
    np.testing.assert_array_equal(image, np.rint(image))


@pytest.mark.parametrize("looks", [1, 4, 25])
def test_speckle_is_multiplicative(looks):
    words = {"distribution": "speckle", "looks": looks, **LARGE}
    dim, bright = (random_noise(mean=m, **words) for m in (10.0, 1000.0))
    np.testing.assert_allclose(bright, 100 * dim, rtol=1e-5)
    assert dim.std() / dim.mean() == pytest.approx(looks**-0.5, rel=0.02)
    known = stats.gamma(looks, scale=10 / looks)
    assert stats.kstest(dim.ravel(), known.cdf).statistic < 0.01


@pytest.mark.parametrize(
    ("distribution", "known"),
    [
        ("gaussian", stats.norm(-20, 5)),
        ("uniform", stats.uniform(-20 - 5 * 3**0.5, 10 * 3**0.5)),
    ],
)
def test_mean_and_deviation_are_as_asked(distribution, known):
    image = random_noise(distribution=distribution, mean=-20.0, sd=5.0, **LARGE)
    assert stats.kstest(image.ravel(), known.cdf).statistic < 0.01
    # pixels know nothing of their neighbours
    assert abs(np.corrcoef(image[:, 1:].ravel(), image[:, :-1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("distribution", ["poisson", "speckle"])
@pytest.mark.parametrize("mean", [0.0, -7.0])
def test_no_light_has_no_noise(distribution, mean):
    assert not random_noise(distribution=distribution, mean=mean).any()


@pytest.mark.parametrize("shape", [(1, 48, 64), (24, 16, 32)], ids=["2-D", "3-D"])
def test_one_octave_is_nought_on_its_grid(shape):
    depth, height, width = shape
    image = perlin(depth=depth, height=height, width=width, period=8.0, octaves=1)
    assert (image[(slice(None, None, 8),) * image.ndim] == 0).all()
    assert image.std() > 0.05


def test_tiles_continue_at_the_other_side():
    words = {"height": 40, "width": 64, "period": 16.0, "octaves": 3}
    for seed in range(3):
        tile = perlin(**words, tiles=True, seed=seed)
        twice = np.tile(tile, (2, 2))
        steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
        assert steps[len(tile) - 1] <= steps[: len(tile) - 1].max() * 1.5
        # a period that divides the sides makes the sides periods, too
        assert (twice[:40] == tile[:, np.arange(128) % 64]).all()
    loose = perlin(**words, tiles=False)
    assert np.abs(loose[0] - loose[-1]).max() > np.abs(tile[0] - tile[-1]).max()


def test_noise_is_smooth_and_within_its_limits():
    image = perlin(period=64.0, octaves=1, height=512, width=512)
    bend = np.abs(np.diff(image, 2, axis=0)).max()
    assert bend < 0.01  # no creases on the grid, where two planes meet
    many = perlin(period=20.0, octaves=10, persistence=1.0)
    for made in (image, many):
        assert -1 <= made.min() < -0.2 and 0.2 < made.max() <= 1


def test_more_octaves_add_finer_grains():
    def roughness(octaves):
        image = perlin(period=64.0, octaves=octaves)
        return np.abs(np.diff(image, axis=0)).mean() / image.std()

    found = [roughness(octaves) for octaves in (1, 2, 4, 6)]
    assert found == sorted(found)
    np.testing.assert_array_equal(  # grains below two pixels are left out
        perlin(period=16.0, octaves=4), perlin(period=16.0, octaves=9)
    )


def test_grains_of_a_volume_are_as_thick_as_they_are_wide():
    image = perlin(
        depth=40, height=160, width=160, period=40.0, octaves=1,
        pixel_size=0.5, plane_distance=2.0,
    )  # fmt: skip
    steps = [np.abs(np.diff(image, axis=axis)).mean() for axis in range(3)]
    assert steps[0] == pytest.approx(4 * steps[1], rel=0.15)
    assert steps[1] == pytest.approx(steps[2], rel=0.15)


def test_planes_far_apart_need_no_memory():
    image = perlin(depth=3, height=20, width=20, pixel_size=0.001, plane_distance=1000)
    assert np.isfinite(image).all()
