"""Generated patches that are nearer to a training patch than chance explains."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

THUMBNAIL = {2: 16, 3: 8}  # pixels along an axis, by the number of axes
UNUSUAL = 0.99  # of the unseen real patches are less alike to their nearest
ROUNDING = 1e-6  # of a correlation
AT_ONCE = 256  # patches, which bounds the memory

Array = NDArray[np.float32]


class Nearest(NamedTuple):
    """The training patch most like each patch.

    Attributes
    ----------
    place : ndarray of int
        Its number among the training patches.
    correlation : ndarray of float
        Of their thumbnails, over all turned and mirrored copies.
    """

    place: NDArray[np.intp]
    correlation: NDArray[np.float32]


def nearest(patches: Array, training: Array) -> Nearest:
    """Return the training patch that is most like each patch.

    Parameters
    ----------
    patches, training : ndarray of float
        One patch after the other, channels first, all of one shape.

    Notes
    -----
    Thumbnails are compared by correlation, in all eight orientations of the
    plane where it is square. Patches without any contrast are like nothing.
    """
    small = _thumbnails(training)
    theirs = _rows(small)
    place = np.zeros(len(patches), np.intp)
    best = np.full(len(patches), -np.inf, np.float32)
    for turned in _orientations(_thumbnails(patches)):
        ours = _rows(turned)
        for start in range(0, len(ours), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            alike = ours[part] @ theirs.T
            which = alike.argmax(axis=1)
            value = alike[np.arange(len(which)), which]
            better = value > best[part]
            best[part][better], place[part][better] = value[better], which[better]
    return Nearest(place, best)


def is_copy(found: Nearest, unseen: Nearest) -> NDArray[np.bool_]:
    """Tell which patches are nearer than 99 of 100 unseen real ones are.

    Parameters
    ----------
    found, unseen : Nearest
        Of patches in question, and of real ones that were not trained on.
    """
    limit = np.quantile(unseen.correlation, UNUSUAL)
    # nothing is alike where there is no contrast
    return np.asarray(found.correlation >= max(float(limit) - ROUNDING, ROUNDING))


def _thumbnails(patches: Array) -> Array:
    """Return the patches at a small size, by means over areas."""
    sides = patches.shape[2:]
    most = THUMBNAIL.get(len(sides), 8)
    for axis, side in enumerate(sides, start=2):
        weights = _areas(side, min(side, most))
        patches = np.moveaxis(np.tensordot(patches, weights, (axis, 1)), -1, axis)
    return patches


def _areas(side: int, target: int) -> Array:
    """Return the share of every pixel (columns) in every larger one (rows)."""
    edges = np.arange(target + 1) * (side / target)
    left = np.maximum(edges[:-1, None], np.arange(side)[None])
    right = np.minimum(edges[1:, None], np.arange(1, side + 1)[None])
    shares = np.maximum(right - left, 0) * (target / side)
    return np.asarray(shares, np.float32)


def _rows(thumbnails: Array) -> Array:
    """Return one row per thumbnail, of length 1 and mean 0."""
    rows = thumbnails.reshape(len(thumbnails), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    # rounding of constant patches is no pattern
    scale = ROUNDING * np.abs(thumbnails).max(initial=0) * np.sqrt(rows.shape[1])
    return np.where(length > scale, rows / np.where(length > 0, length, 1), 0)


def _orientations(thumbnails: Array) -> Iterator[Array]:
    """Yield all turned and mirrored copies; planes keep their order or reverse it."""
    axes = range(2, thumbnails.ndim)
    square = thumbnails.shape[-1] == thumbnails.shape[-2]
    for flips in itertools.product((False, True), repeat=len(axes)):
        found = np.flip(thumbnails, _chosen(axes, flips))
        yield found
        if square:
            yield np.swapaxes(found, -1, -2)


def _chosen(axes: Sequence[int], flips: Sequence[bool]) -> tuple[int, ...]:
    return tuple(axis for axis, flip in zip(axes, flips, strict=True) if flip)
