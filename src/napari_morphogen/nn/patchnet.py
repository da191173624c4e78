"""A small network that tells objects apart by what they look like."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_morphogen.nn.networks import CONVOLUTION, NORMALISATION, POOLING
from napari_morphogen.nn.object_patches import BATCH


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
