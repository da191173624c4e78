"""How much to enlarge an image until its objects have the size of the training's."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.nn.targets import diameter_of

Seen = tuple[float, float]  # scale, diameter seen at it
Predict = Callable[[float], NDArray[np.float32]]
HALF = 0.5  # of foreground, and of the distance to the border
LEAST_PIXELS = 12  # of an object
STRANGE = 0.25  # weight of an unusual size against disagreement of scales
WIDER = 1.4  # than the range of training
OCTAVES = 1.0  # between the scales tried first
WINDOW = {2: 512, 3: 96}  # pixels along each axis that the scale is found in
LOWEST, HIGHEST = 0.1, 4.0


def scale_to(diameter: float, found: float) -> float:
    """Return by how much to enlarge an image, 1 where no size is known.

    Examples
    --------
    >>> scale_to(20.0, 40.0)
    0.5
    """
    if not (found > 0 and diameter > 0):
        return 1.0
    return min(max(diameter / found, LOWEST), HIGHEST)


def found_scale(
    predict: Predict, diameter: float, scales: tuple[float, float]
) -> float:
    """Return the scale at which the network sees objects of the size it knows.

    Parameters
    ----------
    predict : callable
        Returns foreground and distance of the image enlarged by a scale.
    diameter : float
        Of the objects in training, in pixels as the network sees them.
    scales : tuple of float
        Least and greatest scale of the training images.

    Returns
    -------
    scale : float
        1 when no object is seen at any scale.

    Notes
    -----
    The image is predicted at scales an octave apart over the range of training.
    Too coarse, objects melt together; too fine, their parts look like objects; in
    between, neighbouring scales agree about the size of the objects in the image.
    The pair that agrees best, near the size that the network was trained on, is
    corrected by what it sees at the scale that follows.
    """
    low, high = scales[0] / WIDER, scales[1] * WIDER
    count = 1 + int(np.ceil(np.log2(high / low) / OCTAVES))
    tried = [float(s) for s in np.geomspace(low, high, count)]
    sizes = [seen_diameter(predict(scale)) for scale in tried]
    seen = [(s, size) for s, size in zip(tried, sizes, strict=True) if size > 0]
    if not seen:
        return 1.0
    pairs = list(pairwise(seen)) or [(seen[0], seen[0])]
    best = min(pairs, key=lambda pair: _doubt(pair, diameter))
    scale = _clipped(diameter / float(np.sqrt(_size(best[0]) * _size(best[1]))))
    found = seen_diameter(predict(scale))
    return _clipped(scale * diameter / found) if found else scale


def busiest(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the part of a large image that varies most, to find the scale in.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Returned as it is when it is small.
    """
    shape, side = image.shape[1:], WINDOW[image.ndim - 1]
    starts = [
        sorted({*range(0, max(n - side, 0) + 1, side), max(n - side, 0)}) for n in shape
    ]
    places = [
        (slice(None), *(slice(a, a + side) for a in corner))
        for corner in product(*starts)
    ]
    return image[max(places, key=lambda place: float(image[place].std()))]


def seen_diameter(maps: NDArray[Any]) -> float:
    """Return the median diameter of predicted objects, 0 when there is none.

    Parameters
    ----------
    maps : ndarray of float, shape (2, [P,] M, N)
        Foreground and distance to the border, divided by the object's largest.

    Notes
    -----
    Where the distance is above one half, touching objects are apart; the rest of
    the foreground belongs to the nearest of these parts.

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> distance = np.clip(1 - np.hypot(y, x) / 15, 0, 1)
    >>> round(seen_diameter(np.stack([distance > 0, distance])))
    30
    """
    foreground, distance = maps
    inside = foreground > HALF
    cores, count = ndimage.label(inside & (distance > HALF))
    if count == 0:
        return 0.0
    nearest = ndimage.distance_transform_edt(
        cores == 0, return_distances=False, return_indices=True
    )
    sizes = np.bincount(cores[tuple(nearest)][inside])[1:]
    sizes = sizes[sizes >= LEAST_PIXELS]
    if sizes.size == 0:
        return 0.0
    return diameter_of(float(np.median(sizes)), foreground.ndim)


def _size(seen: Seen) -> float:
    """Return the diameter in pixels of the image, of (scale, seen diameter)."""
    return seen[1] / seen[0]


def _doubt(pair: tuple[Seen, Seen], wanted: float) -> float:
    """Return how little two scales agree, and how far both are from the known size."""
    apart = abs(np.log2(_size(pair[0]) / _size(pair[1])))
    off = min(abs(np.log2(seen / wanted)) for _, seen in pair)
    return float(apart + STRANGE * off)


def _clipped(scale: float) -> float:
    return float(min(max(scale, LOWEST), HIGHEST))
