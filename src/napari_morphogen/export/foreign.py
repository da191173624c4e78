"""Networks of other people, applied to images in tiles."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.counting import counted
from napari_morphogen.export.description import SPACE, Described, Step
from napari_morphogen.export.processing import processed, unknown
from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.nn.normalise import channels_first, check_channels
from napari_morphogen.params import InputError, Remark

TILE = {2: 512, 3: 96}  # pixels along each axis that are predicted at once
TOUCHED = 1e-3  # of its range that a value changes by when it depends on another
FULL_RANGE = "full_range"  # the step that depends on the type of the image
WIDEST = 0.375  # of a tile that its margins may be at each side
Maps = dict[int, NDArray[np.float32]]  # of outputs by number, channels first
Window = tuple[int, ...]
Place = tuple[slice, ...]


class Engine(Protocol):
    """What computes a network."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what it takes."""

    def run(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what the network makes of an array."""


class Measured(NamedTuple):
    """What a network does to a tile, per spatial axis.

    Attributes
    ----------
    lost : tuple of int
        Pixels at each side for which it makes nothing.
    reach : tuple of int
        How far a pixel's surroundings can change what it becomes.
    """

    lost: tuple[int, ...]
    reach: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Foreign:
    """A network that was not trained here, and what is known of it.

    Attributes
    ----------
    engine : Engine
        Computes it.
    described : Described
        What it takes and makes.
    path : Path
        Named in messages.
    """

    engine: Engine
    described: Described
    path: Path
    task: str = "maps"
    _measured: dict[Window, Measured] = field(default_factory=dict)

    @property
    def ndim(self) -> int:
        """2 for planes, 3 for volumes."""
        return self.described.ndim

    def predict(
        self,
        image: NDArray[Any],
        *,
        channel_axis: int | None = None,
        part: Place | None = None,
        tile: int = 0,
    ) -> NDArray[np.float32]:
        """Return what the network makes of an image.

        Parameters
        ----------
        image : ndarray of shape ([P,] M, N), channels anywhere
            Raw values; broken pixels take the value of their nearest neighbour.
        channel_axis : int or None
            The axis that holds channels.
        part : tuple of slice or None
            Which part to return.
        tile : int
            Pixels along each axis predicted at once, as far as the network can take
            them; 0 chooses.

        Returns
        -------
        maps : ndarray of float32, shape (maps, [P,] M, N)
            The channels of all outputs of the size of the image.

        Raises
        ------
        InputError
            When the image does not fit the network.
        """
        first = channels_first(image, channel_axis)
        before = [_ranged(step, image.dtype) for step in self.described.before]
        self._check(first, before)
        filled = np.stack([fill_broken(as_float(channel))[0] for channel in first])
        place = (slice(None), *(part or ()))
        if filled.size == 0:
            return np.zeros((1, *filled.shape[1:]), np.float32)[place]
        axes = "c" + SPACE[-self.ndim :]
        ready = processed(filled, axes, before)
        found = self._predicted(ready, tile)
        done = [processed(m, axes, self._after(i)) for i, m in found.items()]
        return np.concatenate(done)[place]

    def _check(self, first: NDArray[Any], before: Sequence[Step]) -> None:
        if first.ndim != self.ndim + 1:
            kinds = {2: "planes", 3: "volumes"}
            raise InputError(
                f"The network in {self.path.name} takes {kinds[self.ndim]}, but the "
                f"image has {first.ndim - 1} axes; choose the axes to segment."
            )
        if self.described.channels or "c" not in self.described.axes:
            check_channels(first, self.described.channels or 1)
        if name := unknown(before):
            raise InputError(
                f'{self.path.name} asks for images after the step "{name}", which is '
                "not known here; choose yourself what is done to intensities."
            )

    def _after(self, number: int) -> Sequence[Step]:
        """Return what is done to an output, up to the first step not known here."""
        known = self.described.outputs
        steps = known[number].after if number < len(known) else self.described.after
        if name := unknown(steps):
            warnings.warn(
                f"What {self.path.name} makes is shown as it is before the step "
                f'"{name}", which is not known here.',
                Remark,
                stacklevel=2,
            )
            return steps[: [step.name for step in steps].index(name)]
        return steps

    # ---- tiles

    def _predicted(self, image: NDArray[np.float32], tile: int) -> Maps:
        shape = image.shape[1:]
        window = self._window(shape, tile)
        ends = [max(0, w - n) for n, w in zip(shape, window, strict=True)]
        if all(n <= w for n, w in zip(shape, window, strict=True)):
            found = self._run(_mirrored(image, [(0, end) for end in ends]))
            if _size(found) == window:
                inside = (slice(None), *(slice(n) for n in shape))
                return {number: maps[inside] for number, maps in found.items()}
        return self._assembled(image, window)

    def _window(self, shape: Sequence[int], tile: int) -> Window:
        """Return how large tiles are: as the image if it fits into one."""
        most = tile or TILE[self.ndim]
        return tuple(
            min(side.at_least(n), max(side.at_most(most), side.least))
            for side, n in zip(self.described.sides, shape, strict=True)
        )

    def _assembled(self, image: NDArray[np.float32], window: Window) -> Maps:
        shape, known = image.shape[1:], self._measure(window, len(image))
        pads = []
        for n, w, lost in zip(shape, window, known.lost, strict=True):
            pads.append((lost, lost + max(0, w - n - 2 * lost)))
        padded = _mirrored(image, pads)
        margins = self._margins(window, known)
        out: Maps = {}
        rows = [
            list(_cuts(n, w, lost, margin))
            for n, w, lost, margin in zip(
                padded.shape[1:], window, known.lost, margins, strict=True
            )
        ]
        for cuts in counted(product(*rows)):
            places, inner, outer = zip(*cuts, strict=True)
            found = self._run(padded[(slice(None), *places)])
            for number, maps in found.items():
                if number not in out:
                    out[number] = np.zeros((len(maps), *shape), np.float32)
                part = out[number][(slice(None), *outer)]  # less where it was padded
                fits = tuple(slice(n) for n in part.shape[1:])
                part[...] = maps[(slice(None), *inner)][(slice(None), *fits)]
        return out

    def _margins(self, window: Window, known: Measured) -> list[int]:
        """Return how much at each side of a tile is left to its neighbours."""
        halos = [output.halo for output in self.described.outputs if output.halo]
        margins = []
        for axis, (w, lost) in enumerate(zip(window, known.lost, strict=True)):
            halo = max((h[axis] for h in halos), default=0)
            wanted = lost + max(halo, known.reach[axis])
            margins.append(min(wanted, int(w * WIDEST)))
            if known.reach[axis] + lost > margins[-1]:
                warnings.warn(
                    f"What {self.path.name} makes of a pixel depends on others more "
                    f"than {margins[-1]} pixels away, which is how far tiles of {w} "
                    "pixels overlap: their borders may show.",
                    Remark,
                    stacklevel=2,
                )
        return [max(m, lost) for m, lost in zip(margins, known.lost, strict=True)]

    def _measure(self, window: Window, channels: int) -> Measured:
        """Return what is lost, and how far pixels reach, found by trying it."""
        shape = (channels, *window)
        if shape not in self._measured:
            self._measured[shape] = self._tried(shape)
        return self._measured[shape]

    def _tried(self, shape: Window) -> Measured:
        window = shape[1:]
        one, other = np.random.default_rng(0).random((2, *shape), np.float32)
        usual = self._run(one)
        size = _size(usual)
        lost = tuple((w - n) // 2 for w, n in zip(window, size, strict=True))
        reach = []
        for axis, (w, margin) in enumerate(zip(window, lost, strict=True)):
            half = w // 2
            changed = one.copy()
            before = np.moveaxis(changed, axis + 1, 0)[:half]
            before[...] = np.moveaxis(other, axis + 1, 0)[:half]
            found = self._run(changed)
            reach.append(_touched(usual, found, axis + 1, half - margin))
        return Measured(lost, tuple(reach))

    # ---- one tile

    def _run(self, values: NDArray[np.float32]) -> Maps:
        """Return the maps of a tile: those outputs that have its size, or nearly."""
        axes = self.described.axes
        kept = values if "c" in axes else values[0]
        letters = ("c" if "c" in axes else "") + SPACE[-self.ndim :]
        if "b" in axes:
            kept, letters = kept[np.newaxis], "b" + letters
        turned = kept.transpose([letters.index(letter) for letter in axes])
        given = np.ascontiguousarray(turned).astype(self.engine.dtype, copy=False)
        found = self.engine.run(given)
        maps: Maps = {}
        for number, array in enumerate(found):
            letters = self._letters(number, len(found))
            if len(letters) == np.ndim(array):
                made = _channels_first(array, letters)
                if _fits(made.shape[1:], values.shape[1:]):
                    maps[number] = made
        if not maps:
            shapes = ", ".join(str(np.shape(array)) for array in found)
            raise InputError(
                f"The network in {self.path.name} makes arrays of shape {shapes} of an "
                f"image of shape {given.shape}, which are no maps of it; use a network "
                "that gives every pixel a value."
            )
        size = _size(maps)
        return {i: made for i, made in maps.items() if made.shape[1:] == size}

    def _letters(self, number: int, count: int) -> str:
        """Return the axes of an output: those of the image where nothing is known."""
        known = self.described.outputs
        return known[number].axes if len(known) == count else self.described.axes


def _size(maps: Maps) -> Window:
    """Return the spatial size of the first of the outputs."""
    return next(iter(maps.values())).shape[1:]


def _ranged(step: Step, dtype: np.dtype[Any]) -> Step:
    """Return the step that brings the range of a type to 0 to 1 as one with numbers."""
    if step.name != FULL_RANGE:
        return step
    greatest = np.iinfo(dtype).max if dtype.kind in "iu" else 1
    return Step("scale_linear", {"gain": 1 / greatest})


def _channels_first(array: NDArray[Any], axes: str) -> NDArray[np.float32]:
    """Return an output as (channels, [P,] M, N)."""
    if "b" in axes:
        array = array.take(0, axes.index("b"))
        axes = axes.replace("b", "")
    if "c" not in axes:
        array, axes = array[np.newaxis], "c" + axes
    order = [axes.index(letter) for letter in "c" + SPACE if letter in axes]
    return np.asarray(array.transpose(order), np.float32)


def _fits(found: Sequence[int], given: Sequence[int]) -> bool:
    """Tell whether this is the size of a tile, less an even margin."""
    if len(found) != len(given):
        return False
    lost = [g - f for f, g in zip(found, given, strict=True)]
    return all(
        0 <= n <= g // 2 and n % 2 == 0 for n, g in zip(lost, given, strict=True)
    )


def _touched(usual: Maps, found: Maps, axis: int, half: int) -> int:
    """Return how far beyond the changed half of a tile values have changed."""
    farthest = 0
    for number, before in usual.items():
        after = found[number]
        others = tuple(i for i in range(before.ndim) if i != axis)
        changes = np.abs(after - before).max(others)[half:]
        far = np.flatnonzero(changes > TOUCHED * (float(np.ptp(before)) or 1.0))
        farthest = max(farthest, int(far.max(initial=-1)) + 1)
    return farthest


def _mirrored(
    image: NDArray[np.float32], pads: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Return an image continued beyond its borders, as in a mirror."""
    if not any(map(any, pads)):
        return image
    return np.pad(image, [(0, 0), *pads], mode="symmetric")


def _cuts(
    length: int, window: int, lost: int, margin: int
) -> Iterator[tuple[slice, slice, slice]]:
    """Yield where a tile lies, what of its maps is used, and where that goes.

    Parameters
    ----------
    length : int
        Of the padded image.
    window : int
        Of a tile.
    lost : int
        Pixels at each side that its maps lack.
    margin : int
        Pixels at each side that are left to its neighbours, the lost ones included.

    Examples
    --------
    >>> [(c[0].start, c[2]) for c in _cuts(10, 6, 0, 1)]
    [(0, slice(0, 5, None)), (4, slice(5, 10, None))]
    """
    step, last = max(1, window - 2 * margin), length - window
    starts = [*range(0, last, step), last]
    for start in starts:
        low = lost if start == 0 else margin
        high = window - (lost if start == last else margin)
        first = start - lost  # of the padded image that is the first of the maps
        yield (
            slice(start, start + window),
            slice(low - lost, high - lost),
            slice(first + low, first + high),
        )
