"""From an edge map to the regions that its lines close in."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import Image, Labels, MinSize, Sigma, Spacing, Unit
from napari_morphogen.segment.edges import canny
from napari_morphogen.segment.objects import keep_large

Quantile = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]
Gap = Annotated[float, at.Interval(ge=0, le=50), at.MultipleOf(0.5), Unit("px")]


def edge_regions(
    image: Image,
    *,
    sigma: Sigma = 1.0,
    low_threshold: Quantile = 0.85,
    high_threshold: Quantile = 0.95,
    gap: Gap = 3.0,
    border: bool = True,
    min_size: MinSize = 20,
    spacing: Spacing = (),
) -> Labels:
    """Regions that edges close in: Canny's lines, gaps closed, insides numbered.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing before edges are found, in pixels of the finest axis; 0 is none.
    low_threshold : float
        Weak edges: quantile of the gradient strength (0 to 1).
    high_threshold : float
        Strong edges: quantile of the gradient strength (0 to 1), at least
        `low_threshold`.
    gap : float
        Gaps in an edge up to this width are closed, in pixels of the finest
        axis. Regions narrower than that are lost.
    border : bool
        Keep regions that touch the border of the image, the surroundings of all
        objects among them.
    min_size : int
        Regions of fewer pixels are removed.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        0 where no region is kept and in broken pixels (NaN, infinity).

    Raises
    ------
    InputError
        When `high_threshold` is below `low_threshold`.

    Notes
    -----
    Edges by Canny's method [1]_; all pixels within half of `gap` of an edge are
    a wall; what the walls separate are the regions; every pixel of a wall goes
    to the region that is nearest, so that regions meet on the edges.

    References
    ----------
    .. [1] J. Canny, IEEE Trans. Pattern Anal. Mach. Intell. 8, 679-698 (1986),
       DOI 10.1109/TPAMI.1986.4767851

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((60, 60), "uint8"); image[20:40, 15:45] = 200
    >>> inside = edge_regions(image, border=False)
    >>> int(inside.max()), bool(abs(inside.sum() - 20 * 30) < 100)
    (1, True)
    """
    edges = canny(
        image,
        sigma=sigma,
        low_threshold=low_threshold,
        high_threshold=high_threshold,
        spacing=spacing,
    )
    regions = _between(_walls(edges > 0, gap / 2, spacing), spacing)
    if not border:
        regions[np.isin(regions, _at_border(regions))] = 0
    _, broken = fill_broken(as_float(image))
    if broken is not None:
        regions[broken] = 0
    return keep_large(regions, min_size)


def _walls(
    edges: NDArray[np.bool_], reach: float, spacing: tuple[float, ...]
) -> NDArray[np.bool_]:
    if reach == 0 or not edges.any():
        return edges
    away = ndimage.distance_transform_edt(~edges, sampling=spacing or None)
    return np.asarray(away <= reach)


def _between(walls: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.int32]:
    """Number what walls separate, and give walls to the nearest region."""
    regions = np.empty(walls.shape, np.int32)
    ndimage.label(~walls, output=regions)
    if not walls.any() or walls.all():
        return regions
    nearest = ndimage.distance_transform_edt(
        walls,
        sampling=spacing or None,
        return_distances=False,
        return_indices=True,
    )
    return regions[tuple(nearest)]


def _at_border(regions: NDArray[Any]) -> NDArray[Any]:
    faces = [
        np.take(regions, end, axis).ravel()
        for axis, length in enumerate(regions.shape)
        if length > 1  # a single plane is no border
        for end in (0, -1)
    ]
    return np.unique(np.concatenate(faces)) if faces else np.unique(regions)
