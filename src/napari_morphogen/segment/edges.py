"""Edges by gradient filters and non-maximum suppression."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, InputError, Labels, Sigma, Spacing

LEAST_SQUARE, MOST_SQUARE = 1e-280, 1e300  # beyond these doubles lose digits
Quantile = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]


def sobel(image: Image, *, sigma: Sigma = 0.0, spacing: Spacing = ()) -> Image:
    """Edge strength: the length of the Sobel gradient.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing before the filter, in pixels of the finest axis; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    edges : ndarray of float, shape of `image`
        On the scale of `skimage.filters.sobel`; 0 in broken pixels (NaN,
        infinity).

    Notes
    -----
    Along every axis the next pixel less the previous one is smoothed by
    (1, 2, 1) / 4 along all other axes [1]_; along coarser axes it is divided
    by their spacing; the root of the mean square is returned.

    References
    ----------
    .. [1] I. Sobel, History and definition of the Sobel operator (2014),
       DOI 10.13140/RG.2.1.1912.4965

    Examples
    --------
    >>> import numpy as np
    >>> step = np.repeat(np.array([[0, 0, 9, 9]], "uint8"), 4, axis=0)
    >>> sobel(step)[0].round(3)
    array([0.   , 6.364, 6.364, 0.   ], dtype=float32)
    """
    filled, broken = fill_broken(as_float(image))
    edges = _strength(smooth(filled, sigma, spacing), spacing, np.sqrt(image.ndim))
    if broken is not None:
        edges[broken] = 0
    return edges


def canny(
    image: Image,
    *,
    sigma: Sigma = 1.0,
    low_threshold: Quantile = 0.85,
    high_threshold: Quantile = 0.95,
    spacing: Spacing = (),
) -> Labels:
    """Thin edge lines (2-D) or surfaces (3-D) by Canny's method.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing before the gradient, in pixels of the finest axis; 0 is none.
    low_threshold : float
        Weak edges: quantile of the gradient strength (0 to 1).
    high_threshold : float
        Strong edges: quantile of the gradient strength (0 to 1), at least
        `low_threshold`. Weak edges are kept where they touch strong ones.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    edges : ndarray of int32, shape of `image`
        1 on edges, 0 elsewhere.

    Raises
    ------
    InputError
        When `high_threshold` is below `low_threshold`.

    Notes
    -----
    Smooth; Sobel gradient; keep a pixel when its gradient is no smaller than
    the two gradients interpolated where the line along its direction leaves
    the cube of its neighbours (non-maximum suppression); keep connected weak
    edges that hold a strong one (hysteresis) [1]_. Pixels of the border are
    no edges.

    References
    ----------
    .. [1] J. Canny, IEEE Trans. Pattern Anal. Mach. Intell. 8, 679-698 (1986),
       DOI 10.1109/TPAMI.1986.4767851

    Examples
    --------
    >>> from skimage import data
    >>> edges = canny(data.camera(), sigma=2)
    >>> 0.01 < float(edges.mean()) < 0.1
    True
    """
    if high_threshold < low_threshold:
        raise InputError(
            f"Expected `high_threshold` to be at least `low_threshold` "
            f"({low_threshold:g}), but got {high_threshold:g}."
        )
    filled, broken = fill_broken(as_float(image))
    smoothed = smooth(filled, sigma, spacing)
    strength = _strength(smoothed, spacing)
    low, high = _quantiles(strength, [low_threshold, high_threshold])
    inside = None if broken is None else _inside(image.shape, broken)
    skip = None if inside is None else ~inside
    edges = fast.thin_edges(smoothed, strength, (low, high), skip, spacing)
    if edges is not None:
        return edges
    if inside is None:
        inside = _inside(image.shape, None)
    gradient = _gradient(smoothed, spacing)
    ridge = _suppress_non_maxima(strength, gradient, inside, float(low), spacing)
    return _hysteresis(ridge, strength >= high)


def _quantiles(strength: NDArray[Any], shares: list[float]) -> NDArray[Any]:
    quick = fast.quantiles(strength, shares)
    return np.asarray(np.quantile(strength, shares)) if quick is None else quick


def _strength(
    image: NDArray[Any], spacing: tuple[float, ...], divisor: float = 1.0
) -> NDArray[Any]:
    """Return the length of the gradient over `divisor`."""
    quick = fast.gradient_length(image, spacing, divisor)
    if quick is not None:
        return quick
    return np.asarray(vector_length(_gradient(image, spacing)) / np.float32(divisor))


def _gradient(image: NDArray[Any], spacing: tuple[float, ...]) -> list[NDArray[Any]]:
    """Return one smoothed difference of neighbours per axis, over its spacing."""
    norm = 4 ** (image.ndim - 1)
    sizes = spacing or (1.0,) * image.ndim
    return [
        ndimage.sobel(image, axis, mode="reflect")
        / image.dtype.type(norm * sizes[axis])
        for axis in range(image.ndim)
    ]


def vector_length(gradient: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the lengths of vectors given as one array per component.

    Parameters
    ----------
    gradient : list of ndarray of float
        Finite, of one shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> vector_length([np.array([3.0]), np.array([4.0])])
    array([5.])
    """
    with np.errstate(over="ignore", under="ignore"):
        total = np.square(gradient[0], dtype=np.float64)
        for component in gradient[1:]:
            total += np.square(component, dtype=np.float64)
    length = np.sqrt(total).astype(gradient[0].dtype)
    lost = ~((total > LEAST_SQUARE) & (total < MOST_SQUARE))
    if lost.any():
        length[lost] = _scaled_length(np.stack([part[lost] for part in gradient]))
    return np.asarray(length)


def _scaled_length(gradient: NDArray[Any]) -> NDArray[Any]:
    """Return lengths along the first axis by squares of numbers near 1."""
    power = np.frexp(np.abs(gradient).max(axis=0).astype(np.float64))[1]
    total = np.zeros(power.shape)
    for part in gradient:
        total += np.ldexp(part.astype(np.float64), -power) ** 2
    return np.ldexp(np.sqrt(total), power).astype(gradient.dtype)


def _inside(shape: tuple[int, ...], broken: NDArray[Any] | None) -> NDArray[np.bool_]:
    """Return the pixels whose neighbours all exist and are finite."""
    inside = np.ones(shape, bool) if broken is None else ~broken
    cube = np.ones([min(n, 3) for n in shape], bool)  # one plane is no border
    return np.asarray(ndimage.binary_erosion(inside, cube))


def _suppress_non_maxima(
    strength: NDArray[Any],
    gradient: list[NDArray[Any]],
    inside: NDArray[np.bool_],
    low: float,
    spacing: tuple[float, ...],
) -> NDArray[np.bool_]:
    ridge = inside & (strength >= low) & (strength > 0)
    points = np.nonzero(ridge)
    steps = np.stack([g[points] for g in gradient]).astype(np.float64)  # (ndim, points)
    steps /= np.reshape(spacing or (1.0,) * strength.ndim, (-1, 1))
    steps /= np.abs(steps).max(axis=0, initial=np.finfo(float).tiny)
    centre = strength[points]
    for sign in (1, -1):
        beside = ndimage.map_coordinates(
            strength, np.stack(points) + sign * steps, order=1, mode="nearest"
        )
        ridge[points] &= centre >= beside
    return ridge


def _hysteresis(
    weak: NDArray[np.bool_], strong: NDArray[np.bool_]
) -> NDArray[np.int32]:
    labels, count = ndimage.label(weak, np.ones((3,) * weak.ndim, bool))
    kept = np.zeros(count + 1, np.int32)
    kept[labels[weak & strong]] = 1
    kept[0] = 0
    return np.asarray(kept[labels])
