"""From painted strokes to classes of pixels, whatever tells the classes apart."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import features
from napari_morphogen.fast.threads import spread
from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Channels, Image, InputError, Labels

SIGMAS = features.SIGMAS
BLOCK = 2**13  # pixels classified at once
EVEN = 1e-6  # rounding may not decide between classes that are equally likely
FARTHEST = 1e15  # from 0 to 1: what float32 holds the square of

Origin = tuple[tuple[float, float], ...]
Stack = NDArray[np.float32]
Chances = Callable[[Stack], NDArray[Any]]  # of (features, pixels) to (classes, pixels)


class Classified(NamedTuple):
    """Classes of pixels and how sure they are.

    Attributes
    ----------
    labels : ndarray of int32, shape ([P,] M, N)
        The likeliest class; 0 in broken pixels.
    probability : ndarray of float32, shape (classes, [P,] M, N)
        They sum to 1; 0 in broken pixels.
    uncertainty : ndarray of float32, shape ([P,] M, N)
        1 less what the likeliest class is ahead of the next; 0 in broken pixels.
    """

    labels: Labels
    probability: Channels
    uncertainty: Image


@dataclass(frozen=True)
class Examples:
    """Features of the painted pixels.

    Attributes
    ----------
    values : ndarray of float32, shape (features, pixels)
    classes : ndarray of int, shape (pixels,)
        From 0.
    number : int
        Of classes, some of which may have no pixel that is not broken.
    scales : int
        How many of `SIGMAS` were used.
    origin : tuple of (float, float)
        Per channel, the intensity that is 0 and how much more is 1.
    ndim : int
        2 for planes, 3 for volumes.
    """

    values: Stack
    classes: NDArray[np.intp]
    number: int
    scales: int
    origin: Origin
    ndim: int

    def thinned(self, most: int) -> "Examples":
        """Return at most so many pixels of every class, evenly along memory."""
        chosen = [
            np.flatnonzero(self.classes == k)[_evenly(count, most)]
            for k, count in enumerate(np.bincount(self.classes, minlength=self.number))
        ]
        at = np.sort(np.concatenate(chosen))
        return replace(self, values=self.values[:, at], classes=self.classes[at])


@dataclass(frozen=True)
class Model:
    """What was learned: a classifier and how its features are measured.

    Attributes
    ----------
    chances : callable
        From features (features, pixels) to probabilities (classes, pixels).
    number, scales, origin, ndim
        Those of `Examples`.
    """

    chances: Chances
    number: int
    scales: int
    origin: Origin
    ndim: int

    @classmethod
    def of(cls, chances: Chances, examples: Examples) -> "Model":
        """Return what was learned from examples."""
        rest = (examples.number, examples.scales, examples.origin, examples.ndim)
        return cls(chances, *rest)


def collect(samples: Iterable[Mapping[str, Any]], scales: int) -> Examples | None:
    """Return the features of all painted pixels, or None when there is no sample.

    Parameters
    ----------
    samples : iterable of mapping
        Each with image, strokes, spacing and channel_axis.
    scales : int
        How many of `SIGMAS` are used.

    Raises
    ------
    InputError
        When fewer than two classes are painted.
    """
    found, ids = [], []
    origin: Origin = ()
    ndim = 2
    for sample in samples:
        words = (sample["spacing"], sample["channel_axis"])
        frame = _Frame.of(sample["image"], *words, origin)
        origin, ndim = frame.origin, frame.ndim
        strokes = np.asarray(sample["strokes"])
        painted = (strokes != 0) & frame.whole
        found.append(frame.at(painted, scales))
        ids.append((strokes[painted], np.unique(strokes[strokes != 0])))
    if not found:
        return None
    names = np.unique(np.concatenate([every for _, every in ids]))
    if len(names) < 2:
        raise InputError(
            f"The `strokes` hold {len(names)} classes; paint at least two classes, "
            "each with a number of its own."
        )
    classes = np.searchsorted(names, np.concatenate([own for own, _ in ids]))
    values = np.concatenate(found, axis=1)
    return Examples(values, classes, len(names), scales, origin, ndim)


def classify(
    image: NDArray[Any],
    model: Model,
    sigma: float,
    spacing: tuple[float, ...],
    channel_axis: int | None,
) -> Classified:
    """Return the classes of all pixels of a frame.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N), channels anywhere
        As many channels as the model was trained on.
    model : Model
        What was learned.
    sigma : float
        Smoothing of the probabilities, in pixels of the finest axis.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.
    """
    from threadpoolctl import threadpool_limits

    frame = _Frame.of(image, spacing, channel_axis, model.origin)
    probability = np.empty((model.number, *frame.whole.shape), np.float32)
    for place, stack in frame.pieces(model.scales):
        part = np.empty((model.number, *stack.shape[1:]), np.float32)
        flat, out = (a.reshape(len(a), -1) for a in (stack, part))

        def fill(begin: int, flat: Any = flat, out: Any = out) -> None:
            block = slice(begin, begin + BLOCK)
            out[:, block] = model.chances(flat[:, block])

        with threadpool_limits(1):  # the threads are ours already
            spread(fill, range(0, flat.shape[1], BLOCK))
        probability[(slice(None), *place)] = part
    return classified(_smoothed(probability, sigma, spacing), frame.whole)


def _smoothed(
    probability: NDArray[np.float32], sigma: float, spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    if sigma == 0:
        return probability
    soft = np.stack([smooth(one, sigma, spacing) for one in probability])
    return np.asarray(soft / soft.sum(axis=0))


def classified(
    probability: NDArray[np.float32], whole: NDArray[np.bool_]
) -> Classified:
    """Return the likeliest classes and how sure they are.

    Parameters
    ----------
    probability : ndarray of float32, shape (classes, [P,] M, N)
        Of every class; becomes 0 in place where a pixel is broken.
    whole : ndarray of bool, shape ([P,] M, N)
        Which pixels are not broken.
    """
    best, second = probability[0].copy(), np.zeros_like(probability[0])
    labels = np.ones(whole.shape, np.int32)
    for number, chance in enumerate(probability[1:], start=2):
        labels[chance > best + EVEN] = number
        np.maximum(second, np.minimum(best, chance), out=second)
        np.maximum(best, chance, out=best)
    uncertainty = 1 - (best - second)
    if not whole.all():
        labels[~whole] = 0
        probability[:, ~whole] = 0
        uncertainty[~whole] = 0
    return Classified(labels, probability, uncertainty)


@dataclass(frozen=True)
class _Frame:
    """A frame whose intensities count from the same origin as those of others."""

    channels: NDArray[np.float32]
    whole: NDArray[np.bool_]
    origin: Origin
    spacing: tuple[float, ...]

    @classmethod
    def of(
        cls,
        image: NDArray[Any],
        spacing: tuple[float, ...],
        axis: int | None,
        origin: Origin,
    ) -> "_Frame":
        """Return a frame; without an `origin` its own range counts from 0 to 1."""
        stack = image[np.newaxis] if axis is None else np.moveaxis(image, axis, 0)
        filled = [fill_broken(as_float(channel)) for channel in stack]
        whole = np.ones(stack.shape[1:], bool)
        for _, broken in filled:
            if broken is not None:
                whole &= ~broken
        origin = origin or tuple(_range(values) for values, _ in filled)
        if len(origin) != len(filled):
            raise InputError(
                f"The examples have {len(origin)} channels, but the image has "
                f"{len(filled)}; use one and the same image."
            )
        pairs = zip(filled, origin, strict=True)
        scaled = [_scaled(values, *ends) for (values, _), ends in pairs]
        return cls(np.stack(scaled), whole, origin, tuple(spacing))

    @property
    def ndim(self) -> int:
        """2 for planes, 3 for volumes; a single plane of a stack is a plane."""
        shape = self.whole.shape
        return len(shape) - (len(shape) == 3 and shape[0] == 1)

    def pieces(self, scales: int) -> Iterator[tuple[features.Place, Stack]]:
        """Yield places and features of parts of the frame."""
        return features.pieces(
            self.channels, sigmas=SIGMAS[:scales], spacing=self.spacing, channel_axis=0
        )

    def at(self, mask: NDArray[np.bool_], scales: int) -> Stack:
        """Return the features of chosen pixels in the order of memory."""
        number = np.cumsum(mask.ravel()).reshape(mask.shape) - 1
        parts, numbers = [], []
        for place, stack in self.pieces(scales):
            chosen = mask[place]
            parts.append(stack[:, chosen])
            numbers.append(number[place][chosen])
        order = np.argsort(np.concatenate(numbers))
        return np.concatenate(parts, axis=1)[:, order]


def _range(values: NDArray[Any]) -> tuple[float, float]:
    """Return the least value and how far above it the greatest is, 1 if nowhere."""
    if values.size == 0:
        return 0.0, 1.0
    low = values.min()
    span = values.max() - low
    return float(low), float(span) if span > 0 else 1.0


def _scaled(values: NDArray[Any], low: float, span: float) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        scaled = (values - low) / span
    return np.clip(scaled, -FARTHEST, FARTHEST).astype(np.float32, copy=False)


def _evenly(count: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).astype(int))
