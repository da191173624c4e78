"""Edges and blobs by the second derivative."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, smooth, unit_range
from napari_morphogen.params import Image, Labels, Sigma, Spacing
from napari_morphogen.segment.edges import Quantile, sobel


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
    The differences (1, -2, 1) of the smoothed image along all axes, each over
    the square of the spacing, are added and multiplied by sigma squared (by 1
    for sigma 0), so that blobs of all sizes compare [1]_. A constant gives
    exactly 0 however bright.

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
    two such neighbours the one nearer to 0 is marked, and a single 0 between
    them, where the Sobel gradient of the smoothed image is strong enough.

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
    values, broken = unit_range(image)[::3]
    curvature = _laplacian(values, sigma, spacing)
    strength = sobel(smooth(values, sigma, spacing), spacing=spacing)
    limit = np.quantile(strength, threshold)
    edges = _sign_changes(curvature) & (strength >= limit) & (strength > 0)
    if broken is not None:
        edges &= ~ndimage.binary_dilation(broken, np.ones((3,) * image.ndim, bool))
    return np.asarray(edges, np.int32)


def _laplacian(
    image: NDArray[Any], sigma: float, spacing: tuple[float, ...]
) -> NDArray[Any]:
    # float32 would round away faint blobs on a bright background; one pixel more
    # on all sides, for the smoothed image goes on beyond the border
    padded = np.pad(image.astype(np.float64), 1, "edge")
    smoothed = smooth(padded, sigma, spacing)
    total = np.zeros_like(smoothed)
    for axis, size in enumerate(spacing or (1.0,) * image.ndim):
        total += ndimage.correlate1d(smoothed, (1, -2, 1), axis) / size**2
    inner = total[(slice(1, -1),) * image.ndim]
    return np.asarray(inner * (sigma or 1.0) ** 2, image.dtype)


def _sign_changes(curvature: NDArray[Any]) -> NDArray[np.bool_]:
    """Return one pixel of every two neighbours of opposite sign."""
    found = np.zeros(curvature.shape, bool)
    sign = np.sign(curvature)
    for axis in range(curvature.ndim):
        size, signs, marks = (
            np.moveaxis(a, axis, 0) for a in (np.abs(curvature), sign, found)
        )
        crossing = signs[:-1] * signs[1:] < 0
        first = size[:-1] <= size[1:]
        marks[:-1] |= crossing & first
        marks[1:] |= crossing & ~first
        marks[1:-1] |= (signs[1:-1] == 0) & (signs[:-2] * signs[2:] < 0)
    return found
