"""The discriminator beside the likelihood of a VAE."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from napari_morphogen.nn import vae
from napari_morphogen.nn.generator_options import GeneratorOptions
from napari_morphogen.nn.generator_training import GeneratorTraining
from napari_morphogen.nn.patch_judge import Judging, PatchJudge
from napari_morphogen.nn.train import Budget

OPTIONS = GeneratorOptions("vae", patch=16, batch=8, width=8, foreground=0)
STRIDES = [(2, 2), (2, 2)]


@pytest.fixture(autouse=True)
def same_start():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def grains(count, sigma=0.0, seed=0):
    rng = np.random.default_rng(seed)
    found = rng.normal(0, 0.3, (count, 1, 16, 16)).astype(np.float32)
    if sigma:
        found = gaussian_filter(found, (0, 0, sigma, sigma))
        found *= 0.3 / found.std()
    return torch.from_numpy(found)


@pytest.fixture(scope="module")
def taught():
    """Return what has learnt to tell soft grain from sharp."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        judging = Judging(PatchJudge(1, STRIDES, (8, 16)))
        for number in range(100):
            sharp, soft = grains(16, seed=number), grains(16, 1.0, seed=1000 + number)
            judging.learn(sharp, soft, 0.0, 5e-3)
    return judging


def test_soft_images_are_told_from_sharp_ones(taught):
    with torch.no_grad():
        real, fake = taught.judge(grains(32, seed=9999)), taught.judge(grains(32, 1.0))
    assert real.shape == (32, 1, 4, 4)
    assert (real > 0).float().mean() > 0.75 > 0.25 > (fake > 0).float().mean()


def test_what_learns_from_the_judge_gets_sharper(taught):
    made = grains(16, 1.0, seed=5).requires_grad_(True)
    before = made.detach().diff(dim=-1).square().mean()
    optimiser = torch.optim.Adam([made], lr=0.02)
    for _ in range(20):
        optimiser.zero_grad()
        taught.surprise(made).backward()
        optimiser.step()
    assert made.detach().diff(dim=-1).square().mean() > 1.5 * before


def test_what_is_made_learns_and_the_judge_does_not():
    judging = Judging(PatchJudge(1, STRIDES, (8, 16)))
    made = grains(4).requires_grad_(True)
    judging.surprise(made).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert all(value.grad is None for value in judging.judge.parameters())
    assert all(value.requires_grad for value in judging.judge.parameters())


def test_volumes_are_judged():
    judge = PatchJudge(2, [(1, 2, 2), (2, 2, 2)], (4, 8))
    assert judge(torch.zeros(3, 2, 4, 16, 16)).shape == (3, 1, 2, 4, 4)


def test_decoded_patches_are_judged_once_there_is_something_to_judge(monkeypatch):
    monkeypatch.setattr(vae, "LEAST_STEPS", 0)
    rng = np.random.default_rng(0)
    images = [rng.normal(100, 10, (1, 24, 24)) for _ in range(4)]

    def course(sharpness):
        monkeypatch.setattr(vae, "SHARPNESS", sharpness)
        training = GeneratorTraining(images, options=OPTIONS)
        steps = training.run(Budget(steps=20), every=1)
        soft = [training.losses["soft"] for _ in steps if "soft" in training.losses]
        return soft, training.learner.network.decoder.state_dict()

    soft, judged = course(0.5)
    _, alone = course(0.0)
    assert soft[:3] == [0, 0, 0] and min(soft[5:]) > 0
    assert not all(torch.equal(judged[name], alone[name]) for name in judged)
