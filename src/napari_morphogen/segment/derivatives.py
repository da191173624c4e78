"""Slopes along one axis, on fine and coarse axes alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FINEST = 0.7  # pixels: a narrower Gaussian is too coarsely sampled to be derived


def derivative(
    image: NDArray[Any], axis: int, sigma: float, sizes: Sequence[float]
) -> NDArray[Any]:
    """Return the derivative of a Gaussian along one axis, per physical length.

    Parameters
    ----------
    image : ndarray of float
        Finite values.
    axis : int
        Along which axis.
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
    divisor = image.dtype.type(sizes[axis])
    if sigmas[axis] >= FINEST:
        orders = [int(a == axis) for a in range(image.ndim)]
        found = ndimage.gaussian_filter(image, sigmas, orders, mode="nearest")
        return np.asarray(found / divisor)
    if sigma:
        image = ndimage.gaussian_filter(image, sigmas, mode="nearest")
    found = ndimage.correlate1d(image, (-0.5, 0, 0.5), axis, mode="nearest")
    return np.asarray(found / divisor)
