"""What would be seen if the objects were not there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

NEAR = 4  # pixels around objects that their light reaches
FINEST = 4.0  # sigma of the smoothing, in pixels; doubled until all holes are filled
KNOWN = 0.05  # share of the weights, from which on smoothing knows enough


def background_of(
    values: NDArray[Any], objects: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[Any]:
    """Return an image without its objects.

    Parameters
    ----------
    values : ndarray of float, shape ([P,] M, N, C)
        Channels last, without broken pixels.
    objects : ndarray of bool, shape ([P,] M, N)
        Where they are.
    rng : Generator
        Of random numbers.

    Returns
    -------
    background : ndarray of float
        As `values` beside the objects; under them and on the four pixels around them
        the smoothed brightness of the background, with noise drawn from it.

    Notes
    -----
    The smoothing is a normalised convolution [1]_, at the finest scale that reaches
    enough background.

    References
    ----------
    .. [1] H. Knutsson and C.-F. Westin, "Normalized and differential convolution,"
       CVPR, pp. 515-523, 1993. DOI 10.1109/CVPR.1993.341081

    Examples
    --------
    >>> image = np.full((9, 9, 1), 5.0)
    >>> image[4, 4] = 80
    >>> background_of(image, image[..., 0] > 9, np.random.default_rng(0)).max()
    np.float64(5.0)
    """
    hidden = ndimage.maximum_filter(objects, 2 * NEAR + 1)
    if hidden.all():
        hidden = objects
    if hidden.all():  # nothing of the background is seen: take the darkest there is
        return np.broadcast_to(values.min(axis=tuple(range(hidden.ndim))), values.shape)
    made = values.copy()
    seen = ~hidden
    for channel in range(values.shape[-1]):
        plane = values[..., channel]
        smooth = _smoothed(plane, seen)
        noise = (plane - smooth)[seen]
        filled = smooth[hidden] + rng.choice(noise, int(hidden.sum()))
        low, high = plane[seen].min(), plane[seen].max()
        made[..., channel][hidden] = np.clip(filled, low, high)
    return made


def _smoothed(plane: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the brightness of what is seen, smoothed, everywhere."""
    sigma, done = FINEST, np.zeros(plane.shape, bool)
    middle = float(plane[seen].mean())
    found = np.full(plane.shape, middle, np.float64)
    departs = np.where(seen, plane - middle, 0.0)
    while not done.all() and sigma <= 2 * max(plane.shape):
        weight = ndimage.gaussian_filter(seen.astype(np.float64), sigma)
        total = ndimage.gaussian_filter(departs, sigma)
        new = ~done & (weight > KNOWN)
        found[new] += total[new] / weight[new]
        done |= new
        sigma *= 2
    return found.astype(plane.dtype)
