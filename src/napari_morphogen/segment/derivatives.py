"""Derivatives of Gaussians along one axis, fine and coarse axes alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FINEST = 0.7  # pixels: a narrower Gaussian is too coarsely sampled to be derived
DIFFERENCES = {1: (-0.5, 0, 0.5), 2: (1, -2, 1)}


def derivative(
    image: NDArray[Any], axis: int, order: int, sigma: float, sizes: Sequence[float]
) -> NDArray[Any]:
    """Return a derivative along one axis after smoothing, per physical length.

    Parameters
    ----------
    image : ndarray of float
        Finite values.
    axis, order : int
        Along which axis, the first or the second derivative.
    sigma : float
        Of the Gaussian, in pixels of the finest axis; 0 is none.
    sizes : sequence of float
        Pixel size per axis, the finest 1.

    Notes
    -----
    Where sigma is less than 0.7 pixels of the axis the derivative is the
    difference of neighbours after smoothing.
    """
    sigmas = [sigma / size for size in sizes]
    divisor = image.dtype.type(sizes[axis] ** order)
    if sigmas[axis] >= FINEST:
        orders = [order * (a == axis) for a in range(image.ndim)]
        found = ndimage.gaussian_filter(image, sigmas, orders, mode="nearest")
        return np.asarray(found / divisor)
    if sigma:
        image = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    found = ndimage.correlate1d(image, DIFFERENCES[order], axis, mode="nearest")
    return np.asarray(found / divisor)
