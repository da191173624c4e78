"""Patches that a generator learns from, and those that are kept from it."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import InputError

LOW, HIGH = 0.1, 99.9  # percentiles that become -1 and 1
SAMPLE = 2**20  # values that percentiles are taken from
TRIES = 8  # to find a patch that is not nearly empty
MULTIPLE = 8  # rows and columns of a patch are halved three times
SMALLEST = 16
NO_CLASS = np.array(-1)


class Range(NamedTuple):
    """The intensities of every channel that become -1 and 1."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def inside(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return intensities, channels first, from -1 to 1; what is beyond ends there.

        Parameters
        ----------
        image : ndarray of shape (channels, ...)
            Of the same channels.
        """
        low, high = self._shaped(image.ndim)
        scaled = 2 * (np.asarray(image, np.float64) - low) / (high - low) - 1
        return np.asarray(np.clip(scaled, -1, 1), np.float32)

    def outside(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return the intensities of values from -1 to 1.

        Parameters
        ----------
        values : ndarray of shape (N, channels, ...)
            What a network made.
        """
        low, high = self._shaped(values.ndim - 1)
        return np.asarray((values + 1) / 2 * (high - low) + low, np.float32)

    def _shaped(self, ndim: int) -> tuple[NDArray[Any], NDArray[Any]]:
        shape = (-1,) + (1,) * (ndim - 1)
        return np.reshape(self.low, shape), np.reshape(self.high, shape)


def typical(ranges: Sequence[Range]) -> Range:
    """Return the range in the middle of several, channel by channel.

    Examples
    --------
    >>> typical([Range((0,), (1,)), Range((2,), (9,)), Range((4,), (5,))])
    Range(low=(2.0,), high=(5.0,))
    """
    lows, highs = np.median([(r.low, r.high) for r in ranges], axis=0)
    return Range(tuple(map(float, lows)), tuple(map(float, highs)))


class Source(NamedTuple):
    """A part of an image that patches are cut from.

    Attributes
    ----------
    values : ndarray of float32, shape (channels + maps, [P,] M, N)
        From -1 to 1; last the maps of labels, which are cut and turned with it.
    number : int
        Of its image.
    group : int
        Frames of one movie and planes of one stack are of one group.
    maps : int
        How many.
    classes : ndarray of int, shape () or ([P,] M, N)
        The class of the whole, or of every pixel; -1 where there is none.
    """

    values: NDArray[np.float32]
    number: int
    group: int
    maps: int = 0
    classes: NDArray[Any] = NO_CLASS

    @property
    def brightness(self) -> NDArray[np.float32]:
        """The mean of the channels."""
        found: NDArray[np.float32] = self.values[: len(self.values) - self.maps].mean(0)
        return found


def sources_of(
    images: Sequence[NDArray[Any]],
    ranges: Sequence[Range],
    maps: Sequence[NDArray[np.float32]] | None,
    groups: Sequence[int] | None,
    classes: Sequence[NDArray[Any]] | None = None,
) -> list[Source]:
    """Return images from -1 to 1, with their maps, to cut patches from.

    Parameters
    ----------
    images : sequence of ndarray of shape (channels, [P,] M, N)
        Of finite numbers.
    ranges : sequence of Range
        Of every image.
    maps : sequence of ndarray of shape (maps, [P,] M, N) or None
        Of every image.
    groups : sequence of int or None
        Of every image; by default every image is a group.
    classes : sequence of ndarray of int, optional
        Of every image, as of `Source`.
    """
    found = []
    for number, (image, own) in enumerate(zip(images, ranges, strict=True)):
        group = groups[number] if groups else number
        values, count = own.inside(image), 0
        if maps is not None:
            values, count = np.concatenate([values, maps[number]]), len(maps[number])
        known = NO_CLASS if classes is None else classes[number]
        found.append(Source(values, number, group, count, known))
    return found


def patch_shape(patch: int, images: Sequence[NDArray[Any]]) -> tuple[int, ...]:
    """Return the shape of patches.

    Parameters
    ----------
    patch : int
        Pixels along rows and columns.
    images : sequence of ndarray of shape (channels, [P,] M, N)
        In volumes a patch has half as many planes, or all of them.

    Raises
    ------
    InputError
        When an image is smaller, or no network can make such patches.
    """
    if patch < SMALLEST or patch % MULTIPLE:
        raise InputError(
            f"Expected a patch size that is a multiple of {MULTIPLE} from {SMALLEST}, "
            f"but got {patch}."
        )
    least = np.min([image.shape[1:] for image in images], axis=0)
    if min(least[-2:]) < patch:
        size = " x ".join(str(n) for n in least)
        raise InputError(
            f"Patches of {patch} pixels do not fit into an image of {size}; choose a "
            "smaller patch size or larger images."
        )
    planes = least[:-2]
    return (*(_planes(int(n), patch) for n in planes), patch, patch)


def _planes(there: int, patch: int) -> int:
    most = min(there, patch // 2)
    return most if most < 4 else most // 4 * 4


def value_range(images: Sequence[NDArray[Any]]) -> Range:
    """Return the range of images together.

    Parameters
    ----------
    images : sequence of ndarray of shape (channels, ...)
        Of finite numbers.

    Raises
    ------
    InputError
        When a channel is the same everywhere.
    """
    share = max(1, SAMPLE // len(images))
    lows, highs = [], []
    for channel in range(len(images[0])):
        values = [image[channel].ravel() for image in images]
        drawn = np.concatenate([v[:: max(1, v.size // share)] for v in values])
        low, high = (float(v) for v in np.percentile(drawn, (LOW, HIGH)))
        if not high > low:
            low, high = float(drawn.min()), float(drawn.max())
        if not high > low:
            raise InputError(
                f"Channel {channel} is {low:g} everywhere, so there is nothing to "
                "learn; choose other images or another channel."
            )
        lows.append(low)
        highs.append(high)
    return Range(tuple(lows), tuple(highs))


def finite_images(images: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return images as finite floats; broken pixels take their neighbours' values.

    Parameters
    ----------
    images : sequence of ndarray of shape (channels, [P,] M, N)
        Any real dtype.

    Raises
    ------
    InputError
        When there are none, or channels or axes differ.
    """
    if not images:
        raise InputError("There is no image to learn from; choose one.")
    first = images[0]
    for image in images:
        if image.ndim != first.ndim or len(image) != len(first):
            raise InputError(
                f"Expected images of {len(first)} channel(s) and {first.ndim - 1} "
                f"axes, but one has {len(image)} and {image.ndim - 1}; choose images "
                "that are alike."
            )
        if image.size == 0:
            raise InputError("An image has no pixels; choose another one.")
    return [
        np.stack([fill_broken(as_float(channel))[0] for channel in image])
        for image in images
    ]


def centres(classes: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """Return the part of a class map that can be the centre of a patch.

    Parameters
    ----------
    classes : ndarray of int, shape ([P,] M, N)
        The class of every pixel.
    shape : sequence of int
        Of a patch.

    Examples
    --------
    >>> centres(np.arange(6)[np.newaxis], (1, 3)).tolist()
    [[1, 2, 3, 4]]
    """
    sizes = zip(classes.shape, shape, strict=True)
    return classes[tuple(slice(s // 2, n - s + s // 2 + 1) for n, s in sizes)]


def seen_in(sources: Sequence[Source], intensities: Range) -> list[NDArray[np.float32]]:
    """Return what patches are cut from, without maps, in the intensities of images."""
    count = len(intensities.low)
    whole = [one.values[np.newaxis, :count] for one in sources]
    return [intensities.outside(values)[0] for values in whole]


class Pool:
    """Draws patches; the n-th batch depends on the seed and n alone.

    Where pixels have classes, a patch is of the class of its centre, and every class is
    drawn as often.

    Parameters
    ----------
    sources : sequence of Source
        To cut from, each in proportion to the places for a patch in it.
    shape : sequence of int
        Of a patch.
    foreground : float
        Patches with a smaller share of bright pixels are drawn again; 0 takes all, and
        so do classes of pixels.
    """

    def __init__(
        self, sources: Sequence[Source], shape: Sequence[int], foreground: float
    ) -> None:
        self.sources, self.shape, self.foreground = sources, tuple(shape), foreground
        self.places = [
            math.prod(
                n - s + 1 for n, s in zip(one.values.shape[1:], shape, strict=True)
            )
            for one in sources
        ]
        self._bright = _bright(sources) if foreground > 0 else 0.0
        self._corners = _corners_of_classes(sources, shape)

    def draw(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return patches with their maps, and their classes.

        Parameters
        ----------
        count : int
            How many.
        rng : Generator
            Chooses them.
        """
        if self._corners:
            some = rng.choice(list(self._corners), count)
            return np.stack([self._of_class(int(one), rng) for one in some]), some
        shares = np.array(self.places) / sum(self.places)
        chosen = rng.choice(len(self.sources), count, p=shares)
        found = np.stack([self._patch(self.sources[i], rng) for i in chosen])
        return found, np.array([int(self.sources[i].classes) for i in chosen])

    def _of_class(self, one: int, rng: np.random.Generator) -> NDArray[np.float32]:
        images, corners = self._corners[one]
        which = int(rng.integers(len(images)))
        return self._cut(self.sources[images[which]], corners[which]).values

    def _cut(self, source: Source, corner: Iterable[int]) -> Source:
        place = [slice(a, a + s) for a, s in zip(corner, self.shape, strict=True)]
        return source._replace(values=source.values[(slice(None), *place)])

    def _patch(self, source: Source, rng: np.random.Generator) -> NDArray[np.float32]:
        for _ in range(TRIES):
            corner = [
                int(rng.integers(n - s + 1))
                for n, s in zip(source.values.shape[1:], self.shape, strict=True)
            ]
            patch = self._cut(source, corner)
            if self.foreground <= 0:
                break
            if (patch.brightness > self._bright).mean() >= self.foreground:
                break
        return patch.values


def _corners_of_classes(
    sources: Sequence[Source], shape: Sequence[int]
) -> dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Return the sources and the corners of all patches of every class of pixels."""
    found: dict[int, list[tuple[int, NDArray[np.intp]]]] = {}
    for number, source in enumerate(sources):
        if not source.classes.ndim:
            return {}
        middle = centres(source.classes, shape)
        for one in np.unique(middle[middle >= 0]).tolist():
            found.setdefault(one, []).append((number, np.argwhere(middle == one)))
    return {
        one: (
            np.concatenate([np.full(len(c), i, np.int32) for i, c in found[one]]),
            np.concatenate([c.astype(np.int32) for _, c in found[one]]),
        )
        for one in sorted(found)
    }


def _bright(sources: Sequence[Source]) -> float:
    """Return what parts bright from dark pixels in all sources together."""
    from skimage.filters import threshold_otsu

    share = max(1, SAMPLE // len(sources))
    means = [one.brightness.ravel() for one in sources]
    drawn = np.concatenate([v[:: max(1, v.size // share)] for v in means])
    if drawn.min() == drawn.max():
        return -math.inf
    return float(threshold_otsu(drawn))


def turned(
    patches: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a batch turned by a quarter and mirrored, all of it alike.

    Parameters
    ----------
    patches : ndarray of shape (N, channels, [P,] M, N)
        Square.
    rng : Generator
        Chooses one of the eight ways.
    """
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    found = np.rot90(patches, quarters, axes=(-2, -1))
    return np.flip(found, -1) if mirrored else found
