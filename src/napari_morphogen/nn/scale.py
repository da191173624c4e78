"""How much to enlarge an image until its objects have the size of the training's."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.nn.targets import diameter_of

Predict = Callable[[float], NDArray[np.float32]]
HALF = 0.5  # of the distance to the border: where an object has half its diameter
LEAST_PIXELS = 4  # of such a half object
NEAR = 0.5  # octaves from the size of training: such a scale fits
OCTAVES = 1.0  # between the scales tried first
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
    At the right scale the objects that the network finds have the size it was
    trained on. The coarsest scale where they nearly have is corrected by what is
    left: at finer ones the parts of large objects may look like objects.
    """
    low, high = scales
    count = 1 + int(np.ceil(np.log2(high / low) / OCTAVES)) if high > low else 1
    tried = [
        (float(s), seen_diameter(predict(s))) for s in np.geomspace(low, high, count)
    ]
    seen = [(scale, size) for scale, size in tried if size > 0]
    if not seen:
        return 1.0
    fitting = [pair for pair in seen if _off(pair, diameter) < NEAR]
    scale, size = min(fitting or seen, key=lambda pair: _off(pair, diameter))
    if fitting:
        scale, size = fitting[0]
    scale = _clipped(scale * diameter / size)
    return _clipped(scale * diameter / (seen_diameter(predict(scale)) or diameter))


def seen_diameter(maps: NDArray[Any]) -> float:
    """Return the median diameter of predicted objects, 0 when there is none.

    Parameters
    ----------
    maps : ndarray of float, shape (2, [P,] M, N)
        Foreground and distance to the border, divided by the object's largest.

    Notes
    -----
    Where the distance is above one half, an object has half its diameter, and
    touching objects are apart.

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> distance = np.clip(1 - np.hypot(y, x) / 15, 0, 1)
    >>> round(seen_diameter(np.stack([distance > 0, distance])))
    30
    """
    foreground, distance = maps
    halves, _ = ndimage.label((foreground > HALF) & (distance > HALF))
    sizes = np.bincount(halves.ravel())[1:]
    sizes = sizes[sizes >= LEAST_PIXELS]
    if sizes.size == 0:
        return 0.0
    return 2 * diameter_of(float(np.median(sizes)), foreground.ndim)


def _off(pair: tuple[float, float], diameter: float) -> float:
    return float(abs(np.log2(pair[1] / diameter)))


def _clipped(scale: float) -> float:
    return float(min(max(scale, LOWEST), HIGHEST))
