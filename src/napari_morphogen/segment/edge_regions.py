"""From an edge map to the regions that its lines close in."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import Image, Labels, MinSize, Sigma, Spacing, Unit
from napari_morphogen.segment.centres import distance
from napari_morphogen.segment.edges import Quantile, canny
from napari_morphogen.segment.flooding import flood
from napari_morphogen.segment.objects import keep_large

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
        axis. Regions narrower than that are lost, such as thick lines, which
        the regions beside them share.
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
    Edges by Canny's method [1]_, led on to the border of the image. What a ball
    as wide as `gap` can reach without touching an edge is the inside of a region
    [2]_. From there the distance to the edges is flooded, far pixels first, so
    that regions meet on the edges and in the gaps.

    References
    ----------
    .. [1] J. Canny, IEEE Trans. Pattern Anal. Mach. Intell. 8, 679-698 (1986),
       DOI 10.1109/TPAMI.1986.4767851
    .. [2] P. Soille, Morphological Image Analysis (2004), chapter 9,
       DOI 10.1007/978-3-662-05088-0

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
    broken = fill_broken(as_float(image))[1]
    walls = _to_the_border(edges > 0)
    if broken is not None:  # edges end one pixel before what is broken
        walls |= ndimage.binary_dilation(broken, np.ones((3,) * image.ndim, bool))
    regions = _between(walls, gap / 2, spacing)
    if not border:
        regions[np.isin(regions, _at_border(regions))] = 0
    if broken is not None:
        regions[broken] = 0
    return keep_large(regions, min_size)


def _to_the_border(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return edges with the outermost pixels like those beside them."""
    for axis, length in enumerate(edges.shape):
        if length > 2:
            slices = np.moveaxis(edges, axis, 0)
            slices[0] |= slices[1]
            slices[-1] |= slices[-2]
    return edges


def _between(
    walls: NDArray[np.bool_], reach: float, spacing: tuple[float, ...]
) -> NDArray[np.int32]:
    """Number what walls separate, and share the walls out among the regions."""
    if not walls.any() or walls.all():
        return (~walls).astype(np.int32)
    away = distance(~walls, spacing)
    seeds = np.empty(walls.shape, np.int32)
    ndimage.label(away > reach, output=seeds)
    return flood(-away, seeds, np.ones(walls.shape, bool))


def _at_border(regions: NDArray[Any]) -> NDArray[Any]:
    faces = [
        np.take(regions, end, axis).ravel()
        for axis, length in enumerate(regions.shape)
        if length > 1  # a single plane is no border
        for end in (0, -1)
    ]
    return np.unique(np.concatenate(faces)) if faces else np.unique(regions)
