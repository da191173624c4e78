"""Where tiles lie, and how much around them a prediction depends on."""

from collections.abc import Iterator, Sequence
from itertools import product

Place = tuple[slice, ...]
TILE = {2: 1024, 3: 128}  # pixels along each axis, margins not counted


def tiles(shape: Sequence[int], tile: int, strides: Sequence[int]) -> Iterator[Place]:
    """Yield tiles that start where the network pools, so that all pool alike.

    Parameters
    ----------
    shape : sequence of int
        Of the image, spatial axes only.
    tile : int
        Pixels along each axis.
    strides : sequence of int
        Pixels that one of the coarsest level covers.

    Examples
    --------
    >>> [place[0] for place in tiles((10,), 9, (4,))]
    [slice(0, 8, None), slice(8, 10, None)]
    """
    sides = [max(tile // s, 1) * s for s in strides]
    starts = [range(0, n, side) for n, side in zip(shape, sides, strict=True)]
    for corner in product(*starts):
        yield tuple(
            slice(a, min(a + side, n))
            for a, side, n in zip(corner, sides, shape, strict=True)
        )


def margins_of(reach: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Return how wide a margin a tile needs, in whole blocks.

    Examples
    --------
    >>> margins_of((9,), (4,))
    [12]
    """
    return [-(-r // s) * s for r, s in zip(reach, strides, strict=True)]


def widened(
    place: Place, margins: Sequence[int], shape: Sequence[int]
) -> tuple[Place, Place]:
    """Return the tile with its margins, and where in that the tile lies.

    Parameters
    ----------
    place : tuple of slice
        Of `tiles`.
    margins : sequence of int
        Of `margins_of`.
    shape : sequence of int
        Of the image: margins end there.

    Examples
    --------
    >>> widened((slice(4, 8),), (3,), (10,))
    ((slice(1, 10, None),), (slice(3, 7, None),))
    """
    wide = tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n))
        for s, m, n in zip(place, margins, shape, strict=True)
    )
    inside = tuple(
        slice(s.start - w.start, s.stop - w.start)
        for s, w in zip(place, wide, strict=True)
    )
    return wide, inside
