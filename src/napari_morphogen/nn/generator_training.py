"""Training of generators: one loop for every kind."""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.generator import Family, Generator, GeneratorConfig, family
from napari_morphogen.nn.generator_conditions import (
    check_told,
    checked_classes,
    condition_maps,
)
from napari_morphogen.nn.generator_options import GeneratorOptions
from napari_morphogen.nn.generator_patches import (
    Pool,
    Range,
    finite_images,
    patch_shape,
    sources_of,
    turned,
    typical,
    value_range,
)
from napari_morphogen.nn.generator_split import split_classes
from napari_morphogen.nn.going_on import check_same_training
from napari_morphogen.nn.train import Average, Budget, Clock, Progress, train
from napari_morphogen.params import InputError

FEWEST_PLACES = 8  # for a patch in all images together
KEEP_EVERY = 100  # steps between states to go back to
MOST_RETURNS = 3  # to such a state
UNFINISHED = "unfinished generator"
MACHINE = ("threads", "device")  # options that may change from run to run


class Learns(Protocol):
    """One step of learning, particular to a kind.

    Attributes
    ----------
    average : Average
        Its network is what is kept.
    rate : float
        Highest learning rate.
    note : str
        What the user should know; empty when all is well.
    """

    average: Average
    rate: float
    note: str

    def __call__(self, number: int, share: float) -> dict[str, Tensor]:
        """Learn from batch `number` and return losses, the one to watch first."""

    def finish(self) -> None:
        """Do what comes after the last step."""

    def state(self) -> dict[str, Tensor]:
        """Return all that a later run needs."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""


class GeneratorTraining:
    """A generator that learns from images.

    Parameters
    ----------
    images : sequence of ndarray of shape (channels, [P,] M, N)
        Any real dtype.
    classes : sequence of int, or of ndarray of int, optional
        The class of every image, counted from 0; or of every pixel, -1 where it has
        none: then a patch is of the class of its centre.
    class_names : sequence of str
        Of the classes.
    labels : sequence of ndarray of int, shape (M, N), optional
        Of every image, for painters: one number per object, 0 is background.
    groups : sequence of int, optional
        Images of one group, such as the frames of one movie, are learnt from all or
        not at all; by default every image is a group.
    spacing : tuple of float
        Pixel size per spatial axis; goes into the file.
    options : GeneratorOptions
        How it learns.

    Attributes
    ----------
    losses : dict of str to float
        The latest, by name.
    position : tuple of int and float
        Steps and seconds so far.

    Raises
    ------
    InputError
        When there is nothing to learn from.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = [rng.random((1, 24, 24)) for _ in range(4)]
    >>> options = GeneratorOptions("vae", patch=16, batch=4, width=4)
    >>> training = GeneratorTraining(images, options=options)
    >>> for progress in training.run(Budget(steps=2)):
    ...     pass
    >>> training.generator().sample(2).shape
    (2, 1, 16, 16)
    """

    def __init__(
        self,
        images: Sequence[NDArray[Any]],
        *,
        classes: Sequence[int | NDArray[Any]] | None = None,
        class_names: Sequence[str] = (),
        labels: Sequence[NDArray[Any]] | None = None,
        groups: Sequence[int] | None = None,
        spacing: tuple[float, ...] = (),
        options: GeneratorOptions | None = None,
    ) -> None:
        self.options = options or GeneratorOptions()
        kind = family(self.options.kind)
        plain = finite_images(images)
        if plain[0].ndim == 4 and not kind.volumes:
            raise InputError(
                f'A generator of the kind "{self.options.kind}" makes planes, but the '
                "images are volumes; learn from their planes, or choose vae."
            )
        shape = patch_shape(self.options.patch, plain)
        check_told(self.options.kind, classes, labels)
        known = checked_classes(classes, class_names, plain, shape)
        maps = condition_maps(labels, plain)
        self.kept, self.unseen = split_classes(
            sources_of(plain, self._ranges(plain), maps, groups, known),
            shape,
            self.options.held_out,
            self.options.seed,
        )
        self.spacing = spacing
        self.pool = self._pool(shape)
        self.config = GeneratorConfig(
            self.options.kind,
            len(plain[0]),
            shape,
            self.options.width or kind.width,
            self.options.latent or kind.latent * self.options.patch // 32,
            tuple(class_names) if known is not None else (),
            len(maps[0]) if maps else 0,
        )
        self.learner = self._begun(kind)
        self.position = (0, 0.0)
        self.losses: dict[str, float] = {}
        self._good: dict[str, Tensor] | None = None
        self._returns, self._said = 0, ""

    def _begun(self, kind: Family) -> Learns:
        """Return what learns, with weights that follow from the seed."""
        rate, device = self.options.rate or kind.rate, self.options.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed)
            network = kind.build(self.config)
            found: Learns = kind.learner(network, self.batch, rate, device)
        return found

    def _ranges(self, images: Sequence[NDArray[Any]]) -> list[Range]:
        """Return the range of every image; the one that samples get is kept."""
        if self.options.each:
            ranges = [value_range([image]) for image in images]
        else:
            ranges = [value_range(images)] * len(images)
        self.range = typical(ranges)
        return ranges

    def _pool(self, shape: tuple[int, ...]) -> Pool:
        pool = Pool(self.kept, shape, self.options.foreground)
        if sum(pool.places) < FEWEST_PLACES:
            raise InputError(
                f"There are only {sum(pool.places)} different patches of "
                f"{self.options.patch} pixels to learn from; choose a smaller patch "
                "size or more images."
            )
        return pool

    # ---- learning

    @property
    def note(self) -> str:
        """What the user should know of how it goes; empty when all is well."""
        return " ".join(filter(None, (self._said, self.learner.note)))

    def batch(self, number: int) -> tuple[Tensor, Tensor | None]:
        """Return images from -1 to 1 of the batch of a number; their classes or maps.

        Parameters
        ----------
        number : int
            The batch depends on it and the seed alone.
        """
        rng = np.random.default_rng([self.options.seed, number])
        patches, classes = self.pool.draw(self.options.batch, rng)
        if self.options.rotations:
            patches = turned(patches, rng)
        device = self.options.device
        values = torch.from_numpy(np.ascontiguousarray(patches)).to(device)
        if self.config.maps:
            return values[:, : self.config.channels], values[:, self.config.channels :]
        if not self.config.classes:
            return values, None
        return values, torch.from_numpy(classes).to(device)

    def run(
        self, budget: Budget, *, every: int = 10, clock: Clock = time.monotonic
    ) -> Iterator[Progress]:
        """Learn until the budget is used; whoever stops asking stops it.

        Parameters
        ----------
        budget : Budget
            Steps and seconds of earlier runs count.
        every : int
            Steps between reports.
        clock : callable
            Returns seconds.
        """
        with self._threads():
            for progress in train(
                self._step, budget, every=every, start=self.position, clock=clock
            ):
                self.position = (progress.step, progress.seconds)
                yield progress

    @contextmanager
    def _threads(self) -> Iterator[None]:
        before = torch.get_num_threads()
        torch.set_num_threads(self.options.threads or max(1, before - 1))
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _step(self, number: int, share: float) -> Tensor:
        if number % KEEP_EVERY == 0 or self._good is None:
            self._good = self.learner.state()
        losses = self._losses(number, share)
        if not all(math.isfinite(value) for value in losses.values()):
            self._go_back(number)
            losses = self._losses(number, share)
        self.losses = losses
        return torch.tensor(next(iter(losses.values())))

    def _losses(self, number: int, share: float) -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed * 1_000_003 + number)
            found = self.learner(number, share)
        return {name: float(value.detach()) for name, value in found.items()}

    def _go_back(self, number: int) -> None:
        """Take back the last steps, whose losses are no numbers, and learn slower."""
        self._returns += 1
        if self._returns > MOST_RETURNS or self._good is None:
            raise InputError(
                f"Training diverged again and again, last at step {number}; choose a "
                "lower learning rate or another kind of generator."
            )
        self.learner.restore(self._good)
        self.learner.rate /= 2
        self._said = (
            f"Training diverged at step {number}: it went on from an earlier state at "
            "half the learning rate."
        )

    def finish(self) -> None:
        """Do what comes after the last step; takes seconds at most."""
        with self._threads(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed)
            self.learner.finish()

    # ---- what comes of it

    def generator(self, record: Mapping[str, Any] | None = None) -> Generator:
        """Return the generator as it is now.

        Parameters
        ----------
        record : mapping, optional
            Is added to the record of the training.
        """
        weights = self.learner.average.network.state_dict()
        steps, seconds = self.position
        told = {
            "images": len(self.kept),
            "held_out": len(self.unseen),
            "steps": steps,
            "seconds": round(seconds, 1),
            "seed": self.options.seed,
            "rotations": self.options.rotations,
            "each": self.options.each,
            "losses": dict(self.losses),
        }
        return Generator(
            self.config,
            {name: value.detach().cpu().clone() for name, value in weights.items()},
            self.range,
            self.spacing,
            told | dict(record or {}),
        )

    def patches(
        self, count: int, *, unseen: bool = False, seed: int = 0
    ) -> NDArray[np.float32]:
        """Return patches as they are drawn for training, to compare samples with.

        Parameters
        ----------
        count : int
            How many.
        unseen : bool
            Whether of images that were not learnt from.
        seed : int
            Chooses them.

        Returns
        -------
        patches : ndarray of float32, shape (count, channels, [P,] M, N)
            In the intensities of the images; none where nothing was held out.
        """
        drawn = self._drawn(count, unseen, seed)
        return self.range.outside(drawn[:, : self.config.channels])

    def maps(
        self, count: int, *, unseen: bool = False, seed: int = 0
    ) -> NDArray[np.float32] | None:
        """Return the maps of such patches, or None where there are no labels.

        Parameters
        ----------
        count, unseen, seed
            As of `patches`.
        """
        if not self.config.maps:
            return None
        return self._drawn(count, unseen, seed)[:, self.config.channels :]

    def _drawn(self, count: int, unseen: bool, seed: int) -> NDArray[np.float32]:
        sources = self.unseen if unseen else self.kept
        if not sources:
            channels = self.config.channels + self.config.maps
            return np.zeros((0, channels, *self.config.shape), np.float32)
        pool = Pool(sources, self.config.shape, self.options.foreground)
        return pool.draw(count, np.random.default_rng([seed, unseen]))[0]

    def save(self, path: str | Path) -> None:
        """Write all that a later run needs, to go on as if nothing had happened."""
        step, seconds = self.position
        header = {
            **self._described(),
            "step": step,
            "seconds": seconds,
            "rate": self.learner.rate,
        }
        checkpoint.write(Path(path), header, self.learner.state())

    def _described(self) -> dict[str, Any]:
        """Return what must be the same for a training to go on."""
        options = asdict(self.options)
        same = {name: options[name] for name in options if name not in MACHINE}
        return {"kind": UNFINISHED, "options": same, "config": asdict(self.config)}

    def restore(self, path: str | Path) -> None:
        """Go on where `save` was called, with the same images and options.

        Raises
        ------
        InputError
            When the file is of another training; the message says in what.
        """
        header, state = checkpoint.read(Path(path))
        wanted = json.loads(json.dumps(self._described()))
        check_same_training(path, header, wanted)
        try:
            self.learner.restore(state)
            self.learner.rate = float(header["rate"])
            self.position = (int(header["step"]), float(header["seconds"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError(f"{path} cannot be gone on from; start anew.") from error
