"""DCGAN: transposed convolutions make patches, strided ones judge them."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from napari_morphogen.nn.gan import AdversarialLearner, Recipe, halvings
from napari_morphogen.nn.generator import Draw, Family, GeneratorConfig

WIDEST = 4  # times the width
TOLD = 16  # features of a class
SLOPE = 0.2  # of the rectifier below 0


class Maker(nn.Module):
    """The generator.

    Parameters
    ----------
    config : GeneratorConfig
        With classes it can be asked for each of them.

    References
    ----------
    .. [1] A. Radford et al., Unsupervised representation learning with deep
       convolutional generative adversarial networks, ICLR (2016),
       DOI 10.48550/arXiv.1511.06434
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths = _widths(config)[::-1]
        self.start = tuple(n >> len(widths) for n in config.shape)
        classes = len(config.classes)
        self.classes = nn.Embedding(classes, TOLD) if classes else None
        told = TOLD if classes else 0
        self.enter = nn.Sequential(
            nn.Linear(config.latent + told, widths[0] * math.prod(self.start)),
            nn.Unflatten(1, (widths[0], *self.start)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        for before, width in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        last = nn.ConvTranspose2d(widths[-1], config.channels, 4, 2, 1)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())
        self.apply(_begin)

    def forward(self, noise: Tensor, classes: Tensor | None) -> Tensor:
        """Return patches (N, channels, M, N) of noise (N, latent)."""
        if self.classes is not None and classes is not None:
            noise = torch.cat([noise, self.classes(classes)], dim=1)
        found: Tensor = self.layers(self.enter(noise))
        return found


class Judge(nn.Module):
    """The discriminator.

    Parameters
    ----------
    config : GeneratorConfig
        Of the generator.

    Notes
    -----
    Of classes it is told by the projection of T. Miyato and M. Koyama, cGANs with
    projection discriminator, ICLR (2018), DOI 10.48550/arXiv.1802.05637.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = _widths(config)
        layers: list[nn.Module] = []
        before = config.channels
        for number, width in enumerate(widths):
            layers.append(nn.Conv2d(before, width, 4, 2, 1, bias=number == 0))
            layers += [nn.BatchNorm2d(width)] if number else []
            layers.append(nn.LeakyReLU(SLOPE))
            before = width
        self.layers = nn.Sequential(*layers, nn.Flatten())
        start = math.prod(n >> len(widths) for n in config.shape)
        self.leave = nn.Linear(before * start, 1)
        classes = len(config.classes)
        self.classes = nn.Embedding(classes, before * start) if classes else None
        self.apply(_begin)

    def forward(self, images: Tensor, classes: Tensor | None) -> Tensor:
        """Return a value for each of images (N, channels, M, N), high for real ones."""
        x = self.layers(images)
        found: Tensor = self.leave(x)[:, 0]
        if self.classes is not None and classes is not None:
            found = found + (x * self.classes(classes)).sum(dim=1)
        return found


def _widths(config: GeneratorConfig) -> list[int]:
    """Return the channels of every level, from half resolution down."""
    levels = min(halvings(n) for n in config.shape)
    return [min(2**i, WIDEST) * config.width for i in range(levels)]


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def _learner(
    network: Maker, draw: Draw, rate: float, device: str
) -> AdversarialLearner:
    config = network.config
    recipe = Recipe(noise=config.latent, beta=0.5, decay=0.995)
    return AdversarialLearner(network, Judge(config), draw, rate, device, recipe)


def _noise(config: GeneratorConfig) -> tuple[int, ...]:
    return (config.latent,)


def _sample(
    network: Maker,
    noise: Tensor,
    truncation: float,
    classes: Tensor | None,
    steps: int,
) -> Tensor:
    found: Tensor = network(truncation * noise, classes)
    return found


FAMILY = Family(Maker, _learner, _noise, _sample, width=32, latent=64, rate=5e-4)
