"""Circles that the edges of a plane vote for."""

from typing import Annotated

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.params import Image, Labels, Shapes, Sigma, Spacing, Unit
from napari_morphogen.segment.edges import Quantile
from napari_morphogen.segment.plane_edges import (
    SWING,
    Count,
    Length,
    PlaneEdges,
    plane_edges,
)

Radius = Annotated[int, at.Interval(ge=1, le=10_000), Unit("px")]
Share = Annotated[float, at.Interval(ge=0.01, le=1), at.MultipleOf(0.01)]


def hough_circles(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    low_threshold: Quantile = 0.85,
    high_threshold: Quantile = 0.95,
    min_radius: Radius = 10,
    max_radius: Radius = 40,
    min_distance: Length = 20.0,
    count: Count = 100,
    threshold: Share = 0.4,
    edges: Labels | None = None,
    spacing: Spacing = (),
) -> Shapes:
    """Find circles along edges by Hough's method.

    Parameters
    ----------
    image : ndarray of shape (M, N)
        Intensities.
    sigma : float
        Smoothing before the edges are found, in pixels of the finest axis.
    low_threshold : float
        Weak edges: quantile of the gradient strength (0 to 1); see `canny`.
    high_threshold : float
        Strong edges: quantile of the gradient strength (0 to 1), at least
        `low_threshold`.
    min_radius : int
        Smallest radius to look for, in pixels of the finest axis.
    max_radius : int
        Largest radius to look for; the two may stand in either order.
    min_distance : float
        Of circles whose centres are closer than this the best is kept; in
        pixels of the finest axis.
    count : int
        At most so many circles, the best.
    threshold : float
        Share of the circle that must lie on edges, 0 to 1.
    edges : ndarray of int or None
        Edges found before, such as by `canny`: 0 where there is none. Then the
        thresholds do not count.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    circles : ndarray of float64, shape (n, 4, 2)
        Row and column of the corners of the square around every circle, the
        best circle first.

    Raises
    ------
    InputError
        When `high_threshold` is below `low_threshold`.

    Notes
    -----
    The pixels of Canny's edges vote for the centres of the circles through
    them [1]_, one radius after the other; the votes are divided by the number
    of pixels of the circle. Edges one pixel off the circle count half. Maxima of
    all radii are kept where the share of the circle beside edges whose gradient
    points at the centre or away from it, within 15 degrees [2]_, is enough; the
    largest share is the best.

    References
    ----------
    .. [1] R. O. Duda and P. E. Hart, Commun. ACM 15, 11-15 (1972),
       DOI 10.1145/361237.361242
    .. [2] D. H. Ballard, Pattern Recognition 13, 111-122 (1981),
       DOI 10.1016/0031-3203(81)90009-1

    Examples
    --------
    >>> import numpy as np
    >>> row, column = np.ogrid[:64, :64]
    >>> disc = (row - 30) ** 2 + (column - 34) ** 2 <= 15**2
    >>> hough_circles(disc).mean(axis=1).round()
    array([[30., 34.]])
    """
    limits = low_threshold, high_threshold
    voters = plane_edges(image, sigma, limits, spacing, edges)
    low, high = sorted((min_radius / voters.unit, max_radius / voters.unit))
    most = min(round(high), sum(voters.map.shape))  # larger ones meet no pixel
    radii = list(range(round(low), max(round(low), most) + 1))
    found = _supported(voters, _candidates(voters.map, radii, threshold), threshold)
    best = _best(found, min_distance / voters.unit, count)
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
    circles = best[:, None, 1:3] + best[:, None, 3:] * corners
    return np.asarray(circles / voters.sizes)


def _candidates(
    edges: NDArray[np.bool_], radii: list[int], threshold: float
) -> NDArray[np.float64]:
    """Return votes, row, column and radius of all maxima."""
    found = [np.zeros((0, 4))]
    inner, at, outer = (_centre_votes(edges, radii[0] + d) for d in (-1, 0, 1))
    for radius in radii:
        votes = np.minimum(at + (inner + outer) / 2, 1)
        peaks = (votes >= threshold) & (votes == ndimage.maximum_filter(votes, 3))
        places = np.argwhere(peaks)
        sizes = np.full(len(places), radius)
        found.append(np.column_stack([votes[peaks], places, sizes]))
        inner, at, outer = at, outer, _centre_votes(edges, radius + 2)
    return np.concatenate(found)


def _centre_votes(edges: NDArray[np.bool_], radius: int) -> NDArray[np.float64]:
    """Return for every pixel which share of the circle around it is edges."""
    from skimage import transform  # heavy: the dock opens without it

    if radius < 1 or not edges.any():
        return np.zeros(edges.shape)
    return np.asarray(transform.hough_circle(edges, radius)[0])


def _supported(
    edges: PlaneEdges, found: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """Rank candidates by the share of the circle that edges run along."""
    angles = np.full(edges.map.shape, np.nan)
    angles[edges.map] = edges.angles
    angles = np.pad(angles, 1, constant_values=np.nan)  # where places beyond end up
    limits = np.array(edges.map.shape)[:, None, None] + 1
    for candidate in found:
        _, row, column, radius = candidate
        turn = np.linspace(0, 2 * np.pi, int(2 * np.pi * radius) + 1)[:-1]
        reach = radius + np.array([[-1.0], [0.0], [1.0]])
        places = np.stack([row + reach * np.cos(turn), column + reach * np.sin(turn)])
        rows, columns = np.clip(np.round(places).astype(int) + 1, 0, limits)
        off = np.abs(angles[rows, columns] - turn) % np.pi
        candidate[0] = (np.minimum(off, np.pi - off) <= SWING).any(axis=0).mean()
    return found[found[:, 0] >= threshold]


def _best(
    found: NDArray[np.float64], min_distance: float, count: int
) -> NDArray[np.float64]:
    """Return the best candidates whose centres are far enough from each other."""
    left = found[np.argsort(-found[:, 0], kind="stable")]
    best: list[NDArray[np.float64]] = []
    while len(left) and len(best) < count:
        best.append(left[0])
        away = np.hypot(*(left[1:, 1:3] - left[0, 1:3]).T)
        left = left[1:][away >= min_distance]
    return np.array(best).reshape(-1, 4)
