"""A small network that tells objects apart by what they look like."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.networks import CONVOLUTION, NORMALISATION, POOLING
from napari_morphogen.nn.normalise import (
    channels_first,
    check_channels,
    normalised,
    resized,
)
from napari_morphogen.params import InputError

MARGIN = 1.25  # how much wider than an object its patch is
BATCH = 256  # objects classified at once


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


def object_patches(
    image: NDArray[np.float32],
    labels: NDArray[Any],
    side: int,
    diameter: float = 0.0,
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Return the numbers of all objects and a patch around each.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    labels : ndarray of int
        The objects.
    side : int
        Of a patch, in pixels.
    diameter : float
        Pixels of the image that a patch shows along every axis; 0 fits each
        patch to its object, so that sizes cannot be told apart.

    Returns
    -------
    ids : ndarray of int
        In ascending order.
    patches : ndarray of float32, shape (objects, channels + 1, side, side)
        The last channel is 1 in the object.
    """
    ids = np.unique(labels[labels != 0])
    places = np.searchsorted(ids, labels) + 1
    boxes = ndimage.find_objects(np.where(labels != 0, places, 0))
    found = np.zeros((len(ids), len(image) + 1, *[side] * labels.ndim), np.float32)
    for out, number, box in zip(found, ids, boxes, strict=True):
        middle = [(s.start + s.stop) / 2 for s in box]
        width = diameter or MARGIN * max(s.stop - s.start for s in box)
        low = [round(m - width / 2) for m in middle]
        out[...] = _cut(image, labels == number, low, max(round(width), 1), side)
    return ids, found


@dataclass(frozen=True, eq=False)
class ObjectClassifier:
    """A trained patch network and the names of its classes.

    Attributes
    ----------
    config : PatchConfig
        The architecture.
    weights : dict of str to Tensor
        Of the network.
    classes : tuple of str
        Names, in the order of the network's values.
    diameter : float
        Pixels of the image that a patch shows along every axis.
    """

    config: PatchConfig
    weights: dict[str, Tensor]
    classes: tuple[str, ...]
    diameter: float

    def predict(
        self,
        image: NDArray[Any],
        labels: NDArray[Any],
        *,
        channel_axis: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Return the numbers of the objects and the probability of every class.

        Parameters
        ----------
        image : ndarray of shape ([P,] M, N), channels anywhere
            As in training.
        labels : ndarray of int
            The objects.
        channel_axis : int or None
            The axis that holds channels.

        Returns
        -------
        ids : ndarray of int
            In ascending order.
        probabilities : ndarray of float32, shape (objects, classes)
            Rows add up to 1.
        """
        ready = _ready(image, labels, channel_axis)
        check_channels(ready, self.config.in_channels)
        ids, patches = object_patches(ready, labels, self.config.side, self.diameter)
        network = PatchNet(self.config)
        network.load_state_dict(self.weights)
        network.eval()
        with torch.inference_mode():
            parts = torch.from_numpy(patches).split(BATCH) if len(ids) else ()
            found = [network(part).softmax(1).numpy() for part in parts]
        empty = np.zeros((0, len(self.classes)), np.float32)
        return ids, np.concatenate([empty, *found])

    def save(self, path: str | Path) -> None:
        """Write the model to one file, whole or not at all."""
        header = {
            "kind": "object classifier",
            "network": asdict(self.config),
            "classes": list(self.classes),
            "diameter": self.diameter,
        }
        checkpoint.write(Path(path), header, self.weights)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model that a file holds; nothing of the file is executed."""
        header, weights = checkpoint.read(Path(path))
        try:
            config = PatchConfig(**header["network"])
            with torch.device("meta"):  # allocates nothing, whatever a file asks for
                wanted = PatchNet(config).state_dict()
            shapes = {name: value.shape for name, value in weights.items()}
            if {name: value.shape for name, value in wanted.items()} != shapes:
                raise ValueError("its weights do not fit its architecture")
            classes = tuple(str(name) for name in header["classes"])
            if len(classes) != config.classes:
                raise ValueError("its classes do not fit its architecture")
            return cls(config, weights, classes, float(header["diameter"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{path} does not describe a usable object classifier: {error}. "
                "Choose another file or train it again."
            ) from error


def train_classifier(
    image: NDArray[Any],
    labels: NDArray[Any],
    classes: Mapping[int, str],
    *,
    channel_axis: int | None = None,
    steps: int = 150,
    batch: int = 32,
    rate: float = 2e-3,
    pooling: Literal["max", "average"] = "max",
    seed: int = 0,
) -> ObjectClassifier:
    """Learn to tell objects apart from a few examples.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N), channels anywhere
        What the objects are seen in.
    labels : ndarray of int
        The objects.
    classes : mapping of int to str
        The class of some objects, by their numbers.
    channel_axis : int or None
        The axis that holds channels.
    steps, batch : int
        How long is learnt, and from how many objects at once.
    rate : float
        Highest learning rate.
    pooling : str
        "max" or "average".
    seed : int
        Of all that is drawn.

    Raises
    ------
    InputError
        When fewer than two classes are given, or objects that do not exist.
    """
    ready = _ready(image, labels, channel_axis)
    names = tuple(sorted(set(classes.values())))
    if len(names) < 2:
        raise InputError("Give examples of at least two classes of objects.")
    missing = sorted(set(classes) - set(np.unique(labels).tolist()))
    if missing:
        raise InputError(f"There is no object {missing[0]} in the labels.")
    widths = [
        max(s.stop - s.start for s in box)
        for box in ndimage.find_objects(np.asarray(labels, np.int64))
        if box is not None
    ]
    config = PatchConfig(labels.ndim, len(ready), len(names), pooling=pooling)
    diameter = MARGIN * float(np.quantile(widths, 0.9))
    ids, patches = object_patches(ready, labels, config.side, diameter)
    known = [i for i, number in enumerate(ids.tolist()) if number in classes]
    truth = torch.tensor([names.index(classes[int(ids[i])]) for i in known])
    shown = torch.from_numpy(patches[known])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _learnt(PatchNet(config), shown, truth, steps, batch, rate, seed)
    weights = {name: value.detach() for name, value in network.state_dict().items()}
    return ObjectClassifier(config, weights, names, diameter)


def _learnt(
    network: PatchNet,
    patches: Tensor,
    truth: Tensor,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
) -> PatchNet:
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps)
    members = [torch.nonzero(truth == c)[:, 0].numpy() for c in truth.unique()]
    for _ in range(steps):
        group = rng.integers(len(members), size=batch)  # every class as often
        chosen = torch.from_numpy(np.array([rng.choice(members[g]) for g in group]))
        shown = _varied(patches[chosen], rng)
        loss = functional.cross_entropy(network(shown), truth[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _varied(patches: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip, turn and recolour a batch."""
    axes = [axis for axis in range(2, patches.ndim) if rng.random() < 0.5]
    patches = patches.flip(axes).rot90(int(rng.integers(4)), (-2, -1))
    gain = torch.from_numpy(rng.uniform(0.8, 1.25, len(patches)).astype(np.float32))
    image, shape = patches[:, :-1], patches[:, -1:]
    return torch.cat([image * gain.reshape(-1, *[1] * (image.ndim - 1)), shape], 1)


def _ready(
    image: NDArray[Any], labels: NDArray[Any], channel_axis: int | None
) -> NDArray[np.float32]:
    first = channels_first(image, channel_axis)
    if first.shape[1:] != labels.shape:
        raise InputError(
            f"The labels have shape {labels.shape}, but the image has "
            f"{first.shape[1:]}; choose the labels of this image."
        )
    return normalised(first)


def _cut(
    image: NDArray[np.float32],
    mask: NDArray[np.bool_],
    low: list[int],
    width: int,
    side: int,
) -> NDArray[np.float32]:
    """Return a square part of image and mask, 0 outside, resized to `side`."""
    inside = tuple(
        slice(max(a, 0), min(a + width, n))
        for a, n in zip(low, mask.shape, strict=True)
    )
    ends = [(s.start - a, a + width - s.stop) for a, s in zip(low, inside, strict=True)]
    both = np.concatenate(
        [image[(slice(None), *inside)], mask[inside][np.newaxis]], dtype=np.float32
    )
    return resized(np.pad(both, [(0, 0), *ends]), [side] * mask.ndim)
