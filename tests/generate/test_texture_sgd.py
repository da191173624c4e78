"""Gradient descent makes patches like those of the example, step by step."""

import numpy as np
import pytest
from scipy import stats

from napari_morphogen import SpatialArray, run, samples
from napari_morphogen.generate import texture_sgd as module
from napari_morphogen.generate.forest import texture_forest
from napari_morphogen.generate.texture_levels import Level
from napari_morphogen.generate.texture_sgd import texture_sgd
from napari_morphogen.params import InputError, last
from napari_morphogen.pipeline import plan

FEW = {"steps": 3}


def wall(side=64):
    return samples.bricks().data[:side, :side]


def patch_distance(ours, theirs):
    """Return the sliced Wasserstein distance of 5 x 5 patches, by SciPy."""
    views = np.lib.stride_tricks.sliding_window_view
    rows = [views(i.astype(float), (5, 5)).reshape(-1, 25)[::5] for i in (ours, theirs)]
    directions = np.random.default_rng(1).standard_normal((16, 25))
    pairs = ([r @ d for r in rows] for d in directions)
    return np.mean([stats.wasserstein_distance(*pair) for pair in pairs])


def test_patches_come_closer_to_those_of_the_example_than_a_forest_brings_them():
    example = samples.bricks().data[:128, :128]
    drawn = texture_forest(example, variety=0.8)
    made = last(texture_sgd(example)).image
    before, after = (patch_distance(i, example) for i in (drawn.image, made))
    assert after < 0.8 * before
    assert abs(made.mean() - example.mean()) < 0.3 * example.std()
    assert example.min() <= made.min() < made.max() <= example.max()


def test_descent_from_noise_reaches_the_distribution_of_patches():
    rng = np.random.default_rng(0)
    example = wall().astype("f4")[..., None] / wall().std()
    noise = (rng.standard_normal(example.shape) + example.mean()).astype("f4")
    level = Level(example, None, (64, 64), (1, 1))
    descent = module._Descent(level, noise, 5, rng)
    before = patch_distance(noise[..., 0], example[..., 0])
    distances = [descent.step(0.05) for _ in range(60)]
    assert np.mean(distances[-5:]) < 0.5 * np.mean(distances[:5])
    assert patch_distance(descent.made[..., 0], example[..., 0]) < 0.3 * before


def test_start_from_noise_finds_the_stripes():
    """No forest has drawn them: 3 bright of 6 columns, whatever the phase."""
    stripes = np.tile(np.repeat([0.0, 9.0], 3), (36, 6))
    words = {"start": "noise", "steps": 120, "rate": 0.06, "seed": 1}
    steps = list(texture_sgd(stripes, width=48, **words))
    made = np.asarray(steps[-1].result().image)
    assert steps[-1].energy < steps[0].energy / 3
    spectrum = np.abs(np.fft.rfft(made.mean(axis=0) - made.mean()))
    assert np.argmax(spectrum) == 48 / 6
    assert made.std(axis=0).mean() < 0.5 * made.std()  # of noise it is all


def test_gradient_is_the_adjoint_of_the_projection():
    rng = np.random.default_rng(0)
    image = rng.standard_normal((9, 8, 2)).astype("f4")
    kernels = rng.standard_normal((3, 5, 2, 4)).astype("f4")
    found = module._projected(image, kernels)
    assert found.shape == (4, 7 * 4)
    away = rng.standard_normal(found.shape).astype("f4")
    back = module._spread(away, kernels, image.shape)
    assert (found * away).sum() == pytest.approx((image * back).sum(), rel=1e-4)
    one = (image[2:5, 1:6] * kernels[..., 3]).sum()
    assert found[3, 2 * 4 + 1] == pytest.approx(one, rel=1e-4)


def test_every_step_has_an_image():
    steps = texture_sgd(wall(40), steps=4)
    shapes = {step.number: step.result().image.shape for step in steps}
    assert shapes == dict.fromkeys(range(1, 9), (40, 40))  # two scales


def test_stopping_early_is_asking_for_fewer_steps():
    todo = plan("texture_sgd", wall(40), seed=3, **FEW)
    steps = todo.steps(())
    early = next(s for s in steps if s.number == 2).result()["image"]
    fewer = run("texture_sgd", wall(40), iterations=2, seed=3, **FEW)
    np.testing.assert_array_equal(early, fewer)
    other = run("texture_sgd", wall(40), iterations=2, seed=4, **FEW)
    assert (other != fewer).any()


def test_layout_is_followed():
    rng = np.random.default_rng(0)
    labels = np.zeros((64, 64), np.int32)
    labels[8:24, 8:24], labels[36:56, 30:50] = 1, 2
    example = 100 * (labels > 0) + rng.normal(0, 5, labels.shape)
    layout = np.zeros((48, 80), np.int32)
    layout[14:34, 50:70] = 1
    words = {"labels": labels, "layout": layout, "height": 48, "width": 80}
    made = last(texture_sgd(example, **words)).image
    assert made[layout > 0].mean() == pytest.approx(100, abs=15)
    assert made[layout == 0].mean() == pytest.approx(0, abs=15)
    with pytest.raises(InputError, match="give `labels`, too"):
        next(texture_sgd(example, layout=layout))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (33, 65), (3, 3, 3)])
def test_any_size(shape):
    example = np.random.default_rng(0).integers(3, 9, shape)
    for size in (0, 1, 10):
        made = last(texture_sgd(example, height=size, **FEW)).image
        assert made.shape == (*shape[:-2], size or shape[-2], shape[-1])
        assert made.min() >= 3 and made.max() <= 8


def test_hostile_examples():
    example = wall(40).astype(">f4")
    example[3:9, 4] = np.nan
    made = last(texture_sgd(example, **FEW)).image
    assert np.isfinite(made).all() and made.dtype == np.float32
    for value in (7.0, np.nan):
        same = last(texture_sgd(np.full((20, 20), value), **FEW)).image
        assert (same == np.nan_to_num(value)).all()
    volume = samples.spheres().data[:6, :40, :40]
    assert last(texture_sgd(volume, depth=4, **FEW)).image.shape == (4, 40, 40)


def test_colours():
    rgb = samples.tissue()
    part = rgb.like(rgb.data[:40, :40], "yxc", name="part")
    found = run("texture_sgd", part, width=50, **FEW)
    assert isinstance(found, SpatialArray)
    assert (found.data.shape, found.rgb, found.data.dtype) == ((40, 50, 3), True, "u1")
