"""Predictions for a window of an image, equal to those of the whole."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.nn.resize import resize_part, whole_pixels
from napari_morphogen.nn.tiles import Place

Mirrored = Callable[[NDArray[np.float32], bool], NDArray[np.float32]]


def predicted_window(
    predict: Mirrored,
    image: NDArray[np.float32],
    window: Place,
    shape: Sequence[int],
    *,
    scale: float,
    strides: Sequence[int],
    flips: bool = False,
) -> NDArray[np.float32]:
    """Return what a network makes of a window, as if it saw the whole image.

    Parameters
    ----------
    predict : callable
        Takes an image and whether to average over mirrored ones.
    image : ndarray of float32, shape (channels, [P,] M, N)
        Normalised; the window only.
    window : tuple of slice
        Where it lies.
    shape : sequence of int
        Of the whole image, spatial axes only.
    scale : float
        By which the whole is enlarged before.
    strides : sequence of int
        Pixels that one of the network's coarsest level covers, per axis.
    flips : bool
        Whether to average over mirrored images.

    Returns
    -------
    maps : ndarray of float32, shape (maps, [P,] M, N)
        Right where the ends of the window are farther away than the network sees.

    Notes
    -----
    The window is enlarged by the weights of the whole image, and the network pools
    the pixels that it would pool there.
    """
    sizes = [1 if n == 1 else max(1, round(n * scale)) for n in shape]
    seen = []
    larger = image
    ways = _ways(shape, sizes)
    for axis, (there, n, size) in enumerate(zip(window, shape, sizes, strict=True)):
        wanted = whole_pixels(there, length=n, size=size, **ways)
        start = -(-wanted.start // strides[axis]) * strides[axis]
        wanted = slice(min(start, size - 1), max(wanted.stop, min(start, size - 1) + 1))
        seen.append(wanted)
        larger = resize_part(
            larger, axis + 1, there, wanted, length=n, size=size, **ways
        )
    maps = predict(np.ascontiguousarray(larger), flips)
    ways = _ways(sizes, shape)
    for axis, (there, n, size) in enumerate(zip(window, shape, sizes, strict=True)):
        maps = resize_part(
            maps, axis + 1, seen[axis], there, length=size, size=n, **ways
        )
    return np.ascontiguousarray(maps)


def _ways(old: Sequence[int], new: Sequence[int]) -> dict[str, bool]:
    """Return how `normalise.resized` interpolates between these sizes."""
    smaller = any(n < m for n, m in zip(new, old, strict=True))
    return {"area": smaller and len(new) == 3, "smooth": smaller}
