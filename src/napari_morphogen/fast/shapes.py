"""What the watershed calls: distances to the background and domes."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.calls import STRIP, ready
from napari_morphogen.fast.modules import module
from napari_morphogen.fast.threads import spread

COLUMNS = 1024  # of one task; a multiple of what a cache line holds


def distance(
    mask: NDArray[np.bool_], spacing: Sequence[float]
) -> NDArray[np.float32] | None:
    """Return the distance of every pixel in `mask` to the nearest one that is not.

    Parameters
    ----------
    mask : ndarray of bool, shape ([P,] M, N)
        Holds at least one False.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    distance : ndarray or None
        Exact, rounded to float32; None where the plain way is needed.
    """
    kernels = module("envelopes") if mask.ndim in (2, 3) and mask.size else None
    if kernels is None or mask.shape[0] >= 2**24:  # float32 counts no farther
        return None
    sizes = tuple(float(s) for s in spacing) or (1.0,) * mask.ndim
    steps = np.empty(mask.shape, np.float32)
    flat_mask, flat = (a.reshape(len(mask), -1) for a in (ready(mask), steps))

    def count(x: int) -> None:
        kernels.count_columns(flat_mask, flat, x, min(x + COLUMNS, flat.shape[1]))

    def finish_rows(y: int) -> None:
        kernels.finish_rows(steps, *sizes, y, min(y + STRIP, len(steps)))

    def finish_plane(z: int) -> None:
        kernels.finish_plane(steps[z], *sizes)

    spread(count, range(0, flat.shape[1], COLUMNS))
    if mask.ndim == 2:
        spread(finish_rows, range(0, len(steps), STRIP))
    else:
        spread(finish_plane, range(len(steps)))
    return steps


def reconstruction(
    seed: NDArray[Any], ceiling: NDArray[Any], mask: NDArray[np.bool_]
) -> NDArray[Any] | None:
    """Return `seed` raised as ``skimage.morphology.reconstruction`` raises it.

    Parameters
    ----------
    seed, ceiling : ndarray of float32 or float64, of one shape
        Outside `mask` equal, and below everything inside.
    mask : ndarray of bool
        The pixels that may be raised.

    Returns
    -------
    raised : ndarray or None
        None where the plain way is needed.
    """
    usual = seed.dtype == ceiling.dtype and seed.dtype in (np.float32, np.float64)
    kernels = module("domes") if usual and seed.size else None
    if kernels is None:
        return None
    raised, above, inside = (np.pad(a, 1) for a in (seed, ceiling, mask))
    strides = np.array(raised.strides) // raised.itemsize
    around = np.array(list(product((-1, 0, 1), repeat=seed.ndim)))
    before = (around[: len(around) // 2] * strides).sum(axis=1).astype(np.int64)
    kernels.reconstruct(raised.ravel(), above.ravel(), inside.ravel(), before)
    return np.ascontiguousarray(raised[(slice(1, -1),) * seed.ndim])


def flood(
    landscape: NDArray[Any], markers: NDArray[np.int32], mask: NDArray[np.bool_]
) -> NDArray[np.int32] | None:
    """Return what ``skimage.segmentation.watershed`` returns.

    Parameters
    ----------
    landscape : ndarray of float32 or float64
        Finite values.
    markers : ndarray of int32
        Labels to spread, 0 elsewhere and outside `mask`. Of markers equally high
        the one that comes first in memory goes first.
    mask : ndarray of bool
        The pixels that may be flooded.

    Returns
    -------
    labels : ndarray or None
        None where the plain way is needed.
    """
    usual = landscape.dtype in (np.float32, np.float64) and 0 < landscape.size < 2**30
    kernels = module("floods") if usual and mask.any() else None
    if kernels is None:
        return None
    state = np.full([n + 2 for n in mask.shape], -1, np.int32)
    inner, flat = state[(slice(1, -1),) * mask.ndim], state.reshape(-1)
    strides = np.array(state.strides, np.int64) // state.itemsize
    places = np.flatnonzero(np.pad(mask, 1)).astype(np.int32)
    kernels.write_levels(_keys(landscape[mask]), places.copy(), flat)
    at = np.nonzero(markers)
    seeds = ((np.stack(at, axis=1) + 1) @ strides).astype(np.int32)
    order = np.argsort(flat[seeds], kind="stable")
    seeds, levels = seeds[order], flat[seeds[order]]
    flat[seeds] = ~markers[at][order]
    # the neighbours through faces, those before a pixel first, as scikit-image has them
    offsets = np.concatenate((-strides, strides[::-1]))
    kernels.flood(flat, offsets, seeds, levels, places.size)
    labels = ~inner
    return np.maximum(labels, 0, out=labels)


def _keys(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Return whole numbers in the order of `values`."""
    if values.dtype != np.float32:
        return np.unique(values, return_inverse=True)[1].astype(np.uint32)
    bits = (values + np.float32(0)).view(np.uint32)  # there is one zero only
    sign = np.uint32(2**31)
    return np.where(bits & sign, ~bits, bits | sign)
