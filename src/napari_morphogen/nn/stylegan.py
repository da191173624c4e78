"""A small StyleGAN2: a mapping network, styles and noise at every scale."""

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.gan import AdversarialLearner, Recipe, halvings
from napari_morphogen.nn.generator import Draw, Family, GeneratorConfig

MAPPING, SLOWER = 4, 0.01  # layers of the mapping network, and their learning rate
WIDEST = 4  # times the width
SLOPE, GAIN = 0.2, math.sqrt(2)  # of the rectifier
MIXED = 0.5  # of the samples in training have the styles of two codes
CENTRE = 0.995  # of the running mean of styles that stays
EPSILON = 1e-8
UNSHUFFLE = 2  # pixels along each axis that become channels, to be judged


class Scaled(nn.Module):
    """Weights that are drawn alike everywhere and scaled when they are used.

    Parameters
    ----------
    shape : tuple of int
        Outputs, inputs, and the sides of a kernel.
    rate : float
        How much faster than others they learn.
    bias : float
        To begin with.
    """

    def __init__(
        self, shape: tuple[int, ...], rate: float = 1.0, bias: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) / rate)
        self.bias = nn.Parameter(torch.full((shape[0],), bias / rate))
        self.gain, self.rate = rate / math.sqrt(math.prod(shape[1:])), rate

    def forward(self, x: Tensor) -> Tensor:
        """Return a fully connected layer or a convolution of x."""
        weight, bias = self.weight * self.gain, self.bias * self.rate
        if weight.ndim == 2:
            return functional.linear(x, weight, bias)
        return functional.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


class Styled(nn.Module):
    """A convolution whose input channels a style scales, with noise behind it.

    Parameters
    ----------
    before, width, style : int
        Channels that come and go, and the length of a style.
    side : int
        Of the kernel.
    normal : bool
        Whether outputs are brought back to unit variance, noise is added and the
        rectifier follows.

    Notes
    -----
    Inputs are scaled by the style and outputs by what the scaled kernel amounts to,
    which is the same as scaling the kernel for every sample [1]_.

    References
    ----------
    .. [1] T. Karras et al., Analyzing and improving the image quality of StyleGAN,
       CVPR (2020), DOI 10.1109/CVPR42600.2020.00813
    """

    def __init__(
        self, before: int, width: int, style: int, side: int = 3, normal: bool = True
    ) -> None:
        super().__init__()
        self.style = Scaled((before, style), bias=1.0)
        self.weight = nn.Parameter(torch.randn(width, before, side, side))
        self.bias = nn.Parameter(torch.zeros(width))
        self.strength = nn.Parameter(torch.zeros(())) if normal else None
        self.gain = 1 / math.sqrt(before * side**2)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return features (N, width, M, N)."""
        scales, weight = self.style(style), self.weight * self.gain
        x = functional.conv2d(
            x * scales[:, :, None, None], weight, padding=weight.shape[-1] // 2
        )
        if self.strength is None:
            return x + self.bias[None, :, None, None]
        power = scales.square() @ weight.square().sum(dim=(2, 3)).T
        x = x * torch.rsqrt(power + EPSILON)[:, :, None, None]
        if noise is not None:
            x = x + self.strength * noise
        return _rectified(x + self.bias[None, :, None, None])


class Maker(nn.Module):
    """The generator.

    Parameters
    ----------
    config : GeneratorConfig
        With classes it can be asked for each of them.
    """

    centre: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.shapes = list(_shapes(config))
        widths, style = _widths(config)[::-1], config.latent
        classes = len(config.classes)
        self.classes = nn.Embedding(classes, style) if classes else None
        first = 2 * style if classes else style
        sizes = [(style, first)] + [(style, style)] * (MAPPING - 1)
        self.mapping = nn.ModuleList(Scaled(size, SLOWER) for size in sizes)
        self.register_buffer("centre", torch.zeros(style))
        self.start = nn.Parameter(torch.randn(1, widths[0], *self.shapes[0]))
        pairs = [(widths[0], widths[0]), *pairwise(widths)]
        self.enter = nn.ModuleList(Styled(a, b, style) for a, b in pairs)
        self.stay = nn.ModuleList(Styled(b, b, style) for _, b in pairs[1:])
        self.paint = nn.ModuleList(
            Styled(b, config.channels, style, side=1, normal=False) for _, b in pairs
        )

    def forward(
        self, noise: Tensor, classes: Tensor | None, truncation: float = 1.0
    ) -> Tensor:
        """Return patches (N, channels, M, N) of flat noise, `length(config)` each."""
        latent = self.config.latent
        styles = self.styles(noise[:, :latent], classes)
        rest = truncation * noise[:, latent:]
        if self.training:
            with torch.no_grad():
                self.centre.lerp_(styles.mean(dim=0).detach(), 1 - CENTRE)
            return self.painted(self._mixed(styles, classes), rest)
        styles = self.centre + truncation * (styles - self.centre)
        return self.painted([styles] * len(self.shapes), rest)

    def styles(self, latent: Tensor, classes: Tensor | None) -> Tensor:
        """Return the styles (N, latent) of codes."""
        x = _unit(latent)
        if self.classes is not None and classes is not None:
            x = torch.cat([x, _unit(self.classes(classes))], dim=1)
        for layer in self.mapping:
            x = _rectified(layer(x))
        return x

    def painted(self, styles: list[Tensor], noise: Tensor) -> Tensor:
        """Return patches of a style per scale, and of noise for all scales."""
        maps = _maps(noise, self.shapes)
        x = self.start.expand(len(noise), -1, -1, -1)
        x = self.enter[0](x, styles[0], next(maps))
        image: Tensor = self.paint[0](x, styles[0])
        for number in range(1, len(self.shapes)):
            style = styles[number]
            x = self.enter[number](_doubled(x), style, next(maps))
            x = self.stay[number - 1](x, style, next(maps))
            image = _doubled(image) + self.paint[number](x, style)
        return image

    def _mixed(self, styles: Tensor, classes: Tensor | None) -> list[Tensor]:
        """Return a style per scale, for some samples from two codes."""
        scales, count = len(self.shapes), len(styles)
        others = self.styles(torch.randn(count, self.config.latent).to(styles), classes)
        change = torch.randint(1, max(scales, 2), (count,))
        change[torch.rand(count) >= MIXED] = scales
        change = change.to(styles.device)[:, None]
        return [torch.where(scale < change, styles, others) for scale in range(scales)]


class Judge(nn.Module):
    """The discriminator.

    Parameters
    ----------
    config : GeneratorConfig
        Of the generator.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = _widths(config)[1:]
        self.enter = Scaled((widths[0], config.channels * UNSHUFFLE**2, 3, 3))
        pairs = list(pairwise(widths))
        self.stay = nn.ModuleList(Scaled((a, a, 3, 3)) for a, _ in pairs)
        self.grow = nn.ModuleList(Scaled((b, a, 3, 3)) for a, b in pairs)
        self.past = nn.ModuleList(Scaled((b, a, 1, 1)) for a, b in pairs)
        last, start = widths[-1], math.prod(next(_shapes(config)))
        self.mixed = Scaled((last, last + 1, 3, 3))
        self.told = Scaled((last, last * start))
        self.leave = Scaled((max(len(config.classes), 1), last))

    def forward(self, images: Tensor, classes: Tensor | None) -> Tensor:
        """Return a value for each of images (N, channels, M, N), high for real ones."""
        x = _rectified(self.enter(functional.pixel_unshuffle(images, UNSHUFFLE)))
        for stay, grow, past in zip(self.stay, self.grow, self.past, strict=True):
            y = functional.avg_pool2d(_rectified(grow(_rectified(stay(x)))), 2)
            x = (y + past(functional.avg_pool2d(x, 2))) / GAIN
        # how much the patches of the batch differ: a sign of collapse
        spread = x.std(dim=0, unbiased=False).mean().expand(len(x), 1, *x.shape[2:])
        x = _rectified(self.mixed(torch.cat([x, spread], dim=1)))
        x = _rectified(self.told(x.flatten(1)))
        found: Tensor = self.leave(x)
        if classes is None:
            return found[:, 0]
        return found.gather(1, classes[:, None])[:, 0]


def length(config: GeneratorConfig) -> int:
    """Return the length of a sample's noise: its code and a map for every layer.

    Parameters
    ----------
    config : GeneratorConfig
        Of the generator.
    """
    sizes = [math.prod(shape) for shape in _shapes(config)]
    return config.latent + sizes[0] + 2 * sum(sizes[1:])


def _shapes(config: GeneratorConfig) -> Iterator[tuple[int, ...]]:
    """Yield rows and columns of every scale, the coarsest first."""
    levels = min(halvings(n) for n in config.shape)
    for level in range(levels, -1, -1):
        yield tuple(n >> level for n in config.shape)


def _widths(config: GeneratorConfig) -> list[int]:
    """Return the channels of every scale, the finest first."""
    levels = min(halvings(n) for n in config.shape)
    return [min(2**i, WIDEST) * config.width for i in range(levels + 1)]


def _maps(noise: Tensor, shapes: list[tuple[int, ...]]) -> Iterator[Tensor]:
    """Yield the noise (N, 1, M, N) of every layer in turn."""
    place = 0
    for number, shape in enumerate(shapes):
        for _ in range(2 if number else 1):
            size = math.prod(shape)
            yield noise[:, place : place + size].reshape(-1, 1, *shape)
            place += size


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(
        x, scale_factor=2.0, mode="bilinear", align_corners=False
    )


def _rectified(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE) * GAIN


def _unit(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPSILON)


def _learner(
    network: Maker, draw: Draw, rate: float, device: str
) -> AdversarialLearner:
    config = network.config
    recipe = Recipe(noise=length(config), beta=0.0, decay=0.998, penalty=0.1)
    return AdversarialLearner(network, Judge(config), draw, rate, device, recipe)


def _noise(config: GeneratorConfig) -> tuple[int, ...]:
    return (length(config),)


def _sample(
    network: Maker,
    noise: Tensor,
    truncation: float,
    classes: Tensor | None,
    steps: int,
) -> Tensor:
    found: Tensor = network(noise, classes, truncation)
    return found.clamp(-1, 1)


FAMILY = Family(Maker, _learner, _noise, _sample, width=16, latent=64, rate=2e-3)
