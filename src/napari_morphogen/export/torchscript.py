"""Trained models as TorchScript, for programs that run nothing else."""

import io
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Optional

import torch
from torch import Tensor, nn

from napari_morphogen.export.intensities import LIMIT
from napari_morphogen.nn.networks import folded
from napari_morphogen.nn.normalise import HIGH, LARGEST, LOW, SAMPLE
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.nn.patchnet import PatchNet
from napari_morphogen.nn.segmenter import Segmenter

SIDES = {2: (45, 77), 3: (13, 21, 37)}  # of the traced image: no multiple of blocks


class Pipeline(nn.Module):
    """Network and activation in one, for images of any size.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.

    Notes
    -----
    What depends on the size of an image is compiled, the rest is traced.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        super().__init__()
        self.network = folded(segmenter.network())
        self.activation = segmenter.activation
        self.strides = list(segmenter.config.strides[-1])
        self.padded = torch.jit.script(padded)
        self.cropped = torch.jit.script(cropped)

    def forward(self, image: Tensor) -> Tensor:
        """Return probabilities of a normalised image.

        Parameters
        ----------
        image : Tensor of shape (batch, channels, [P,] M, N)
            Any size.
        """
        found = self.network(self.padded(image, self.strides))
        return self.activation(self.cropped(found, image))


class Raw(nn.Module):
    """A pipeline that takes raw pixels.

    Parameters
    ----------
    pipeline : Module
        That takes normalised ones.
    """

    def __init__(self, pipeline: nn.Module) -> None:
        super().__init__()
        self.pipeline = pipeline
        self.limit, self.largest, self.sample = LIMIT, LARGEST, SAMPLE
        self.shares = [LOW / 100, HIGH / 100]

    def forward(self, image: Tensor, ends: Optional[Tensor] = None) -> Tensor:  # noqa: UP045
        """Return probabilities of an image.

        Parameters
        ----------
        image : Tensor of shape (batch, channels, [P,] M, N)
            Any size.
        ends : Tensor of shape (1, channels, 2) or None
            What becomes 0 and what becomes 1; None finds it for every image.
        """
        image = torch.where(image.abs() < self.limit, image, torch.zeros_like(image))
        if ends is None:
            low, high = ends_of(image.flatten(2), self.sample, self.shares)
        else:
            low, high = ends[:, :, 0], ends[:, :, 1]
        shape = [low.size(0), low.size(1)] + [1] * (image.dim() - 2)
        low, high = low.reshape(shape), high.reshape(shape)
        scaled = (image - low) / (high - low)
        found: Tensor = self.pipeline(scaled.clamp(-self.largest, self.largest))
        return found


class Classifier(nn.Module):
    """A patch network with its activation."""

    def __init__(self, network: PatchNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, patches: Tensor) -> Tensor:
        """Return the probability of every class for every patch."""
        found: Tensor = self.network(patches).softmax(1)
        return found


def segmenter_script(segmenter: Segmenter, *, raw: bool = True) -> Any:
    """Return a segmenter as TorchScript.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    raw : bool
        Whether raw pixels go in; else normalised ones.
    """
    config = segmenter.config
    size = (2, config.in_channels, *SIDES[config.ndim])
    return _traced(lambda: Pipeline(segmenter), torch.rand(size), raw)


def classifier_script(classifier: ObjectClassifier) -> Any:
    """Return a classifier of objects as TorchScript.

    Parameters
    ----------
    classifier : ObjectClassifier
        Trained.
    """
    config = classifier.config
    network = PatchNet(config)
    network.load_state_dict(classifier.weights)
    size = (2, config.in_channels + 1, *[config.side] * config.ndim)
    return _traced(lambda: Classifier(network), torch.rand(size))


def archived(module: Any, texts: Mapping[str, str]) -> bytes:
    """Return the content of a file with TorchScript and some texts.

    Parameters
    ----------
    module : ScriptModule
        Of this room.
    texts : mapping of str to str
        Files within the archive.
    """
    whole = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(module, whole, dict(texts))
    return whole.getvalue()


def ends_of(flat: Tensor, sample: int, shares: list[float]) -> tuple[Tensor, Tensor]:
    """Return what `nn.normalise.normalised` brings to 0 and to 1, per channel.

    Parameters
    ----------
    flat : Tensor of shape (batch, channels, pixels)
        Raw values.
    sample : int
        How many pixels are sorted at most, about.
    shares : list of float
        Of the pixels that become less than 0 and less than 1.
    """
    values = flat[:, :, :: max(1, flat.size(2) // sample)].sort(2)[0]
    last = values.size(2) - 1
    ends: list[Tensor] = []
    for share in shares:
        place = share * last
        below = int(place)
        near, far = values[:, :, below], values[:, :, min(below + 1, last)]
        ends.append(near + (far - near) * (place - below))
    low, high = ends
    usual = high > low
    low = torch.where(usual, low, flat.amin(2))
    high = torch.where(usual, high, flat.amax(2))
    return low, torch.where(high > low, high, low + low.abs().clamp(min=1.0))


def padded(image: Tensor, strides: list[int]) -> Tensor:
    """Repeat the last pixels until every spatial axis is a multiple.

    Parameters
    ----------
    image : Tensor of shape (batch, channels, [P,] M, N)
        Any size.
    strides : list of int
        Per spatial axis.
    """
    sides: list[int] = []
    for i in range(len(strides)):
        axis = len(strides) - 1 - i
        sides += [0, -image.size(2 + axis) % strides[axis]]
    return nn.functional.pad(image, sides, mode="replicate")


def cropped(found: Tensor, image: Tensor) -> Tensor:
    """Return the part of `found` that has the size of `image`."""
    for axis in range(2, image.dim()):
        found = found.narrow(axis, 0, image.size(axis))
    return found


def _traced(module: Callable[[], nn.Module], example: Tensor, raw: bool = False) -> Any:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # old, but what other programs read
        made = module().eval()
        found = torch.jit.trace(made, example, check_trace=False)
        if raw:
            found = torch.jit.script(Raw(found)).eval()
        return torch.jit.freeze(found)
