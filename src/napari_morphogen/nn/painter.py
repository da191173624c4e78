"""A painter: flow matching that makes an image of labels, however large."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_morphogen.nn.flow import FAMILY as FLOW
from napari_morphogen.nn.flow import STEPS, UNSHUFFLE, Velocity
from napari_morphogen.nn.generator import Generator, GeneratorConfig
from napari_morphogen.nn.mask_maps import mask_maps
from napari_morphogen.nn.tiles import TILE, margins_of, tiles, widened


class PixelNorm(nn.LayerNorm):
    """Normalises the channels of every pixel by itself.

    A network that looks at nothing but a pixel's surroundings paints a tile as it
    paints the whole image.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, channels, M, N)."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Painter(Velocity):
    """Says where every pixel should move, given what the labels are there.

    Parameters
    ----------
    config : GeneratorConfig
        With maps.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config, PixelNorm)

    def forward(self, x: Tensor, time: Tensor, maps: Tensor | None) -> Tensor:
        """Return the velocity of images (N, channels, M, N) at times (N,)."""
        assert maps is not None
        return super().forward(torch.cat([x, maps], dim=1), time, None)

    @property
    def stride(self) -> int:
        """Pixels that one of the coarsest level covers."""
        return int(UNSHUFFLE * 2 ** (self.levels - 1))

    @property
    def reach(self) -> int:
        """Pixels around one that its velocity depends on."""
        sides = [2**level for level in range(self.levels)]  # of a pixel, unshuffled
        aligned = sides[-1] - 1  # lost where pixels of one level lie in the next's
        return int(UNSHUFFLE * (2 + 4 * sum(sides) + 2 * sides[-1] + aligned))


def painting(
    model: Generator,
    labels: NDArray[Any],
    *,
    seed: int | tuple[int, ...] = 0,
    steps: int = 0,
    tile: int = TILE[2],
    device: str = "cpu",
) -> Iterator[float | NDArray[np.float32]]:
    """Paint a plane of labels.

    Parameters
    ----------
    model : Generator
        A painter.
    labels : ndarray of int, shape (M, N)
        One number per object, 0 is background.
    seed : int or tuple of int
        Same labels and seed, same image.
    steps : int
        Of the midpoint method; 0 chooses.
    tile : int
        Rows and columns painted at once; the image does not depend on it.
    device : str
        "cpu", "cuda" or "mps".

    Yields
    ------
    share : float
        How much is done.
    image : ndarray of float32, shape (channels, M, N)
        At the end, in the intensities of the training images.
    """
    network = model.network().to(device)
    assert isinstance(network, Painter)
    maps = torch.from_numpy(_padded(mask_maps(labels), network.stride))
    shape = (model.config.channels, *maps.shape[1:])
    image = torch.from_numpy(
        np.random.default_rng(seed).standard_normal(shape, np.float32)
    )
    here, halves = image, 2 * (steps or STEPS)  # as `latent_flow.carried` does
    for half in range(halves):
        velocity = torch.zeros_like(image)
        for share, place, part in _velocities(
            network, here, maps, half / halves, tile, device
        ):
            velocity[(slice(None), *place)] = part
            yield (half + share) / halves
        if half % 2:
            image = here = image + 2 / halves * velocity
        else:
            here = image + velocity / halves
    rows, columns = labels.shape
    found = image.clamp(-1, 1)[:, :rows, :columns].numpy()
    yield model.range.outside(found[np.newaxis])[0]


def _velocities(
    network: Painter,
    image: Tensor,
    maps: Tensor,
    time: float,
    tile: int,
    device: str,
) -> Iterator[tuple[float, tuple[slice, ...], Tensor]]:
    """Yield the share done, the place of every tile and the velocity there."""
    shape, strides = image.shape[1:], (network.stride,) * 2
    margins = margins_of((network.reach,) * 2, strides)
    places = list(tiles(shape, tile, strides))
    for number, place in enumerate(places, 1):
        wide, inside = widened(place, margins, shape)
        seen, told = (one[(slice(None), *wide)][None] for one in (image, maps))
        now = torch.full((1,), time, device=device)
        with torch.inference_mode():
            found = network(seen.to(device), now, told.to(device))[0].float().cpu()
        yield number / len(places), place, found[(slice(None), *inside)]


def _padded(maps: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Return maps whose rows and columns the network can halve."""
    rows, columns = (-n % stride for n in maps.shape[1:])
    return np.pad(maps, ((0, 0), (0, rows), (0, columns)), "edge")


FAMILY = FLOW._replace(build=Painter)
