"""Edge strength by a choice of gradient filters."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, Sigma, Spacing
from napari_morphogen.segment.derivatives import derivative
from napari_morphogen.segment.edges import sobel, vector_length

Operator = Literal["sobel", "scharr", "prewitt", "farid", "roberts", "gaussian"]
FARID_DIFFERENCE = (
    -0.109603762960254, -0.276690988455557, 0, 0.276690988455557, 0.109603762960254
)  # fmt: skip
FARID_SIDEWAYS = (
    0.0376593171958126, 0.249153396177344, 0.426374573253687,
    0.249153396177344, 0.0376593171958126,
)  # fmt: skip
# along the axis, and along all others
WEIGHTS = {
    "scharr": ((-1, 0, 1), (3 / 16, 10 / 16, 3 / 16)),
    "prewitt": ((-1, 0, 1), (1 / 3, 1 / 3, 1 / 3)),
    "farid": (FARID_DIFFERENCE, FARID_SIDEWAYS),
    "roberts": ((-1, 1), (1 / 2, 1 / 2)),
}
LEAST_SIGMA = 1.0  # of a derivative of Gaussian when no smoothing is asked for


def gradient(
    image: Image,
    *,
    operator: Operator = "sobel",
    sigma: Sigma = 0.0,
    spacing: Spacing = (),
) -> Image:
    """Edge strength: the length of the gradient, by a choice of filters.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    operator : str
        "sobel" is the usual one; "scharr" and "farid" measure edges of all
        directions most alike; "prewitt" averages noise most; "roberts" is the
        smallest and sharpest; "gaussian" is the derivative of a Gaussian.
    sigma : float
        Smoothing before the filter, in pixels of the finest axis; 0 is none.
        For "gaussian" that of the derivative; 0 means 1.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    edges : ndarray of float, shape of `image`
        On the scale of the function of `skimage.filters` with the name of the
        operator, and for "gaussian" of
        `scipy.ndimage.gaussian_gradient_magnitude`; 0 in broken pixels (NaN,
        infinity).

    Notes
    -----
    Along every axis the next pixel less the previous one is smoothed along all
    other axes: by (1, 2, 1) / 4 for "sobel" [1]_, (3, 10, 3) / 16 for "scharr"
    [2]_, (1, 1, 1) / 3 for "prewitt" [3]_; "farid" has five pixels either way
    [4]_. Along coarser axes differences are divided by their spacing. The root
    of the mean square is returned. "roberts" [5]_ averages the differences
    within the 2 x 2 (x 2) pixels that begin at each pixel: in 2-D with square
    pixels this is the length of Roberts' two diagonal differences.

    References
    ----------
    .. [1] I. Sobel, History and definition of the Sobel operator (2014),
       DOI 10.13140/RG.2.1.1912.4965
    .. [2] H. Scharr, Optimal filters for extended optical flow, in Complex
       Motion, LNCS 3417, 14-29 (2007), DOI 10.1007/978-3-540-69866-1_2
    .. [3] J. M. S. Prewitt, Object enhancement and extraction, in Picture
       Processing and Psychopictorics, 75-149 (1970)
    .. [4] H. Farid and E. P. Simoncelli, IEEE Trans. Image Process. 13, 496-508
       (2004), DOI 10.1109/TIP.2004.823819
    .. [5] L. G. Roberts, Machine perception of three-dimensional solids, PhD
       thesis, Massachusetts Institute of Technology (1963)

    Examples
    --------
    >>> import numpy as np
    >>> step = np.repeat(np.array([[0, 0, 9, 9]], "uint8"), 4, axis=0)
    >>> gradient(step)[0].round(3)
    array([0.   , 6.364, 6.364, 0.   ], dtype=float32)
    """
    if operator == "sobel":
        return sobel(image, sigma=sigma, spacing=spacing)
    filled, broken = fill_broken(as_float(image))
    sizes = spacing or (1.0,) * image.ndim
    if operator == "gaussian":
        width, axes = sigma or LEAST_SIGMA, range(image.ndim)
        slopes = [derivative(filled, axis, width, sizes) for axis in axes]
        edges = vector_length(slopes)
    else:
        smoothed = smooth(filled, sigma, spacing)
        slopes = _differences(smoothed, WEIGHTS[operator], sizes)
        share = 1 if operator == "roberts" else np.sqrt(image.ndim)
        edges = vector_length(slopes) / filled.dtype.type(share)
    if broken is not None:
        edges[broken] = 0
    return np.asarray(edges)


def _differences(
    image: NDArray[Any],
    weights: tuple[tuple[float, ...], tuple[float, ...]],
    sizes: tuple[float, ...],
) -> list[NDArray[Any]]:
    """Return one smoothed difference of neighbours per axis, over its spacing."""
    along, sideways = weights
    return [
        _filtered(image, [along if a == axis else sideways for a in range(image.ndim)])
        / image.dtype.type(size)
        for axis, size in enumerate(sizes)
    ]


def _filtered(image: NDArray[Any], weights: list[tuple[float, ...]]) -> NDArray[Any]:
    # differences first would round away what is smoothed later on float32
    order = sorted(range(image.ndim), key=lambda axis: weights[axis][0] < 0)
    for axis in order:
        two = -(len(weights[axis]) % 2 == 0)  # of two pixels the first is in the middle
        image = ndimage.correlate1d(image, weights[axis], axis, origin=two)
    return image
