"""Where floods begin: the centres of objects, or what the user marked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast


def heights(
    smoothed: NDArray[Any],
    mask: NDArray[np.bool_],
    landscape: str,
    objects: str,
    spacing: tuple[float, ...],
    limits: tuple[float, float] | None = None,
) -> NDArray[Any]:
    """Return what is highest in the centres of objects.

    Parameters
    ----------
    smoothed : ndarray of float
        Finite intensities.
    mask : ndarray of bool
        The objects as a whole.
    landscape : str
        "intensity": percent of the range of `smoothed`; else the distance to
        the background.
    objects : str
        Whether the objects are "bright" or "dark".
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    limits : tuple of float or None
        What the least and the greatest intensity are; those of `smoothed` by default.
    """
    if landscape == "intensity":
        low, high = limits or (smoothed.min(), smoothed.max())
        span = smoothed.dtype.type(high - low) or 1
        risen = smoothed - low if objects == "bright" else high - smoothed
        return np.asarray(risen / span * 100)
    # a foreground without any background has no distance to it: pad with background
    padded = np.pad(mask, 1) if mask.all() else mask
    away = distance(padded, spacing)
    return away[(slice(1, -1),) * mask.ndim] if mask.all() else away


def distance(
    mask: NDArray[np.bool_], spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    """Return the distance of every pixel in `mask` to the nearest one that is not."""
    # float32 rounds away in which order squares of unequal sides are added
    quick = fast.distance(mask, spacing)
    if quick is not None:
        return quick
    exact = ndimage.distance_transform_edt(mask, sampling=spacing or None)
    return np.asarray(exact, np.float32)


def centres(
    height: NDArray[Any], mask: NDArray[np.bool_], h: float
) -> NDArray[np.int32]:
    """Number the maxima of `height` in `mask` that no valley less deep than h parts.

    Parameters
    ----------
    height : ndarray of float
        Finite values.
    mask : ndarray of bool
        Where centres may lie.
    h : float
        On the scale of `height`.
    """
    from skimage import measure, morphology  # heavy: the dock opens without it

    # a background below all domes keeps those of one object out of the others
    inside = np.where(mask, height, height.min() - h - 1)
    domes = inside
    if h > 0:
        lowered = np.where(mask, inside - h, inside)
        quick = fast.reconstruction(lowered, inside, mask)
        domes = morphology.reconstruction(lowered, inside) if quick is None else quick
    peaks = morphology.local_maxima(domes, allow_borders=True) & mask
    if mask.any() and not peaks.any():  # a plateau over the whole image is no maximum
        peaks = mask
    return np.asarray(measure.label(peaks, connectivity=mask.ndim), np.int32)
