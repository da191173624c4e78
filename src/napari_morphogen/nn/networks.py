"""A U-Net of textbook parts for planes and volumes of any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.devices import layout

ISOTROPIC = 1.5  # times the finest: longer pixels are not pooled yet

CONVOLUTION: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
NORMALISATION: dict[int, Any] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOLING: dict[tuple[str, int], Any] = {
    ("max", 2): functional.max_pool2d,
    ("max", 3): functional.max_pool3d,
    ("average", 2): functional.avg_pool2d,
    ("average", 3): functional.avg_pool3d,
}


@dataclass(frozen=True)
class UNetConfig:
    """What a U-Net looks like.

    Attributes
    ----------
    ndim : int
        2 for planes, 3 for volumes.
    in_channels, out_channels : int
        Of the image and of the prediction.
    width : int
        Channels of the first level; they double from level to level.
    factors : tuple of tuple of int
        How many pixels along each axis become one, first in the stem and then
        from level to level.
    convolutions : int
        Convolutions of a level.
    pooling : str
        "max" or "average".
    """

    ndim: int = 2
    in_channels: int = 1
    out_channels: int = 2
    width: int = 24
    factors: tuple[tuple[int, ...], ...] = ((2, 2), (2, 2), (2, 2))
    convolutions: int = 2
    pooling: Literal["max", "average"] = "max"

    @property
    def strides(self) -> list[tuple[int, ...]]:
        """Pixels of the image that one pixel of each level covers, per axis."""
        found = [self.factors[0]]
        for factors in self.factors[1:]:
            found.append(tuple(a * b for a, b in zip(found[-1], factors, strict=True)))
        return found

    @property
    def reach(self) -> tuple[int, ...]:
        """How many pixels away a pixel can change the prediction, per axis."""
        last = len(self.factors) - 1
        weights = [2 * self.convolutions + 1] * last + [self.convolutions + 1]
        return tuple(
            sum(w * s[axis] for w, s in zip(weights, self.strides, strict=True))
            for axis in range(self.ndim)
        )


def pooling_factors(
    spacing: Sequence[float], levels: int
) -> tuple[tuple[int, ...], ...]:
    """Return factors that make pixels more and more cubic.

    Parameters
    ----------
    spacing : sequence of float
        Pixel size per axis.
    levels : int
        How many factors per axis are wanted.

    Examples
    --------
    >>> pooling_factors((4, 1, 1), 3)
    ((1, 2, 2), (1, 2, 2), (2, 2, 2))
    """
    sizes, found = [float(s) for s in spacing], []
    for _ in range(levels):
        limit = ISOTROPIC * min(sizes)
        factors = tuple(2 if size <= limit else 1 for size in sizes)
        sizes = [size * factor for size, factor in zip(sizes, factors, strict=True)]
        found.append(factors)
    return tuple(found)


class UNet(nn.Module):
    """Encoder and decoder with skip connections; the result has the input's size.

    Parameters
    ----------
    config : UNetConfig
        Dimensions, channels, width and pooling.

    Notes
    -----
    The stem turns blocks of pixels into channels (space to depth, [2]_) and the
    head turns them back, so that the most expensive level works at a coarser
    resolution. Every level convolves, normalises over the batch and rectifies;
    levels are joined by pooling, nearest-neighbour enlargement and concatenation
    [1]_.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, MICCAI 2015, 234-241,
       DOI 10.1007/978-3-319-24574-4_28
    .. [2] W. Shi et al., CVPR 2016, 1874-1883, DOI 10.1109/CVPR.2016.207

    Examples
    --------
    >>> UNet(UNetConfig(width=4)).eval()(torch.zeros(1, 1, 13, 21)).shape
    torch.Size([1, 2, 13, 21])
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        stem = _product(config.factors[0])
        widths = [config.width * 2**i for i in range(len(config.factors))]
        inputs = [config.in_channels * stem, *widths[:-1]]
        self.encoder = nn.ModuleList(
            _level(config, i, o) for i, o in zip(inputs, widths, strict=True)
        )
        self.decoder = nn.ModuleList(
            _level(config, fine + coarse, fine)
            for fine, coarse in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        head = config.out_channels * stem
        self.head = CONVOLUTION[config.ndim](widths[0], head, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return one value per output channel and pixel.

        Parameters
        ----------
        image : Tensor of shape (batch, channels, [P,] M, N)
            Any size.
        """
        config, shape = self.config, image.shape[2:]
        x = _space_to_depth(pad_to(image, config.strides[-1]), config.factors[0])
        skips: list[Tensor] = []
        pool = POOLING[config.pooling, config.ndim]
        for level, factors in zip(self.encoder, config.factors, strict=True):
            x = level(pool(x, factors) if skips else x)
            skips.append(x)
        for level, skip in zip(self.decoder, skips[-2::-1], strict=True):
            x = functional.interpolate(x, skip.shape[2:])
            x = level(torch.cat([x, skip], 1))
        x = _depth_to_space(self.head(x), config.factors[0])
        return cropped(x, shape)


def pad_to(image: Tensor, multiple: Sequence[int]) -> Tensor:
    """Repeat the last pixels until every spatial axis is a multiple."""
    ends = [-n % m for n, m in zip(image.shape[2:], multiple, strict=True)]
    if not any(ends):
        return image
    sides = [side for end in reversed(ends) for side in (0, end)]
    return functional.pad(image, sides, mode="replicate")


def cropped(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the first pixels along every spatial axis."""
    inside = tuple(slice(n) for n in shape)
    return x[(slice(None), slice(None), *inside)]


def lay_out(network: nn.Module, device: str) -> None:
    """Order the weights of a network for planes as a device computes fastest."""
    for value in network.parameters():
        if value.ndim == 4:
            value.data = value.data.contiguous(memory_format=layout(device))


def folded(network: UNet) -> UNet:
    """Return a copy for prediction whose normalisation is part of its convolutions.

    Parameters
    ----------
    network : UNet
        Stays as it is.
    """
    quick = UNet(network.config)
    quick.load_state_dict(network.state_dict())
    quick.eval()
    for level in (*quick.encoder, *quick.decoder):
        for i in range(0, len(level), 3):
            level[i] = nn.utils.fusion.fuse_conv_bn_eval(level[i], level[i + 1])
            level[i + 1] = nn.Identity()
    return quick.requires_grad_(False)


def _level(config: UNetConfig, inputs: int, outputs: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for i in range(config.convolutions):
        source = outputs if i else inputs
        parts += [
            CONVOLUTION[config.ndim](source, outputs, 3, padding=1, bias=False),
            NORMALISATION[config.ndim](outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*parts)


def _product(factors: Sequence[int]) -> int:
    found = 1
    for factor in factors:
        found *= factor
    return found


def _space_to_depth(x: Tensor, factors: Sequence[int]) -> Tensor:
    """Turn blocks of `factors` pixels into channels."""
    if _product(factors) == 1:
        return x
    n = len(factors)
    coarse = [size // f for size, f in zip(x.shape[2:], factors, strict=True)]
    split = [side for pair in zip(coarse, factors, strict=True) for side in pair]
    x = x.reshape(*x.shape[:2], *split)
    inner, outer = range(3, 3 + 2 * n, 2), range(2, 2 + 2 * n, 2)
    x = x.permute(0, 1, *inner, *outer)
    return x.reshape(x.shape[0], -1, *coarse)


def _depth_to_space(x: Tensor, factors: Sequence[int]) -> Tensor:
    """Turn channels into blocks of `factors` pixels."""
    if _product(factors) == 1:
        return x
    n, coarse = len(factors), x.shape[2:]
    channels = x.shape[1] // _product(factors)
    x = x.reshape(x.shape[0], channels, *factors, *coarse)
    pairs = [axis for i in range(n) for axis in (2 + n + i, 2 + i)]
    x = x.permute(0, 1, *pairs)
    fine = [size * f for size, f in zip(coarse, factors, strict=True)]
    return x.reshape(x.shape[0], channels, *fine)
