"""Edges of a plane with their directions, ready to vote for shapes."""

from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import smooth, unit_range
from napari_morphogen.params import Unit
from napari_morphogen.segment.edges import canny

Length = Annotated[float, at.Interval(ge=1, le=10_000), Unit("px")]
Count = Annotated[int, at.Interval(ge=1, le=10_000)]
SWING = np.deg2rad(15)  # how far the direction of one edge pixel may be wrong


class PlaneEdges(NamedTuple):
    """Edge pixels of a plane whose pixels were made square.

    Attributes
    ----------
    map : ndarray of bool
        True on edges.
    angles : ndarray of float
        Of the gradients at edge pixels, from 0 to pi.
    sizes : ndarray of float
        Square pixels per pixel along each axis.
    unit : float
        Pixels of the finest axis of the image per square pixel.
    """

    map: NDArray[np.bool_]
    angles: NDArray[np.float64]
    sizes: NDArray[np.float64]
    unit: float


def plane_edges(
    image: NDArray[Any],
    sigma: float,
    limits: tuple[float, float],
    spacing: tuple[float, ...],
    edges: NDArray[Any] | None = None,
) -> PlaneEdges:
    """Return the edges that `canny` finds when the pixels are made square.

    Parameters
    ----------
    image : ndarray of shape (M, N)
        Intensities.
    sigma : float
        Smoothing, in pixels of the finest axis.
    limits : tuple of float
        Quantiles of the gradient strength of weak and of strong edges.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    edges : ndarray of int or None
        Edges to take instead, 0 where there is none.
    """
    unit = min(spacing, default=1.0)
    sizes = np.array(spacing or (1.0, 1.0)) / unit
    values, broken = _square(image, sizes)
    smoothed = smooth(values, sigma / unit, ())
    if broken is not None:
        values = np.where(broken, np.nan, values)
    low, high = limits
    if edges is None:
        width = sigma / unit
        edges = canny(values, sigma=width, low_threshold=low, high_threshold=high)
    elif (sizes != 1).any():
        edges = _resampled((edges != 0).astype(np.uint8), sizes, 0)
    slopes = [ndimage.sobel(smoothed, axis)[edges != 0] for axis in (0, 1)]
    angles = np.arctan2(slopes[1], slopes[0]).astype(np.float64) % np.pi
    return PlaneEdges(edges != 0, angles, sizes, unit)


def _square(
    image: NDArray[Any], sizes: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return values from 0 to 1 and broken pixels on a grid of square pixels."""
    plane = unit_range(image)
    if (sizes == 1).all():
        return plane.values, plane.broken
    broken = None if plane.broken is None else _resampled(plane.broken, sizes, 0)
    return _resampled(plane.values, sizes, 1), broken


def _resampled(values: NDArray[Any], sizes: NDArray[np.float64], order: int) -> Any:
    shape = tuple(int(n) for n in np.floor((np.array(values.shape) - 1) * sizes) + 1)
    return ndimage.affine_transform(
        values, 1 / sizes, output_shape=shape, order=order, mode="nearest"
    )
