"""Watershed of all minima, and its regions merged by how deep they are."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import smooth, unit_range
from napari_morphogen.params import Image, Labels, MinSize, Sigma, Spacing
from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.flooding import flood
from napari_morphogen.segment.ids import joined, neighbours
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.watershed import Foreground, flooded_area

Percent = Annotated[float, at.Interval(ge=0, le=100), at.MultipleOf(0.1)]


def hierarchical_watershed(
    image: Image,
    *,
    landscape: Literal["gradient", "intensity"] = "gradient",
    foreground: Foreground = "all",
    objects: Literal["bright", "dark"] = "bright",
    sigma: Sigma = 1.0,
    merge: Percent = 10.0,
    min_size: MinSize = 0,
    spacing: Spacing = (),
) -> Labels:
    """Divide the image into regions, from many to few by one slider.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    landscape : str
        What is flooded: "gradient" gives regions between edges, "intensity"
        regions around bright or dark centres.
    foreground : str
        Threshold that finds what is divided; "all" divides everything.
    objects : str
        Whether objects, and for "intensity" their centres, are brighter or
        darker than what surrounds them.
    sigma : float
        Smoothing, in pixels of the finest axis; 0 is none.
    merge : float
        Regions less deep than this are merged, in percent of the range of the
        landscape: 0 keeps all, 100 leaves one per connected foreground.
    min_size : int
        Regions of fewer pixels are removed.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        0 is background. Broken pixels (NaN, infinity) are background. A higher
        `merge` joins regions of a lower one and cuts none.

    Notes
    -----
    The landscape is flooded from all its minima. A region is as deep as its
    lowest saddle, over which it meets another one, lies above its minimum. All
    that are not deeper than `merge` are joined over their lowest saddles, then
    those they form, until none is left: what Kruskal's minimum spanning tree of
    regions and saddles gives, with edges cut by dynamics [1]_ [2]_. Dynamics is
    the depth of the shallower side of an edge.

    References
    ----------
    .. [1] L. Najman and M. Schmitt, IEEE Trans. Pattern Anal. Mach. Intell. 18,
       1163-1173 (1996), DOI 10.1109/34.546254
    .. [2] J. Cousty et al., IEEE Trans. Pattern Anal. Mach. Intell. 31,
       1362-1374 (2009), DOI 10.1109/TPAMI.2008.173

    Examples
    --------
    >>> from skimage import data
    >>> fine, coarse = (
    ...     hierarchical_watershed(data.coins(), sigma=2, merge=m) for m in (1, 20)
    ... )
    >>> bool(fine.max() > coarse.max() > 20)
    True
    """
    unit = unit_range(image)
    smoothed = smooth(unit.values, sigma, spacing)
    area = flooded_area(image, foreground, objects, sigma, spacing)
    if unit.broken is not None:
        area = area & ~unit.broken
    if not area.any():
        return np.zeros(image.shape, np.int32)
    if landscape == "gradient":
        land = sobel(smoothed, spacing=spacing)
    else:
        land = -smoothed if objects == "bright" else smoothed
    basins = flood(land, _minima(land, area), area)
    limit = float(np.ptp(land[area].astype(np.float64))) * (merge / 100)
    return keep_large(_merged(basins, land, limit), min_size)


def _minima(land: NDArray[Any], area: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the regional minima in `area`."""
    from skimage import measure, morphology  # heavy: the dock opens without it

    walled = land if area.all() else np.where(area, land, land.max() + 1)
    found = morphology.local_minima(walled, connectivity=1, allow_borders=True) & area
    if not found.any():  # a plateau over the whole image is no minimum
        found = area
    return np.asarray(measure.label(found, connectivity=1), np.int32)


def _merged(
    basins: NDArray[np.int32], land: NDArray[Any], limit: float
) -> NDArray[np.int32]:
    """Join all basins that are at most `limit` deep."""
    count = int(basins.max()) + 1
    floor = np.full(count, np.inf)
    np.minimum.at(floor, basins.ravel(), land.ravel())
    pairs, saddles = _saddles(basins, land)
    group = np.arange(count)
    while len(pairs):
        lowest = np.full(count, len(pairs))
        for side in (0, 1):
            np.minimum.at(lowest, pairs[:, side], np.arange(len(pairs)))
        met = np.flatnonzero(lowest < len(pairs))
        shallow = met[saddles[lowest[met]] - floor[met] <= limit]
        if not shallow.size:
            break
        step = joined(count, pairs[lowest[shallow]])
        np.minimum.at(floor, step, floor.copy())
        group, pairs = step[group], step[pairs]
        apart = pairs[:, 0] != pairs[:, 1]
        pairs, saddles = pairs[apart], saddles[apart]
    return np.asarray(group[basins], np.int32)


def _saddles(
    basins: NDArray[np.int32], land: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the pairs of basins that meet, and where; the lowest saddles first."""
    codes, tops = [], []
    for a, b in neighbours(basins.shape, diagonal=False):
        first, second = basins[a], basins[b]
        meet = (first != second) & (first > 0) & (second > 0)
        low = np.minimum(first[meet], second[meet]).astype(np.int64)
        high = np.maximum(first[meet], second[meet])
        codes.append(low << 32 | high)
        tops.append(np.maximum(land[a][meet], land[b][meet]).astype(np.float64))
    code, top = np.concatenate(codes), np.concatenate(tops)
    order = np.lexsort((code, top))
    # of one pair the first is the lowest; the rest lies higher and may go
    first_of_pair = np.sort(np.unique(code[order], return_index=True)[1])
    kept = order[first_of_pair]
    pairs = np.stack([code[kept] >> 32, code[kept] & (2**32 - 1)], axis=1)
    return pairs, top[kept]
