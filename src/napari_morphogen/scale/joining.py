"""Objects of all blocks joined where they go on in the next, and numbered anew."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError, Remark
from napari_morphogen.scale.grid import (
    Block,
    Box,
    Direction,
    Grid,
    beyond,
    later_directions,
    within,
)
from napari_morphogen.segment.ids import joined

MOST = np.iinfo(np.int32).max  # objects of one frame


@dataclass(frozen=True)
class Found:
    """What has to be known of the objects of a block to join them.

    Attributes
    ----------
    sizes : ndarray of int64
        Pixels inside the block of object 1, 2, …
    firsts : ndarray of int64
        Place of the first pixel of each in the frame, which is in C order.
    seen : mapping of direction to ndarray of int32
        What the block sees of its neighbours in later directions: the objects of the
        pixels just beyond its border, by its own numbers.
    own : mapping of direction to ndarray of int32
        What it says of its own pixels along the border to earlier neighbours.
    cut : bool
        Whether an object may go on where nothing was seen.
    """

    sizes: NDArray[np.int64]
    firsts: NDArray[np.int64]
    seen: Mapping[Direction, NDArray[np.int32]]
    own: Mapping[Direction, NDArray[np.int32]]
    cut: bool = False

    def save(self, path: Path) -> None:
        """Write a file that appears whole or not at all."""
        ndim = len(next(iter(self.own)))
        named: dict[str, Any] = {"sizes": self.sizes, "firsts": self.firsts}
        named["cut"] = np.array(self.cut)
        named |= {key: self.seen[d] for d, key in _keys("seen", ndim) if d in self.seen}
        named |= {key: self.own[d] for d, key in _keys("own", ndim)}
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            np.savez_compressed(file, **named)
        aside.replace(path)

    @classmethod
    def load(cls, path: Path, ndim: int) -> Self:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            seen, own = (
                {d: stored[key] for d, key in _keys(word, ndim) if key in stored}
                for word in ("seen", "own")
            )
            cut = bool(stored["cut"])
            return cls(stored["sizes"], stored["firsts"], seen, own, cut)


def found_in(
    labels: NDArray[np.int32], window: Box, box: Box, shape: tuple[int, ...]
) -> tuple[NDArray[np.int32], Found]:
    """Return the objects of a block, numbered 1, 2, …, and how they go on.

    Parameters
    ----------
    labels : ndarray of int32
        Of a window that is wider than the block by a pixel at least.
    window, box : tuple of slice
        Where the window and the block lie.
    shape : tuple of int
        Of the frame.
    """
    inside = within(box, window)
    own = labels[inside]
    ids, firsts, sizes = np.unique(own, return_index=True, return_counts=True)
    kept = ids > 0
    table = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    table[ids[kept]] = np.arange(1, int(kept.sum()) + 1)
    numbered = table[own]
    places = np.unravel_index(firsts[kept], own.shape)
    starts = [s.start for s in box]
    global_places = [p + start for p, start in zip(places, starts, strict=True)]
    seen, strips = {}, {}
    for direction in later_directions(labels.ndim):
        there = within(beyond(box, direction), window)
        if all(
            0 <= s.start and s.stop <= n
            for s, n in zip(there, labels.shape, strict=True)
        ):
            seen[direction] = table[labels[there]]
        strips[direction] = numbered[_border(own.shape, direction)]
    return numbered, Found(
        sizes[kept].astype(np.int64),
        np.ravel_multi_index(global_places, shape).astype(np.int64),
        seen,
        strips,
    )


@dataclass(frozen=True)
class Joint:
    """How the objects of one block go on in the blocks after it.

    Attributes
    ----------
    sizes, firsts, cut
        As of `Found`.
    pairs : mapping of int to ndarray of int64, shape (n, 2)
        By the number of the other block: an object here and the same one there.
    """

    sizes: NDArray[np.int64]
    firsts: NDArray[np.int64]
    cut: bool
    pairs: Mapping[int, NDArray[np.int64]]


def joint_of(
    grid: Grid, block: Block, load: Callable[[Block], Found], *, regions: bool
) -> Joint:
    """Return how the objects of a block go on in the blocks after it.

    Parameters
    ----------
    grid : Grid
        Of the image.
    block : Block
        Which one.
    load : callable
        Returns what was found in a block.
    regions : bool
        Whether objects are connected regions, any piece of which is joined to any
        that it meets; else an object is joined to the one that it agrees with most.
    """
    found = load(block)
    pairs = {}
    for direction, seen in found.seen.items():
        other = grid.neighbour(block, direction)
        if other is not None and seen.any():
            own = load(other).own[direction]
            pairs[other.number] = _met(seen, own) if regions else _agreed(seen, own)
    return Joint(found.sizes, found.firsts, found.cut, pairs)


def final_numbers(
    joints: Mapping[int, Joint],
    number: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> dict[int, NDArray[np.int32]]:
    """Return the final number of every object of every block of a frame.

    Parameters
    ----------
    joints : mapping of int to Joint
        By the numbers of the blocks, in their order.
    number : callable
        Takes the sizes of all objects of the frame, in the order of their first
        pixels, and returns their numbers, 0 for those that are removed.

    Returns
    -------
    tables : dict of int to ndarray of int32
        By the number of the block: the final number of its object 0 (the
        background), 1, 2, …

    Raises
    ------
    InputError
        When there are more objects than numbers.
    """
    _warn_of_cuts(sum(one.cut for one in joints.values()), len(joints))
    counts = [one.sizes.size for one in joints.values()]
    starts = dict(zip(joints, np.cumsum([0, *counts[:-1]]).tolist(), strict=True))
    pairs = [np.zeros((0, 2), np.int64)]
    for here, one in joints.items():
        for there, met in one.pairs.items():
            pairs.append(met + np.array([starts[here] - 1, starts[there] - 1]))
    roots = joined(sum(counts), np.concatenate(pairs))
    final = _numbered(list(joints.values()), roots, number)
    return {
        name: np.concatenate([[0], final[start : start + count]]).astype(np.int32)
        for (name, start), count in zip(starts.items(), counts, strict=True)
    }


def _warn_of_cuts(count: int, total: int) -> None:
    if count:
        text = (
            f"In {count} of {total} blocks objects, or many that touch, reach farther "
            "than could be seen at once; they may be cut there: try larger blocks."
        )
        warnings.warn(text, Remark, stacklevel=2)


def _numbered(
    found: list[Joint],
    roots: NDArray[Any],
    number: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> NDArray[np.int32]:
    """Return the final number of every object, which has a root in common with some."""
    groups, group = np.unique(roots, return_inverse=True)
    sizes = np.zeros(groups.size, np.int64)
    np.add.at(sizes, group, np.concatenate([one.sizes for one in found]))
    firsts = np.full(groups.size, np.iinfo(np.int64).max)
    np.minimum.at(firsts, group, np.concatenate([one.firsts for one in found]))
    order = np.argsort(firsts)
    numbers = np.zeros(groups.size, np.int64)
    numbers[order] = number(sizes[order])
    if numbers.max(initial=0) > MOST:
        raise InputError(
            f"There are {int(numbers.max())} objects, but labels hold {MOST}; raise "
            "the least size of an object or cut the image into parts."
        )
    return numbers[group].astype(np.int32)


def _met(seen: NDArray[Any], own: NDArray[Any]) -> NDArray[np.int64]:
    """Return all pairs of objects that share a pixel."""
    both = (seen > 0) & (own > 0)
    return np.unique(np.stack([seen[both], own[both]], 1), axis=0).astype(np.int64)


def _agreed(seen: NDArray[Any], own: NDArray[Any]) -> NDArray[np.int64]:
    """Return the pairs of which each shares more pixels with the other than any."""
    both = (seen > 0) & (own > 0)
    shared = np.stack([seen[both], own[both]], 1)
    pairs, counts = np.unique(shared, axis=0, return_counts=True)
    best = np.ones(len(pairs), bool)
    for side in range(2):
        most = np.zeros(int(pairs.max(initial=0)) + 1, np.int64)
        np.maximum.at(most, pairs[:, side], counts)
        best &= counts == most[pairs[:, side]]
    return pairs[best].astype(np.int64)


def _border(shape: tuple[int, ...], direction: Direction) -> Box:
    """Return the pixels along the border that a neighbour sees in this direction."""
    sides = {1: slice(0, 1), 0: slice(None), -1: slice(-1, None)}
    return tuple(sides[d] for d in direction)


def _keys(word: str, ndim: int) -> list[tuple[Direction, str]]:
    """Return every direction with its name in a file."""
    later = later_directions(ndim)
    return [(d, word + "".join("-0+"[i + 1] for i in d)) for d in later]
