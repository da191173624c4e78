"""Patches that a generator learns from, and those that are kept from it."""

import math
from collections.abc import Sequence
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
    """

    values: NDArray[np.float32]
    number: int
    group: int
    maps: int = 0

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
    """
    found = []
    for number, (image, own) in enumerate(zip(images, ranges, strict=True)):
        group = groups[number] if groups else number
        values, count = own.inside(image), 0
        if maps is not None:
            values, count = np.concatenate([values, maps[number]]), len(maps[number])
        found.append(Source(values, number, group, count))
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


def split(
    sources: Sequence[Source], shape: Sequence[int], share: float, seed: int
) -> tuple[list[Source], list[Source]]:
    """Return what is learnt from, and what is kept to compare with.

    Parameters
    ----------
    sources : sequence of Source
        Whole images.
    shape : sequence of int
        Of a patch.
    share : float
        Of the groups that is kept. Of a single group the last images are, and of a
        single image one end, with a gap before them; nothing where they are too few
        or it is too small.
    seed : int
        Chooses the groups.
    """
    if share <= 0:
        return list(sources), []
    groups = sorted({one.group for one in sources})
    if len(groups) > 1:
        order = np.random.default_rng(seed).permutation(groups)
        count = min(max(1, round(share * len(groups))), len(groups) - 1)
        chosen = {int(group) for group in order[:count]}
        return (
            [one for one in sources if one.group not in chosen],
            [one for one in sources if one.group in chosen],
        )
    if len(sources) > 1:
        kept = max(1, round(share * len(sources)))
        left = len(sources) - kept - max(1, kept // 2)  # neighbours look alike
        if left < 1:
            return list(sources), []
        return list(sources[:left]), list(sources[-kept:])
    return _ends(sources[0], shape, share)


def split_classes(
    sources: Sequence[Source],
    shape: Sequence[int],
    share: float,
    seed: int,
    classes: NDArray[np.intp] | None,
) -> tuple[list[Source], list[Source]]:
    """Return what is learnt from and what is kept, of every class alike.

    Parameters
    ----------
    sources, shape, share, seed
        As of `split`.
    classes : ndarray of int or None
        The class of every image, by its number.
    """
    if classes is None:
        return split(sources, shape, share, seed)
    kept: list[Source] = []
    unseen: list[Source] = []
    for one in np.unique(classes):
        members = [source for source in sources if classes[source.number] == one]
        ours, others = split(members, shape, share, seed)
        kept += ours
        unseen += others
    return kept, unseen


def _ends(
    whole: Source, shape: Sequence[int], share: float
) -> tuple[list[Source], list[Source]]:
    axis = int(np.argmax(whole.values.shape[1:]))
    length, side = whole.values.shape[1 + axis], shape[axis]
    kept, gap = max(math.ceil(share * length), side), side // 2
    if length - kept - gap < side:
        return [whole], []

    def part(place: slice) -> Source:
        where = (slice(None),) * (1 + axis)
        return whole._replace(values=whole.values[(*where, place)])

    return [part(slice(0, length - kept - gap))], [part(slice(length - kept, None))]


def seen_in(sources: Sequence[Source], intensities: Range) -> list[NDArray[np.float32]]:
    """Return what patches are cut from, without maps, in the intensities of images."""
    count = len(intensities.low)
    whole = [one.values[np.newaxis, :count] for one in sources]
    return [intensities.outside(values)[0] for values in whole]


class Pool:
    """Draws patches; the n-th batch depends on the seed and n alone.

    Parameters
    ----------
    sources : sequence of Source
        To cut from, each in proportion to the places for a patch in it.
    shape : sequence of int
        Of a patch.
    foreground : float
        Patches with a smaller share of bright pixels are drawn again; 0 takes all.
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

    def draw(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return patches with their maps, and the numbers of the images they are from.

        Parameters
        ----------
        count : int
            How many.
        rng : Generator
            Chooses them.
        """
        shares = np.array(self.places) / sum(self.places)
        chosen = rng.choice(len(self.sources), count, p=shares)
        found = np.stack([self._patch(self.sources[i], rng) for i in chosen])
        return found, np.array([self.sources[i].number for i in chosen])

    def _patch(self, source: Source, rng: np.random.Generator) -> NDArray[np.float32]:
        for _ in range(TRIES):
            corner = [
                int(rng.integers(n - s + 1))
                for n, s in zip(source.values.shape[1:], self.shape, strict=True)
            ]
            place = [slice(a, a + s) for a, s in zip(corner, self.shape, strict=True)]
            patch = source._replace(values=source.values[(slice(None), *place)])
            if self.foreground <= 0:
                break
            if (patch.brightness > self._bright).mean() >= self.foreground:
                break
        return patch.values


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
