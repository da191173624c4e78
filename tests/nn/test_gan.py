"""Generators that learn by being judged: DCGAN and StyleGAN."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from napari_morphogen.nn import dcgan, stylegan
from napari_morphogen.nn.gan import (
    LONG,
    STRONG,
    WEAK,
    AdversarialLearner,
    Recipe,
    augmented,
)
from napari_morphogen.nn.generator import GeneratorConfig

SMALL = {"channels": 1, "shape": (16, 16), "width": 4, "latent": 8}
MODULES = {"dcgan": dcgan, "stylegan": stylegan}
KINDS = pytest.mark.parametrize("kind", MODULES)


def config(kind, **changes):
    return GeneratorConfig(kind, **(SMALL | changes))


def learner(kind="dcgan", **changes):
    module, found = MODULES[kind], config(kind, **changes)
    torch.manual_seed(0)
    bright = torch.rand(8, found.channels, *found.shape)
    classes = torch.arange(8) % 2 if found.classes else None
    made = module.FAMILY.build(found)
    return module.FAMILY.learner(made, lambda n: (bright, classes), 1e-3, "cpu")


# ---- networks


@KINDS
@pytest.mark.parametrize("side", [16, 24, 40, 64])
def test_patches_of_every_size_are_made_and_judged(kind, side):
    module, found = MODULES[kind], config(kind, shape=(side, side), channels=3)
    maker = module.FAMILY.build(found).eval()
    noise = torch.randn(2, *module.FAMILY.noise(found))
    made = module.FAMILY.sample(maker, noise, 1.0, None, 0)
    assert made.shape == (2, 3, side, side)
    assert module.Judge(found)(made, None).shape == (2,)


@KINDS
def test_all_weights_learn(kind):
    one = learner(kind, classes=("a", "b"))
    for number in range(2):  # noise begins with strength 0
        one(number, 0.0)
    for network in (one.network, one.judge):
        for name, value in network.named_parameters():
            assert value.grad is not None and value.grad.abs().sum() > 0, name


def test_a_styled_convolution_is_one_with_its_own_kernel_for_every_sample():
    torch.manual_seed(0)
    layer = stylegan.Styled(5, 6, style=8)
    x, style = torch.randn(3, 5, 9, 9), torch.randn(3, 8)
    scales = layer.style(style)
    kernels = layer.weight[None] * layer.gain * scales[:, None, :, None, None]
    kernels /= kernels.square().sum(dim=(2, 3, 4), keepdim=True).sqrt()
    each = [
        functional.conv2d(a[None], k, padding=1)
        for a, k in zip(x, kernels, strict=True)
    ]
    wanted = functional.leaky_relu(torch.cat(each), 0.2) * 2**0.5
    torch.testing.assert_close(layer(x, style), wanted, atol=1e-5, rtol=1e-4)


def test_truncation_leads_to_one_image():
    found = config("stylegan")
    maker = stylegan.FAMILY.build(found).eval()
    for layer in (*maker.enter, *maker.stay):
        torch.nn.init.ones_(layer.strength)
    noise = torch.randn(4, stylegan.length(found))
    with torch.no_grad():
        made = [stylegan.FAMILY.sample(maker, noise, t, None, 0) for t in (1, 0.5, 0)]
    spread = [float(images.std(dim=0).mean()) for images in made]
    assert spread[0] > spread[1] > spread[2] == 0


def test_two_codes_meet_in_one_sample():
    """With two styles, coarse scales follow the first and fine ones the second."""
    torch.manual_seed(0)
    maker = stylegan.FAMILY.build(config("stylegan")).eval()
    codes = torch.randn(2, 8)
    one, other = (maker.styles(code[None], None) for code in codes)
    noise = torch.zeros(1, stylegan.length(maker.config) - 8)
    scales = len(maker.shapes)
    mixed = maker.painted([one] * (scales - 1) + [other], noise)
    alone = [maker.painted([style] * scales, noise) for style in (one, other)]
    assert all((mixed - image).abs().max() > 1e-3 for image in alone)
    assert torch.equal(maker.painted([one] * scales, noise), alone[0])


# ---- learning


def test_augmentation_moves_and_brightens_by_known_amounts():
    images = torch.from_numpy(
        ndimage.gaussian_filter(
            np.random.default_rng(0).normal(size=(64, 1, 16, 16)), 1
        )
    ).float()
    torch.manual_seed(0)
    found = augmented(images, 1.0)
    for before, after in zip(images[:, 0].numpy(), found[:, 0].numpy(), strict=True):
        inner = after[2:-2, 2:-2]  # moved by two pixels at most
        errors = [
            np.ptp(inner - before[2 + y : 14 + y, 2 + x : 14 + x])
            for y in range(-2, 3)
            for x in range(-2, 3)
        ]
        assert min(errors) < 1e-5
    assert augmented(images, 0.0) is images


def test_augmentation_lets_gradients_through():
    images = torch.zeros(4, 1, 16, 16, requires_grad=True)
    augmented(images, 1.0).sum().backward()
    assert images.grad.sum() == pytest.approx(4 * 256)


def test_augmentation_comes_when_the_discriminator_is_sure():
    one = learner()
    sure, unsure = torch.full((8,), 5.0), torch.tensor([1.0, -1.0] * 4)
    for _ in range(200):
        one._watch(sure, -sure)
    assert one.seen[2] > 0.5
    for _ in range(300):
        one._watch(unsure, unsure)
    assert one.seen[2] == 0


@pytest.mark.parametrize(("answer", "note"), [(0.0, WEAK), (9.0, STRONG)])
def test_a_gap_that_stays_empty_or_full_is_said(answer, note):
    one, answers = learner(), torch.full((8,), answer)
    assert one.note == ""
    for _ in range(LONG + 400):
        one._watch(answers, -answers)
    assert one.note == note


def test_the_penalty_is_the_squared_slope():
    class Plane(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(3.0))

        def forward(self, images, classes):
            return self.weight * images.sum(dim=(1, 2, 3))

    recipe = Recipe(noise=8, beta=0.5, decay=0.9, penalty=2.0, every=1)
    images = torch.rand(4, 1, 16, 16)
    maker = dcgan.FAMILY.build(config("dcgan"))
    one = AdversarialLearner(
        maker, Plane(), lambda n: (images, None), 1e-3, "cpu", recipe
    )
    with_it = one._judge(images, images, None, 0)
    bare = functional.softplus(-3 * images.sum((1, 2, 3))).mean()
    bare += functional.softplus(3 * images.sum((1, 2, 3))).mean()
    assert float(with_it - bare) == pytest.approx(9 * 256, rel=1e-4)


def test_the_averaged_generator_gets_its_own_statistics():
    one = learner()
    for number in range(3):
        one(number, 0.0)
    one.finish()
    noise = torch.randn(4096, 8)
    norm = one.average.network.enter[2]
    with torch.no_grad():
        values = one.average.network.enter[:2](noise)
    assert not norm.training
    mean = values.mean(dim=(0, 2, 3))
    spread = values.std(dim=(0, 2, 3))
    assert ((norm.running_mean - mean).abs() < 0.2 * spread).all()
