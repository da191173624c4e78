"""Patches cut where labels are, each turned, stretched, bent and recoloured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

GRID = 4  # knots per axis of the elastic field


@dataclass(frozen=True)
class Augmentation:
    """How much patches are varied; 0 or False switches a part off.

    Attributes
    ----------
    flip : bool
        Mirror along every axis.
    rotate : bool
        Any angle in the plane.
    scale : float
        Largest enlargement and reduction, in octaves.
    elastic : float
        Largest shift of the elastic field, as a share of the patch.
    brightness, contrast, gamma : float
        Largest shift; largest factors, in octaves.
    noise, blur : float
        Largest standard deviation: of the noise, and of the Gaussian in pixels.
    """

    flip: bool = True
    rotate: bool = True
    scale: float = 0.5
    elastic: float = 0.04
    brightness: float = 0.1
    contrast: float = 0.4
    gamma: float = 0.5
    noise: float = 0.1
    blur: float = 1.0


AUGMENTATION = Augmentation()
NO_AUGMENTATION = Augmentation(False, False, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Example:
    """One image with what the network should make of it.

    Attributes
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    targets : ndarray of float32, shape (maps, [P,] M, N)
        The first is 0 where nothing is known.
    """

    image: NDArray[np.float32]
    targets: NDArray[np.float32]


class Patches:
    """Batches of patches; the n-th batch depends on the seed and n alone.

    Parameters
    ----------
    examples : sequence of Example
        At least one with a labelled pixel.
    size : sequence of int
        Of a patch, per axis.
    batch : int
        Patches of one batch.
    augmentation : Augmentation
        How patches are varied.
    seed : int
        Of all that is drawn.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        size: Sequence[int],
        batch: int,
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        self.size, self.batch, self.seed = tuple(size), batch, seed
        self.augmentation = augmentation
        self.channels = len(examples[0].image)
        self._stacks = [
            torch.from_numpy(np.concatenate([e.image, e.targets])) for e in examples
        ]
        self._places = [_labelled(example.targets[0]) for example in examples]
        weights = np.sqrt([sum(len(p) for p in groups) for groups in self._places])
        self._shares = weights / weights.sum()

    def __call__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return images and targets of batch `number`."""
        rng = np.random.default_rng([self.seed, number])
        patches = torch.cat([self._patch(rng) for _ in range(self.batch)])
        images, targets = patches.tensor_split([self.channels], dim=1)
        return _recoloured(images, self.augmentation, rng), targets

    def _patch(self, rng: np.random.Generator) -> Tensor:
        chosen = int(rng.choice(len(self._stacks), p=self._shares))
        stack, groups = self._stacks[chosen], self._places[chosen]
        places = groups[rng.integers(len(groups))]  # every class as often
        flat = places[rng.integers(len(places))]
        centre = np.array(np.unravel_index(flat, stack.shape[1:]), float)
        centre += rng.uniform(-0.35, 0.35, len(self.size)) * self.size
        crop, centre = _crop(stack, centre, self.size, self.augmentation)
        grid = _grid(centre, self.size, crop.shape[1:], self.augmentation, rng)
        image = functional.grid_sample(
            crop[None, : self.channels], grid, "bilinear", "reflection", False
        )
        targets = functional.grid_sample(
            crop[None, self.channels :], grid, "nearest", "zeros", False
        )
        return torch.cat([image, targets], 1)


def _labelled(known: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Return the flat places of the pixels of every class."""
    values = np.rint(known).astype(np.intp).ravel()
    return [np.flatnonzero(values == v) for v in np.unique(values) if v > 0]


def _crop(
    stack: Tensor,
    centre: NDArray[Any],
    size: Sequence[int],
    augmentation: Augmentation,
) -> tuple[Tensor, NDArray[Any]]:
    """Cut out what a patch can reach, so that its cost does not grow with the image."""
    shape = np.array(stack.shape[1:])
    centre = np.clip(centre, 0, shape - 1)
    radius = np.array(size) / 2 * 2**augmentation.scale
    if augmentation.rotate:
        radius[-2:] = np.hypot(*radius[-2:])
    radius = np.ceil(radius + augmentation.elastic * np.array(size) + 2)
    low = np.maximum(centre - radius, 0).astype(int)
    high = np.minimum(centre + radius + 1, shape).astype(int)
    inside = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return stack[(slice(None), *inside)], centre - low


def _grid(
    centre: NDArray[Any],
    size: Sequence[int],
    shape: Sequence[int],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Tensor:
    """Return where in the crop every pixel of the patch comes from."""
    n = len(size)
    axes = [np.arange(s) - (s - 1) / 2 for s in size]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    middle = np.floor(centre) + (1 - np.array(size) % 2) / 2  # of a pixel or between
    places = offsets @ _matrix(n, augmentation, rng).T + middle
    grid = torch.from_numpy(places.astype(np.float32))
    if augmentation.elastic > 0:
        knots = rng.uniform(-1, 1, (1, n, *[min(GRID, s) for s in size]))
        knots *= augmentation.elastic * np.array(size).reshape(1, n, *[1] * n)
        mode = {2: "bicubic", 3: "trilinear"}[n]
        field = functional.interpolate(
            torch.from_numpy(knots.astype(np.float32)), list(size), mode=mode
        )
        grid = grid + field[0].movedim(0, -1)
    scale = torch.tensor([2.0 / s for s in shape])
    return ((grid + 0.5) * scale - 1).flip(-1)[None]  # grid_sample wants x first


def _matrix(
    n: int, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a random flip, rotation in the plane and scale."""
    flips = rng.choice([-1.0, 1.0], n) if augmentation.flip else np.ones(n)
    matrix = np.diag(flips)
    angle = rng.uniform(0, 2 * np.pi) if augmentation.rotate else 0.0
    turn = np.eye(n)
    turn[-2:, -2:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    scale = 2 ** rng.uniform(-augmentation.scale, augmentation.scale)
    return np.asarray(turn @ matrix * scale)


def _recoloured(
    images: Tensor, augmentation: Augmentation, rng: np.random.Generator
) -> Tensor:
    """Vary brightness, contrast and gamma of every channel, then blur and noise."""
    shape = (*images.shape[:2], *[1] * (images.ndim - 2))

    def draw(limit: float) -> Tensor:
        values = rng.uniform(-limit, limit, shape)
        return torch.from_numpy(values.astype(np.float32))

    images = images.sign() * images.abs() ** 2 ** draw(augmentation.gamma)
    images = images * 2 ** draw(augmentation.contrast) + draw(augmentation.brightness)
    if augmentation.blur > 0:
        images = _blurred(images, augmentation.blur, rng)
    if augmentation.noise > 0:
        seed = int(rng.integers(2**62))
        noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
        images = images + noise * draw(augmentation.noise).clamp(min=0)
    return images


def _blurred(images: Tensor, limit: float, rng: np.random.Generator) -> Tensor:
    """Blur every second patch, each by its own Gaussian."""
    sigmas = np.where(rng.random(len(images)) < 0.5, rng.uniform(0, limit), 0)
    radius = int(np.ceil(3 * limit))
    place = np.arange(-radius, radius + 1)
    found = []
    for image, sigma in zip(images, sigmas, strict=True):
        if sigma < 0.2:
            found.append(image)
            continue
        weights = np.exp(-0.5 * (place / sigma) ** 2)
        kernel = torch.from_numpy((weights / weights.sum()).astype(np.float32))
        found.append(_along_plane(image, kernel, radius))
    return torch.stack(found)


def _along_plane(image: Tensor, kernel: Tensor, radius: int) -> Tensor:
    flat = image.reshape(-1, 1, *image.shape[-2:])
    flat = functional.pad(flat, [radius] * 4, mode="replicate")
    flat = functional.conv2d(flat, kernel.reshape(1, 1, 1, -1))
    return functional.conv2d(flat, kernel.reshape(1, 1, -1, 1)).reshape(image.shape)
