"""Edges by gradient filters and non-maximum suppression."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, InputError, Labels, Sigma, Spacing

# by bytes of a number: sums of squares beyond these have lost digits
SQUARES = {4: (2.0**-70, 2.0**126), 8: (2.0**-900, 2.0**1020)}
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
    edges = _strength(smooth(filled, sigma, spacing), spacing, 1 / image.ndim)
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
    image: NDArray[Any], spacing: tuple[float, ...], share: float = 1.0
) -> NDArray[Any]:
    """Return the length of the gradient times the root of `share`."""
    quick = fast.gradient_length(image, spacing, share)
    return vector_length(_gradient(image, spacing), share) if quick is None else quick


def _gradient(image: NDArray[Any], spacing: tuple[float, ...]) -> list[NDArray[Any]]:
    """Return one smoothed difference of neighbours per axis, over its spacing."""
    norm = 4 ** (image.ndim - 1)
    sizes = spacing or (1.0,) * image.ndim
    return [
        _slope(image, axis) / image.dtype.type(norm * size)
        for axis, size in enumerate(sizes)
    ]


def _slope(image: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return the next pixel less the previous one, smoothed along other axes."""
    # in this order and in the image's own precision: so do the kernels
    before, _, after = _neighbours(image, axis)
    slope = after - before
    for other in range(image.ndim):
        if other != axis:
            before, here, after = _neighbours(slope, other)
            slope = 2 * here + (before + after)
    return np.asarray(slope)


def _neighbours(image: NDArray[Any], axis: int) -> list[NDArray[Any]]:
    """Return every pixel's previous pixel, itself and the next, edges repeated."""
    margins = [(int(other == axis),) * 2 for other in range(image.ndim)]
    padded = np.moveaxis(np.pad(image, margins, mode="edge"), axis, 0)
    n = image.shape[axis]
    return [np.moveaxis(padded[i : i + n], 0, axis) for i in range(3)]


def vector_length(gradient: list[NDArray[Any]], share: float = 1.0) -> NDArray[Any]:
    """Return the lengths of vectors given as one array per component.

    Parameters
    ----------
    gradient : list of ndarray of float
        Finite, of one shape and dtype.
    share : float
        What squares are multiplied by, in that precision: 1 / n instead of 1
        for the root of the mean square of n components.

    Examples
    --------
    >>> import numpy as np
    >>> vector_length([np.array([3.0]), np.array([4.0])])
    array([5.])
    """
    least, most = SQUARES[gradient[0].dtype.itemsize]
    with np.errstate(over="ignore", under="ignore"):
        total = np.square(gradient[0])
        for component in gradient[1:]:
            total += np.square(component)
        lost = ~((total > least) & (total < most))
        length = np.asarray(np.sqrt(total * total.dtype.type(share)))
    if lost.any():
        parts = np.stack([part[lost] for part in gradient])
        length[lost] = _scaled_length(parts, parts.dtype.type(share))
    return length


def _scaled_length(gradient: NDArray[Any], share: Any) -> NDArray[Any]:
    """Return lengths along the first axis by squares of numbers near 1."""
    power = np.frexp(np.abs(gradient).max(axis=0).astype(np.float64))[1]
    total = np.zeros(power.shape, gradient.dtype)
    with np.errstate(under="ignore"):  # beside squares near 1 such are nothing
        for part in gradient:
            near_one = np.ldexp(part.astype(np.float64), -power)
            total += np.square(near_one.astype(gradient.dtype))
        length = np.ldexp(np.sqrt(total * share).astype(np.float64), power)
        return np.asarray(length.astype(gradient.dtype))


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
