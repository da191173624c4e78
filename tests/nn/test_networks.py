"""The U-Net: any size, any pixel size, folded and tiled equal to whole."""

import numpy as np
import pytest
import torch

from napari_morphogen.nn.networks import (
    UNet,
    UNetConfig,
    folded,
    pooling_factors,
)
from napari_morphogen.nn.predict import predict

PLANE = UNetConfig(width=4)
VOLUME = UNetConfig(3, 2, 3, 4, ((1, 2, 2), (1, 2, 2), (2, 2, 2)), pooling="average")


def network(config, seed=0):
    torch.manual_seed(seed)
    found = UNet(config)
    for module in found.modules():  # statistics as after training
        if hasattr(module, "running_var"):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return found.eval()


def image(config, shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(config.in_channels, *shape)).astype(np.float32)


@pytest.mark.parametrize(
    ("config", "shape"),
    [(PLANE, s) for s in [(1, 1), (1, 9), (17, 5), (32, 40)]]
    + [(VOLUME, s) for s in [(1, 1, 1), (1, 9, 8), (5, 17, 3), (6, 1, 1)]],
)
def test_result_has_the_size_of_the_input(config, shape):
    found = network(config)(torch.from_numpy(image(config, shape))[None])
    assert found.shape == (1, config.out_channels, *shape)
    assert torch.isfinite(found).all()


def test_stem_and_head_are_pixel_unshuffle_and_shuffle():
    from napari_morphogen.nn import networks

    x = torch.rand(2, 3, 8, 6)
    deep = networks._space_to_depth(x, (2, 2))
    expected = torch.nn.functional.pixel_unshuffle(x, 2)
    assert torch.equal(deep, expected)
    assert torch.equal(networks._depth_to_space(deep, (2, 2)), x)
    volume = torch.rand(1, 2, 4, 8, 6)
    deep = networks._space_to_depth(volume, (1, 2, 2))
    assert deep.shape == (1, 8, 4, 4, 3)
    assert torch.equal(networks._depth_to_space(deep, (1, 2, 2)), volume)


def test_pooling_makes_pixels_cubic():
    assert pooling_factors((1, 1), 2) == ((2, 2), (2, 2))
    assert pooling_factors((2, 1, 1), 3) == ((1, 2, 2), (2, 2, 2), (2, 2, 2))


@pytest.mark.parametrize("config", [PLANE, VOLUME])
def test_folding_changes_nothing(config):
    whole = network(config)
    x = torch.from_numpy(image(config, (9, 24, 30)[-config.ndim :]))[None]
    assert torch.allclose(whole(x), folded(whole)(x), atol=1e-5)
    assert any("running_mean" in name for name in whole.state_dict())


@pytest.mark.parametrize(
    ("config", "shape", "tile"),
    [(PLANE, (150, 131), 40), (PLANE, (3, 200), 16), (VOLUME, (7, 90, 61), 24)],
)
@pytest.mark.parametrize("flips", [False, True])
def test_tiled_equals_untiled(config, shape, tile, flips):
    net, x = network(config), image(config, shape)
    whole = predict(net, x, tile=10_000, flips=flips)
    tiled = predict(net, x, tile=tile, flips=flips)
    assert np.abs(tiled - whole).max() < 1e-5


def test_reach_holds_all_that_a_pixel_changes():
    net, x = network(PLANE), image(PLANE, (200, 200))
    before = predict(net, x)
    x[0, 100, 100] += 100
    changed = np.argwhere((predict(net, x) != before).any(axis=0))
    assert np.abs(changed - 100).max() <= PLANE.reach[0]


def test_mirrored_image_gives_mirrored_prediction_with_flips():
    net, x = network(PLANE), image(PLANE, (32, 48))
    plain = predict(net, x, flips=True)
    turned = predict(net, x[:, :, ::-1], flips=True)
    assert np.allclose(turned[:, :, ::-1], plain, atol=1e-5)
