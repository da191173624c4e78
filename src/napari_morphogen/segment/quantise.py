"""An image in few colours."""

import math
from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float
from napari_morphogen.params import (
    ChannelAxis,
    Colours,
    Figures,
    Image,
    Seed,
    Sigma,
    Spacing,
)
from napari_morphogen.segment.clustering import cluster
from napari_morphogen.segment.vectors import pixel_values

LEAST_ERROR = 2.0**-52  # of the squared range: smaller ones are none


class Quantised(NamedTuple):
    """An image in few colours and what that saves and costs."""

    image: Colours
    figures: Figures


def quantise_colours(
    image: Image,
    *,
    colours: Annotated[int, at.Interval(ge=2, le=256)] = 16,
    sigma: Sigma = 0.0,
    seed: Seed = 0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Quantised:
    """Paint the image in few colours, the means of its classes by K-means.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    colours : int
        How many different colours or grey values at most.
    sigma : float
        Smoothing before clustering, in pixels of the finest axis; 0 is none.
    seed : int
        Start of the random numbers; one channel needs none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    image : ndarray of float, shape of `image`
        Each pixel's class mean; 0 in pixels that are broken (NaN, infinity) in
        any channel.
    figures : dict of str to float
        "compression ratio" and "PSNR [dB]".

    Notes
    -----
    Classes are those of `kmeans` [1]_: for one channel the optimum, up to rounding
    to 1024 bins. The compression ratio is b c n / (n ceil(log2 k) + k c b) for n
    pixels of c channels of b bits and k colours in use: an index per pixel and a
    palette. The peak signal-to-noise ratio [2]_ is 10 log10(r^2 / e), where r is
    the highest less the lowest number of the image and e the mean squared
    difference from it, counted as at least 2^-52 r^2: 156.5 dB means that
    nothing was lost.

    References
    ----------
    .. [1] S. P. Lloyd, IEEE Trans. Inf. Theory 28, 129-137 (1982),
       DOI 10.1109/TIT.1982.1056489
    .. [2] Q. Huynh-Thu and M. Ghanbari, Electron. Lett. 44, 800-801 (2008),
       DOI 10.1049/el:20080522

    Examples
    --------
    >>> import numpy as np
    >>> found = quantise_colours(np.array([[1, 3, 8, 9]], "uint8"), colours=2)
    >>> found.image
    array([[2. , 2. , 8.5, 8.5]], dtype=float32)
    >>> {name: round(value, 2) for name, value in found.figures.items()}
    {'compression ratio': 1.6, 'PSNR [dB]': 20.1}
    """
    values, whole = pixel_values(image, sigma, spacing, channel_axis)
    dtype = as_float(image[:0]).dtype
    depth = 8 * image.dtype.itemsize
    painted = np.zeros((*whole.shape, values.shape[1]), dtype)
    if not len(values):
        figures = _figures(0, values.shape[1], depth, 1, 0.0)
        return Quantised(_shaped(painted, channel_axis), figures)
    found = cluster(values, colours, seed) - 1
    low = values.min(axis=0).astype(np.float64)
    span = (values.max(axis=0) - low).max() or 1.0
    palette = _palette((values - low) / span, found)
    painted[whole] = (palette * span + low)[found]
    true = values if sigma == 0 else pixel_values(image, 0, (), channel_axis)[0]
    error = _error(true, painted[whole])
    pixels, channels = values.shape
    figures = _figures(pixels, channels, depth, len(palette), error)
    return Quantised(_shaped(painted, channel_axis), figures)


def _shaped(painted: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    if channel_axis is None:
        return painted[..., 0]
    return np.ascontiguousarray(np.moveaxis(painted, -1, channel_axis))


def _palette(
    values: NDArray[np.float64], found: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the mean value of every class."""
    count = np.bincount(found)
    return np.stack([np.bincount(found, v) / count for v in values.T], axis=1)


def _error(true: NDArray[Any], painted: NDArray[Any]) -> float:
    """Return the mean squared difference, in squares of the range of `true`."""
    low = np.float64(true.min())
    span = (np.float64(true.max()) - low) or 1.0
    away = (true - low) / span - (painted - low) / span
    return float(np.mean(away * away))


def _figures(
    pixels: int, channels: int, depth: int, colours: int, error: float
) -> dict[str, float]:
    bits = pixels * math.ceil(math.log2(colours)) + colours * channels * depth
    return {
        "compression ratio": pixels * channels * depth / bits,
        "PSNR [dB]": -10 * math.log10(max(error, LEAST_ERROR)),
    }
