"""What neighbourhoods look like, by the structure tensor."""

from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import smooth, unit_range
from napari_morphogen.params import Image, Sigma, Spacing
from napari_morphogen.segment.derivatives import derivative


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
        Of the Gaussian whose derivatives are taken, in pixels of the finest
        axis; 0 takes differences of neighbours.
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
    The tensor is the outer product of the gradient with itself, averaged over a
    Gaussian window [1]_. With its eigenvalues from the largest, l1, to the
    smallest, ln: "energy" is the root of their sum, "edge" that of l1 - l2,
    "corner" that of ln [2]_, and "coherence" (l1 - ln) / (l1 + ln).

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
    unit = unit_range(image)
    sizes = spacing or (1.0,) * image.ndim
    axes = range(image.ndim)
    slopes = [derivative(unit.values, axis, 1, sigma, sizes) for axis in axes]
    pairs = combinations_with_replacement(range(image.ndim), 2)
    tensor = [smooth(slopes[i] * slopes[j], window, spacing) for i, j in pairs]
    found = _measured(tensor, image.ndim, measure)
    if measure != "coherence":
        found = np.sqrt(found) * unit.span
    if unit.broken is not None:
        found[unit.broken] = 0
    return np.asarray(found, unit.values.dtype)


def _measured(tensor: list[NDArray[Any]], ndim: int, measure: str) -> NDArray[Any]:
    """Return the square of a measure, or the coherence itself."""
    if measure == "energy":  # the trace needs no eigenvalues
        diagonal = [0, 2] if ndim == 2 else [0, 3, 5]
        return np.asarray(sum(np.maximum(tensor[i], 0) for i in diagonal))
    from skimage.feature import structure_tensor_eigenvalues

    values = np.maximum(structure_tensor_eigenvalues(tensor), 0)  # largest first
    if measure == "edge":
        return np.asarray(values[0] - values[1])
    if measure == "corner":
        return np.asarray(values[-1])
    total = values[0] + values[-1]
    difference = values[0] - values[-1]
    return np.divide(difference, total, out=np.zeros_like(total), where=total > 0)
