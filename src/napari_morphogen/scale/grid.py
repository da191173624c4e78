"""How an image is cut into blocks, and what lies around each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

Box = tuple[slice, ...]
Margins = tuple[tuple[int, int], ...]  # pixels before and after, per axis
Direction = tuple[int, ...]  # -1, 0 or 1 per axis


class Block(NamedTuple):
    """One block of one frame.

    Attributes
    ----------
    number : int
        Among all blocks of all frames.
    frame : int
        Number of the frame.
    cell : tuple of int
        Its place in the grid.
    box : tuple of slice
        Its pixels along the spatial axes.
    """

    number: int
    frame: int
    cell: tuple[int, ...]
    box: Box


@dataclass(frozen=True)
class Grid:
    """Frames of one shape cut into blocks of one shape.

    Attributes
    ----------
    shape : tuple of int
        Of a frame, spatial axes only.
    sides : tuple of int
        Of a block; those at the far ends may be smaller.
    frames : int
        How many there are.

    Examples
    --------
    >>> grid = Grid((5, 4), (3, 4), 1)
    >>> [block.box[0] for block in grid.blocks()]
    [slice(0, 3, None), slice(3, 5, None)]
    """

    shape: tuple[int, ...]
    sides: tuple[int, ...]
    frames: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Blocks of a frame along each axis."""
        return tuple(-(-n // s) for n, s in zip(self.shape, self.sides, strict=True))

    @property
    def per_frame(self) -> int:
        """Blocks of a frame."""
        return prod(self.counts)

    def __len__(self) -> int:
        return self.frames * self.per_frame

    def blocks(self) -> Iterator[Block]:
        """Yield all blocks, frame by frame."""
        for frame in range(self.frames):
            for cell in product(*map(range, self.counts)):
                yield self.block(frame, cell)

    def block(self, frame: int, cell: tuple[int, ...]) -> Block:
        """Return the block at a place of the grid."""
        number = 0
        for count, place in zip(self.counts, cell, strict=True):
            number = number * count + place
        box = tuple(
            slice(i * side, min((i + 1) * side, n))
            for i, side, n in zip(cell, self.sides, self.shape, strict=True)
        )
        return Block(frame * self.per_frame + number, frame, cell, box)

    def neighbour(self, block: Block, direction: Direction) -> Block | None:
        """Return the next block in a direction, None at the end of the image."""
        cell = tuple(i + d for i, d in zip(block.cell, direction, strict=True))
        inside = all(0 <= i < n for i, n in zip(cell, self.counts, strict=True))
        return self.block(block.frame, cell) if inside else None

    def window(self, box: Box, margins: Margins) -> Box:
        """Return a box with margins, which end where the image ends."""
        return tuple(
            slice(max(s.start - before, 0), min(s.stop + after, n))
            for s, (before, after), n in zip(box, margins, self.shape, strict=True)
        )


def within(box: Box, window: Box) -> Box:
    """Return where in a window a box lies.

    Examples
    --------
    >>> within((slice(5, 8),), (slice(3, 9),))
    (slice(2, 5, None),)
    """
    return tuple(
        slice(s.start - w.start, s.stop - w.start)
        for s, w in zip(box, window, strict=True)
    )


def later_directions(ndim: int) -> list[Direction]:
    """Return one of every two opposite directions, diagonals included.

    Examples
    --------
    >>> later_directions(2)
    [(0, 1), (1, -1), (1, 0), (1, 1)]
    """
    return [d for d in product((-1, 0, 1), repeat=ndim) if d > (0,) * ndim]


def beyond(box: Box, direction: Direction) -> Box:
    """Return the pixels next to a box in a direction, one pixel deep.

    Examples
    --------
    >>> beyond((slice(2, 4), slice(0, 3)), (1, 0))
    (slice(4, 5, None), slice(0, 3, None))
    """
    sides = {-1: lambda s: slice(s.start - 1, s.start), 0: lambda s: s}
    sides[1] = lambda s: slice(s.stop, s.stop + 1)
    return tuple(sides[d](s) for s, d in zip(box, direction, strict=True))


def extent(box: Sequence[slice]) -> tuple[int, ...]:
    """Return the shape of a box."""
    return tuple(s.stop - s.start for s in box)
