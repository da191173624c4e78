"""How much to enlarge an image until its objects have the size of the training's."""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.counting import telling
from napari_morphogen.nn.normalise import rescaled, resized
from napari_morphogen.nn.targets import diameter_of
from napari_morphogen.nn.windows import Mirrored

Predict = Callable[[float], NDArray[np.float32]]
HALF = 0.5  # of foreground, and of the distance to the border
LEAST_PIXELS = 12  # of an object
CENTRES = 10  # one in so many pixels of an object is its centre
STRANGE = 0.1  # how much less a scale counts for an octave of doubt
MOST_APART = 2.0  # octaves
WIDER = 1.4  # than the range of training
OCTAVES = 1.0  # between the scales tried first
WINDOW = {2: 512, 3: 96}  # pixels along each axis that the scale is found in
LOWEST, HIGHEST = 0.1, 4.0


class Seen(NamedTuple):
    """What a network sees at one scale: the size of objects, how sure of centres."""

    scale: float
    size: float
    sure: float


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
    Where objects have the size that the network knows, it is sure of their
    centres: there the distance to the border reaches its largest values. Parts of
    too large objects and noise that look like objects do not keep their size in
    the image from one scale to the next. The scale that serves best is corrected
    by the size of the objects seen at it.
    """
    low, high = scales[0] / WIDER, scales[1] * WIDER
    count = 1 + int(np.ceil(np.log2(high / low) / OCTAVES))
    tried = [float(s) for s in np.geomspace(low, high, count)]
    seen = [found for s in tried if (found := _seen(predict(s), s)).size > 0]
    if not seen:
        return 1.0
    best = max(seen, key=lambda one: one.sure - STRANGE * _doubt(one, seen, diameter))
    scale = _clipped(best.scale * diameter / best.size)
    size = seen_diameter(predict(scale))
    return _clipped(scale * diameter / size) if size else scale


def at_known_scale(
    predict: Mirrored,
    image: NDArray[np.float32],
    *,
    diameter: float,
    scales: tuple[float, float],
    scale: float = 0.0,
    flips: bool = False,
) -> NDArray[np.float32]:
    """Return what a network makes of an image whose objects have any size.

    Parameters
    ----------
    predict : callable
        Takes an image and whether to average over mirrored ones.
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised.
    diameter : float
        Of the objects in training, in pixels as the network sees them; 0 when it
        sees images as they are.
    scales : tuple of float
        Least and greatest scale of the training images.
    scale : float
        By which the image is enlarged; 0 finds it.
    flips : bool
        Whether to average over mirrored images.

    Returns
    -------
    maps : ndarray of float32, shape (maps, [P,] M, N)
    """
    if diameter <= 0:
        return predict(image, flips)
    with telling(None):  # a small part, tried at some scales
        chosen = scale or scale_of(predict, image, diameter=diameter, scales=scales)
    larger = rescaled(image, (chosen,) * (image.ndim - 1))
    return resized(predict(larger, flips), image.shape[1:])


def scale_of(
    predict: Mirrored,
    image: NDArray[np.float32],
    *,
    diameter: float,
    scales: tuple[float, float],
) -> float:
    """Return the scale at which objects have the size of those in training.

    Parameters
    ----------
    predict, image, diameter, scales
        As of `at_known_scale`.
    """
    part = busiest(image)
    factors = part.ndim - 1
    return found_scale(
        lambda tried: predict(rescaled(part, (tried,) * factors), False),
        diameter,
        scales,
    )


def busiest(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the part of a large image that varies most, to find the scale in.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Returned as it is when it is small.
    """
    places = windows(image.shape[1:])
    return image[max(places, key=lambda place: float(image[place].std()))]


def windows(shape: Sequence[int]) -> list[tuple[slice, ...]]:
    """Return the parts of a large image of which `busiest` takes one.

    Parameters
    ----------
    shape : sequence of int
        Of the image, spatial axes only.

    Examples
    --------
    >>> [part[1] for part in windows((700, 9))]
    [slice(0, 512, None), slice(188, 700, None)]
    """
    side = WINDOW[len(shape)]
    starts = [
        sorted({*range(0, max(n - side, 0) + 1, side), max(n - side, 0)}) for n in shape
    ]
    return [
        (
            slice(None),
            *(slice(a, min(a + side, n)) for a, n in zip(corner, shape, strict=True)),
        )
        for corner in product(*starts)
    ]


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


def _seen(maps: NDArray[Any], scale: float) -> Seen:
    """Return how large objects look and how sure the network is of their centres."""
    size = seen_diameter(maps)
    if size == 0:
        return Seen(scale, 0.0, 0.0)
    distances = np.sort(maps[1][maps[0] > HALF])
    return Seen(
        scale, size, float(distances[-(len(distances) // CENTRES + 1) :].mean())
    )


def _doubt(one: Seen, seen: list[Seen], wanted: float) -> float:
    """Return how far the size is from the known, and from the next scale's view."""
    at = seen.index(one)
    sizes = [math.log2(other.size / other.scale) for other in seen]
    near = [sizes[i] for i in (at - 1, at + 1) if 0 <= i < len(seen)]
    apart = min((abs(sizes[at] - size) for size in near), default=0.0)
    return abs(math.log2(one.size / wanted)) + min(apart, MOST_APART)


def _clipped(scale: float) -> float:
    return float(min(max(scale, LOWEST), HIGHEST))
