"""Small pictures of labels over an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QImage, QPixmap

SIDE = 72  # pixels
SHADE = 0.55  # of the labels over the image
GOLDEN = 0.618034  # turns of the hue from one label to the next


def thumbnail(
    pixels: NDArray[Any], labels: NDArray[Any] | None, side: int = SIDE
) -> QPixmap:
    """Return a picture of labels over an image.

    Parameters
    ----------
    pixels : ndarray
        With one axis more than the labels where it has channels, the last.
    labels : ndarray or None
        Of volumes the plane with the most labels is shown; None leaves the
        image grey.
    side : int
        The longer side of the picture.
    """
    colours = painted(pixels, labels, side)
    height, width = colours.shape[:2]
    shown = QImage(
        colours.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
    )
    return QPixmap.fromImage(shown)


def painted(
    pixels: NDArray[Any], labels: NDArray[Any] | None, side: int = SIDE
) -> NDArray[np.uint8]:
    """Return the colours of a picture of labels over an image.

    Parameters
    ----------
    pixels, labels, side
        As `thumbnail` takes them.

    Returns
    -------
    colours : ndarray of uint8, shape (rows, columns, 3)
    """
    grey = _grey(pixels, labels)
    labels = np.zeros(grey.shape, np.int32) if labels is None else labels
    grey, labels = _plane(grey, labels)
    rows, columns = (_picked(size, max(grey.shape), side) for size in grey.shape)
    grey, labels = grey[np.ix_(rows, columns)], labels[np.ix_(rows, columns)]
    colours = np.repeat(_stretched(grey)[..., None], 3, axis=-1)
    inside = labels != 0
    colours[inside] += SHADE * (hues(labels[inside]) - colours[inside])
    return np.asarray(np.rint(255 * colours), np.uint8)


def hues(labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return a colour for every label; neighbours in number differ much."""
    turns = np.asarray(labels, np.float64)[..., None] * GOLDEN + (0, 1 / 3, 2 / 3)
    return np.asarray(0.5 + 0.5 * np.cos(2 * np.pi * turns))


def _grey(pixels: NDArray[Any], labels: NDArray[Any] | None) -> NDArray[np.float64]:
    colours = labels is not None and pixels.ndim > labels.ndim
    found = pixels.mean(axis=-1) if colours else pixels
    return np.asarray(found, np.float64)


def _plane(grey: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    while grey.ndim > 2:
        counts = np.count_nonzero(labels, axis=tuple(range(1, labels.ndim)))
        best = int(np.argmax(counts)) if counts.any() else len(counts) // 2
        grey, labels = grey[best], labels[best]
    return np.atleast_2d(grey), np.atleast_2d(labels)


def _picked(size: int, longest: int, side: int) -> NDArray[np.intp]:
    count = max(1, round(side * size / max(longest, 1)))
    return np.asarray((np.arange(count) + 0.5) * size / count, np.intp)


def _stretched(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    known = grey[np.isfinite(grey)]
    if not known.size:
        return np.zeros(grey.shape)
    low, high = np.percentile(known, (1, 99))
    span = high - low or 1.0
    found = np.nan_to_num((grey - low) / span, posinf=1, neginf=0)
    return np.asarray(np.clip(found, 0, 1))
