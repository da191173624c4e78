"""What the active contours call: a region held as bits, moved by kernels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.calls import DIMENSIONS, ready
from napari_morphogen.fast.modules import module
from napari_morphogen.fast.threads import spread

WORD = 64  # pixels of one word
TASK = 2**19  # pixels of one task
Bits = NDArray[np.uint64]
Moments = tuple[int, float, float]


def region(mask: NDArray[np.bool_]) -> "Region | None":
    """Return a region that moves as the one of the plain way, pixel by pixel.

    Parameters
    ----------
    mask : ndarray of bool, shape ([P,] M, N)
        True inside.

    Returns
    -------
    region : Region or None
        None where the plain way is needed.
    """
    usual = mask.ndim in DIMENSIONS and mask.size > 0
    kernels = module("contours") if usual else None
    return None if kernels is None else Region(kernels, mask)


class Region:
    """A region held as bits; every move sets `state` to a new array.

    Attributes
    ----------
    state : ndarray
        Equal when the region is; otherwise of no use to others.
    """

    def __init__(self, kernels: Any, mask: NDArray[np.bool_]) -> None:
        self._kernels = kernels
        self._shape = mask.shape
        self._volume = (1,) * (3 - mask.ndim) + mask.shape
        self._deep = mask.ndim == 3
        self._last = np.uint64(2 ** ((mask.shape[-1] - 1) % WORD + 1) - 1)
        self._counted = self.state = self.pack(mask)
        self._moments: Moments | None = None

    def pack(self, mask: NDArray[np.bool_]) -> Bits:
        """Return a mask as the kernels have it."""
        volume = mask.reshape(self._volume)
        full = np.pad(volume, ((1, 1), (1, 1), (0, -volume.shape[-1] % WORD)))
        packed = np.packbits(full, axis=-1, bitorder="little").view("<u8")
        return np.pad(packed.astype(np.uint64), ((0, 0), (0, 0), (1, 1)))

    def mask(self) -> NDArray[np.bool_]:
        """Return where the region is."""
        inner = np.ascontiguousarray(self.state[1:-1, 1:-1, 1:-1], "<u8")
        count = self._volume[-1]
        flags = np.unpackbits(
            inner.view(np.uint8), axis=-1, count=count, bitorder="little"
        )
        return flags.view(bool).reshape(self._shape)

    def moments(self, image: NDArray[np.float32]) -> Moments:
        """Return pixels inside, the sum of their values and that of the squares."""
        if self._moments is None:
            inside = image[self.mask()].astype(np.float64)
            squares = float(np.square(inside).sum())
            self._moments = inside.size, float(inside.sum()), squares
        elif self._counted is not self.state:
            self._moments = self._grown(image.reshape(self._volume))
        self._counted = self.state
        return self._moments

    def faces(self, image: NDArray[np.float32]) -> list[float]:
        """Return the sums of both values at the faces of the region, per axis."""
        values = ready(image.reshape(self._volume))
        sums = self._add(self._kernels.faces, self.state, self._last, values)
        return sums[3 - image.ndim :]

    def compete(
        self,
        image: NDArray[np.float32],
        means: tuple[float, float],
        weights: tuple[float, float],
    ) -> None:
        """Give pixels at the boundary to the side whose mean they are nearer to."""
        values = ready(image.reshape(self._volume))
        self._move(self._kernels.compete, self._last, values, means, weights)

    def attach(self, slopes: NDArray[np.float64]) -> None:
        """Move the boundary down `slopes`; their last axis counts the axes."""
        volume = ready(slopes.reshape(*self._volume, -1))
        self._move(self._kernels.attach, self._last, volume)

    def swell(self, grow: bool, allowed: Any) -> None:
        """Grow or shrink by one pixel where `allowed`, which `pack` made."""
        flip = self._flip(grow)
        self._move(self._kernels.swell, flip, self._deep, self._last, allowed)

    def bend(self, grow: bool) -> None:
        """Dilate by lines and intersect, or erode by lines and unite."""
        flip = self._flip(grow)
        self._move(self._kernels.bend, flip, self._deep, self._last)

    def _flip(self, grow: bool) -> Any:
        return self._kernels.ZERO if grow else self._kernels.ALL

    def _move(self, kernel: Callable[..., None], *given: Any) -> None:
        bits, out, height = self.state, np.zeros_like(self.state), self._height()
        rows = self._rows()

        def work(row: int) -> None:
            kernel(bits, out, *given, row, min(row + height, rows))

        spread(work, range(0, rows, height))
        self.state = out

    def _add(self, kernel: Callable[..., Any], *given: Any) -> list[float]:
        """Return the sums of what a kernel returns for all rows."""
        height, rows = self._height(), self._rows()
        parts = np.zeros((-(-rows // height), 3))

        def work(row: int) -> None:
            parts[row // height] = kernel(*given, row, min(row + height, rows))

        spread(work, range(0, rows, height))
        return [float(total) for total in parts.sum(axis=0)]

    def _grown(self, image: NDArray[np.float32]) -> Moments:
        assert self._moments is not None
        moved = self._counted, self.state
        grown = self._add(self._kernels.change, *moved, ready(image))
        count, total, squares = (
            a + b for a, b in zip(self._moments, grown, strict=True)
        )
        return int(count), float(total), float(squares)

    def _rows(self) -> int:
        return self._volume[0] * self._volume[1]

    def _height(self) -> int:
        """Return the rows of one task."""
        return max(1, TASK // self._volume[-1])
