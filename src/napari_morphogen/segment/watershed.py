"""Touching objects separated by flooding."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, InputError, Labels, MinSize, Sigma, Spacing
from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.threshold import foreground as threshold_mask

Foreground = Literal["otsu", "li", "triangle", "yen", "isodata", "mean", "local", "all"]


def watershed(
    image: Image,
    *,
    landscape: Literal["distance", "intensity", "gradient"] = "distance",
    foreground: Foreground = "otsu",
    objects: Literal["bright", "dark"] = "bright",
    sigma: Sigma = 1.0,
    h: Annotated[float, at.Interval(ge=0, le=100), at.MultipleOf(0.1)] = 1.0,
    compactness: Annotated[float, at.Interval(ge=0, le=100), at.MultipleOf(0.1)] = 0.0,
    min_size: MinSize = 20,
    markers: Labels | None = None,
    spacing: Spacing = (),
) -> Labels:
    """Separate touching objects by flooding from their centres.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    landscape : str
        What is flooded: "distance" to the background splits round objects,
        "intensity" follows bright centres, "gradient" stops at edges.
    foreground : str
        Threshold that finds the objects as a whole; "all" floods everything.
    objects : str
        Whether the objects are brighter or darker than the background.
    sigma : float
        Smoothing, in pixels of the finest axis; 0 is none.
    h : float
        How deep a valley must be to separate two centres: in pixels of the
        finest axis for "distance" and "gradient", in percent of the image's
        range for "intensity". Higher means fewer objects.
    compactness : float
        Higher gives rounder regions of more equal size; 0 is none.
    min_size : int
        Objects of fewer pixels are removed.
    markers : ndarray of int or None
        Labels, one per object, to flood from instead of the centres found.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        0 is background. Broken pixels (NaN, infinity) are background.

    Raises
    ------
    InputError
        When `markers` hold no marker.

    Notes
    -----
    Threshold; distance to the background in physical proportions; centres are
    the regional maxima of the h-maxima transform [2]_; the landscape is
    flooded from the centres until the floods meet [1]_.

    References
    ----------
    .. [1] L. Vincent and P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13,
       583-598 (1991), DOI 10.1109/34.87344
    .. [2] P. Soille, Morphological Image Analysis (2004), chapter 6,
       DOI 10.1007/978-3-662-05088-0

    Examples
    --------
    >>> from skimage import data
    >>> coins = watershed(data.coins(), sigma=2, h=3, min_size=200)
    >>> int(coins.max()) > 20
    True
    """
    filled, broken = fill_broken(as_float(image))
    smoothed = smooth(filled, sigma, spacing)
    mask = _mask(image, foreground, objects, sigma, spacing, broken)
    if markers is not None:
        if not np.any(markers):
            raise InputError("The `markers` hold no marker; paint at least one label.")
        mask = mask | (markers != 0)
    if broken is not None:
        mask &= ~broken
    height = _height(smoothed, mask, landscape, objects, spacing)
    seeds = _centres(height, mask, h) if markers is None else _numbered(markers)
    flooded = sobel(smoothed, spacing=spacing) if landscape == "gradient" else -height
    if not seeds.any():
        return np.zeros(image.shape, np.int32)
    if markers is None and landscape != "gradient" and compactness == 0:
        labels = _flood_from_minima(flooded, seeds, mask)
    else:
        from skimage import segmentation  # heavy: the dock opens without it

        labels = segmentation.watershed(
            flooded, seeds, mask=mask, compactness=compactness
        )
    return keep_large(labels, min_size)


def _flood_from_minima(
    landscape: NDArray[Any], seeds: NDArray[np.int32], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Flood from seeds that no neighbour lies below; first come, first served."""
    single = landscape.astype(np.float32, copy=False)
    quick = fast.flood(single, seeds, mask)
    if quick is not None:
        return quick
    from skimage import segmentation

    # scikit-image leaves open which of equally high seeds goes first
    untied, places = single.astype(np.float64), np.nonzero(seeds)
    heights = single[places]
    below = np.nextafter(heights, np.float32(-np.inf)).astype(np.float64)
    share = np.arange(heights.size, 0, -1) / (heights.size + 1)
    untied[places] -= (heights - below) * share
    return np.asarray(segmentation.watershed(untied, seeds, mask=mask))


def _mask(
    image: NDArray[Any],
    rule: str,
    objects: str,
    sigma: float,
    spacing: tuple[float, ...],
    broken: NDArray[Any] | None,
) -> NDArray[np.bool_]:
    if rule == "all":
        return np.ones(image.shape, bool) if broken is None else ~broken
    return threshold_mask(
        image, rule=rule, objects=objects, sigma=sigma, spacing=spacing
    )


def _height(
    smoothed: NDArray[Any],
    mask: NDArray[np.bool_],
    landscape: str,
    objects: str,
    spacing: tuple[float, ...],
) -> NDArray[Any]:
    """Return what is highest in the centres of objects."""
    if landscape == "intensity":
        signed = smoothed if objects == "bright" else -smoothed
        span = np.ptp(signed) or 1
        return np.asarray((signed - signed.min()) / span * 100)
    # a foreground without any background has no distance to it: pad with background
    padded = np.pad(mask, 1) if mask.all() else mask
    distance = _distance(padded, spacing)
    return distance[(slice(1, -1),) * mask.ndim] if mask.all() else distance


def _distance(
    mask: NDArray[np.bool_], spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    # float32 rounds away in which order squares of unequal sides are added
    quick = fast.distance(mask, spacing)
    if quick is not None:
        return quick
    exact = ndimage.distance_transform_edt(mask, sampling=spacing or None)
    return np.asarray(exact, np.float32)


def _centres(
    height: NDArray[Any], mask: NDArray[np.bool_], h: float
) -> NDArray[np.int32]:
    from skimage import measure, morphology

    # a background below all domes keeps those of one object out of the others
    inside = np.where(mask, height, height.min() - h - 1)
    domes = inside
    if h > 0:
        lowered = np.where(mask, inside - h, inside)
        quick = fast.reconstruction(lowered, inside, mask)
        domes = morphology.reconstruction(lowered, inside) if quick is None else quick
    peaks = morphology.local_maxima(domes, allow_borders=True) & mask
    if mask.any() and not peaks.any():  # a plateau over the whole image is no maximum
        peaks = mask
    return np.asarray(measure.label(peaks, connectivity=mask.ndim), np.int32)


def _numbered(markers: NDArray[Any]) -> NDArray[np.int32]:
    """Return markers of any dtype and ids as 1, 2, … in the order of their ids."""
    inverse = np.unique(markers[markers != 0], return_inverse=True)[1]
    seeds = np.zeros(markers.shape, np.int32)
    seeds[markers != 0] = inverse + 1
    return seeds
