"""Images from forests look like their example, obey a layout and repeat by seed."""

import math

import numpy as np
import pytest
from scipy import ndimage, stats

from napari_morphogen import SpatialArray, run, samples
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.forest import texture_forest
from napari_morphogen.generate.texture import copied_share
from napari_morphogen.params import InputError

FEW = {"trees": 3}


def bricks(side=96):
    return samples.bricks().data[:side, :side]


def rings(image, count=8):
    """Return the decimal logarithm of the power in rings of frequencies."""
    image = image - image.mean()
    power = np.abs(np.fft.fft2(image * np.outer(*map(np.hanning, image.shape)))) ** 2
    radius = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, image.shape), indexing="ij"))
    ring = np.minimum((radius * 2 * count).astype(int), count)
    return np.log10(ndimage.mean(power, ring, np.arange(count)))


def patch_distance(ours, theirs):
    """Return the sliced Wasserstein distance of 5 x 5 patches, by SciPy."""
    rows = [
        np.lib.stride_tricks.sliding_window_view(image.astype(float), (5, 5))
        .reshape(-1, 25)[::7]
        for image in (ours, theirs)
    ]  # fmt: skip
    directions = np.random.default_rng(0).standard_normal((16, 25))
    return np.mean(
        [stats.wasserstein_distance(*(r @ d for r in rows)) for d in directions]
    )


@pytest.mark.parametrize("variety", [0.0, 0.3, 0.6])
def test_looks_like_the_example(variety):
    example = bricks()
    made = texture_forest(example, variety=variety, **FEW).image
    assert set(np.unique(made)) <= set(np.arange(256))
    assert abs(made.mean() - example.mean()) < 0.5 * example.std()
    assert 0.5 < made.std() / example.std() < 1.5
    mixed = np.random.default_rng(0).permutation(example.ravel()).reshape(96, 96)
    assert patch_distance(made, example) < 0.4 * patch_distance(mixed, example)
    away = np.abs(rings(made) - rings(example)).mean()
    assert away < 0.5 * np.abs(rings(mixed) - rings(example)).mean()


def test_variety_copies_less():
    shares = [
        texture_forest(bricks(), variety=v, **FEW).figures["copied [%]"]
        for v in (0.0, 1.0)
    ]
    assert 0 <= shares[1] < shares[0] <= 100


def test_copied_share_knows_copies_and_strangers():
    rng = np.random.default_rng(0)
    example, stranger = rng.random((2, 60, 70, 1))
    assert copied_share(2 * example[7:50, 9:60] + 1, example) == 1.0
    assert copied_share(stranger, example) == 0.0
    half = np.concatenate([example[:, :35], stranger[:, 35:]], axis=1)
    assert 0.2 < copied_share(half, example) < 0.6
    assert math.isnan(copied_share(np.ones((20, 20, 1)), example))


def test_layout_is_followed():
    image, labels = synthetic_cells(height=128, width=128, count=14, radius=10.0)
    _, layout = synthetic_cells(height=96, width=112, count=8, radius=10.0, seed=5)
    made = texture_forest(
        image, height=96, width=112, labels=labels, layout=layout
    ).image
    inside, outside = image[labels > 0].mean(), image[labels == 0].mean()
    gap = float(inside - outside)
    assert made[layout > 0].mean() == pytest.approx(inside, abs=0.3 * gap)
    assert made[layout == 0].mean() == pytest.approx(outside, abs=0.15 * gap)
    middle = (inside + outside) / 2
    ours = ndimage.gaussian_filter(made, 1) > middle
    assert (ours == (layout > 0)).mean() > 0.88


def test_classes_of_a_layout():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 32)[:, None].repeat(96, axis=1)
    example = labels * 50 + rng.normal(0, 5, labels.shape)
    layout = labels.T[:, ::-1]
    made = texture_forest(example, labels=labels, layout=layout, kind="classes", **FEW)
    found = ndimage.mean(made.image, layout, [0, 1, 2])
    np.testing.assert_allclose(found, [0, 50, 100], atol=8)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"layout": np.ones((48, 48), int)}, "give `labels`, too"),
        ({"labels": np.ones((48, 48), int)}, "give `layout`, too"),
        ({"labels": np.eye(9, dtype=int), "layout": 1}, r"`labels` of shape \(48, 48"),
        ({"labels": np.zeros((48, 48), int), "layout": 1}, "layout has objects"),
        ({"labels": np.eye(48, dtype=int), "layout": 3, "kind": "classes"}, "class 3"),
        ({"depth": 4}, "has one plane"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, message):
    layout = words.get("layout")
    if isinstance(layout, int):
        words = words | {"layout": np.full((48, 48), layout)}
    with pytest.raises(InputError, match=message):
        texture_forest(bricks(48), **words)


def test_seeds():
    first, same, other = (
        texture_forest(bricks(48), seed=seed, **FEW).image for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (5, 3), (2, 40), (33, 65), (3, 3, 3)]
)
@pytest.mark.parametrize("size", [0, 1, 10])
def test_any_size(shape, size):
    example = np.random.default_rng(0).integers(3, 9, shape)
    words = dict.fromkeys(("height", "width", "depth")[: len(shape)], size)
    made = texture_forest(example, **words, **FEW).image
    assert made.shape == (shape if size == 0 else (size,) * len(shape))
    assert set(np.unique(made)) <= set(np.unique(example))


@pytest.mark.parametrize("dtype", ["u1", ">u2", ">f4", "f8", "i4", "?"])
def test_any_type(dtype):
    example = (bricks(40) > 100).astype(dtype)
    made = texture_forest(example, **FEW).image
    assert made.dtype == (np.float64 if dtype in ("f8", "i4") else np.float32)
    assert set(np.unique(made)) == {0, 1}


def test_broken_and_constant_examples():
    example = bricks(48).astype("f4")
    example[3:9, 4] = np.nan
    example[20, 20] = np.inf
    made = texture_forest(example, **FEW).image
    assert np.isfinite(made).all()
    assert made.max() <= bricks(48).max()
    for value in (7.0, np.nan):
        made = texture_forest(np.full((20, 20), value), **FEW)
        assert (made.image == np.nan_to_num(value)).all()
    huge = texture_forest(bricks(48) * 1e30, **FEW).image
    assert huge.max() > 1e31


def test_colours_and_their_place():
    example = samples.tissue().data[:64, :64]
    made = texture_forest(example, channel_axis=2, width=80, **FEW).image
    assert made.shape == (64, 80, 3)
    for c in range(3):
        assert abs(made[..., c].mean() - example[..., c].mean()) < 25
    pairs = np.corrcoef(made.reshape(-1, 3).T), np.corrcoef(example.reshape(-1, 3).T)
    np.testing.assert_allclose(*pairs, atol=0.25)
    first = np.moveaxis(example, -1, 0)
    again = texture_forest(first, channel_axis=0, width=80, **FEW).image
    np.testing.assert_array_equal(again, np.moveaxis(made, -1, 0))


def test_volumes():
    example = samples.spheres().data[:12, :48, :48]
    made = texture_forest(example, depth=8, height=40, **FEW).image
    assert made.shape == (8, 40, 48)
    assert abs(made.mean() - example.mean()) < 0.6 * example.std()
    assert 0.5 < made.std() / example.std() < 1.5


def test_in_the_pipeline():
    example = SpatialArray(bricks(48), "yx", scale=(0.5, 0.5), name="wall")
    made = run("texture_forest", example, height=30, trees=2)
    assert (made.data.shape, made.scale) == ((30, 48), (0.5, 0.5))
    rgb = samples.tissue()
    part = rgb.like(rgb.data[:40, :40], "yxc", name="part")
    found = run("texture_forest", part, width=50, trees=2)
    assert (found.data.shape, found.rgb, found.data.dtype) == ((40, 50, 3), True, "u1")


def test_labels_of_the_example_may_have_another_size():
    image, labels = synthetic_cells(height=64, width=64, count=5, radius=7.0)
    layout = np.zeros((40, 80), np.int32)
    layout[10:30, 20:40] = 1
    words = {"labels": labels, "layout": layout, "height": 40, "width": 80, "trees": 2}
    assert run("texture_forest", image, **words).shape == (40, 80)
    with pytest.raises(InputError, match="labels"):
        run("texture_forest", image, **words | {"labels": labels[:9]})
