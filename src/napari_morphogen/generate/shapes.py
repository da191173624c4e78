"""Outlines of cells: a radius that changes smoothly with the direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

WAVES = 4  # that are added to make an outline irregular
FREQUENCIES = (2.0, 5.0)  # of the waves, in turns around the cell
WILDEST = 2.0  # standard deviations that an outline or a radius departs at most
SMALLEST = 0.25  # of the mean radius


@dataclass(frozen=True)
class Shape:
    """The pixels of one cell, wherever it lies.

    Attributes
    ----------
    mask : ndarray of bool
        True inside; one pixel along every border is outside.
    centre : tuple of int
        Of the cell, in pixels of the mask.
    reach : float
        From the centre to the farthest pixel, in pixels of the finest axis.
    """

    mask: NDArray[np.bool_]
    centre: tuple[int, ...]
    reach: float


def drawn_shape(
    rng: np.random.Generator,
    spacing: tuple[float, ...],
    *,
    radius: float,
    spread: float,
    elongation: float,
    irregularity: float,
) -> Shape:
    """Return a cell of random outline.

    Parameters
    ----------
    rng : Generator
        Of random numbers.
    spacing : tuple of float
        Relative pixel size along every axis.
    radius : float
        Mean radius of discs or balls of the same size, in pixels of the finest axis.
    spread : float
        Standard deviation of the radius, as a share of it.
    elongation : float
        Longest axis relative to the others, 1 or more.
    irregularity : float
        Standard deviation of the radius over all directions, as a share of it.
    """
    ndim = len(spacing)
    chance = float(np.clip(rng.standard_normal(), -WILDEST, WILDEST))
    radius *= max(1 + spread * chance, SMALLEST)
    longest = radius * elongation ** ((ndim - 1) / ndim)
    half_axes = np.full(ndim, radius * elongation ** (-1 / ndim))
    half_axes[0] = longest
    limit = longest * (1 + WILDEST * irregularity)
    halves = [int(limit / size) + 2 for size in spacing]
    offset = rng.uniform(-0.5, 0.5, ndim)  # of the centre within its pixel
    grid = [
        (np.arange(-half, half + 1, dtype=np.float32) - np.float32(shift)) * size
        for half, shift, size in zip(halves, offset, spacing, strict=True)
    ]
    place = np.stack(np.meshgrid(*grid, indexing="ij"))
    turned = np.tensordot(_rotation(rng, ndim) / half_axes[:, None], place, axes=1)
    distance = np.linalg.norm(turned, axis=0)
    inside = distance < _outline(rng, turned, distance, irregularity)
    inside[tuple(halves)] = True  # a cell smaller than a pixel is one pixel
    mask = _piece_at(inside, tuple(halves))
    return Shape(mask, tuple(halves), float(np.linalg.norm(place, axis=0)[mask].max()))


def _rotation(rng: np.random.Generator, ndim: int) -> NDArray[np.float64]:
    found, _ = np.linalg.qr(rng.standard_normal((ndim, ndim)))
    return np.asarray(found)


def _outline(
    rng: np.random.Generator,
    place: NDArray[np.float64],
    distance: NDArray[np.float64],
    irregularity: float,
) -> NDArray[np.float64]:
    """Return where the outline lies, as a share of the ellipsoid's radius."""
    direction = place / np.maximum(distance, 1e-9)
    total = np.zeros(distance.shape)
    for _ in range(WAVES):
        towards = rng.standard_normal(len(place))
        towards *= rng.uniform(*FREQUENCIES) / np.linalg.norm(towards)
        total += np.cos(np.tensordot(towards, direction, axes=1) + rng.uniform(0, 7))
    waves = np.clip(total * (2 / WAVES) ** 0.5, -WILDEST, WILDEST)
    return np.asarray(np.maximum(1 + irregularity * waves, 0.1))


def _piece_at(inside: NDArray[np.bool_], centre: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the connected pixels around the centre."""
    pieces, _ = ndimage.label(inside)
    return np.asarray(pieces == pieces[centre])
