"""What an image says about itself, against what was planted in it."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen import SpatialArray, run
from napari_morphogen.params import check, parameters
from napari_morphogen.registry import METHODS, get
from napari_morphogen.tuning import suggest


def discs(radius, shape=(240, 240), scale=1):
    marks = np.ones(shape, bool)
    every = int(radius * 4)
    places = [range(every // 2, size, every) for size in shape]
    for place in itertools.product(*places):
        marks[place] = False
    sampling = [1.0] * len(shape)
    sampling[0] = scale
    near = ndimage.distance_transform_edt(marks, sampling=sampling)
    return (near <= radius).astype(np.float32)


@pytest.mark.parametrize("radius", [4, 8, 16])
@pytest.mark.parametrize("objects", ["bright", "dark"])
def test_planted_size_and_polarity(radius, objects):
    pixels = discs(radius)
    if objects == "dark":
        pixels = 1 - pixels
    noisy = pixels + np.random.default_rng(0).normal(0, 0.1, pixels.shape)
    found = suggest(SpatialArray(noisy, "yx"))
    assert found.objects == objects
    assert 0.7 < found.size / (2 * radius) < 1.4


def test_planted_size_of_balls():
    found = suggest(SpatialArray(discs(6, (64, 64, 64)), "zyx"))
    assert found.objects == "bright"
    assert 0.7 < found.size / 12 < 1.4


def test_size_counts_in_the_finest_pixels():
    thick = discs(9, (40, 120, 120), scale=3)
    image = SpatialArray(thick, "zyx", scale=(3, 1, 1))
    assert 0.6 < suggest(image).size / 18 < 1.5


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.5])
def test_planted_noise(sigma):
    noise = np.random.default_rng(0).normal(0, sigma, (240, 240))
    shading = np.linspace(0, 5, 240)
    found = suggest(SpatialArray(discs(12) + shading + noise, "yx"))
    assert found.noise == pytest.approx(sigma, rel=0.15)


def test_more_noise_more_smoothing():
    pixels = discs(12)
    rng = np.random.default_rng(0)
    sigmas = [
        suggest(
            SpatialArray(pixels + rng.normal(0, noise, pixels.shape), "yx")
        ).parameters["threshold"]["sigma"]
        for noise in (0.01, 0.3)
    ]
    assert sigmas[0] < sigmas[1]


def test_everything_suggested_can_be_used():
    found = suggest(SpatialArray(discs(12), "yx"))
    for name, values in found.parameters.items():
        function = get(name).function
        plain = {p.name: p.default for p in parameters(function) if not p.role}
        required = any(p.required for p in parameters(function))
        if not required:
            check(function, plain | dict(values))
    assert {"threshold", "watershed"} <= set(found.parameters)
    assert set(found.parameters) <= {method.name for method in METHODS}


def test_suggested_watershed_counts_the_discs():
    pixels = discs(9, (252, 252)) + np.random.default_rng(0).normal(0, 0.3, (252, 252))
    image = SpatialArray(1 - pixels, "yx")
    labels = run("watershed", image, **suggest(image).parameters["watershed"])
    assert labels.data.max() == 49


@pytest.mark.parametrize(
    "image",
    [
        SpatialArray(np.zeros((50, 50)), "yx"),
        SpatialArray(np.full((50, 50), np.nan), "yx"),
        SpatialArray(np.zeros((1, 1), ">u2"), "yx"),
        SpatialArray(np.zeros((0, 5)), "yx"),
        SpatialArray(np.zeros((2, 3, 40, 40, 3), np.uint8), "tzyxc", rgb=True),
        SpatialArray(np.zeros((1, 64, 64)), "zyx"),
        SpatialArray(np.eye(30) > 0, "yx"),
    ],
)
def test_hostile_images(image):
    found = suggest(image)
    assert found.noise >= 0
    assert np.isfinite(found.size)
