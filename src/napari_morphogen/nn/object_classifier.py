"""Objects classified by a network that learns from a few of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.object_patches import (
    BATCH,
    KIND,
    Chunk,
    Located,
    Patches,
    located,
    made_ready,
    object_patches,
)
from napari_morphogen.nn.object_training import Schedule, learning, left_out
from napari_morphogen.nn.patchnet import PatchConfig, PatchNet, probabilities
from napari_morphogen.nn.training import threads
from napari_morphogen.params import InputError, last

MARGIN = 1.25  # how much wider than most objects a patch is
LEAST_DIAMETER = 8.0  # pixels; the smallest objects are seen with what is around
USUAL = 0.9  # of the objects fit into a patch
SIDE = {2: 32, 3: 16}
WIDTH = {2: 16, 3: 8}

__all__ = [
    "BATCH",
    "KIND",
    "Chunk",
    "ObjectClassifier",
    "Schedule",
    "check_classes",
    "laid_out",
    "learning",
    "left_out",
    "located",
    "made_ready",
    "object_patches",
    "threads",
    "train_classifier",
    "usual_diameter",
    "weights_of",
]


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
        How much of the image a patch shows, in pixels of the finest axis.
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
        spacing: Sequence[float] = (),
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
        spacing : sequence of float
            Size of a pixel along every axis, the finest 1.

        Returns
        -------
        ids : ndarray of int
            In ascending order.
        probabilities : ndarray of float32, shape (objects, classes)
            Rows add up to 1.
        """
        ready = made_ready(image, labels, channel_axis)
        chunks = list(self.chunks(ready, labels, located(labels), spacing))
        empty = np.zeros((0, len(self.classes)), np.float32)
        ids = [found.number for chunk in chunks for found in chunk.objects]
        return np.array(ids, labels.dtype), np.concatenate(
            [empty, *(chunk.probabilities for chunk in chunks)]
        )

    def chunks(
        self,
        ready: NDArray[np.float32],
        labels: NDArray[Any],
        objects: Sequence[Located],
        spacing: Sequence[float] = (),
    ) -> Iterator[Chunk]:
        """Yield classified objects; see `nn.object_patches.Patches.chunks`."""
        network = PatchNet(self.config)
        network.load_state_dict(self.weights)
        network.eval()
        config = self.config
        taken = Patches(config.ndim, config.in_channels, config.side, self.diameter)
        return taken.chunks(
            lambda patches: probabilities(network, torch.from_numpy(patches)),
            ready,
            labels,
            objects,
            spacing,
        )

    def save(self, path: str | Path) -> None:
        """Write the model to one file, whole or not at all."""
        header = {
            "kind": KIND,
            "network": asdict(self.config),
            "classes": list(self.classes),
            "diameter": self.diameter,
        }
        checkpoint.write(Path(path), header, self.weights)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model that a file holds; nothing of the file is executed."""
        header, weights = checkpoint.read(Path(path))
        with checkpoint.described(path, "object classifier"):
            checkpoint.check_kind(header, KIND)
            classes = tuple(str(name) for name in header["classes"])
            config = PatchConfig(**header["network"])
            model = cls(config, weights, classes, float(header["diameter"]))
            model._check()
        return model

    def _check(self) -> None:
        """Raise ValueError unless weights, classes and architecture fit together."""
        with torch.device("meta"):  # allocates nothing, whatever a file asks for
            wanted = PatchNet(self.config).state_dict()
        shapes = {name: value.shape for name, value in self.weights.items()}
        if {name: value.shape for name, value in wanted.items()} != shapes:
            raise ValueError("its weights do not fit its architecture")
        if self.config.pooling not in ("max", "average"):
            raise ValueError("its pooling is none that is known")
        if len(self.classes) != self.config.classes:
            raise ValueError("its classes do not fit its architecture")
        if not (math.isfinite(self.diameter) and self.diameter > 0):
            raise ValueError("its diameter is no length")


def train_classifier(
    image: NDArray[Any],
    labels: NDArray[Any],
    classes: Mapping[int, str],
    *,
    channel_axis: int | None = None,
    spacing: Sequence[float] = (),
    schedule: Schedule = Schedule(),  # noqa: B008 (a constant)
    pooling: Literal["max", "average"] = "max",
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
    spacing : sequence of float
        Size of a pixel along every axis, the finest 1.
    schedule : Schedule
        How long is learnt.
    pooling : str
        "max" or "average".

    Raises
    ------
    InputError
        When fewer than two classes are given, or objects that do not exist.

    Examples
    --------
    >>> labels = np.kron([[1, 0, 2], [0, 3, 0]], np.ones((8, 8), int))
    >>> model = train_classifier(
    ...     labels % 3, labels, {1: "dim", 2: "bright"}, schedule=Schedule(steps=5)
    ... )
    >>> ids, probabilities = model.predict(labels % 3, labels)
    >>> ids.tolist(), probabilities.shape
    ([1, 2, 3], (3, 2))
    """
    ready = made_ready(image, labels, channel_axis)
    names = tuple(sorted(set(classes.values())))
    check_classes(names)
    objects = located(labels)
    known = [found for found in objects if found.number in classes]
    if missing := sorted(set(classes) - {found.number for found in known}):
        raise InputError(
            f"There is no object {missing[0]} in the labels; take it from the classes."
        )
    config = laid_out(labels.ndim, len(ready), len(names), pooling)
    diameter = usual_diameter([found.box for found in objects], spacing)
    patches = object_patches(ready, labels, known, config.side, diameter, spacing)
    truth = [names.index(classes[found.number]) for found in known]
    network = last(learning(config, patches, truth, schedule))
    return ObjectClassifier(config, weights_of(network), names, diameter)


def check_classes(names: Sequence[str]) -> None:
    """Raise InputError unless two classes or more have examples."""
    if len(names) < 2:
        raise InputError("Give examples of at least two classes of objects.")


def laid_out(
    ndim: int, channels: int, classes: int, pooling: Literal["max", "average"]
) -> PatchConfig:
    """Return the architecture for planes or volumes."""
    return PatchConfig(
        ndim, channels, classes, SIDE[ndim], WIDTH[ndim], pooling=pooling
    )


def usual_diameter(
    boxes: Sequence[tuple[slice, ...]], spacing: Sequence[float] = ()
) -> float:
    """Return how much of an image a patch has to show, for most objects to fit."""
    sizes = [
        max(
            (s.stop - s.start) * step
            for s, step in zip(box, spacing or (1,) * len(box), strict=True)
        )
        for box in boxes
    ]
    return max(MARGIN * float(np.quantile(sizes, USUAL)), LEAST_DIAMETER)


def weights_of(network: PatchNet) -> dict[str, Tensor]:
    """Return a copy of the weights, as a model holds them."""
    state = network.state_dict().items()
    return {
        name: v.detach().clone(memory_format=torch.contiguous_format)
        for name, v in state
    }
