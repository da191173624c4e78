"""What neighbourhoods look like, by the structure tensor."""

from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import as_float, fill_broken, smooth
from napari_morphogen.params import Image, Sigma, Spacing

Rows = dict[tuple[int, int], NDArray[np.float64]]  # one element per pair of axes


def structure_tensor(
    image: Image,
    *,
    measure: Literal["energy", "edge", "corner", "coherence"] = "energy",
    sigma: Sigma = 1.0,
    window: Sigma = 2.0,
    spacing: Spacing = (),
) -> Image:
    """Edges, corners and oriented texture by the structure tensor.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    measure : str
        "energy": how much the image changes at all; "edge": how much more it
        changes in one direction than in the next; "corner": how much it changes
        in every direction; "coherence": how much one direction prevails, from 0
        to 1 whatever the contrast.
    sigma : float
        Smoothing before the slopes are taken, in pixels of the finest axis; 0
        is none.
    window : float
        Of the Gaussian that averages over the neighbourhood, in pixels of the
        finest axis.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    measure : ndarray of float, shape of `image`
        On the scale of the slope of the intensities, but for "coherence"; 0 in
        broken pixels (NaN, infinity).

    Notes
    -----
    The tensor is the outer product of the gradient (central differences, along
    coarser axes over their spacing) with itself, averaged over a Gaussian window
    [1]_. With its eigenvalues from the largest, l1, to the smallest, ln:
    "energy" is the root of their sum, "edge" that of l1 - l2, "corner" that of
    ln [2]_, and "coherence" (l1 - ln) / (l1 + ln). Axes of one pixel do not
    count, so that a plane is a plane wherever it is kept.

    References
    ----------
    .. [1] J. Bigun, G. H. Granlund and J. Wiklund, IEEE Trans. Pattern Anal.
       Mach. Intell. 13, 775-790 (1991), DOI 10.1109/34.85668
    .. [2] J. Shi and C. Tomasi, Good features to track, IEEE CVPR (1994),
       DOI 10.1109/CVPR.1994.323794

    Examples
    --------
    >>> import numpy as np
    >>> square = np.zeros((20, 20), "uint8"); square[8:, 8:] = 100
    >>> corners = structure_tensor(square, measure="corner")
    >>> tuple(int(i) for i in np.unravel_index(corners.argmax(), corners.shape))
    (9, 9)
    """
    filled, broken = fill_broken(as_float(image))
    slopes = _slopes(smooth(filled, sigma, spacing), spacing)
    unit = _unit(slopes)
    scaled = [np.ldexp(slope, -unit) for slope in slopes]
    pairs = combinations_with_replacement(range(len(scaled)), 2)
    tensor = {(i, j): smooth(scaled[i] * scaled[j], window, spacing) for i, j in pairs}
    found = _measured(tensor, measure)
    if measure != "coherence":
        found = np.ldexp(np.sqrt(found), unit)
    if broken is not None:
        found[broken] = 0
    return found.astype(filled.dtype)


def _slopes(
    image: NDArray[Any], spacing: tuple[float, ...]
) -> list[NDArray[np.float64]]:
    """Return central differences along every axis, or two, of several pixels."""
    sizes = spacing or (1.0,) * image.ndim
    slopes = [
        ndimage.correlate1d(image, (-0.5, 0, 0.5), axis, np.float64) / size
        for axis, size in enumerate(sizes)
        if image.shape[axis] > 1
    ]
    missing = max(2 - len(slopes), 0)
    return slopes + [np.zeros(image.shape)] * missing


def _unit(slopes: list[NDArray[np.float64]]) -> int:
    """Return the power of two next to the steepest slope: its square is ordinary."""
    steepest = max(max(slope.max(), -slope.min()) for slope in slopes)
    return int(np.frexp(steepest)[1])


def _measured(tensor: Rows, measure: str) -> NDArray[np.float64]:
    """Return the square of a measure, or the coherence itself."""
    if measure == "energy":  # the trace needs no eigenvalues
        diagonal = [element for (i, j), element in tensor.items() if i == j]
        return np.asarray(np.maximum(sum(diagonal), 0))
    solve = _eigenvalues_of_two if len(tensor) == 3 else _eigenvalues_of_three
    values = [np.maximum(value, 0) for value in solve(tensor)]
    if measure == "edge":
        return np.asarray(values[0] - values[1])
    if measure == "corner":
        return values[-1]
    total = values[0] + values[-1]
    difference = values[0] - values[-1]
    out = np.zeros_like(total)
    return np.asarray(np.divide(difference, total, out=out, where=total > 0))


def _eigenvalues_of_two(tensor: Rows) -> list[NDArray[np.float64]]:
    """Return the eigenvalues of matrices of two rows, the largest first."""
    half = (tensor[0, 0] - tensor[1, 1]) / 2
    middle = (tensor[0, 0] + tensor[1, 1]) / 2
    away = np.sqrt(half * half + tensor[0, 1] * tensor[0, 1])
    return [middle + away, middle - away]


def _eigenvalues_of_three(tensor: Rows) -> list[NDArray[np.float64]]:
    """Return the eigenvalues of matrices of three rows, the largest first.

    The roots of the characteristic polynomial as cosines of thirds of an angle.
    """
    middle = (tensor[0, 0] + tensor[1, 1] + tensor[2, 2]) / 3
    a, b, c = (tensor[i, i] - middle for i in range(3))
    f, e, d = tensor[0, 1], tensor[0, 2], tensor[1, 2]
    size = np.sqrt((a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / 6)
    volume = a * (b * c - d * d) - f * (f * c - d * e) + e * (f * d - b * e)
    cube = 2 * size**3
    cosine = np.divide(volume, cube, out=np.zeros_like(cube), where=cube > 0)
    angle = np.arccos(np.clip(cosine, -1, 1)) / 3
    first = middle + 2 * size * np.cos(angle)
    last = middle + 2 * size * np.cos(angle + 2 * np.pi / 3)
    return [first, 3 * middle - first - last, last]
