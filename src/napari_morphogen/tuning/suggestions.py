"""What an image says about itself: noise, size and polarity of objects."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, luminance
from napari_morphogen.params import parameters
from napari_morphogen.registry import METHODS
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray
from napari_morphogen.tuning.results import Suggestion
from napari_morphogen.tuning.space import fitted

LARGEST = 1_000_000  # pixels that are looked at
SCALES = 14  # sizes tried
NORMAL = 1.4826  # standard deviations in a median absolute deviation
PEAKS = 0.25  # blobs fainter than this share of the strongest do not count


def suggest(image: SpatialArray) -> Suggestion:
    """Look at an image and say which parameters to start from.

    Parameters
    ----------
    image : SpatialArray
        Of time and channels the middle of one and the mean of the other are
        looked at, and of large images the middle.

    Returns
    -------
    suggestion : Suggestion

    Notes
    -----
    Noise is the median absolute deviation of a second difference along every
    axis, which edges and slow shading hardly touch [1]_. The size of objects is
    the scale at which the normalised Laplacian of Gaussian is strongest [2]_,
    first in bright and then in dark blobs; the stronger of both tells whether
    objects are bright or dark.

    References
    ----------
    .. [1] J. Immerkaer, Comput. Vis. Image Underst. 64, 300-302 (1996),
       DOI 10.1006/cviu.1996.0060
    .. [2] T. Lindeberg, Int. J. Comput. Vis. 30, 79-116 (1998),
       DOI 10.1023/A:1008045108935

    Examples
    --------
    >>> from napari_morphogen.samples import coins
    >>> found = suggest(coins())
    >>> found.objects, 20 < found.size < 60
    ('bright', True)
    """
    pixels, spacing = _looked_at(image)
    noise = noise_of(pixels)
    size, objects = size_of(pixels, spacing)
    return Suggestion(noise, size, objects, _parameters(pixels, noise, size, objects))


def suggestions(image: SpatialArray) -> Iterator[Suggestion]:
    """Yield what `suggest` returns, for a worker process.

    Parameters
    ----------
    image : SpatialArray
        As `suggest` takes it.
    """
    yield suggest(image)


def noise_of(pixels: NDArray[Any]) -> float:
    """Return the standard deviation of independent noise.

    Parameters
    ----------
    pixels : ndarray of float
        Spatial axes only.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 3, (200, 200))
    >>> 2.8 < noise_of(noise) < 3.2
    True
    """
    found, gain = pixels.astype(np.float64), 1.0
    for axis in range(pixels.ndim):
        if pixels.shape[axis] > 2:
            found = np.diff(found, n=2, axis=axis)
            gain *= math.sqrt(6)  # of the weights 1, -2, 1
    if gain == 1 or found.size == 0:
        return 0.0
    return float(NORMAL * np.median(np.abs(found)) / gain)


def size_of(
    pixels: NDArray[Any], spacing: tuple[float, ...]
) -> tuple[float, Literal["bright", "dark"]]:
    """Return the diameter of blobs, and whether they are bright or dark.

    Parameters
    ----------
    pixels : ndarray of float
        Spatial axes only.
    spacing : tuple of float
        Relative pixel sizes.
    """
    sides = [(n * s, s) for n, s in zip(pixels.shape, spacing, strict=True) if n > 1]
    largest = min((length for length, _ in sides), default=0.0) / 6
    least = max((s for _, s in sides), default=1.0)  # finer is not sampled
    if largest < 1.5 * least or np.ptp(pixels) == 0:
        return 0.0, "bright"
    sigmas = np.geomspace(least, largest, SCALES)
    strengths = np.array([_strength(pixels, spacing, sigma) for sigma in sigmas])
    polarity = int(np.argmax(strengths.max(axis=0)))
    sigma = sigmas[int(np.argmax(strengths[:, polarity]))]
    ndim = sum(n > 1 for n in pixels.shape)
    diameter = float(2 * sigma * math.sqrt(ndim))  # of a disc or ball
    return diameter, ("bright", "dark")[polarity]


def _strength(
    pixels: NDArray[Any], spacing: tuple[float, ...], sigma: float
) -> tuple[float, float]:
    """Return the mean response of bright and of dark blobs of one scale."""
    found = np.zeros(pixels.shape)
    sigmas = [sigma / s for s in spacing]
    for axis, size in enumerate(pixels.shape):
        if size > 1:
            order = [2 * (a == axis) for a in range(pixels.ndim)]
            second = ndimage.gaussian_filter(pixels, sigmas, order, mode="nearest")
            found -= second * sigmas[axis] ** 2
    return _peaks(found), _peaks(-found)


def _peaks(response: NDArray[Any]) -> float:
    """Return the strength of the strongest blobs: where their energy lies."""
    positive = np.maximum(response, 0)
    total = float(np.sum(positive**2))
    return float(np.sum(positive**3) / total) if total else 0.0


# ---- what it looks at


def _looked_at(image: SpatialArray) -> tuple[NDArray[Any], tuple[float, ...]]:
    """Return one frame without channels, cropped to its middle."""
    side = _side(image)
    place: list[Any] = []
    for axis, size in zip(image.axes, image.data.shape, strict=True):
        if axis == "c":
            place.append(slice(None))
        elif axis in SPATIAL_AXES:
            start = max(0, (size - side) // 2)
            place.append(slice(start, min(size, start + side)))
        else:
            place.append(size // 2)
    pixels = np.asarray(image.data[tuple(place)])
    axes = "".join(a for a in image.axes if a in SPATIAL_AXES + "c")
    if "c" in axes:
        pixels = np.moveaxis(pixels, axes.index("c"), -1)
        pixels = luminance(pixels) if image.rgb else as_float(pixels).mean(axis=-1)
    filled, _ = fill_broken(as_float(pixels))
    return filled, image.relative_spacing


def _side(image: SpatialArray) -> int:
    """Return the side of the middle that is looked at."""
    ndim = sum(axis in SPATIAL_AXES for axis in image.axes)
    return int(LARGEST ** (1 / ndim))


# ---- what follows


def _parameters(
    pixels: NDArray[Any], noise: float, size: float, objects: str
) -> Mapping[str, Mapping[str, Any]]:
    contrast = float(np.subtract(*np.percentile(pixels, [99, 1]))) if pixels.size else 0
    ndim = sum(n > 1 for n in pixels.shape)
    wanted = _wanted(noise / contrast if contrast else 0.0, size, objects, ndim)
    found = {}
    for method in METHODS:
        known = {p.name: p for p in parameters(method.function)}
        values = {
            name: value if isinstance(value, str) else fitted(known[name], value)
            for name, value in wanted.items()
            if name in known and method.family not in ("examples", "network", "cleanup")
        }
        if method.name == "denoise_nl_means" or not values:
            continue
        found[method.name] = values
    return found


def _wanted(
    noise: float, size: float, objects: str, ndim: int
) -> dict[str, float | str]:
    """Return values by the names of parameters."""
    wanted: dict[str, float | str] = {"objects": objects}
    # noise of a tenth of the contrast needs a Gaussian of about one pixel
    sigma = 10 * noise
    if size:
        sigma = min(max(sigma, size / 20), size / 5)
        area = math.pi / 6 * size**3 if ndim == 3 else math.pi / 4 * size**2
        wanted |= {
            "min_size": area / 8,
            "block_size": 2 * round(1.5 * size) + 1,
            "h": max(1.0, size / 16),
            "radius": size,
            "min_radius": size / 4,
            "max_radius": size,
            "min_distance": size / 2,
        }
    return wanted | {"sigma": max(sigma, 0.5)}
