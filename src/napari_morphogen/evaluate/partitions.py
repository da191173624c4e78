"""Agreement of two divisions of the same pixels, from their contingency table."""

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate.overlap import Overlap


def adjusted_rand(table: Overlap) -> float:
    """Return the Rand index adjusted for chance; 1 for equal divisions.

    Parameters
    ----------
    table : Overlap
        Every number is a class, 0 too.

    Notes
    -----
    Hubert and Arabie's index [1]_; about 0 for unrelated divisions. Where both
    hold a single class, or every pixel is its own, it is 1.

    References
    ----------
    .. [1] L. Hubert and P. Arabie, J. Classif. 2, 193-218 (1985),
       DOI 10.1007/BF01908075

    Examples
    --------
    >>> from napari_morphogen.evaluate.overlap import overlap
    >>> adjusted_rand(overlap([0, 0, 1, 1], [3, 3, 8, 8]))
    1.0
    """
    both = _pairs_of(table.pixels)
    labels, truth = _pairs_of(table.label_pixels), _pairs_of(table.truth_pixels)
    every = _pairs_of(table.pixels.sum(keepdims=True))
    if both == labels == truth:
        return 1.0
    expected = labels * truth / every
    return float((both - expected) / ((labels + truth) / 2 - expected))


def information(table: Overlap) -> float:
    """Return the entropy of the labels where the truth is known, in bits.

    Parameters
    ----------
    table : Overlap
        Every number is a class, 0 too.

    Notes
    -----
    One of the two terms of the variation of information [1]_: 0 when every
    class of the truth is one class of the labels. For the other, give
    ``table.turned()``.

    References
    ----------
    .. [1] M. Meila, J. Multivar. Anal. 98, 873-895 (2007),
       DOI 10.1016/j.jmva.2006.11.013

    Examples
    --------
    >>> from napari_morphogen.evaluate.overlap import overlap
    >>> information(overlap([1, 1, 2, 2], [1, 1, 1, 1]))
    1.0
    """
    if table.pixels.size == 0:
        return 0.0
    within = table.pixels / table.truth_pixels[table.truth_of]
    weighted = table.pixels * np.log2(within)
    return float(-weighted.sum() / table.pixels.sum()) + 0.0  # never -0


def _pairs_of(pixels: NDArray[np.int64]) -> float:
    """Return in how many ways two pixels of one class can be chosen."""
    counts = pixels.astype(np.float64)  # squares of whole images overflow int64
    return float((counts * (counts - 1) / 2).sum())
