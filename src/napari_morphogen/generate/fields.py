"""Gaussian random fields: noise with a chosen spectrum."""

import math
from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.generate.canvas import (
    Depth,
    Height,
    PixelSize,
    PlaneDistance,
    Width,
    check_memory,
    source_shape,
    source_spacing,
)
from napari_morphogen.generate.noise import Deviation, Mean
from napari_morphogen.params import Image, Seed, Unit

Length = Annotated[float, at.Interval(ge=0.1, le=1000), at.MultipleOf(0.1), Unit("px")]
Smoothness = Annotated[float, at.Interval(ge=0.5, le=10), at.MultipleOf(0.1)]
Exponent = Annotated[float, at.Interval(ge=0, le=8), at.MultipleOf(0.1)]
Spectrum = Literal["matern", "gaussian", "power law"]
BYTES_PER_PIXEL = 24  # of the enlarged field: noise, its transform, the amplitude
MARGIN = 4  # correlation lengths after which opposite sides do not know each other


def gaussian_field(
    *,
    height: Height = 256,
    width: Width = 256,
    depth: Depth = 1,
    spectrum: Spectrum = "matern",
    correlation_length: Length = 10.0,
    smoothness: Smoothness = 1.5,
    exponent: Exponent = 3.0,
    mean: Mean = 0.0,
    sd: Deviation = 1.0,
    tiles: bool = False,
    seed: Seed = 0,
    pixel_size: PixelSize = 0.0,
    plane_distance: PlaneDistance = 0.0,
) -> Image:
    """Gaussian random field: texture of a chosen grain and roughness.

    Parameters
    ----------
    height : int
        Rows of the image.
    width : int
        Columns of the image.
    depth : int
        Planes; 1 makes an image of two axes.
    spectrum : str
        How the texture is spread over sizes: "gaussian" is smooth, "matern" as rough
        as `smoothness` says, "power law" has no size of its own.
    correlation_length : float
        How far pixels are alike, for "gaussian" and "matern".
    smoothness : float
        Of "matern": 0.5 is as rough as a random walk, 10 nearly "gaussian".
    exponent : float
        Of "power law": 0 is white noise, 2 is cloudy, 4 and more are hills.
    mean : float
        Expected mean of the pixels.
    sd : float
        Expected standard deviation of the pixels.
    tiles : bool
        Make an image that continues at its opposite side.
    seed : int
        Start of the random numbers; the same one gives the same image.
    pixel_size : float
        Micrometres from pixel to pixel; 0 leaves pixels without a unit.
    plane_distance : float
        Micrometres from plane to plane; 0 takes the pixel size.

    Returns
    -------
    image : ndarray of float32, shape ([P,] M, N)
        The texture.

    Notes
    -----
    White noise is filtered so that its expected power at a frequency is that of the
    spectrum [1]_. The filter is periodic; without `tiles` a larger field is made
    and cut. An image smaller than its texture departs from the expected mean.

    References
    ----------
    .. [1] C. R. Dietrich and G. N. Newsam, "Fast and exact simulation of stationary
       Gaussian processes through circulant embedding of the covariance matrix,"
       SIAM Journal on Scientific Computing, vol. 18, no. 4, pp. 1088-1107, 1997.
       DOI 10.1137/S1064827592240555

    Examples
    --------
    >>> texture = gaussian_field(correlation_length=4.0, sd=2.0)
    >>> texture.shape, bool(abs(texture.std() - 2) < 0.2)
    ((256, 256), True)
    """
    shape = source_shape(height=height, width=width, depth=depth)
    found = field(
        np.random.default_rng(seed),
        shape,
        source_spacing(len(shape), pixel_size, plane_distance),
        spectrum=spectrum,
        length=correlation_length,
        smoothness=smoothness,
        exponent=exponent,
        tiles=tiles,
    )
    return np.asarray(found * np.float32(sd) + np.float32(mean))


def field(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    spacing: tuple[float, ...],
    *,
    spectrum: Spectrum = "matern",
    length: float,
    smoothness: float = 1.5,
    exponent: float = 0.0,
    tiles: bool = False,
) -> NDArray[np.float32]:
    """Return a Gaussian random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : Generator
        Of random numbers.
    shape : tuple of int
        Of the field.
    spacing : tuple of float
        Relative pixel size along every axis.
    spectrum, length, smoothness, exponent, tiles
        As in `gaussian_field`.
    """
    from scipy import fft

    large = shape if tiles else _enlarged(shape, spacing, spectrum, length)
    check_memory(shape, math.prod(large) * BYTES_PER_PIXEL)
    frequencies = [
        (fft.rfftfreq if axis == len(large) - 1 else fft.fftfreq)(n, d=size)
        for axis, (n, size) in enumerate(zip(large, spacing, strict=True))
    ]
    squares = [k**2 for k in np.meshgrid(*frequencies, indexing="ij", sparse=True)]
    power = _power(np.asarray(sum(squares)), spectrum, length, smoothness, exponent)
    scale = _mean_power(power, large[-1])
    if scale == 0:  # a power law has nothing to give to a single pixel
        return np.zeros(shape, np.float32)
    amplitude = np.sqrt(power / scale).astype(np.float32)
    noise = fft.rfftn(rng.standard_normal(large, dtype=np.float32))
    made = fft.irfftn(noise * amplitude, s=large, overwrite_x=True)
    kept = made[tuple(slice(n) for n in shape)]
    return np.ascontiguousarray(kept, np.float32)


def _enlarged(
    shape: tuple[int, ...], spacing: tuple[float, ...], spectrum: str, length: float
) -> tuple[int, ...]:
    from scipy import fft

    far = np.inf if spectrum == "power law" else MARGIN * length
    sizes = zip(shape, spacing, strict=True)
    return tuple(
        fft.next_fast_len(n + min(n, int(np.ceil(min(far / size, n)))), real=True)
        for n, size in sizes
    )


def _power(
    squares: NDArray[Any],
    spectrum: str,
    length: float,
    smoothness: float,
    exponent: float,
) -> NDArray[np.float64]:
    """Return the power at squared frequencies, in cycles per pixel; 1 at most.

    Only a power law has none at frequency 0, where it would be infinite.
    """
    if spectrum == "gaussian":
        return np.exp(-2 * np.pi**2 * length**2 * squares)
    if spectrum == "matern":
        scaled = 4 * np.pi**2 * squares * length**2 / (2 * smoothness)
        return np.asarray((1 + scaled) ** -(smoothness + squares.ndim / 2))
    least = np.min(squares, where=squares > 0, initial=np.inf)
    with np.errstate(divide="ignore"):
        power = np.where(squares > 0, (squares / least) ** (-exponent / 2), 0.0)
    return np.asarray(power)


def _mean_power(power: NDArray[np.float64], last: int) -> float:
    """Return the mean over all frequencies, of which half the last axis is given."""
    twice = np.full(power.shape[-1], 2.0)
    twice[0] = 1
    if last % 2 == 0:
        twice[-1] = 1
    return float((power * twice).sum() / (power.size // power.shape[-1] * last))
