"""Foreground by a threshold on intensity."""

import math
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import (
    Image,
    InputError,
    Labels,
    MinSize,
    Sigma,
    Spacing,
    Unit,
)
from napari_morphogen.segment.clustering import optimal_classes
from napari_morphogen.segment.objects import connected_objects
from napari_morphogen.segment.parts import Parts, Survey

Rule = Literal["otsu", "li", "triangle", "yen", "isodata", "mean", "local", "manual"]
BlockSize = Annotated[int, at.Interval(ge=3, le=999), Unit("px")]
HISTOGRAM_RULES = ("otsu", "triangle", "yen", "isodata")
ADDABLE_RULES = ("otsu", "yen", "isodata", "mean")  # of sums over parts of an image
LOCAL_SIZE = 51  # of the surroundings, by default
BINS = 256  # scikit-image's default
Level = Annotated[float, at.Interval(ge=-1e9, le=1e9)]


def threshold(
    image: Image,
    *,
    rule: Rule = "otsu",
    objects: Literal["bright", "dark"] = "bright",
    sigma: Sigma = 1.0,
    level: Level = 0.0,
    block_size: BlockSize = LOCAL_SIZE,
    separate: bool = True,
    min_size: MinSize = 20,
    spacing: Spacing = (),
) -> Labels:
    """Split foreground from background by one intensity, global or local.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    rule : str
        How the threshold is found. "local" compares every pixel with the
        weighted mean of its surroundings; "manual" takes `level`.
    objects : str
        Whether the objects are brighter or darker than the background.
    sigma : float
        Smoothing before the threshold, in pixels of the finest axis; 0 is none.
    level : float
        Intensity that separates, for "manual"; how far above its surroundings
        a pixel must be, for "local". Other rules ignore it.
    block_size : int
        Size of the surroundings for "local", in pixels of the finest axis.
    separate : bool
        Give every connected region a number of its own; otherwise the whole
        foreground is 1.
    min_size : int
        Regions of fewer pixels are removed.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        0 is background. Broken pixels (NaN, infinity) are background.

    Notes
    -----
    The image is smoothed; the threshold is computed from its histogram [1]_
    [2]_ [3]_; pixels beyond it are foreground; connected regions (diagonals
    included) are numbered and small ones removed.

    References
    ----------
    .. [1] N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62-66 (1979),
       DOI 10.1109/TSMC.1979.4310076
    .. [2] C. H. Li and C. K. Lee, Pattern Recognition 26, 617-625 (1993),
       DOI 10.1016/0031-3203(93)90115-D
    .. [3] G. W. Zack et al., J. Histochem. Cytochem. 25, 741-753 (1977),
       DOI 10.1177/25.7.70454

    Examples
    --------
    >>> from skimage import data
    >>> int(threshold(data.coins(), sigma=2, min_size=200).max()) > 10
    True
    """
    mask = foreground(
        image,
        rule=rule,
        objects=objects,
        sigma=sigma,
        level=level,
        block_size=block_size,
        spacing=spacing,
    )
    found = connected_objects(mask, min_size)
    return found if separate else np.minimum(found, 1)


def multi_otsu(
    image: Image,
    *,
    classes: Annotated[int, at.Interval(ge=2, le=5)] = 3,
    sigma: Sigma = 1.0,
    spacing: Spacing = (),
) -> Labels:
    """Split the intensities into several classes, from dark to bright.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    classes : int
        How many classes, the darkest included.
    sigma : float
        Smoothing before the thresholds, in pixels of the finest axis; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    labels : ndarray of int32, shape of `image`
        0 is the darkest class and broken pixels, `classes` - 1 the brightest.
        Fewer classes where the image has fewer different values.

    Notes
    -----
    The thresholds maximise the variance between the classes [1]_ of a histogram
    with 256 bins, or of the values themselves where there are fewer.

    References
    ----------
    .. [1] P.-S. Liao, T.-S. Chen and P.-C. Chung, J. Inf. Sci. Eng. 17,
       713-727 (2001), DOI 10.6688/JISE.2001.17.5.1

    Examples
    --------
    >>> import numpy as np
    >>> multi_otsu(np.array([[0, 0, 5, 5, 9, 9]]), sigma=0)
    array([[0, 0, 1, 1, 2, 2]], dtype=int32)
    """
    filled, broken = fill_broken(as_float(image))
    smoothed = smooth(filled, sigma, spacing)
    valid = smoothed if broken is None else smoothed[~broken]
    limits = _class_limits(valid, classes)
    labels = np.searchsorted(limits, smoothed, side="right").astype(np.int32)
    if broken is not None:
        labels[broken] = 0
    return labels


def foreground(
    image: NDArray[Any],
    *,
    rule: str = "otsu",
    objects: str = "bright",
    sigma: float = 1.0,
    level: float = 0.0,
    block_size: int = LOCAL_SIZE,
    spacing: tuple[float, ...] = (),
) -> NDArray[np.bool_]:
    """Return where `image` lies beyond the threshold; see `threshold`."""
    filled, broken = fill_broken(as_float(image))
    sign = 1 if objects == "bright" else -1
    smoothed = smooth(filled, sigma, spacing)
    if rule == "local":
        surroundings = smooth(smoothed, block_size / 6, spacing)
        mask = sign * (smoothed - surroundings) > level
    else:
        valid = smoothed if broken is None else smoothed[~broken]
        limit = level if rule == "manual" else global_level(valid, rule)
        mask = smoothed > limit if sign > 0 else smoothed < limit
    return np.asarray(mask if broken is None else mask & ~broken)


def global_level(values: NDArray[Any], rule: str) -> float:
    """Return the intensity that separates two classes of `values`.

    Parameters
    ----------
    values : ndarray of float
        Finite.
    rule : str
        "otsu", "li", "triangle", "yen", "isodata" or "mean".

    Returns
    -------
    level : float
        The only value of a constant image, so that nothing lies beyond it.
    """
    if values.size == 0:
        return 0.0
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low
    # scikit-image's histograms overflow or lose all bins on extreme ranges
    unit = (values.astype(np.float64) - low) / (high - low)
    from skimage import filters  # heavy: the dock opens without it

    level = float(getattr(filters, f"threshold_{rule}")(unit))
    if rule in HISTOGRAM_RULES:
        # They return the centre of a bin that lies below the threshold as a whole.
        below = unit < (math.floor(level * BINS) + 1) / BINS
        level = (unit[below].max() + unit[~below].min()) / 2
    return low + level * (high - low)


# ---- part by part


def threshold_parts(
    image: NDArray[Any],
    *,
    rule: str,
    objects: str,
    sigma: float,
    level: float,
    block_size: int,
    spacing: tuple[float, ...],
    **_: Any,
) -> Parts:
    """Return the regions of one part of an image; see `threshold`."""
    words: dict[str, Any] = {"rule": rule, "objects": objects, "sigma": sigma}
    words |= {"level": level, "block_size": block_size, "spacing": spacing}
    return Parts(connected_objects(foreground(image, **words)), None)


def survey_threshold(*, rule: str, sigma: float, **_: Any) -> Survey[dict[str, Any]]:
    """Ask all parts for their intensities and return the level for each of them."""
    level = yield from survey_level(rule)
    return {} if level is None else {"rule": "manual", "level": level}


def survey_level(rule: str) -> Survey[float | None]:
    """Ask all parts for what `global_level` needs and return the level.

    Parameters
    ----------
    rule : str
        As of `threshold`.

    Returns
    -------
    level : float or None
        The same as of the whole image; None where the rule needs none.

    Raises
    ------
    InputError
        When the rule is none that can be computed in parts.
    """
    if rule in ("manual", "local", "all"):
        return None
    if rule not in ADDABLE_RULES:
        raise InputError(
            f'The threshold "{rule}" needs the whole image at once, which is too '
            f"large; choose one of {', '.join(ADDABLE_RULES)}, local."
        )
    low, high = yield from survey_limits()
    if low == high:
        return low
    histograms = yield partial(_histogram, limits=(low, high))
    return low + _Histogram.of(histograms).level(rule) * (high - low)


def survey_limits() -> Survey[tuple[float, float]]:
    """Ask all parts for their extremes and return those of the smoothed image."""
    extremes = [found for found in (yield _extremes) if found]
    lows, highs = zip(*extremes, strict=True) if extremes else ((0.0,), (0.0,))
    return min(lows), max(highs)


class _Histogram(NamedTuple):
    """Counts, sum, least and greatest value of every bin from 0 to 1."""

    counts: NDArray[Any]
    sums: NDArray[Any]
    least: NDArray[Any]
    most: NDArray[Any]

    @classmethod
    def of(cls, parts: "list[_Histogram]") -> "_Histogram":
        """Return the histogram of all parts."""
        counts, sums, least, most = map(np.stack, zip(*parts, strict=True))
        return cls(counts.sum(0), sums.sum(0), least.min(0), most.max(0))

    def level(self, rule: str) -> float:
        """Return what `global_level` would, of values from 0 to 1."""
        if rule == "mean":
            return float(self.sums.sum() / self.counts.sum())
        from skimage import filters  # heavy: the dock opens without it

        middles = (np.arange(BINS) + 0.5) / BINS
        found = getattr(filters, f"threshold_{rule}")(hist=(self.counts, middles))
        bins = math.floor(float(np.ravel(found)[0]) * BINS) + 1
        return float(self.most[:bins].max() + self.least[bins:].min()) / 2


def _smoothed(
    frame: NDArray[Any], inside: Any, sigma: float, spacing: tuple[float, ...]
) -> NDArray[Any]:
    """Return the unbroken values inside a part after smoothing."""
    filled, broken = fill_broken(as_float(frame))
    smoothed = smooth(filled, sigma, spacing)[inside]
    return np.asarray(smoothed.ravel() if broken is None else smoothed[~broken[inside]])


def _extremes(
    frame: NDArray[Any], inside: Any, *, sigma: float, spacing: Any, **_: Any
) -> tuple[float, float] | None:
    values = _smoothed(frame, inside, sigma, spacing)
    return (float(values.min()), float(values.max())) if values.size else None


def _histogram(
    frame: NDArray[Any],
    inside: Any,
    *,
    limits: tuple[float, float],
    sigma: float,
    spacing: Any,
    **_: Any,
) -> _Histogram:
    low, high = limits
    values = _smoothed(frame, inside, sigma, spacing)
    unit = (values.astype(np.float64) - low) / (high - low)
    bins = np.minimum((unit * BINS).astype(np.intp), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, unit, minlength=BINS)
    least, most = np.full(BINS, np.inf), np.full(BINS, -np.inf)
    np.minimum.at(least, bins, unit)
    np.maximum.at(most, bins, unit)
    return _Histogram(counts, sums, least, most)


def _class_limits(values: NDArray[Any], classes: int) -> NDArray[Any]:
    """Return the smallest value of each class but the first."""
    different, counts = np.unique(values, return_counts=True)
    if different.size <= classes:
        return different[1:]
    low, high = np.float64(different[0]), np.float64(different[-1])
    bins = np.minimum((different - low) / (high - low) * BINS, BINS - 1).astype(int)
    used, first = np.unique(bins, return_index=True)
    if used.size <= classes:
        return different[first[1:]]
    starts = optimal_classes(used, np.add.reduceat(counts, first), classes)
    return different[first[starts[1:]]]
