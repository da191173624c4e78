"""How alike two images are."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.evaluate.overlap import same_shape
from napari_morphogen.intensity import as_float
from napari_morphogen.params import InputError

SIGMA = 1.5  # of the windows, in pixels: Wang et al.
SMALLEST = 3  # pixels along an axis from which on a window says something


@dataclass(frozen=True)
class ImageScores:
    """How alike an image and a true one are.

    Attributes
    ----------
    psnr : float
        Peak signal-to-noise ratio in decibels; infinite for equal images.
    ssim : float
        Structural similarity, at most 1; NaN for images smaller than 3 pixels.
    rmse : float
        Root of the mean squared difference.
    """

    psnr: float
    ssim: float
    rmse: float

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name; see `MEANINGS`."""
        return {"psnr": self.psnr, "ssim": self.ssim, "rmse": self.rmse}


def image_scores(
    image: ArrayLike,
    truth: ArrayLike,
    *,
    data_range: float = 0.0,
    channel_axis: int | None = None,
) -> ImageScores:
    """Compare an image with a true one, pixel by pixel and window by window.

    Parameters
    ----------
    image, truth : ndarray
        Of one shape, any real dtype and number of axes.
    data_range : float
        From the lowest to the highest intensity that there can be; 0 takes
        that of `truth`, or 1 where it is constant.
    channel_axis : int or None
        The axis of channels, which windows do not span.

    Returns
    -------
    scores : ImageScores

    Raises
    ------
    InputError
        When the shapes differ, an image holds no real or finite numbers, or
        `data_range` is negative.

    Notes
    -----
    PSNR is 10 log10(range² / mean squared difference) [1]_; SSIM has the
    Gaussian windows of [2]_.

    References
    ----------
    .. [1] Q. Huynh-Thu and M. Ghanbari, Electron. Lett. 44, 800-801 (2008),
       DOI 10.1049/el:20080522
    .. [2] Z. Wang et al., IEEE Trans. Image Process. 13, 600-612 (2004),
       DOI 10.1109/TIP.2003.819861

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.tile(np.linspace(0, 1, 16), (16, 1))
    >>> scores = image_scores(truth + 0.1, truth)
    >>> round(scores.psnr, 3), round(scores.rmse, 3)
    (20.0, 0.1)
    """
    ours, theirs = (
        finite(name, one).astype(np.float64)
        for name, one in (("image", image), ("truth", truth))
    )
    same_shape(ours, theirs)
    if not 0 <= data_range < math.inf:
        raise InputError(f"Expected `data_range` of at least 0, but got {data_range}.")
    if ours.size == 0:
        return ImageScores(math.inf, math.nan, 0.0)
    span = data_range or float(np.ptp(theirs)) or 1.0
    rmse = math.sqrt(float(np.mean(np.square(ours - theirs))))
    psnr = 20 * math.log10(span / rmse) if rmse > 0 else math.inf
    return ImageScores(psnr, _ssim(ours, theirs, span, channel_axis), rmse)


def finite(name: str, image: ArrayLike) -> NDArray[Any]:
    """Return an image as floats, or raise InputError where a pixel is no number."""
    found = as_float(np.asarray(image))
    if not np.isfinite(found).all():
        raise InputError(
            f"The `{name}` holds NaN or infinity; replace those pixels first."
        )
    return found


def _ssim(
    image: NDArray[Any], truth: NDArray[Any], span: float, channel_axis: int | None
) -> float:
    from skimage import metrics  # heavy: not needed for labels

    if channel_axis is not None:
        image, truth = (np.moveaxis(a, channel_axis, -1) for a in (image, truth))
    last = image.ndim - (channel_axis is not None)
    # a single plane of a stack is a plane
    flat = tuple(axis for axis in range(last) if image.shape[axis] == 1)
    image, truth = image.squeeze(flat), truth.squeeze(flat)
    sides = image.shape[: last - len(flat)]
    if not sides or min(sides) < SMALLEST:
        return math.nan
    largest = min(sides) - (min(sides) % 2 == 0)
    window = 2 * int(3.5 * SIGMA + 0.5) + 1
    options = {"gaussian_weights": True, "sigma": SIGMA}
    if largest < window:
        options = {"win_size": min(largest, 7)}
    return float(
        metrics.structural_similarity(
            image,
            truth,
            data_range=span,
            use_sample_covariance=False,
            channel_axis=None if channel_axis is None else -1,
            **options,
        )
    )
