"""Touching objects separated by flooding."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, InputError, Labels, MinSize, Sigma, Spacing
from napari_morphogen.segment.centres import centres, heights
from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.flooding import close_gaps, flood
from napari_morphogen.segment.ids import numbered
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.parts import Parts, Survey
from napari_morphogen.segment.threshold import foreground as threshold_mask
from napari_morphogen.segment.threshold import survey_level, survey_limits

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
    lines: bool = False,
    min_size: MinSize = 20,
    markers: Labels | None = None,
    mask: Labels | None = None,
    barriers: Labels | None = None,
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
    lines : bool
        Keep a line of background, one pixel wide, between objects that touch;
        not where there is compactness.
    min_size : int
        Objects of fewer pixels are removed.
    markers : ndarray of int or None
        Labels, one per object, to flood from instead of the centres found.
    mask : ndarray of int or None
        Flood where this is not 0, instead of a threshold.
    barriers : ndarray of int or None
        Walls where this is not 0. No flood crosses them; in the end their
        pixels are given to the nearest objects.
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
    flooded from the centres until the floods meet [1]_. Walls are background
    to the distance, so that a gap in a wall is a valley between two centres.

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
    found = watershed_parts(
        image,
        landscape=landscape,
        foreground=foreground,
        objects=objects,
        sigma=sigma,
        h=h,
        compactness=compactness,
        lines=lines,
        markers=None if markers is None else _marked(markers),
        mask=mask,
        barriers=barriers,
        spacing=spacing,
    )
    return keep_large(found.labels, min_size)


def watershed_parts(
    image: NDArray[Any],
    *,
    landscape: str,
    foreground: str,
    objects: str,
    sigma: float,
    h: float,
    compactness: float,
    lines: bool,
    markers: NDArray[Any] | None,
    mask: NDArray[Any] | None,
    barriers: NDArray[Any] | None,
    spacing: tuple[float, ...],
    level: float | None = None,
    limits: tuple[float, float] | None = None,
    **_: Any,
) -> Parts:
    """Return the objects of an image or of one part of it, also the small ones.

    Parameters
    ----------
    image, landscape, foreground, objects, sigma, h, compactness, lines, spacing
        As of `watershed`.
    markers, mask, barriers : ndarray of int or None
        As of `watershed`.
    level : float or None
        Threshold of the whole image; None finds that of this part.
    limits : tuple of float or None
        Least and greatest value of the whole image after smoothing; None finds
        those of this part.
    """
    filled, broken = fill_broken(as_float(image))
    smoothed = smooth(filled, sigma, spacing)
    if mask is None:
        area = flooded_area(image, foreground, objects, sigma, spacing, level)
    else:
        area = np.asarray(mask) != 0
    marked = None if markers is None else numbered(markers)
    if marked is not None:
        area = area | (marked > 0)
    if broken is not None:
        area = area & ~broken
    free = area if barriers is None else _without(area, barriers, marked)
    height = heights(smoothed, free, landscape, objects, spacing, limits)
    seeds = centres(height, free, h) if marked is None else marked
    land = sobel(smoothed, spacing=spacing) if landscape == "gradient" else -height
    if not seeds.any():
        return Parts(np.zeros(image.shape, np.int32), area)
    labels = flood(land, seeds, free, lines=lines, compactness=compactness)
    if barriers is not None:
        labels = close_gaps(labels, area, spacing, lines=lines)
    return Parts(labels, area)


def survey_watershed(
    *, foreground: str, landscape: str, mask: Any, **_: Any
) -> Survey[dict[str, Any]]:
    """Ask all parts for their intensities; see `watershed_parts`."""
    settled: dict[str, Any] = {}
    if mask is None:
        settled["level"] = yield from survey_level(foreground)
    if landscape == "intensity":
        settled["limits"] = yield from survey_limits()
    return settled


def flooded_area(
    image: NDArray[Any],
    rule: str,
    objects: str,
    sigma: float,
    spacing: tuple[float, ...],
    level: float | None = None,
) -> NDArray[np.bool_]:
    """Return the foreground by a rule or a level; "all" is all of it."""
    if rule == "all":
        return np.ones(image.shape, bool)
    words: dict[str, Any] = {"objects": objects, "sigma": sigma, "spacing": spacing}
    if level is not None:
        return threshold_mask(image, rule="manual", level=level, **words)
    return threshold_mask(image, rule=rule, **words)


def _marked(markers: NDArray[Any]) -> NDArray[np.int32]:
    seeds = numbered(markers)
    if not seeds.any():
        raise InputError("The `markers` hold no marker; paint at least one label.")
    return seeds


def _without(
    area: NDArray[np.bool_],
    barriers: NDArray[Any],
    marked: NDArray[np.int32] | None,
) -> NDArray[np.bool_]:
    """Return `area` without walls; a marker on a wall stays."""
    walls = np.asarray(barriers) != 0
    if marked is not None:
        walls = walls & (marked == 0)
    return np.asarray(area & ~walls)
