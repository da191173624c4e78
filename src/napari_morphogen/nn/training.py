"""Training of segmenters from dense labels or a few strokes."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.ahead import Ahead
from napari_morphogen.nn.examples import (
    PreparedImages,
    class_count,
    held_out,
    parted,
    prepared,
)
from napari_morphogen.nn.losses import binary_loss, semantic_loss
from napari_morphogen.nn.networks import UNet, UNetConfig, lay_out, pooling_factors
from napari_morphogen.nn.options import DEFAULT, Options, patch_size, relative
from napari_morphogen.nn.patches import NO_AUGMENTATION, Patches
from napari_morphogen.nn.segmenter import CLASSES, Segmenter, exclusive
from napari_morphogen.nn.train import Budget, Clock, Learner, Progress, train
from napari_morphogen.params import InputError

HELD_OUT_BATCHES = 4
RATE = 1.5e-2
FINE_TUNING = 0.25  # of the rate, when weights are there already


class Trained(NamedTuple):
    """Where training stands, and the model as it is now.

    Attributes
    ----------
    progress : Progress
        Steps, seconds and losses.
    segmenter : callable
        Returns the model of this moment; valid until the next step is asked for.
    """

    progress: Progress
    segmenter: Callable[[], Segmenter]


class Training:
    """A training that can be run, corrected, saved and run again.

    Parameters
    ----------
    images : sequence of ndarray
        Of shape ([P,] M, N), channels anywhere.
    labels : sequence of ndarray of int
        One for each image, of its spatial shape.
    options : Options
        What to learn and how.
    channel_axis : int or None
        The axis of the images that holds channels.
    model : Segmenter or None
        What to start from; its architecture is kept.

    Raises
    ------
    InputError
        When images and labels do not fit together or hold nothing to learn.
    """

    def __init__(
        self,
        images: Sequence[NDArray[Any]],
        labels: Sequence[NDArray[Any]],
        *,
        options: Options = DEFAULT,
        channel_axis: int | None = None,
        model: Segmenter | None = None,
    ) -> None:
        if model is not None and model.task != options.task:
            raise InputError(
                f'The model was trained for "{model.task}", not for "{options.task}"; '
                "start from a new network or from another model."
            )
        self.options = options
        self.channel_axis = channel_axis
        self._model = model
        self._diameter = options.diameter if options.task == "instances" else 0.0
        if model is not None:
            self._diameter = model.diameter
        found = self._prepared(images, labels)
        self.config = self._architecture(found) if model is None else model.config
        self._earlier = () if model is None else model.record
        self.position = (0, 0.0)
        self.losses: tuple[float, float] = (math.nan, math.nan)
        self._learner = self._new_learner()
        self._held: list[NDArray[np.bool_]] = []
        self._use(found)

    def correct(
        self, images: Sequence[NDArray[Any]], labels: Sequence[NDArray[Any]]
    ) -> None:
        """Go on with these images and labels; what was learnt is kept.

        Parameters
        ----------
        images, labels : sequence of ndarray
            As at the beginning, with new strokes or objects.
        """
        self._use(self._prepared(images, labels))

    def run(
        self, budget: Budget, *, every: int = 10, clock: Clock | None = None
    ) -> Iterator[Trained]:
        """Learn until the budget is used; whoever stops asking stops it.

        Parameters
        ----------
        budget : Budget
            Of this training as a whole, what ran before included.
        every : int
            Steps between two reports.
        clock : callable or None
            Returns seconds; None is the time of day.
        """
        given: dict[str, Any] = {} if clock is None else {"clock": clock}
        held_out = self._held_out_loss if self._measured is not None else None
        steps = train(
            self._learner,
            budget,
            held_out=held_out,
            every=every,
            start=self.position,
            **given,
        )
        while True:
            with threads(self.options.threads):
                progress = next(steps, None)
            if progress is None:
                return
            self.position = (progress.step, progress.seconds)
            measured = progress.held_out
            if math.isnan(measured):
                measured = self.losses[1]
            self.losses = (progress.loss, measured)
            yield Trained(progress, self.segmenter)

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the images and targets of the step of this number."""
        return self._learner.batches(number)

    def segmenter(self) -> Segmenter:
        """Return the model as it is now."""
        weights = self._learner.average.network.state_dict()
        entry = {
            "images": self._images,
            "steps": self.position[0],
            "seconds": round(self.position[1], 3),
            "loss": _rounded(self.losses[0]),
            "held_out": _rounded(self.losses[1]),
            "seed": self.options.seed,
        }
        return Segmenter(
            self.config,
            {name: value.detach().cpu().clone() for name, value in weights.items()},
            self.options.task,
            self._classes(),
            relative(self.options.spacing, self.config.ndim),
            self._diameter,
            self._scales,
            {} if self._model is None else self._model.thresholds,
            (*self._earlier, entry),
        )

    def save(self, path: str | Path) -> None:
        """Write all that is needed to go on as if training had not ended."""
        header = {
            "kind": "training",
            "model": self.segmenter().header(),
            "options": asdict(self.options),
            "position": list(self.position),
        }
        checkpoint.write(Path(path), header, self._learner.state())

    def restore(self, path: str | Path) -> None:
        """Take over what `save` wrote for a training on the same images.

        Raises
        ------
        InputError
            When the file holds another kind of training.
        """
        header, state = checkpoint.read(Path(path))
        try:
            if header["kind"] != "training":
                raise ValueError("it holds a model, no training")
            if header["model"]["network"] != _as_json(asdict(self.config)):
                raise ValueError("its network is another one")
            step, seconds = header["position"]
            self._learner.restore(state)
            self.position = int(step), float(seconds)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{path} cannot continue this training: {_first_line(error)}. Choose "
                "the checkpoint that this training wrote."
            ) from error

    def _prepared(
        self, images: Sequence[NDArray[Any]], labels: Sequence[NDArray[Any]]
    ) -> PreparedImages:
        options = self.options
        return prepared(
            images,
            labels,
            channel_axis=self.channel_axis,
            task=options.task,
            sparse=options.sparse,
            spacing=options.spacing,
            diameter=self._diameter,
        )

    def _architecture(self, found: PreparedImages) -> UNetConfig:
        options, image = self.options, found.examples[0].image
        ndim = image.ndim - 1
        spacing = relative(options.spacing, ndim)
        factors = pooling_factors(spacing, options.levels)
        if not options.stem:
            factors = ((1,) * ndim, *factors[:-1])
        known = CLASSES.get(options.task)
        outputs = len(known) if known else class_count(found.examples)
        return UNetConfig(
            ndim,
            len(image),
            outputs,
            options.width,
            factors,
            options.convolutions,
            options.pooling,
        )

    def _use(self, found: PreparedImages) -> None:
        options = self.options
        if found.examples[0].image.ndim != self.config.ndim + 1:
            kinds = {2: "planes", 3: "volumes"}
            raise InputError(
                f"The network was trained on {kinds[self.config.ndim]}, but the images "
                f"have {found.examples[0].image.ndim - 1} axes; train a new one."
            )
        if len(found.examples[0].image) != self.config.in_channels:
            raise InputError(
                f"The network takes {self.config.in_channels} channel(s), but the "
                f"images have {len(found.examples[0].image)}; choose the same channels."
            )
        if options.task == "semantic":
            highest = class_count(found.examples)
            if highest > self.config.out_channels:
                raise InputError(
                    f"The labels hold class {highest}, but the network knows "
                    f"{self.config.out_channels}; train a new one."
                )
        self._images, self._scales = len(found.examples), found.scales
        shapes = [example.targets.shape[1:] for example in found.examples]
        if shapes[: len(self._held)] != [mask.shape for mask in self._held]:
            self._held = []
        if not self._held:  # what is painted later is learnt from, wherever it is
            self._held = held_out(found.examples, options.held_out, options.seed)
        learnt, measured = parted(found.examples, self._held)
        size = patch_size(options, self.config.ndim)
        patches = Patches(
            learnt, size, options.batch, options.augmentation, options.seed
        )
        self._learner.batches = Ahead(patches)
        self._measured = None
        if measured:
            self._measured = Patches(
                measured, size, options.batch, NO_AUGMENTATION, options.seed
            )

    def _new_learner(self) -> Learner:
        options, model = self.options, self._model
        torch_seed = torch.Generator().manual_seed(options.seed).initial_seed()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed)
            network = UNet(self.config)
        rate = options.rate or RATE
        if model is not None:
            network.load_state_dict(model.weights)
            rate = options.rate or RATE * FINE_TUNING
        lay_out(network, options.device)
        loss = semantic_loss if exclusive(options.task) else binary_loss
        return Learner(network, None, loss, rate=rate, device=options.device)  # type: ignore[arg-type]

    def _held_out_loss(self) -> float:
        network, total = self._learner.average.network, 0.0
        assert self._measured is not None
        with torch.inference_mode():
            for number in range(HELD_OUT_BATCHES):
                images, targets = self._measured(number)
                device = self.options.device
                predicted = network(images.to(device)).float()
                total += float(self._learner.loss(predicted, targets.to(device)))
        return total / HELD_OUT_BATCHES

    def _classes(self) -> tuple[str, ...]:
        if self._model is not None:
            return self._model.classes
        numbers = range(1, self.config.out_channels + 1)
        return CLASSES.get(self.options.task) or tuple(f"class {n}" for n in numbers)


def train_segmenter(
    images: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    *,
    budget: Budget,
    options: Options = DEFAULT,
    channel_axis: int | None = None,
    model: Segmenter | None = None,
    clock: Clock | None = None,
) -> Iterator[Trained]:
    """Train a network on images and their labels.

    Parameters
    ----------
    images, labels, options, channel_axis, model
        As in `Training`.
    budget : Budget
        When to end.
    clock : callable or None
        Returns seconds; None is the time of day.

    Yields
    ------
    trained : Trained
        Every few steps, and at the end the finished model.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((32, 32), int)
    >>> labels[8:24, 8:24] = 1
    >>> options = Options(width=4, levels=2, patch=32, batch=2)
    >>> steps = train_segmenter([labels], [labels], budget=Budget(steps=2),
    ...                         options=options)
    >>> list(steps)[-1].segmenter().predict(labels).shape
    (2, 32, 32)
    """
    training = Training(
        images, labels, options=options, channel_axis=channel_axis, model=model
    )
    yield from training.run(budget, clock=clock)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use so many cores for a while; 0 leaves one free, so that a window stays alive.

    Parameters
    ----------
    count : int
        Cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or max(1, (os.cpu_count() or 2) - 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(":.")


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)


def _as_json(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "factors": [list(f) for f in config["factors"]]}
