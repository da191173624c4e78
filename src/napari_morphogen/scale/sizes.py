"""How large blocks, their surroundings and the chunks of results are."""

import math
from collections.abc import Sequence

from napari_morphogen.params import InputError
from napari_morphogen.scale.grid import Margins

SIDES = {2: (2048, 2048), 3: (64, 256, 256)}  # of blocks, in pixels
CHUNKS = {2: (1024, 1024), 3: (16, 256, 256)}  # of the result
STEP = {2: (64, 64), 3: (16, 32, 32)}  # by which surroundings grow; networks pool so
LEAST = 16  # pixels of a block along an axis


def block_sides(given: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of a block.

    Parameters
    ----------
    given : sequence of int
        One for rows and columns, or one for each axis; none chooses.
    shape : tuple of int
        Of a frame, spatial axes only.

    Raises
    ------
    InputError
        When there are not as many as axes, or one is too small.

    Examples
    --------
    >>> block_sides((512,), (100, 4000, 4000))
    (64, 512, 512)
    """
    usual = SIDES[len(shape)]
    if not given:
        return usual
    if min(given) < LEAST:
        raise InputError(
            f"Expected blocks of {LEAST} pixels at least, but got {min(given)}."
        )
    if len(given) == 1:
        return (*usual[:-2], given[0], given[0])
    if len(given) != len(shape):
        raise InputError(
            f"Expected the sides of a block along {len(shape)} axes, but got "
            f"{list(given)}."
        )
    return tuple(given)


def chunk_side(side: int, shape: Sequence[int], place: int) -> int:
    """Return the length of a chunk, so that no chunk lies in two blocks.

    Parameters
    ----------
    side : int
        Of a block.
    shape : sequence of int
        Of a frame.
    place : int
        Number of the axis.

    Examples
    --------
    >>> chunk_side(1536, (9000, 9000), 0)
    512
    """
    usual = CHUNKS[len(shape)][place]
    return usual if side == shape[place] else math.gcd(usual, side)


def up(number: int, step: int) -> int:
    """Return the next multiple of `step` from `number` on."""
    return ceil_div(number, step) * step


def ceil_div(number: int, by: int) -> int:
    """Return how many parts of a length cover a number of pixels."""
    return -(-number // by)


def wider(margins: Margins, faces: Sequence[tuple[int, int]]) -> Margins:
    """Return margins twice as wide at some faces: pairs of axis and end."""
    grown = [list(pair) for pair in margins]
    for axis, end in faces:
        grown[axis][end] *= 2
    return tuple((before, after) for before, after in grown)


def all_faces(ndim: int) -> list[tuple[int, int]]:
    """Return every face of a box."""
    return [(axis, end) for axis in range(ndim) for end in (0, 1)]
