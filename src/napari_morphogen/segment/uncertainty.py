"""Where a painted example would help most."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.intensity import smooth


def most_uncertain(
    uncertainty: NDArray[Any],
    *,
    strokes: NDArray[Any] | None = None,
    sigma: float = 3.0,
    apart: float = 10.0,
    spacing: tuple[float, ...] = (),
) -> tuple[int, ...]:
    """Return the place whose surroundings are the least certain.

    Parameters
    ----------
    uncertainty : ndarray of float, shape ([P,] M, N)
        From 0 to 1, as the methods return it.
    strokes : ndarray of int or None
        What is painted already; places near it are passed over while there are
        others.
    sigma : float
        How far surroundings reach, in pixels of the finest axis.
    apart : float
        How near is near, in pixels of the finest axis.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Examples
    --------
    >>> import numpy as np
    >>> most_uncertain(np.array([[0.0, 0.1, 0.9, 0.2]]), sigma=0)
    (0, 2)
    """
    score = smooth(np.array(uncertainty, np.float32), sigma, spacing)
    if strokes is not None and np.any(strokes):
        away = ndimage.distance_transform_edt(strokes == 0, sampling=spacing or None)
        far = away > apart
        if far.any():
            score = np.where(far, score, -1)
    return tuple(int(i) for i in np.unravel_index(score.argmax(), score.shape))
