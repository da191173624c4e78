"""Regions between straight lines: edges, Hough's lines, watershed."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import drawing
from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import Image, Labels, MinSize, Sigma, Spacing, Unit
from napari_morphogen.segment.centres import centres, heights
from napari_morphogen.segment.edges import Quantile
from napari_morphogen.segment.flooding import close_gaps, flood
from napari_morphogen.segment.hough import Gap, hough_lines
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.plane_edges import Count, Length

Extension = Annotated[float, at.Interval(ge=0, le=1000), Unit("px")]
Width = Annotated[float, at.Interval(ge=0, le=1000), Unit("px")]
Depth = Annotated[float, at.Interval(ge=0, le=100), at.MultipleOf(0.1), Unit("px")]


def line_regions(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    low_threshold: Quantile = 0.85,
    high_threshold: Quantile = 0.95,
    min_length: Length = 30.0,
    max_gap: Gap = 10.0,
    extend: Extension = 8.0,
    count: Count = 500,
    h: Depth = 2.0,
    min_width: Width = 8.0,
    min_size: MinSize = 100,
    spacing: Spacing = (),
) -> Labels:
    """Divide a plane into the regions between the straight lines in it.

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
    min_length : float
        Shorter lines are left out; in pixels of the finest axis.
    max_gap : float
        Edges of one line may be interrupted as far as this; in pixels of the
        finest axis.
    extend : float
        Lines are lengthened by this at both ends, so that they meet; in pixels
        of the finest axis.
    count : int
        At most so many lines, those with the most votes.
    h : float
        A gap in a line joins the regions beside it when their centres are less
        than this farther from lines than the gap is; in pixels of the finest
        axis. Higher means fewer regions.
    min_width : float
        Narrower regions are no regions, such as those between both edges of
        one wall; in pixels of the finest axis.
    min_size : int
        Regions of fewer pixels are given to their neighbours.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        From 1; 0 in broken pixels (NaN, infinity) only.

    Raises
    ------
    InputError
        When `high_threshold` is below `low_threshold`.

    Notes
    -----
    Canny's edges; `hough_lines` [1]_; the lines, lengthened, are walls. The
    distance to the nearest wall is highest in the middle of regions: its maxima
    are the markers, and it is flooded from them [2]_ without crossing a wall, so
    that floods meet in the gaps between walls. Then the pixels of walls, narrow
    and small regions are given to the nearest region.

    References
    ----------
    .. [1] R. O. Duda and P. E. Hart, Commun. ACM 15, 11-15 (1972),
       DOI 10.1145/361237.361242
    .. [2] L. Vincent and P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13,
       583-598 (1991), DOI 10.1109/34.87344

    Examples
    --------
    >>> import numpy as np
    >>> window = np.ones((90, 90))
    >>> window[44:46] = window[:, 44:46] = 0
    >>> int(line_regions(window).max())
    4
    """
    lines = hough_lines(
        image,
        sigma=sigma,
        low_threshold=low_threshold,
        high_threshold=high_threshold,
        min_length=min_length,
        max_gap=max_gap,
        count=count,
        spacing=spacing,
    )
    broken = fill_broken(as_float(image))[1]
    area = np.ones(image.shape, bool) if broken is None else ~broken
    if len(lines) == 0:
        return area.astype(np.int32)
    free = area & ~drawn(lines, image.shape, extend, spacing)
    labels = _between(free, h, min_width, spacing)
    return _without_small(labels, area, min_size, spacing)


def drawn(
    lines: NDArray[Any],
    shape: tuple[int, ...],
    extend: float = 0.0,
    spacing: tuple[float, ...] = (),
) -> NDArray[np.bool_]:
    """Return the pixels of lines.

    Parameters
    ----------
    lines : ndarray of float, shape (n, 2, 2)
        Row and column of both ends.
    shape : tuple of int
        Of the plane.
    extend : float
        Length added at both ends, in pixels of the finest axis.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> drawn(np.array([[[0, 1], [0, 2]]]), (1, 5), extend=1).astype(int)
    array([[1, 1, 1, 1, 0]])
    """
    sizes, longer = np.array(spacing or (1.0, 1.0)), []
    for start, end in np.asarray(lines, np.float64):
        length = np.hypot(*((end - start) * sizes))
        more = (end - start) * (extend / length if length else 0)
        longer.append((np.stack([start - more, end + more]), "line"))
    return drawing.drawn(longer, shape) > 0


def _between(
    free: NDArray[np.bool_], h: float, min_width: float, spacing: tuple[float, ...]
) -> NDArray[np.int32]:
    """Flood what lies between walls from the middle of regions wide enough."""
    if not free.any():
        return np.zeros(free.shape, np.int32)
    away = heights(free, free, "distance", "bright", spacing)
    seeds = centres(away, free, h)
    numbers = np.arange(1, seeds.max() + 1)
    widths = 2 * np.asarray(ndimage.maximum(away, seeds, numbers))
    wide = np.append(False, widths >= min(min_width, widths.max()))
    return flood(-away, np.where(wide[seeds], seeds, 0), free)


def _without_small(
    labels: NDArray[np.int32],
    area: NDArray[np.bool_],
    min_size: int,
    spacing: tuple[float, ...],
) -> NDArray[np.int32]:
    """Fill `area` with regions of at least `min_size` pixels."""
    if not labels.any():  # lines everywhere
        return area.astype(np.int32)
    whole = close_gaps(labels, area, spacing)
    largest = int(np.bincount(whole.ravel())[1:].max())
    kept = keep_large(whole, min(min_size, largest))
    return close_gaps(kept, area, spacing)
