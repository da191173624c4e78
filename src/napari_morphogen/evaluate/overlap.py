"""Which pixels two label images share: the one table behind all scores of overlap."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.params import InputError

SPARE = 4  # ids up to this many times the pixels are counted without sorting


class Pairs(NamedTuple):
    """Pairs of an object of the truth and one of the labels that share pixels.

    Attributes
    ----------
    truth, labels : ndarray of int
        Places of both objects in `Overlap.truth_ids` and `Overlap.label_ids`.
    pixels : ndarray of int
        How many they share.
    iou : ndarray of float
        Shared pixels over the pixels of either.
    """

    truth: NDArray[np.intp]
    labels: NDArray[np.intp]
    pixels: NDArray[np.int64]
    iou: NDArray[np.float64]

    def turned(self) -> "Pairs":
        """Return the same with truth and labels exchanged."""
        return self._replace(truth=self.labels, labels=self.truth)


@dataclass(frozen=True, eq=False)
class Overlap:
    """The sparse contingency table of two label images.

    Attributes
    ----------
    label_ids, truth_ids : ndarray of int
        All numbers of each image in ascending order, 0 among them.
    label_of, truth_of : ndarray of int
        Places in `label_ids` and `truth_ids` of every pair that shares pixels.
    pixels : ndarray of int
        How many pixels every pair shares.
    """

    label_ids: NDArray[Any]
    truth_ids: NDArray[Any]
    label_of: NDArray[np.intp]
    truth_of: NDArray[np.intp]
    pixels: NDArray[np.int64]

    @property
    def label_pixels(self) -> NDArray[np.int64]:
        """Size of every object in `label_ids`."""
        return _sums(self.label_of, self.pixels, self.label_ids.size)

    @property
    def truth_pixels(self) -> NDArray[np.int64]:
        """Size of every object in `truth_ids`."""
        return _sums(self.truth_of, self.pixels, self.truth_ids.size)

    def pairs(self) -> Pairs:
        """Return the pairs of objects, the background (0) left out."""
        objects = (self.truth_ids != 0)[self.truth_of]
        objects &= (self.label_ids != 0)[self.label_of]
        truth, labels = self.truth_of[objects], self.label_of[objects]
        shared = self.pixels[objects]
        either = self.truth_pixels[truth] + self.label_pixels[labels] - shared
        return Pairs(truth, labels, shared, shared / either)

    def turned(self) -> "Overlap":
        """Return the same with truth and labels exchanged."""
        return Overlap(
            self.truth_ids, self.label_ids, self.truth_of, self.label_of, self.pixels
        )

    def annotated(self) -> "Overlap":
        """Return the table of those pixels alone where the truth is not 0."""
        kept = (self.truth_ids != 0)[self.truth_of]
        label_ids, label_of = np.unique(self.label_of[kept], return_inverse=True)
        truth_ids, truth_of = np.unique(self.truth_of[kept], return_inverse=True)
        return Overlap(
            self.label_ids[label_ids],
            self.truth_ids[truth_ids],
            label_of.reshape(-1),
            truth_of.reshape(-1),
            self.pixels[kept],
        )


def overlap(labels: ArrayLike, truth: ArrayLike) -> Overlap:
    """Count the pixels that every number of one image shares with one of another.

    Parameters
    ----------
    labels, truth : ndarray of int
        Label images of one shape, of any integer type and number of axes.

    Returns
    -------
    table : Overlap
        Only pairs that share pixels; 0 is a number like any other here.

    Raises
    ------
    InputError
        When the shapes differ or the numbers are not whole.

    Notes
    -----
    Runs of pixels in which neither image changes are counted as one.

    Examples
    --------
    >>> table = overlap([[1, 1, 0, 2]], [[5, 5, 5, 0]])
    >>> table.truth_ids.tolist(), table.pairs().pixels.tolist()
    ([0, 5], [2])
    """
    from scipy import sparse  # only here: importing the package stays quick

    ours, theirs = label_images(labels, truth)
    label_values, truth_values, lengths = _runs(ours.ravel(), theirs.ravel())
    label_ids, label_of = _numbered(label_values, ours.size)
    truth_ids, truth_of = _numbered(truth_values, ours.size)
    shape = (truth_ids.size, label_ids.size)
    table = sparse.coo_array((lengths, (truth_of, label_of)), shape).tocsr()
    table.sort_indices()
    rows = np.repeat(np.arange(truth_ids.size), np.diff(table.indptr))
    columns = table.indices.astype(np.intp)
    return Overlap(label_ids, truth_ids, columns, rows, table.data)


def label_images(labels: ArrayLike, truth: ArrayLike) -> tuple[NDArray[Any], ...]:
    """Return both as arrays of whole numbers, or raise InputError."""
    found = tuple(np.asarray(array) for array in (labels, truth))
    for name, array in zip(("labels", "truth"), found, strict=True):
        if array.dtype.kind not in "bui":
            raise InputError(
                f"Expected `{name}` to hold whole numbers, but got {array.dtype}; "
                "give a label image."
            )
    same_shape(*found)
    return found


def same_shape(ours: NDArray[Any], truth: NDArray[Any]) -> None:
    """Raise InputError unless both have one shape."""
    if ours.shape != truth.shape:
        raise InputError(
            f"Expected two images of one shape, but the result has {ours.shape} "
            f"and the truth {truth.shape}; crop or resample one of them."
        )


def _runs(
    labels: NDArray[Any], truth: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Return both values of every run of equal pixels, and its length."""
    starts_here = np.ones(labels.size, bool)
    if labels.size:
        np.not_equal(labels[1:], labels[:-1], out=starts_here[1:])
        starts_here[1:] |= truth[1:] != truth[:-1]
    starts = np.flatnonzero(starts_here)
    lengths = np.diff(starts, append=labels.size).astype(np.int64)
    return labels[starts], truth[starts], lengths


def _numbered(values: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the different values, ascending, and the place of each among them."""
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.size == 0 or native.min() < 0 or native.max() > SPARE * size:
        ids, places = np.unique(native, return_inverse=True)
        return ids, places.reshape(-1)
    codes = native.astype(np.intp)
    there = np.bincount(codes) > 0
    ids = np.flatnonzero(there).astype(native.dtype)
    return ids, (np.cumsum(there) - 1)[codes]


def _sums(
    places: NDArray[np.intp], pixels: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    # doubles hold any number of pixels exactly
    return np.bincount(places, pixels, count).astype(np.int64)
