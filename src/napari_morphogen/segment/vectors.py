"""The feature vectors that pixels are clustered by: colours, places, texture."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken, smooth

CHUNK = 1_000_000  # pixels converted or assigned at once
LEAST_VARIANCE = 1e-9  # of the largest one; less is rounding
SCALES = (1.0, 2.0, 4.0)  # of texture, in pixels of the finest axis
COLOURS = 3  # channels that are colours

ColourSpace = Literal["channels", "lab", "hsv"]
Weight = Annotated[float, at.Interval(ge=0, le=10), at.MultipleOf(0.1)]


class Vectors(NamedTuple):
    """What pixels are clustered by.

    Attributes
    ----------
    points : ndarray of float, shape (pixels, features)
        Vectors of the pixels that are not broken.
    colours : ndarray of float, shape (pixels, channels)
        Their values as they stand in the image; `points` itself where nothing
        else was asked for.
    whole : ndarray of bool, the spatial shape of the image
        Where they stand.
    """

    points: NDArray[Any]
    colours: NDArray[Any]
    whole: NDArray[np.bool_]


def vectors(
    image: NDArray[Any],
    *,
    sigma: float = 0.0,
    spacing: tuple[float, ...] = (),
    channel_axis: int | None = None,
    colour_space: str = "channels",
    whiten: bool = False,
    position: float = 0.0,
    texture: float = 0.0,
) -> Vectors:
    """Return what the pixels of an image are clustered by.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels.
    sigma : float
        Smoothing before, in pixels of the finest axis.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    channel_axis : int or None
        The axis that holds channels.
    colour_space : str
        "channels", "lab" or "hsv"; see `converted`.
    whiten : bool
        Whether distances of colours are Mahalanobis distances.
    position, texture : float
        Weights of places and of texture: 1 lets them spread as much (root of
        the summed variances) as the colours.

    Examples
    --------
    >>> import numpy as np
    >>> vectors(np.array([[1.0, 3.0], [1.0, 3.0]]), position=1.0).points.shape
    (4, 3)
    """
    colours, whole = pixel_values(image, sigma, spacing, channel_axis)
    points = converted(colours, colour_space)
    if whiten and points.shape[1] > 1 and len(points):
        points = unit(whitened(unit(points)))
    if len(points) and (position or texture):
        parts = [unit(points)]
        if position:
            parts.append(_like(parts[0], _places(whole, spacing), position))
        if texture:
            bright = np.zeros(whole.shape)
            bright[whole] = unit(colours).mean(axis=1)
            found = textures(bright, whole, spacing)
            parts.append(_like(parts[0], found, texture))
        points = np.concatenate(parts, axis=1)
    return Vectors(points, colours, whole)


def pixel_values(
    image: NDArray[Any],
    sigma: float,
    spacing: tuple[float, ...],
    channel_axis: int | None,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the smoothed values of all pixels that are not broken in any channel.

    Parameters are those of `vectors`.

    Returns
    -------
    values : ndarray of float, shape (pixels, channels)
        Finite.
    whole : ndarray of bool, the spatial shape of `image`
        Where they stand.

    Examples
    --------
    >>> import numpy as np
    >>> pixel_values(np.array([[1.0, np.nan]]), 0, (), None)[0]
    array([[1.]])
    """
    axis = image.ndim if channel_axis is None else channel_axis
    stack = np.expand_dims(image, axis) if channel_axis is None else image
    channels = [
        fill_broken(as_float(channel)) for channel in np.moveaxis(stack, axis, 0)
    ]
    features = [smooth(filled, sigma, spacing) for filled, _ in channels]
    broken = [mask for _, mask in channels if mask is not None]
    if broken:
        whole = ~np.any(broken, axis=0)
        return np.stack([f[whole] for f in features], axis=1), whole
    whole = np.ones(features[0].shape, bool)
    return np.stack([f.reshape(-1) for f in features], axis=1), whole


def unit(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return `values` between 0 and 1, where squares neither overflow nor vanish.

    Parameters
    ----------
    values : ndarray of shape (N,) or (N, channels)
        The channel of the widest range reaches 1; all keep their proportions.
    """
    # scikit-learn's sums drift in float32
    moved = values.astype(np.float64) - values.min(axis=0).astype(np.float64)
    moved /= moved.max() or 1.0
    return np.asarray(moved)


def spread_out(
    labels: NDArray[np.int32], whole: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the labels of the `whole` pixels as an image, 0 in the others."""
    if labels.size == whole.size:
        return labels.reshape(whole.shape)
    found = np.zeros(whole.shape, np.int32)
    found[whole] = labels
    return found


def converted(values: NDArray[Any], colour_space: str) -> NDArray[Any]:
    """Return colours (pixels, 3) as points whose distances are seen distances.

    Parameters
    ----------
    values : ndarray of shape (pixels, channels)
        Other numbers of channels than three come back as they are.
    colour_space : str
        "lab" is CIE L*a*b* of sRGB; "hsv" is the cone whose axis is the value
        and whose angle is the hue, so that hues have no beginning. The lowest
        number of all channels counts as 0, the highest as 1. "channels"
        changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> red_and_white = np.array([[1.0, 0, 0], [1, 1, 1], [0, 0, 0]])
    >>> converted(red_and_white, "hsv").round(3)
    array([[1., 0., 1.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """
    if colour_space == "channels" or values.shape[1] != COLOURS or not len(values):
        return values
    convert = {"lab": _lab, "hsv": _cone}[colour_space]
    low = np.float64(values.min())
    span = (np.float64(values.max()) - low) or 1.0
    points = np.empty(values.shape)
    for start in range(0, len(values), CHUNK):
        part = slice(start, start + CHUNK)
        points[part] = convert((values[part].astype(np.float64) - low) / span)
    return points


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import rgb2lab  # heavy: the dock opens without it

    return np.asarray(rgb2lab(rgb))


def _cone(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import rgb2hsv

    hue, saturation, value = rgb2hsv(rgb).T
    angle, radius = 2 * np.pi * hue, saturation * value
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), value], axis=1)


def whitened(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `pixels` where Euclidean distances are Mahalanobis distances."""
    away = pixels - pixels.mean(axis=0)
    variances, axes = np.linalg.eigh(away.T @ away / len(pixels))
    real = variances > variances[-1] * LEAST_VARIANCE
    if not real.any():
        return pixels
    return np.asarray(away @ (axes[:, real] / np.sqrt(variances[real])))


def textures(
    image: NDArray[Any],
    whole: NDArray[np.bool_],
    spacing: tuple[float, ...],
    scales: tuple[float, ...] = SCALES,
) -> NDArray[Any]:
    """Return how much `image` varies around every pixel, at several scales.

    Parameters
    ----------
    image : ndarray of float
        Pixels that are not `whole` have no say.
    whole : ndarray of bool
        Pixels to return.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    scales : tuple of float
        Sigmas s of Gaussians, in pixels of the finest axis: each gives the root
        of the mean, by a Gaussian of 2 s, of the squared difference from the
        mean by a Gaussian of s.

    Returns
    -------
    textures : ndarray of shape (pixels, scales)
    """
    average = _averages(whole, spacing)
    found = []
    for scale in scales:
        away = np.where(whole, image - average(image, scale), 0)
        found.append(np.sqrt(np.maximum(average(away * away, 2 * scale)[whole], 0)))
    return np.stack(found, axis=1)


def _averages(
    whole: NDArray[np.bool_], spacing: tuple[float, ...]
) -> Callable[[NDArray[Any], float], NDArray[Any]]:
    """Return a Gaussian mean that leaves out what is not `whole`."""
    if whole.all():
        return lambda image, sigma: smooth(image, sigma, spacing)

    def average(image: NDArray[Any], sigma: float) -> NDArray[Any]:
        share = smooth(whole.astype(image.dtype), sigma, spacing)
        total = smooth(np.where(whole, image, 0), sigma, spacing)
        return np.asarray(np.where(whole, total / np.where(whole, share, 1), 0))

    return average


def _places(
    whole: NDArray[np.bool_], spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return where pixels lie, in pixels of the finest axis."""
    sizes = spacing or (1.0,) * whole.ndim
    long = [axis for axis, n in enumerate(whole.shape) if n > 1]  # a plane is flat
    at = np.nonzero(whole)
    columns = [at[axis] * np.float64(sizes[axis]) for axis in long]
    return np.stack([*columns], axis=1) if columns else np.zeros((len(at[0]), 0))


def _like(
    points: NDArray[np.float64], others: NDArray[Any], weight: float
) -> NDArray[np.float64]:
    """Return `others` where they spread `weight` times as much as `points`."""
    spread, own = (np.sqrt(p.var(axis=0).sum()) for p in (points, others))
    return np.asarray(others * (weight * spread / (own or 1.0)))
