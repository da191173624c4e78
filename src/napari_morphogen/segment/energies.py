"""The energies that `flows` descends, and how one iteration lowers them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
RELAXATIONS = 5  # conjugate gradient steps for one unknown in one iteration
CORNER = 1e-3  # slope per pixel below which the total variation is rounded off


class MumfordShah:
    """The energy of `ambrosio_tortorelli`; a state is u and v."""

    def __init__(
        self,
        f: Array,
        sizes: Sequence[float],
        smoothness: float,
        contrast: float,
        width: float,
    ) -> None:
        self._f, self._sizes, self._a = f, sizes, smoothness**2
        edge = contrast**2 * smoothness / 2
        self._flat, self._pull = edge * width, edge / (4 * width)

    def measure(self, state: tuple[Array, Array]) -> float:
        """Return the energy per pixel."""
        u, v = state
        energy = _mean(np.square(u - self._f)) + self._pull * _mean(np.square(1 - v))
        for weight, du, dv in zip(
            self._open(v), self._steps(u), self._steps(v), strict=True
        ):
            bent = self._a * weight * np.square(du) + self._flat * np.square(dv)
            energy += float(bent.sum(dtype=np.float64)) / u.size
        return energy

    def lower(self, state: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return a state of less energy."""
        u, v = state
        shares = [self._a / 2 * np.square(step) for step in self._steps(u)]
        diagonal = _at_ends(shares, v.shape) + v.dtype.type(self._pull)
        evenly = [np.full_like(share, self._flat) for share in shares]
        pull = np.full_like(v, self._pull)
        # beyond 0 and 1 every term of the energy is higher
        v = np.clip(_relaxed(v, pull, diagonal, evenly, self._sizes), 0, 1)
        weights = [self._a * weight for weight in self._open(v)]
        return _relaxed(u, self._f, np.ones_like(u), weights, self._sizes), v

    def _steps(self, image: Array) -> list[Array]:
        steps = _differences(image)
        return [step / size for step, size in zip(steps, self._sizes, strict=True)]

    def _open(self, v: Array) -> list[Array]:
        """Return v^2 between neighbours."""
        square = np.square(v)
        pairs = (_ends(square, axis) for axis in range(v.ndim))
        return [(after + before) / 2 for after, before in pairs]


class TotalVariation:
    """The energy of Rudin, Osher and Fatemi."""

    def __init__(self, f: Array, sizes: Sequence[float], weight: float) -> None:
        self._f, self._sizes, self._weight = f, sizes, weight

    def measure(self, u: Array) -> float:
        """Return the energy per pixel."""
        apart = _mean(np.square(u - self._f)) / 2
        return apart + self._weight * _mean(self._slope(u) - u.dtype.type(CORNER))

    def lower(self, u: Array) -> Array:
        """Return a state of less energy."""
        each = self._weight / self._slope(u)
        weights = [_ends(each, axis)[1] for axis in range(u.ndim)]
        return _relaxed(u, self._f, np.ones_like(u), weights, self._sizes)

    def _slope(self, u: Array) -> Array:
        square = np.full_like(u, CORNER**2)
        for axis, (step, size) in enumerate(
            zip(_differences(u), self._sizes, strict=True)
        ):
            before = _ends(square, axis)[1]
            before += np.square(step / size)
        return np.sqrt(square)


class PeronaMalik:
    """The energy whose gradient is the diffusion of Perona and Malik."""

    def __init__(self, sizes: Sequence[float], contrast: float) -> None:
        self._sizes, self._k = sizes, contrast
        self._pace = 1 / (4 * sum(1 / size**2 for size in sizes))

    def measure(self, u: Array) -> float:
        """Return the energy per pixel."""
        parts = (np.log1p(square) for square in self._squares(u))
        total = sum(float(part.sum(dtype=np.float64)) for part in parts)
        return self._k**2 / 2 * total / u.size

    def lower(self, u: Array) -> Array:
        """Return a state of less energy."""
        weights = [1 / (1 + square) for square in self._squares(u)]
        return np.asarray(u - self._pace * _stretched(u, weights, self._sizes))

    def _squares(self, u: Array) -> list[Array]:
        pairs = zip(_differences(u), self._sizes, strict=True)
        return [np.square(step / (size * self._k)) for step, size in pairs]


def _relaxed(
    start: Array,
    target: Array,
    diagonal: Array,
    weights: list[Array],
    sizes: Sequence[float],
) -> Array:
    """Lower x (diagonal x) / 2 + |weighted slope of x|^2 / 2 - target x."""

    def applied(x: Array) -> Array:
        return np.asarray(diagonal * x + _stretched(x, weights, sizes))

    scaled = [w / s**2 for w, s in zip(weights, sizes, strict=True)]
    whole = diagonal + _at_ends(scaled, start.shape)
    x, rest = start.copy(), target - applied(start)
    way = rest / whole
    gain = _dot(rest, way)
    for _ in range(RELAXATIONS):
        if not gain > 0:
            break
        turned = applied(way)
        length = x.dtype.type(gain / _dot(way, turned))
        x += length * way
        rest -= length * turned
        downhill = rest / whole
        before, gain = gain, _dot(rest, downhill)
        way = downhill + x.dtype.type(gain / before) * way
    return x


def _stretched(x: Array, weights: list[Array], sizes: Sequence[float]) -> Array:
    """Return the gradient of half the weighted squares of the slopes of x."""
    out = np.zeros_like(x)
    for axis, (step, weight, size) in enumerate(
        zip(_differences(x), weights, sizes, strict=True)
    ):
        flow = weight * step / size**2
        after, before = _ends(out, axis)
        after += flow
        before -= flow
    return out


def _differences(x: Array) -> list[Array]:
    pairs = (_ends(x, axis) for axis in range(x.ndim))
    return [after - before for after, before in pairs]


def _at_ends(shares: list[Array], shape: tuple[int, ...]) -> Array:
    """Return for every pixel the sum of what its pairs of neighbours hold."""
    out = np.zeros(shape, shares[0].dtype)
    for axis, share in enumerate(shares):
        after, before = _ends(out, axis)
        after += share
        before += share
    return out


def _ends(x: Array, axis: int) -> tuple[Array, Array]:
    """Return the second and the first of all pairs of neighbours, as views."""
    front = (slice(None),) * axis
    return x[(*front, slice(1, None))], x[(*front, slice(None, -1))]


def _mean(values: Array) -> float:
    return float(values.mean(dtype=np.float64))


def _dot(a: Array, b: Array) -> float:
    return float((a * b).sum(dtype=np.float64))
