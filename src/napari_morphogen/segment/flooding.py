"""Floods that spread labels over a landscape, the lowest pixels first."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import fast
from napari_morphogen.segment.centres import distance


def flood(
    landscape: NDArray[Any],
    seeds: NDArray[np.int32],
    mask: NDArray[np.bool_],
    *,
    lines: bool = False,
    compactness: float = 0.0,
) -> NDArray[np.int32]:
    """Spread seeds over a landscape until the floods meet.

    Parameters
    ----------
    landscape : ndarray of float
        Finite values; the lowest are flooded first, and of pixels equally high
        those reached first.
    seeds : ndarray of int32
        Labels to spread, 0 elsewhere. Of seeds equally high the first in memory
        goes first.
    mask : ndarray of bool
        The pixels that may be flooded.
    lines : bool
        Whether a line of 0 is kept between the floods.
    compactness : float
        Higher keeps floods nearer to their seeds; then there are no lines.

    Examples
    --------
    >>> import numpy as np
    >>> land = np.array([[0.0, 1.0, 3.0, 1.0, 0.5]])
    >>> seeds = np.array([[1, 0, 0, 0, 2]], np.int32)
    >>> flood(land, seeds, land < 9)
    array([[1, 1, 1, 2, 2]], dtype=int32)
    """
    inside = np.where(mask, seeds, 0)
    if not (lines or compactness):
        quick = fast.flood(landscape, inside, mask)
        if quick is not None:
            return quick
    from skimage import segmentation  # heavy: the dock opens without it

    ranked = landscape if compactness else _untied(landscape, inside)
    found = segmentation.watershed(
        ranked, inside, mask=mask, compactness=compactness, watershed_line=lines
    )
    return np.asarray(found, np.int32)


def close_gaps(
    labels: NDArray[np.int32],
    mask: NDArray[np.bool_],
    spacing: tuple[float, ...],
    *,
    lines: bool = False,
) -> NDArray[np.int32]:
    """Give the pixels of `mask` without a label to the nearest object.

    Parameters
    ----------
    labels : ndarray of int32
        Objects, 0 elsewhere.
    mask : ndarray of bool
        The pixels that may have a label.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    lines : bool
        Whether a line of 0 is kept between the objects.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([[1, 0, 0, 0, 2]], np.int32)
    >>> close_gaps(labels, labels < 9, (), lines=True)
    array([[1, 1, 0, 2, 2]], dtype=int32)
    """
    if not labels.any():
        return labels
    away = distance(labels == 0, spacing)
    return flood(away, labels, mask | (labels > 0), lines=lines)


def _untied(landscape: NDArray[Any], seeds: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return ranks of heights; those of seeds are all different.

    scikit-image leaves open which of equally high seeds goes first.
    """
    ranks = np.unique(landscape, return_inverse=True)[1]
    untied = ranks.reshape(landscape.shape).astype(np.float64)
    places = np.nonzero(seeds)
    count = places[0].size
    untied[places] -= np.arange(count, 0, -1) / (count + 1)
    return untied
