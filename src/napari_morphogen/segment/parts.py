"""What methods that number objects say of one part of an image.

An image that is larger than memory is segmented part by part. First every part may
be asked for what depends on the whole, such as a threshold; then the objects of each
part are found with some surroundings, and those of neighbours are joined.
"""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Question = Callable[..., Any]  # (frame, inside, **words) of every part
Found = TypeVar("Found")
Survey = Generator[Question, list[Any], Found]


class Parts(NamedTuple):
    """The objects of one part.

    Attributes
    ----------
    labels : ndarray of int32
        0 is background; no object is left out for its size.
    area : ndarray of bool or None
        Where objects may lie: what is not labelled here belongs to an object whose
        centre is out of sight. None where objects are connected regions, of which
        any piece is found in any part.
    """

    labels: NDArray[np.int32]
    area: NDArray[np.bool_] | None


def no_survey(**values: Any) -> Survey[dict[str, Any]]:
    """Ask for nothing."""
    yield from ()
    return {}


def number_large(
    sizes: NDArray[np.int64], *, min_size: int = 0, separate: bool = True, **_: Any
) -> NDArray[np.int64]:
    """Return the final number of every object, 0 for those that are too small.

    Parameters
    ----------
    sizes : ndarray of int
        Pixels of every object.
    min_size : int
        Objects of fewer pixels are removed.
    separate : bool
        Whether objects have numbers of their own; else all are 1.

    Examples
    --------
    >>> number_large(np.array([30, 2, 40]), min_size=20)
    array([1, 0, 2])
    """
    kept = sizes >= max(min_size, 1)
    numbers = np.cumsum(kept) if separate else np.ones(sizes.size, np.int64)
    return np.asarray(np.where(kept, numbers, 0))
