"""Predictions tile by tile, equal to those of the whole image at once."""

import warnings
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.counting import counted
from napari_morphogen.nn.networks import UNet, cropped, folded, lay_out, pad_to
from napari_morphogen.nn.tiles import TILE, Place, margins_of, tiles, widened
from napari_morphogen.params import InputError, Remark

LEAST_TILE = {2: 128, 3: 32}
NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "ALLOC_FAILED",  # of cuDNN and cuBLAS
)


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

    Raises
    ------
    InputError
        When memory is too small for the smallest tile.

    Warns
    -----
    Remark
        When memory is too small for tiles of this size, and smaller ones are used.
    """
    out = np.empty((network.config.out_channels, *image.shape[1:]), np.float32)
    least = LEAST_TILE[network.config.ndim]
    tile = tile or TILE[network.config.ndim]
    while True:
        parts = predicted_tiles(
            network, image, activation=activation, tile=tile, flips=flips, device=device
        )
        try:
            for place, part in parts:
                out[(slice(None), *place)] = part
            return out
        except (MemoryError, RuntimeError) as error:  # torch raises the latter
            if not _lacks_memory(error):
                raise
        if tile <= least:
            raise InputError(
                f"There is not enough memory to predict even tiles of {tile} pixels; "
                "close other programs or train a network of less width."
            )
        tile = max(least, min(tile, *image.shape[1:]) // 2)
        text = f"Memory was short: predicted in tiles of {tile} pixels."
        warnings.warn(text, Remark, stacklevel=2)


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
    lay_out(quick, device)
    strides = config.strides[-1]
    margins = margins_of(config.reach, strides)
    for place in counted(tiles(image.shape[1:], tile or TILE[config.ndim], strides)):
        wide, inside = widened(place, margins, image.shape[1:])
        part = np.ascontiguousarray(image[(slice(None), *wide)])
        x = torch.from_numpy(part)[None].to(device)
        with torch.inference_mode():
            found = _mirrored(quick, x, activation) if flips else activation(quick(x))
        yield place, found[0].float().cpu().numpy()[(slice(None), *inside)]


def _lacks_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(
        words in str(error) for words in NO_MEMORY
    )


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
