"""Edges and blobs by the second derivative."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, Labels, Sigma, Spacing
from napari_morphogen.segment.derivatives import derivative
from napari_morphogen.segment.edges import sobel

Quantile = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]


def laplacian(image: Image, *, sigma: Sigma = 2.0, spacing: Spacing = ()) -> Image:
    """Second derivative after smoothing: Laplacian of Gaussian.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing, in pixels of the finest axis: blobs of the radius sigma times
        the root of the number of axes answer most. 0 is the plain Laplacian.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    curvature : ndarray of float, shape of `image`
        Negative in bright blobs, positive in dark ones, 0 along edges and in
        broken pixels (NaN, infinity).

    Notes
    -----
    The sum of the second derivatives along all axes, each over the square of
    the spacing, times sigma squared, so that blobs of all sizes compare [1]_.
    For sigma 0 it is (1, -2, 1) along every axis.

    References
    ----------
    .. [1] T. Lindeberg, Int. J. Comput. Vis. 30, 79-116 (1998),
       DOI 10.1023/A:1008045108935

    Examples
    --------
    >>> import numpy as np
    >>> dot = np.zeros((3, 3), "uint8"); dot[1, 1] = 1
    >>> laplacian(dot, sigma=0)
    array([[ 0.,  1.,  0.],
           [ 1., -4.,  1.],
           [ 0.,  1.,  0.]], dtype=float32)
    """
    filled, broken = fill_broken(as_float(image))
    curvature = _laplacian(filled, sigma, spacing)
    if broken is not None:
        curvature[broken] = 0
    return curvature


def zero_crossings(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    threshold: Quantile = 0.8,
    spacing: Spacing = (),
) -> Labels:
    """Edges where the Laplacian of Gaussian changes its sign.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing, in pixels of the finest axis; 0 is none.
    threshold : float
        Quantile of the gradient strength (0 to 1) below which a crossing is
        taken for noise.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    edges : ndarray of int32, shape of `image`
        1 on edges, 0 elsewhere.

    Notes
    -----
    Edges are closed lines (surfaces) between pixels of opposite sign [1]_. Of
    two such neighbours the one nearer to 0 is marked, where the Sobel gradient
    is strong enough.

    References
    ----------
    .. [1] D. Marr and E. Hildreth, Proc. R. Soc. Lond. B 207, 187-217 (1980),
       DOI 10.1098/rspb.1980.0020

    Examples
    --------
    >>> import numpy as np
    >>> step = np.repeat(np.array([[0, 0, 0, 9, 9, 9]], "uint8"), 6, axis=0)
    >>> edges = zero_crossings(step, sigma=1, threshold=0.5)
    >>> bool(edges[:, 2:4].any(axis=1).all()), int(edges[:, :2].sum())
    (True, 0)
    """
    filled, broken = fill_broken(as_float(image))
    curvature = _laplacian(filled, sigma, spacing)
    strength = sobel(smooth(filled, sigma, spacing), spacing=spacing)
    limit = np.quantile(strength, threshold)
    edges = _sign_changes(curvature) & (strength >= limit) & (strength > 0)
    if broken is not None:
        edges &= ~ndimage.binary_dilation(broken, np.ones((3,) * image.ndim, bool))
    return edges.astype(np.int32)


def _laplacian(
    image: NDArray[Any], sigma: float, spacing: tuple[float, ...]
) -> NDArray[Any]:
    sizes = spacing or (1.0,) * image.ndim
    scale = image.dtype.type((sigma or 1.0) ** 2)
    total = np.zeros_like(image)
    for axis in range(image.ndim):
        total += derivative(image, axis, 2, sigma, sizes) * scale
    return total


def _sign_changes(curvature: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the pixels beside a neighbour of other sign, the nearer to 0 of two."""
    found = np.zeros(curvature.shape, bool)
    for axis in range(curvature.ndim):
        values, marks = np.moveaxis(curvature, axis, 0), np.moveaxis(found, axis, 0)
        here, there = values[:-1], values[1:]
        crossing = (here < 0) != (there < 0)
        nearer = np.abs(here) <= np.abs(there)
        marks[:-1] |= crossing & nearer
        marks[1:] |= crossing & (np.abs(there) <= np.abs(here))
    return found
