"""Convolution with a kernel that is picked by name or typed as numbers."""

import re

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import Image, InputError

KERNELS = {
    "identity": "1",
    "mean": "1/9 1/9 1/9; 1/9 1/9 1/9; 1/9 1/9 1/9",
    "sharpen": "0 -1 0; -1 5 -1; 0 -1 0",
    "laplace": "0 1 0; 1 -4 1; 0 1 0",
    "emboss": "2 1 0; 1 1 -1; 0 -1 -2",
    "horizontal edges": "-1 -2 -1; 0 0 0; 1 2 1",
    "vertical edges": "-1 0 1; -2 0 2; -1 0 1",
}
LONGEST = 31  # pixels along a side of a kernel
LARGEST = 1e6  # so that sums of ordinary pixels stay ordinary


def convolve(image: Image, *, kernel: str = "sharpen") -> Image:
    """Weighted sum over neighbours, with a kernel picked by name or typed.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    kernel : str
        A name: identity, mean, sharpen, laplace, emboss, horizontal edges,
        vertical edges. Or weights such as "0 1 0; 1 -4 1; 0 1 0": a semicolon
        ends a row, a bar | a plane; fractions such as 1/9 are understood.

    Returns
    -------
    filtered : ndarray of float, shape of `image`
        0 in broken pixels (NaN, infinity).

    Raises
    ------
    InputError
        When the kernel is neither a known name nor rows of equal length.

    Notes
    -----
    The kernel lies on the image as it is written and is not turned around:
    this is what networks call convolution and signal processing correlation
    [1]_. The middle weight (of an even number the one behind the middle) is
    that of the pixel itself. Beyond the border the nearest pixel counts. A
    kernel of one plane is applied to every plane of a volume.

    References
    ----------
    .. [1] V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep
       learning (2016), DOI 10.48550/arXiv.1603.07285

    Examples
    --------
    >>> import numpy as np
    >>> row = np.array([[0, 0, 6, 0, 0]], "uint8")
    >>> convolve(row, kernel="1/3 1/3 1/3")
    array([[0., 2., 2., 2., 0.]], dtype=float32)
    """
    weights = parsed(kernel)
    if weights.ndim > image.ndim:
        if len(weights) > 1:
            raise InputError(
                f"The kernel has {len(weights)} planes, but the image has none; "
                "leave out the bars |."
            )
        weights = weights[0]
    weights = weights.reshape((1,) * (image.ndim - weights.ndim) + weights.shape)
    filled, broken = fill_broken(as_float(image))
    filtered = ndimage.correlate(filled, weights, mode="nearest")
    if broken is not None:
        filtered[broken] = 0
    return np.asarray(filtered)


def parsed(kernel: str) -> NDArray[np.float64]:
    """Return the weights that a text names or spells, as (planes, rows, columns).

    Parameters
    ----------
    kernel : str
        See `convolve`.

    Examples
    --------
    >>> parsed("1 2; 3 1/4")
    array([[[1.  , 2.  ],
            [3.  , 0.25]]])
    """
    text = KERNELS.get(kernel.strip().lower(), kernel)
    planes = [
        [_row(row) for row in re.split(r"[;\n]", plane) if row.strip()]
        for plane in text.split("|")
    ]
    sizes = {(len(rows), len(row)) for rows in planes for row in rows}
    if not sizes or not all(planes):
        raise InputError(
            f"Expected `kernel` to hold numbers or one of {', '.join(KERNELS)}, "
            f"but got {kernel!r}."
        )
    if len(sizes) > 1:
        raise InputError(
            f"Expected all rows of `kernel` to be equally long, but got {kernel!r}."
        )
    weights = np.array(planes)
    if max(weights.shape) > LONGEST:
        raise InputError(
            f"Expected `kernel` to have at most {LONGEST} weights along a side, "
            f"but got {max(weights.shape)}."
        )
    return weights


def _row(text: str) -> list[float]:
    return [_number(word) for word in text.replace(",", " ").split()]


def _number(word: str) -> float:
    above, _, below = word.partition("/")
    try:
        value = float(above) / float(below if "/" in word else 1)
    except (ValueError, ZeroDivisionError):
        value = np.nan
    if not abs(value) <= LARGEST:
        raise InputError(
            f"Expected `kernel` to hold numbers up to {LARGEST:g} or one of "
            f"{', '.join(KERNELS)}, but got {word!r}."
        )
    return value


def reach(kernel: str) -> int:
    """Return how many pixels a kernel reaches along any axis."""
    return int(max(parsed(kernel).shape)) // 2
