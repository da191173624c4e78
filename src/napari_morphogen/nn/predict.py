"""Predictions tile by tile, equal to those of the whole image at once."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.nn.networks import UNet, cropped, folded, lay_out, pad_to

Place = tuple[slice, ...]
TILE = {2: 1024, 3: 128}  # pixels along each axis, margins not counted


def predict(
    network: UNet,
    image: NDArray[np.float32],
    *,
    activation: Callable[[Tensor], Tensor] = torch.sigmoid,
    tile: int = 0,
    flips: bool = False,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return what a network makes of an image of any size.

    Parameters
    ----------
    network : UNet
        Trained.
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    activation : callable
        Turns the network's values into probabilities.
    tile : int
        Pixels along each axis predicted at once; 0 is 1024 in planes and 128 in
        volumes.
    flips : bool
        Whether to average over all mirrored images: better, and 4 or 8 times slower.
    device : str
        "cpu", "cuda" or "mps".

    Returns
    -------
    probabilities : ndarray of float32, shape (classes, [P,] M, N)
        The same for any tile, within rounding.
    """
    out = np.empty((network.config.out_channels, *image.shape[1:]), np.float32)
    parts = predicted_tiles(
        network, image, activation=activation, tile=tile, flips=flips, device=device
    )
    for place, part in parts:
        out[(slice(None), *place)] = part
    return out


def predicted_tiles(
    network: UNet,
    image: NDArray[np.float32],
    *,
    activation: Callable[[Tensor], Tensor] = torch.sigmoid,
    tile: int = 0,
    flips: bool = False,
    device: str = "cpu",
) -> Iterator[tuple[Place, NDArray[np.float32]]]:
    """Yield where a tile lies and what the network makes of it.

    Parameters
    ----------
    network, image, activation, tile, flips, device
        As in `predict`.
    """
    config = network.config
    quick = folded(network).to(device)
    lay_out(quick)
    strides = config.strides[-1]
    margins = [-(-r // s) * s for r, s in zip(config.reach, strides, strict=True)]
    for place in _tiles(image.shape[1:], tile or TILE[config.ndim], strides):
        wide, inside = _widened(place, margins, image.shape[1:])
        part = np.ascontiguousarray(image[(slice(None), *wide)])
        x = torch.from_numpy(part)[None].to(device)
        with torch.inference_mode():
            found = _mirrored(quick, x, activation) if flips else activation(quick(x))
        yield place, found[0].float().cpu().numpy()[(slice(None), *inside)]


def _tiles(shape: Sequence[int], tile: int, strides: Sequence[int]) -> Iterator[Place]:
    """Yield tiles that start where the network pools, so that all pool alike."""
    sides = [max(tile // s, 1) * s for s in strides]
    starts = [range(0, n, side) for n, side in zip(shape, sides, strict=True)]
    for corner in product(*starts):
        yield tuple(
            slice(a, min(a + side, n))
            for a, side, n in zip(corner, sides, shape, strict=True)
        )


def _widened(
    place: Place, margins: Sequence[int], shape: Sequence[int]
) -> tuple[Place, Place]:
    """Return the tile with what its prediction depends on, and where in it it lies."""
    wide = tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n))
        for s, m, n in zip(place, margins, shape, strict=True)
    )
    inside = tuple(
        slice(s.start - w.start, s.stop - w.start)
        for s, w in zip(place, wide, strict=True)
    )
    return wide, inside


def _mirrored(
    network: UNet, x: Tensor, activation: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return the mean over all mirrored images."""
    shape, axes = x.shape[2:], range(2, x.ndim)
    x = pad_to(x, network.config.strides[-1])  # all pool the same pixels together
    total = torch.zeros((), device=x.device)
    for choice in product((False, True), repeat=len(axes)):
        turned = [axis for axis, chosen in zip(axes, choice, strict=True) if chosen]
        total = total + activation(network(x.flip(turned))).flip(turned)
    return cropped(total / 2 ** len(axes), shape)
