"""A region whose boundary moves pixel by pixel: what active contours are made of."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast

Mask = NDArray[np.bool_]
Moments = tuple[int, float, float]  # pixels, their sum, the sum of their squares


def region(mask: Mask) -> "fast.Region | Region":
    """Return a region to be moved, by compiled kernels where there are some."""
    return fast.region(mask) or Region(mask)


def differences(mask: Mask, axis: int) -> NDArray[np.int8]:
    """Return the next pixel less the previous one; the border repeats.

    Examples
    --------
    >>> differences(np.array([True, False, False, True]), 0)
    array([-1, -1,  1,  1], dtype=int8)
    """
    padded = np.pad(
        mask.astype(np.int8), [(int(i == axis),) * 2 for i in range(mask.ndim)], "edge"
    )
    ends = [np.take(padded, range(k, k + mask.shape[axis]), axis) for k in (0, 2)]
    return np.asarray(ends[1] - ends[0])


def moments(values: NDArray[Any]) -> Moments:
    """Return how many values there are, their sum and that of their squares.

    Examples
    --------
    >>> moments(np.array([1.0, 2.0]))
    (2, 3.0, 5.0)
    """
    wide = values.astype(np.float64)
    return wide.size, float(wide.sum()), float(np.square(wide).sum())


class Region:
    """A region as a mask; every move sets `state` to a new array.

    Attributes
    ----------
    state : ndarray of bool
        True inside.
    """

    def __init__(self, mask: Mask) -> None:
        self.state = mask

    def pack(self, mask: Mask) -> Mask:
        """Return a mask as `swell` wants it."""
        return mask

    def mask(self) -> Mask:
        """Return where the region is."""
        return self.state

    def moments(self, image: NDArray[Any]) -> Moments:
        """Return pixels inside, the sum of their values and that of the squares."""
        return moments(image[self.state])

    def faces(self, image: NDArray[Any]) -> list[float]:
        """Return the sums of both values at the faces of the region, per axis."""
        sums = []
        for axis in range(image.ndim):
            mask, values = (np.moveaxis(a, axis, 0) for a in (self.state, image))
            faces = mask[1:] != mask[:-1]
            ends = values[1:][faces], values[:-1][faces]
            sums.append(sum(float(end.sum(dtype=np.float64)) for end in ends))
        return sums

    def compete(
        self,
        image: NDArray[Any],
        means: tuple[float, float],
        weights: tuple[float, float],
    ) -> None:
        """Give pixels at the boundary to the side whose mean they are nearer to."""
        steps = [differences(self.state, axis) != 0 for axis in range(image.ndim)]
        values = image.astype(np.float64)
        inner, outer = (
            weight * (values - mean) ** 2
            for weight, mean in zip(weights, means, strict=True)
        )
        self._turn((inner - outer) * np.any(steps, axis=0))

    def attach(self, slopes: NDArray[np.float64]) -> None:
        """Move the boundary down `slopes`; their last axis counts the axes."""
        pull = np.zeros(self.state.shape)
        for axis in range(self.state.ndim):
            pull += differences(self.state, axis) * slopes[..., axis]
        self._turn(-pull)

    def swell(self, grow: bool, allowed: Any) -> None:
        """Grow or shrink by one pixel where `allowed`."""
        move = ndimage.binary_dilation if grow else ndimage.binary_erosion
        moved = move(self.state, np.ones((3,) * self.state.ndim, bool))
        self.state = np.where(allowed, moved, self.state)

    def bend(self, grow: bool) -> None:
        """Dilate by lines and intersect, or erode by lines and unite."""
        move = ndimage.binary_dilation if grow else ndimage.binary_erosion
        moved = [move(self.state, line) for line in _flats(self.state.ndim)]
        self.state = np.asarray((np.all if grow else np.any)(moved, axis=0))

    def _turn(self, costs: NDArray[Any]) -> None:
        """Set pixels where being inside saves cost, and clear where it has a cost."""
        self.state = np.where(costs == 0, self.state, costs < 0)


def _flats(ndim: int) -> list[Mask]:
    """Return the lines (2-D) or planes (3-D) through the centre of 3 x 3 (x 3)."""
    offsets = np.array(list(product((-1, 0, 1), repeat=ndim)))
    normals = [n for n in offsets[len(offsets) // 2 + 1 :] if np.abs(n).sum() <= 2]
    return [(offsets @ n == 0).reshape((3,) * ndim) for n in normals]
