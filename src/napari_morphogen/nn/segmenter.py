"""A trained network with all that is needed to use it again."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.networks import UNet, UNetConfig
from napari_morphogen.nn.normalise import ready
from napari_morphogen.nn.predict import predict
from napari_morphogen.nn.scale import at_known_scale
from napari_morphogen.nn.windows import Mirrored

Task = Literal["instances", "interiors", "edges", "semantic"]
CLASSES: Mapping[str, tuple[str, ...]] = {  # of tasks that fix them
    "instances": ("foreground", "distance"),
    "interiors": ("background", "interior", "border"),
    "edges": ("boundary",),
}
LARGEST_WIDTH, MOST_LEVELS = 1024, 8  # a file that asks for more is refused


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A trained network, how images are made ready for it, and how it was trained.

    Attributes
    ----------
    config : UNetConfig
        The architecture.
    weights : dict of str to Tensor
        Of the network.
    task : str
        "instances": the network predicts foreground and the distance to the
        border of the own object; "interiors": probabilities of background,
        interior and border of objects; "edges": of a boundary; "semantic": of
        classes.
    classes : tuple of str
        Names of what is predicted.
    spacing : tuple of float
        Pixel size per axis in training, the finest 1.
    diameter : float
        To which images are scaled, in pixels; 0 is no scaling.
    scales : tuple of float
        Least and greatest scale of the training images.
    thresholds : dict of str to float
        With which objects are made of the prediction.
    record : tuple of dict
        One for every training: images, steps, seconds, losses, seed.
    device : str
        Where it computes unless told otherwise; not written to files.

    Examples
    --------
    >>> network = UNet(UNetConfig(width=4))
    >>> model = Segmenter(network.config, network.state_dict())
    >>> model.predict(np.zeros((9, 12))).shape
    (2, 9, 12)
    """

    config: UNetConfig
    weights: dict[str, Tensor]
    task: Task = "instances"
    classes: tuple[str, ...] = ("foreground", "distance")
    spacing: tuple[float, ...] = ()
    diameter: float = 0.0
    scales: tuple[float, float] = (1.0, 1.0)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    record: tuple[Mapping[str, Any], ...] = ()
    device: str = "cpu"

    @property
    def ndim(self) -> int:
        """2 for planes, 3 for volumes."""
        return self.config.ndim

    @property
    def in_channels(self) -> int:
        """Channels of the images that it takes."""
        return self.config.in_channels

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels that one of the coarsest level covers, per axis."""
        return self.config.strides[-1]

    @property
    def reach(self) -> tuple[int, ...]:
        """How far away a pixel can change the prediction, per axis."""
        return self.config.reach

    def network(self) -> UNet:
        """Return a network with these weights."""
        found = UNet(self.config)
        found.load_state_dict(self.weights)
        return found.eval()

    def predict(
        self,
        image: NDArray[Any],
        *,
        channel_axis: int | None = None,
        part: tuple[slice, ...] | None = None,
        scale: float = 0.0,
        tile: int = 0,
        flips: bool = False,
        device: str = "",
    ) -> NDArray[np.float32]:
        """Return what the network makes of an image.

        Parameters
        ----------
        image : ndarray of shape ([P,] M, N), channels anywhere
            With the number of channels of the training.
        channel_axis : int or None
            The axis that holds channels.
        part : tuple of slice or None
            Which part to predict; its intensities are seen as those of the whole.
        scale : float
            By which the image is enlarged before; 0 finds it from the size of
            the objects when the network was trained on objects of one size.
        tile : int
            Pixels along each axis predicted at once; 0 chooses.
        flips : bool
            Whether to average over all mirrored images.
        device : str
            "cpu", "cuda" or "mps"; empty is its own.

        Returns
        -------
        probabilities : ndarray of float32, shape (classes, [P,] M, N)
            One map from 0 to 1 for each of `classes`.
        """
        sizes = {"ndim": self.ndim, "channels": self.config.in_channels}
        whole = ready(image, channel_axis, **sizes)
        seen = whole[(slice(None), *(part or ()))]
        if seen.size == 0:
            return np.zeros((len(self.classes), *seen.shape[1:]), np.float32)
        return at_known_scale(
            self.tiled(tile, device),
            seen,
            diameter=self.diameter,
            scales=self.scales,
            scale=scale,
            flips=flips,
        )

    def tiled(self, tile: int = 0, device: str = "") -> Mirrored:
        """Return what predicts an image as it is, mirrored or not.

        Parameters
        ----------
        tile : int
            Pixels along each axis predicted at once; 0 chooses.
        device : str
            "cpu", "cuda" or "mps"; empty is its own.
        """
        network, where = self.network(), device or self.device

        def tiled(values: NDArray[np.float32], mirrored: bool) -> NDArray[np.float32]:
            words: dict[str, Any] = {"flips": mirrored, "tile": tile, "device": where}
            return predict(network, values, activation=self.activation, **words)

        return tiled

    def activation(self, logits: Tensor) -> Tensor:
        """Return probabilities: of classes that exclude each other, or of each."""
        return logits.softmax(1) if exclusive(self.task) else logits.sigmoid()

    def save(self, path: str | Path) -> None:
        """Write the model to one file, whole or not at all."""
        checkpoint.write(
            Path(path), {"kind": "segmenter", **self.header()}, self.weights
        )

    def header(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON can hold it."""
        return {
            "network": asdict(self.config),
            "task": self.task,
            "classes": list(self.classes),
            "spacing": list(self.spacing),
            "diameter": self.diameter,
            "scales": list(self.scales),
            "thresholds": dict(self.thresholds),
            "record": [dict(entry) for entry in self.record],
        }

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model that a file holds; nothing of the file is executed."""
        header, weights = checkpoint.read(Path(path))
        return cls.of(header, weights, path)

    @classmethod
    def of(cls, header: dict[str, Any], weights: dict[str, Tensor], path: Any) -> Self:
        """Return the model of a header and weights that a file holds.

        Raises
        ------
        InputError
            When they do not belong together.
        """
        with checkpoint.described(path, "model"):
            checkpoint.check_kind(header, "segmenter")
            model = cls(
                _config(header["network"]),
                weights,
                header["task"],
                tuple(str(name) for name in header["classes"]),
                tuple(float(s) for s in header["spacing"]),
                float(header["diameter"]),
                (float(header["scales"][0]), float(header["scales"][1])),
                {str(k): float(v) for k, v in header["thresholds"].items()},
                tuple(dict(entry) for entry in header["record"]),
            )
            model._check()
        return model

    def with_thresholds(self, **thresholds: float) -> Self:
        """Return a copy that makes objects with other thresholds."""
        return replace(self, thresholds={**self.thresholds, **thresholds})

    def _check(self) -> None:
        """Raise ValueError unless weights, classes and architecture fit together."""
        with torch.device("meta"):  # allocates nothing, whatever a file asks for
            wanted = UNet(self.config).state_dict()
        if {k: v.shape for k, v in wanted.items()} != {
            k: v.shape for k, v in self.weights.items()
        }:
            raise ValueError("its weights do not fit its architecture")
        if self.task not in get_args(Task):
            raise ValueError("its task is unknown")
        if len(self.classes) != self.config.out_channels:
            raise ValueError("its classes do not fit its architecture")
        if self.classes != CLASSES.get(self.task, self.classes):
            raise ValueError("its classes do not fit its task")
        if not all(math.isfinite(s) and s > 0 for s in (*self.spacing, *self.scales)):
            raise ValueError("its sizes are no lengths")
        if not (math.isfinite(self.diameter) and self.diameter >= 0):
            raise ValueError("its diameter is no length")


def exclusive(task: str) -> bool:
    """Return whether a pixel belongs to exactly one of the classes of a task.

    Examples
    --------
    >>> exclusive("semantic"), exclusive("edges")
    (True, False)
    """
    return task in ("interiors", "semantic")


def _config(given: dict[str, Any]) -> UNetConfig:
    factors = tuple(tuple(int(f) for f in level) for level in given["factors"])
    config = UNetConfig(**{**given, "factors": factors})
    numbers = (config.in_channels, config.out_channels, config.width)
    usual = (
        config.ndim in (2, 3)
        and all(isinstance(n, int) and 0 < n <= LARGEST_WIDTH for n in numbers)
        and 1 <= len(factors) <= MOST_LEVELS
        and all(len(f) == config.ndim and set(f) <= {1, 2, 4} for f in factors)
        and config.convolutions in (1, 2, 3)
        and config.pooling in ("max", "average")
    )
    if not usual:
        raise ValueError("its architecture is none that is known")
    return config
