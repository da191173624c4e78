"""Edge strength by a choice of gradient filters."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, Sigma, Spacing
from napari_morphogen.segment.edges import vector_length

SIDEWAYS = {"scharr": (3 / 16, 10 / 16, 3 / 16), "prewitt": (1 / 3, 1 / 3, 1 / 3)}


def gradient(
    image: Image,
    *,
    operator: Literal["scharr", "prewitt"] = "scharr",
    sigma: Sigma = 0.0,
    spacing: Spacing = (),
) -> Image:
    """Edge strength: the length of the Scharr or Prewitt gradient.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    operator : str
        "scharr" measures edges of all directions most alike; "prewitt"
        averages noise most.
    sigma : float
        Smoothing before the filter, in pixels of the finest axis; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    edges : ndarray of float, shape of `image`
        On the scale of `skimage.filters.scharr`; 0 in broken pixels (NaN,
        infinity).

    Notes
    -----
    Along every axis the next pixel less the previous one is smoothed along all
    other axes, by (3, 10, 3) / 16 for "scharr" [1]_ and by (1, 1, 1) / 3 for
    "prewitt" [2]_; along coarser axes it is divided by their spacing; the root
    of the mean square is returned.

    References
    ----------
    .. [1] H. Scharr, Optimal filters for extended optical flow, in Complex
       Motion, LNCS 3417, 14-29 (2007), DOI 10.1007/978-3-540-69866-1_2
    .. [2] J. M. S. Prewitt, Object enhancement and extraction, in Picture
       Processing and Psychopictorics, 75-149 (1970)

    Examples
    --------
    >>> import numpy as np
    >>> step = np.repeat(np.array([[0, 0, 9, 9]], "uint8"), 4, axis=0)
    >>> gradient(step)[0].round(3)
    array([0.   , 6.364, 6.364, 0.   ], dtype=float32)
    """
    filled, broken = fill_broken(as_float(image))
    smoothed = smooth(filled, sigma, spacing)
    sizes = spacing or (1.0,) * image.ndim
    slopes = [
        _difference(smoothed, axis, SIDEWAYS[operator]) / smoothed.dtype.type(size)
        for axis, size in enumerate(sizes)
    ]
    edges = vector_length(slopes) / smoothed.dtype.type(np.sqrt(image.ndim))
    if broken is not None:
        edges[broken] = 0
    return np.asarray(edges)


def _difference(
    image: NDArray[Any], axis: int, sideways: tuple[float, ...]
) -> NDArray[Any]:
    """Return the next pixel less the previous one, smoothed along other axes."""
    for other in range(image.ndim):
        if other != axis:
            image = ndimage.correlate1d(image, sideways, other, mode="reflect")
    return np.asarray(ndimage.correlate1d(image, (-1, 0, 1), axis, mode="reflect"))
