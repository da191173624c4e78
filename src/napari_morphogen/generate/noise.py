"""Noise: values drawn one by one, and values that change smoothly."""

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
    source_shape,
    source_spacing,
)
from napari_morphogen.params import Image, Seed, Unit

Mean = Annotated[float, at.Interval(ge=-1e6, le=1e6), at.MultipleOf(0.1)]
Deviation = Annotated[float, at.Interval(ge=0, le=1e6), at.MultipleOf(0.1)]
Looks = Annotated[int, at.Interval(ge=1, le=100)]
Period = Annotated[float, at.Interval(ge=2, le=2000), at.MultipleOf(0.1), Unit("px")]
Octaves = Annotated[int, at.Interval(ge=1, le=10)]
Persistence = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]
LEAST_PERIOD = 2.0  # pixels; what is finer cannot be shown
Values = NDArray[np.float32]


def random_noise(
    *,
    height: Height = 256,
    width: Width = 256,
    depth: Depth = 1,
    distribution: Literal["gaussian", "uniform", "poisson", "speckle"] = "gaussian",
    mean: Mean = 100.0,
    sd: Deviation = 10.0,
    looks: Looks = 1,
    seed: Seed = 0,
    pixel_size: PixelSize = 0.0,
    plane_distance: PlaneDistance = 0.0,
) -> Image:
    """Noise: every pixel drawn on its own, as cameras and lasers make it.

    Parameters
    ----------
    height : int
        Rows of the image.
    width : int
        Columns of the image.
    depth : int
        Planes; 1 makes an image of two axes.
    distribution : str
        "gaussian" is the noise of electronics, "uniform" that of rounding, "poisson"
        that of photons, which are counted, and "speckle" that of coherent light,
        radar and ultrasound.
    mean : float
        Mean of all pixels; the expected number of photons for "poisson". Photons and
        speckle have no mean below zero; 0 is taken in its place.
    sd : float
        Standard deviation of "gaussian" and "uniform"; the others follow from the
        mean.
    looks : int
        How many independent patterns of "speckle" are averaged; the standard
        deviation is the mean divided by the root of this number.
    seed : int
        Start of the random numbers; the same one gives the same image.
    pixel_size : float
        Micrometres from pixel to pixel; 0 leaves pixels without a unit.
    plane_distance : float
        Micrometres from plane to plane; 0 takes the pixel size.

    Returns
    -------
    image : ndarray of float32, shape ([P,] M, N)
        The noise.

    Notes
    -----
    Fully developed speckle has an exponential distribution, and the mean of several
    patterns a gamma distribution [1]_: it grows with the brightness, while the
    variance of photons equals their mean.

    References
    ----------
    .. [1] J. W. Goodman, "Some fundamental properties of speckle," Journal of the
       Optical Society of America, vol. 66, no. 11, pp. 1145-1150, 1976.
       DOI 10.1364/JOSA.66.001145

    Examples
    --------
    >>> photons = random_noise(distribution="poisson", mean=50.0)
    >>> bool(abs(photons.mean() - 50) < 0.5), bool(abs(photons.var() - 50) < 2)
    (True, True)
    """
    rng = np.random.default_rng(seed)
    shape = source_shape(height=height, width=width, depth=depth)
    rate = max(mean, 0.0)
    if distribution == "poisson":
        return rng.poisson(rate, shape).astype(np.float32)
    if distribution == "speckle":
        drawn = rng.standard_gamma(looks, shape, dtype=np.float32)
        return drawn * np.float32(rate / looks)
    if distribution == "uniform":
        unit = (rng.random(shape, dtype=np.float32) - np.float32(0.5)) * 12**0.5
    else:
        unit = rng.standard_normal(shape, dtype=np.float32)
    return np.asarray(unit * np.float32(sd) + np.float32(mean), np.float32)


def perlin(
    *,
    height: Height = 256,
    width: Width = 256,
    depth: Depth = 1,
    period: Period = 32.0,
    octaves: Octaves = 4,
    persistence: Persistence = 0.5,
    tiles: bool = False,
    seed: Seed = 0,
    pixel_size: PixelSize = 0.0,
    plane_distance: PlaneDistance = 0.0,
) -> Image:
    """Smooth noise of several grains, like clouds, marble or uneven light.

    Parameters
    ----------
    height : int
        Rows of the image.
    width : int
        Columns of the image.
    depth : int
        Planes; 1 makes an image of two axes.
    period : float
        Size of the coarsest grains.
    octaves : int
        How many sizes of grains are added, each half as large as the one before.
        Those smaller than two pixels are left out.
    persistence : float
        Strength of every octave relative to the one before.
    tiles : bool
        Make an image that continues at its opposite side; the period becomes the
        nearest one that divides every side.
    seed : int
        Start of the random numbers; the same one gives the same image.
    pixel_size : float
        Micrometres from pixel to pixel; 0 leaves pixels without a unit.
    plane_distance : float
        Micrometres from plane to plane; 0 takes the pixel size.

    Returns
    -------
    image : ndarray of float32, shape ([P,] M, N)
        From -1 to 1; 0 in the mean.

    Notes
    -----
    Random slopes stand on a grid whose points are one period apart. Between them the
    planes that they span are blended by a polynomial of degree 5, so that the second
    derivatives are continuous, too [1]_. The values on the points of the grid are 0.

    References
    ----------
    .. [1] K. Perlin, "Improving noise," ACM Transactions on Graphics, vol. 21, no. 3,
       pp. 681-682, 2002. DOI 10.1145/566654.566636

    Examples
    --------
    >>> clouds = perlin(period=16.0, octaves=1)
    >>> bool((clouds[::16, ::16] == 0).all())
    True
    """
    rng = np.random.default_rng(seed)
    shape = source_shape(height=height, width=width, depth=depth)
    spacing = source_spacing(len(shape), pixel_size, plane_distance)
    total, strength, strengths = np.zeros(shape, np.float32), 1.0, 0.0
    for octave in range(octaves):
        grain = period / 2**octave
        if octave and grain < LEAST_PERIOD:
            break
        places = [
            _places(n, s, period, 2**octave, tiles)
            for n, s in zip(shape, spacing, strict=True)
        ]
        total += np.float32(strength) * _octave(places, rng)
        strengths += strength
        strength *= persistence
    # the steepest slopes reach half the diagonal of a cell
    return np.asarray(total * np.float32(2 / (len(shape) ** 0.5 * strengths)))


Place = tuple[NDArray[Any], NDArray[Any], Values]


def _places(n: int, size: float, period: float, fine: int, tiles: bool) -> Place:
    """Return the two grid points around every pixel of an axis, and the place between.

    Grid points that no pixel needs are not counted.
    """
    cells = max(1, round(n * size / period)) * fine
    step = cells / n if tiles else size * fine / period
    at_grid = np.arange(n) * step
    low = np.floor(at_grid).astype(np.int64)
    both = np.stack([low, low + 1])
    if tiles:
        both %= cells
    _, numbers = np.unique(both, return_inverse=True)
    first, second = numbers.reshape(both.shape)
    return first, second, (at_grid - low).astype(np.float32)


def _octave(places: list[Place], rng: np.random.Generator) -> Values:
    """Return noise of one size of grains."""
    grid = tuple(int(max(a.max(), b.max())) + 1 for a, b, _ in places)
    slopes = rng.standard_normal((len(grid), *grid), dtype=np.float32)
    slopes /= np.maximum(np.linalg.norm(slopes, axis=0), np.float32(1e-12))
    shape = tuple(len(place[0]) for place in places)
    total = np.zeros(shape, np.float32)
    for direction, values in enumerate(slopes):
        for axis, place in enumerate(places):
            values = _blended(values, axis, place, sloping=axis == direction)
        total += values
    return total


def _blended(values: Values, axis: int, place: Place, *, sloping: bool) -> Values:
    """Return values between grid points along one axis."""
    first, second, t = place
    fade = t * t * t * (t * (t * 6 - 15) + 10)
    low, high = 1 - fade, fade
    if sloping:
        low, high = low * t, high * (t - 1)
    lying = [1] * values.ndim
    lying[axis] = len(t)
    before, after = (values.take(i, axis=axis) for i in (first, second))
    return np.asarray(before * low.reshape(lying) + after * high.reshape(lying))
