"""A trained generator: what it is, how it is kept, how it makes images."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.generator_conditions import MAPS_OF, checked_maps
from napari_morphogen.nn.generator_patches import MULTIPLE, Range
from napari_morphogen.params import InputError

Kind = Literal["vae", "cvae", "flow", "painter", "dcgan", "stylegan"]
MODULES: Mapping[str, str] = {  # where every kind has its `FAMILY`
    "vae": "vae",
    "cvae": "vae",
    "flow": "flow",
    "painter": "painter",
    "dcgan": "dcgan",
    "stylegan": "stylegan",
}
KIND = "generator"  # of the file
# images of the batch of a number, and their classes or maps
Draw = Callable[[int], tuple[Tensor, Tensor | None]]
LARGEST = 2**12  # pixels, channels and latents of a file that is believed


@dataclass(frozen=True)
class GeneratorConfig:
    """The architecture of a generator.

    Attributes
    ----------
    kind : str
        Which family of networks.
    channels : int
        Of an image.
    shape : tuple of int
        Of a sample, spatial axes only: rows and columns, or planes before them.
    width : int
        Channels of the network at full resolution.
    latent : int
        Length of the latent code; 0 where the family has none.
    classes : tuple of str
        What samples can be asked for; empty when there is no choice.
    maps : int
        Made from the labels that are painted; 0 where none are.
    """

    kind: Kind = "flow"
    channels: int = 1
    shape: tuple[int, ...] = (32, 32)
    width: int = 32
    latent: int = 0
    classes: tuple[str, ...] = ()
    maps: int = 0


class Family(NamedTuple):
    """What is particular to one kind of generator.

    Attributes
    ----------
    build : callable
        Takes the configuration and returns the network, one module with all weights
        that are kept.
    learner : callable
        Takes the network, what returns the batch of a number, the learning rate and
        the device; returns a `generator_training.Learns`.
    noise : callable
        Takes the configuration and returns the shape of one sample's noise.
    sample : callable
        Takes network, noise (N, ...), truncation, steps, and before these the classes
        (N,) or maps (N, maps, M, N) that are asked for, or None;
        returns images (N, channels, [P,] M, N) from -1 to 1.
    width, latent : int
        Usual values, the latter for patches of 32 pixels.
    rate : float
        Usual learning rate.
    volumes : bool
        Whether it makes volumes, too.
    """

    build: Callable[[GeneratorConfig], nn.Module]
    learner: Callable[[Any, Draw, float, str], Any]
    noise: Callable[[GeneratorConfig], tuple[int, ...]]
    sample: Callable[[Any, Tensor, float, Tensor | None, int], Tensor]
    width: int
    latent: int
    rate: float
    volumes: bool = False


def family(kind: str) -> Family:
    """Return the family of a kind.

    Parameters
    ----------
    kind : str
        A key of `MODULES`.

    Raises
    ------
    InputError
        When there is no such kind.
    """
    if kind not in MODULES:
        known = ", ".join(MODULES)
        raise InputError(f'There is no generator "{kind}"; the kinds are {known}.')
    module = import_module(f"napari_morphogen.nn.{MODULES[kind]}")
    found: Family = module.FAMILY
    return found


@dataclass(frozen=True, eq=False)
class Generator:
    """A trained generator and what its samples mean.

    Attributes
    ----------
    config : GeneratorConfig
        The architecture.
    weights : dict of str to Tensor
        Of the network, averaged over the last steps.
    range : Range
        Intensities of every channel that the network knows as -1 and 1.
    spacing : tuple of float
        Pixel size per spatial axis, in training.
    record : dict
        Of the training: images, steps, seconds, seed, report card.

    Examples
    --------
    >>> config = GeneratorConfig("vae", shape=(16, 16), width=4, latent=2)
    >>> network = family("vae").build(config)
    >>> made = Generator(config, network.state_dict(), Range((0.0,), (255.0,)))
    >>> made.sample(3, seed=1).shape
    (3, 1, 16, 16)
    """

    config: GeneratorConfig
    weights: dict[str, Tensor]
    range: Range
    spacing: tuple[float, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> nn.Module:
        """Return a network with these weights, ready to sample."""
        found = family(self.config.kind).build(self.config)
        found.load_state_dict(self.weights)
        return found.eval()

    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        truncation: float = 1.0,
        condition: ArrayLike | None = None,
        steps: int = 0,
        batch: int = 16,
        device: str = "cpu",
    ) -> NDArray[np.float32]:
        """Return new images.

        Parameters
        ----------
        count : int
            How many.
        seed : int
            Same seed, same images.
        truncation : float
            How far from the mean the noise reaches: below 1 images are more usual
            and less varied.
        condition : array_like, optional
            The class of every image, counted from 0, of shape (count,); by default
            all in turn. Of a painter the maps of labels, (count, maps, M, N).
        steps : int
            Of those kinds that draw step by step; 0 chooses.
        batch : int
            Images at once.
        device : str
            "cpu", "cuda" or "mps".

        Returns
        -------
        images : ndarray of float32, shape (count, channels, [P,] M, N)
            In the intensities of the training images.

        Raises
        ------
        InputError
            When there is no such class, or a painter is given nothing to paint.
        """
        noise = self.noise(count, seed)
        return self.made(noise, truncation, condition, steps, batch, device)

    def noise(self, count: int, seed: int) -> NDArray[np.float32]:
        """Return the noise that samples are made of, that of each by itself.

        Parameters
        ----------
        count, seed : int
            As of `sample`.
        """
        shape = family(self.config.kind).noise(self.config)
        drawn = [
            np.random.default_rng([seed, i]).standard_normal(shape, np.float32)
            for i in range(count)
        ]
        return np.stack(drawn) if drawn else np.zeros((0, *shape), np.float32)

    def made(
        self,
        noise: NDArray[np.float32],
        truncation: float = 1.0,
        condition: ArrayLike | None = None,
        steps: int = 0,
        batch: int = 16,
        device: str = "cpu",
    ) -> NDArray[np.float32]:
        """Return the images that noise becomes.

        Parameters
        ----------
        noise : ndarray of float32
            Of `noise`.
        truncation, condition, steps, batch, device
            As of `sample`.
        """
        kind, network = family(self.config.kind), self.network().to(device)
        wanted = self._wanted(len(noise), condition)
        found = np.zeros(
            (len(noise), self.config.channels, *self.config.shape), np.float32
        )
        with torch.inference_mode():
            for start in range(0, len(noise), batch):
                part = slice(start, start + batch)
                given = torch.from_numpy(noise[part]).to(device)
                asked = None if wanted is None else wanted[part].to(device)
                images = kind.sample(network, given, truncation, asked, steps)
                found[part] = images.float().cpu().numpy()
        return self.range.outside(found)

    def _wanted(self, count: int, condition: ArrayLike | None) -> Tensor | None:
        """Return the classes or maps that are asked for."""
        if self.config.maps:
            shape = (count, self.config.maps, *self.config.shape)
            return checked_maps(condition, shape)
        known = len(self.config.classes)
        if not known:
            if condition is not None:
                raise InputError(
                    "This generator knows no classes; leave out the condition."
                )
            return None
        asked = np.arange(count) % known if condition is None else np.asarray(condition)
        if asked.shape != (count,) or not np.isin(asked, np.arange(known)).all():
            names = ", ".join(
                f"{i} {name}" for i, name in enumerate(self.config.classes)
            )
            raise InputError(
                f"Expected {count} numbers of classes, one for every sample, out of "
                f"{names}, but got {asked.tolist()}."
            )
        return torch.from_numpy(asked.astype(np.int64))

    # ---- files

    def save(self, path: str | Path) -> None:
        """Write the generator to one file, whole or not at all."""
        checkpoint.write(Path(path), {"kind": KIND, **self.header()}, self.weights)

    def header(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON can hold it."""
        return {
            "network": asdict(self.config),
            "range": [list(self.range.low), list(self.range.high)],
            "spacing": list(self.spacing),
            "record": dict(self.record),
        }

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the generator that a file holds; nothing of the file is executed.

        Raises
        ------
        InputError
            When the file holds none that can be used.
        """
        header, weights = checkpoint.read(Path(path))
        return cls.of(header, weights, path)

    @classmethod
    def of(cls, header: dict[str, Any], weights: dict[str, Tensor], path: Any) -> Self:
        """Return the generator of a header and weights that a file holds.

        Raises
        ------
        InputError
            When they do not belong together.
        """
        with checkpoint.described(path, "generator"):
            checkpoint.check_kind(header, KIND)
            low, high = header["range"]
            model = cls(
                _config(header["network"]),
                weights,
                Range(tuple(float(v) for v in low), tuple(float(v) for v in high)),
                tuple(float(s) for s in header["spacing"]),
                dict(header["record"]),
            )
            model._check()
        return model

    def _check(self) -> None:
        """Raise ValueError unless weights and architecture fit together."""
        with torch.device("meta"):  # allocates nothing, whatever a file asks for
            wanted = family(self.config.kind).build(self.config).state_dict()
        shapes = {name: value.shape for name, value in self.weights.items()}
        if {name: value.shape for name, value in wanted.items()} != shapes:
            raise ValueError("its weights do not fit its architecture")
        values = (*self.range.low, *self.range.high, *self.spacing)
        if len(self.range.low) != self.config.channels or not np.isfinite(values).all():
            raise ValueError("its intensities do not fit its channels")


def _config(given: dict[str, Any]) -> GeneratorConfig:
    shape = tuple(int(n) for n in given["shape"])
    classes = tuple(str(name) for name in given["classes"])
    config = GeneratorConfig(**{**given, "shape": shape, "classes": classes})
    numbers = (config.channels, config.width, *shape)
    usual = (
        config.kind in get_args(Kind)
        and config.kind in MODULES
        and all(isinstance(n, int) and 0 < n <= LARGEST for n in numbers)
        and isinstance(config.latent, int)
        and 0 <= config.latent <= LARGEST
        and (len(shape) == 2 or (len(shape) == 3 and family(config.kind).volumes))
        and not any(n % MULTIPLE for n in shape[-2:])
        and len(classes) <= LARGEST
        and config.maps in MAPS_OF.get(config.kind, (0,))
        and not (config.maps and (classes or len(shape) != 2))
    )
    if not usual:
        raise ValueError("its architecture is none that is known")
    return config
