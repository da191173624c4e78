"""A small network that tells objects apart by what they look like."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from napari_morphogen.nn.networks import CONVOLUTION, NORMALISATION, POOLING
from napari_morphogen.nn.normalise import resized

BATCH = 128  # objects classified at once


@dataclass(frozen=True)
class PatchConfig:
    """What a patch network looks like.

    Attributes
    ----------
    ndim, in_channels, classes : int
        Of the image, and what is told apart. One more channel holds the object's
        own shape.
    side : int
        Pixels of a patch along every axis, a multiple of 8.
    width : int
        Channels of the first convolution; they double twice.
    hidden : int
        Units of the fully connected layer.
    pooling : str
        "max" or "average".
    """

    ndim: int = 2
    in_channels: int = 1
    classes: int = 2
    side: int = 32
    width: int = 16
    hidden: int = 64
    pooling: Literal["max", "average"] = "max"


class PatchNet(nn.Module):
    """Three times convolution and pooling, then two fully connected layers.

    Parameters
    ----------
    config : PatchConfig
        Dimensions, channels and widths.

    Notes
    -----
    The layout of LeNet [1]_ with normalisation over the batch.

    References
    ----------
    .. [1] Y. LeCun et al., Proc. IEEE 86, 2278-2324 (1998), DOI 10.1109/5.726791

    Examples
    --------
    >>> PatchNet(PatchConfig(classes=3)).eval()(torch.zeros(5, 2, 32, 32)).shape
    torch.Size([5, 3])
    """

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.in_channels + 1, *(config.width * 2**i for i in range(3))]
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                CONVOLUTION[config.ndim](a, b, 3, padding=1, bias=False),
                NORMALISATION[config.ndim](b),
                nn.ReLU(),
            )
            for a, b in pairwise(widths)
        )
        cells = (config.side // 8) ** config.ndim
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths[-1] * cells, config.hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(config.hidden, config.classes),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Return one value per patch and class.

        Parameters
        ----------
        patches : Tensor of shape (objects, channels + 1, side, side)
            As `object_patches` returns them.
        """
        pool = POOLING[self.config.pooling, self.config.ndim]
        for convolution in self.convolutions:
            patches = pool(convolution(patches), 2)
        found: Tensor = self.head(patches)
        return found


def probabilities(network: PatchNet, patches: Tensor) -> NDArray[np.float32]:
    """Return the probability of every class for every patch.

    Parameters
    ----------
    network : PatchNet
        In the state for predicting.
    patches : Tensor of shape (objects, channels + 1, side, side)
        Any number of objects, none too.
    """
    found = np.zeros((len(patches), network.config.classes), np.float32)
    with torch.inference_mode():
        for start in range(0, len(patches), BATCH):
            some = slice(start, start + BATCH)
            found[some] = network(patches[some]).softmax(1).numpy()
    return found


class Located(NamedTuple):
    """An object and the box around it."""

    number: int
    box: tuple[slice, ...]


def located(labels: NDArray[Any]) -> list[Located]:
    """Return all objects with the boxes around them, in ascending order.

    Parameters
    ----------
    labels : ndarray of int
        0 is background; the numbers need not be consecutive.

    Examples
    --------
    >>> [found.number for found in located(np.array([[0, 70_000], [5, 5]]))]
    [5, 70000]
    """
    labels = labels.astype(np.uint8) if labels.dtype == bool else labels
    ids = np.unique(labels)
    ids = ids[ids != 0]
    places = np.where(labels != 0, np.searchsorted(ids, labels) + 1, 0)
    boxes = ndimage.find_objects(places, len(ids))
    return [Located(*pair) for pair in zip(ids.tolist(), boxes, strict=True)]


def object_patches(
    image: NDArray[np.float32],
    labels: NDArray[Any],
    objects: Sequence[Located],
    side: int,
    diameter: float,
    spacing: Sequence[float] = (),
) -> NDArray[np.float32]:
    """Return a patch around each object.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    labels : ndarray of int
        The objects.
    objects : sequence of Located
        Those wanted.
    side : int
        Of a patch, in pixels.
    diameter : float
        How much of the image a patch shows along every axis, in pixels of the
        finest axis; the same for all objects, so that sizes can be told apart.
    spacing : sequence of float
        Size of a pixel along every axis, the finest 1.

    Returns
    -------
    patches : ndarray of float32, shape (objects, channels + 1, side, side)
        The last channel is 1 in the object.
    """
    found = np.zeros((len(objects), len(image) + 1, *[side] * labels.ndim), np.float32)
    widths = [max(round(diameter / s), 1) for s in spacing or (1,) * labels.ndim]
    for out, (number, box) in zip(found, objects, strict=True):
        middle = [(s.start + s.stop) / 2 for s in box]
        low = [round(m - w / 2) for m, w in zip(middle, widths, strict=True)]
        out[...] = resized(_cut(image, labels, number, low, widths), out.shape[1:])
    return found


def _cut(
    image: NDArray[np.float32],
    labels: NDArray[Any],
    number: int,
    low: Sequence[int],
    widths: Sequence[int],
) -> NDArray[np.float32]:
    """Return a part of the image and of the object, 0 outside."""
    found = np.zeros((len(image) + 1, *widths), np.float32)
    bounds = list(zip(low, widths, labels.shape, strict=True))
    inside = tuple(slice(max(a, 0), min(a + w, n)) for a, w, n in bounds)
    place = tuple(
        slice(s.start - a, s.stop - a) for s, a in zip(inside, low, strict=True)
    )
    found[(slice(None, -1), *place)] = image[(slice(None), *inside)]
    found[-1][place] = labels[inside] == number
    return found
