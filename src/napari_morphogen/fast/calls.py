"""What the methods call: arrays made ready, kernels spread over the cores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.fast.modules import module
from napari_morphogen.fast.threads import spread

STRIP = 128  # rows of one task
PART = 2**22  # numbers that one task counts
SLAB = 2048  # columns of one task along the first axis of a volume
TRUNCATE = 4.0  # where SciPy cuts its Gaussian, in sigmas
DIMENSIONS = (2, 3)
LEAST_COLUMNS = 3  # what the inner loops of a gradient need


def gaussian(image: NDArray[Any], sigmas: Sequence[float]) -> NDArray[Any] | None:
    """Return what ``scipy.ndimage.gaussian_filter(mode="nearest")`` returns.

    Parameters
    ----------
    image : ndarray of float32 or float64, shape ([P,] M, N)
        Finite values.
    sigmas : sequence of float
        In pixels, one per axis.

    Returns
    -------
    smooth : ndarray or None
        The same numbers to the last bit; None where the plain way is needed.
    """
    kernels = _kernels("smoothing", image)
    if kernels is None:
        return None
    source, weights = ready(image), [_weights(sigma) for sigma in sigmas]
    out = np.empty_like(source)
    if image.ndim == 2:
        _in_strips(kernels, source, out, weights)
    else:
        _in_planes(kernels, source, out, weights)
    return out


def gradient_length(
    image: NDArray[Any], spacing: Sequence[float], share: float = 1.0
) -> NDArray[Any] | None:
    """Return the length of the Sobel gradient times the root of `share`.

    Parameters
    ----------
    image : ndarray of float32 or float64, shape ([P,] M, N)
        Finite values.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.
    share : float
        What squares are multiplied by, in the precision of `image`.

    Returns
    -------
    length : ndarray or None
        In the type of `image`; None where the plain way is needed.
    """
    kernels = _kernels("edges", image)
    if kernels is None or image.shape[-1] < LEAST_COLUMNS:
        return None
    volume, divisors = _as_volume(ready(image)), _divisors(image, spacing)
    out = np.empty_like(volume)
    part = image.dtype.type(share)

    def measure(task: int) -> None:
        z, y0, y1 = _rows(volume, task)
        kernels.strength_of_rows(volume, divisors, part, out, z, y0, y1)

    spread(measure, _tasks(volume))
    return out.reshape(image.shape)


def thin_edges(
    image: NDArray[Any],
    strength: NDArray[Any],
    limits: tuple[float, float],
    skip: NDArray[np.bool_] | None,
    spacing: Sequence[float],
) -> NDArray[np.int32] | None:
    """Return Canny's edges: non-maxima suppressed, weak ones kept beside strong ones.

    Parameters
    ----------
    image : ndarray of float32 or float64, shape ([P,] M, N)
        Finite values.
    strength : ndarray
        What `gradient_length` returned for `image`.
    limits : tuple of float
        Least strength of a weak and of a strong edge.
    skip : ndarray of bool or None
        Pixels that are no edges; None: those of the border.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.

    Returns
    -------
    edges : ndarray of int32 or None
        1 on edges, 0 elsewhere; None where the plain way is needed.
    """
    kernels = _kernels("edges", image)
    if kernels is None or image.shape[-1] < LEAST_COLUMNS:
        return None
    volume, lengths = _as_volume(ready(image)), _as_volume(ready(strength))
    left_out = np.zeros((0, 0, 0), bool) if skip is None else _as_volume(ready(skip))
    kept = np.zeros(volume.shape, np.uint8)
    (z0, z1), (y_first, y_last), columns = _inner(volume.shape, skip is not None)
    divisors, sizes = _divisors(image, spacing), _sizes(image, spacing)
    low, high = image.dtype.type(limits[0]), float(limits[1])

    def suppress(task: int) -> None:
        z, y0, y1 = _rows(volume, task)
        rows = max(y0, y_first), min(y1, y_last)
        if z0 <= z < z1:
            kernels.ridge_of_rows(
                volume, divisors, sizes, lengths, low, high, left_out, kept,
                z, rows, columns,
            )  # fmt: skip

    spread(suppress, _tasks(volume))
    edges = np.zeros(volume.shape, np.int32)
    kernels.follow(kept, edges)
    return edges.reshape(image.shape)


def quantiles(
    image: NDArray[Any], shares: Sequence[float]
) -> NDArray[np.float32] | None:
    """Return what ``numpy.quantile`` returns.

    Parameters
    ----------
    image : ndarray of float32
        Finite values of at least 0.
    shares : sequence of float
        From 0 to 1.

    Returns
    -------
    quantiles : ndarray or None
        The same numbers; None where the plain way is needed.
    """
    kernels = _kernels("ranks", image) if image.dtype == np.float32 else None
    if kernels is None:
        return None
    bits = ready(image).reshape(-1).view(np.uint32)
    parts = range(0, bits.size, PART)
    counts = np.zeros((len(parts), 2**32 >> kernels.SHIFT), np.int64)

    def count(start: int) -> None:
        kernels.count(bits[start : start + PART], counts[start // PART])

    spread(count, parts)
    ends = counts.sum(axis=0).cumsum()
    found = {}

    def at(rank: int) -> Any:
        chosen = int(np.searchsorted(ends, rank, side="right"))
        before = int(ends[chosen - 1]) if chosen else 0
        if chosen not in found:
            held = np.empty(ends[chosen] - before, np.uint32)
            kernels.collect(bits, np.uint32(chosen), held)
            found[chosen] = np.sort(held).view(np.float32)
        return found[chosen][rank - before]

    places = [(image.size - 1) * float(share) for share in shares]
    ranks = [int(place) for place in places]
    pairs = [[at(r), at(min(r + 1, image.size - 1))] for r in ranks]
    rests = [place - rank for place, rank in zip(places, ranks, strict=True)]
    sides = np.array(pairs, np.float32)
    return np.array([np.quantile(s, [r])[0] for s, r in zip(sides, rests, strict=True)])


def _in_strips(
    kernels: Any, image: NDArray[Any], out: NDArray[Any], weights: list[NDArray[Any]]
) -> None:
    # long strips where the rows read above and below would outnumber their own
    height = max(STRIP, 2 * weights[0].size)

    def smooth(y: int) -> None:
        end = min(y + height, len(image))
        kernels.smooth_strip(image, out, *weights, y, end)

    spread(smooth, range(0, len(image), height))


def _in_planes(
    kernels: Any, image: NDArray[Any], out: NDArray[Any], weights: list[NDArray[Any]]
) -> None:
    flat, flat_out = (a.reshape(len(image), -1) for a in (image, out))
    columns = flat.shape[1]

    def smooth_along_planes(x: int) -> None:
        end = min(x + SLAB, columns)
        kernels.smooth_columns(flat, flat_out, weights[0], 0, x, end)

    def smooth_plane(z: int) -> None:
        plane = out[z].copy()
        for y in range(0, len(plane), STRIP):
            end = min(y + STRIP, len(plane))
            kernels.smooth_strip(plane, out[z], *weights[1:], y, end)

    spread(smooth_along_planes, range(0, columns, SLAB))
    spread(smooth_plane, range(len(image)))


def _weights(sigma: float) -> NDArray[np.float64]:
    """Return SciPy's Gaussian from its centre outwards, zeros to a multiple of 4."""
    radius = int(TRUNCATE * sigma + 0.5)
    if radius == 0:
        return np.array([1.0, 0, 0, 0, 0])
    place = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * place**2)
    return np.pad((weights / weights.sum())[radius:], (0, -radius % 4))


def _kernels(name: str, image: NDArray[Any]) -> Any:
    usual = image.dtype in (np.float32, np.float64) and image.dtype.isnative
    if not usual or image.ndim not in DIMENSIONS or image.size == 0:
        return None
    return module(name)


def ready(image: NDArray[Any]) -> NDArray[Any]:
    """Return `image` as kernels were compiled for: C order and writeable."""
    return np.require(image, requirements=("C", "W"))


def _as_volume(image: NDArray[Any]) -> NDArray[Any]:
    return image[np.newaxis] if image.ndim == 2 else image


def _sizes(image: NDArray[Any], spacing: Sequence[float]) -> NDArray[np.float64]:
    sizes = tuple(spacing) or (1.0,) * image.ndim
    return np.array((1.0,) * (3 - image.ndim) + sizes)


def _divisors(image: NDArray[Any], spacing: Sequence[float]) -> NDArray[Any]:
    """Return what the kernels' sums are divided by, per axis of a volume."""
    norm = 16 if image.ndim == 3 and len(image) > 1 else 4
    return (norm * _sizes(image, spacing)).astype(image.dtype)


def _tasks(volume: NDArray[Any]) -> range:
    return range(volume.shape[0] * -(-volume.shape[1] // STRIP))


def _rows(volume: NDArray[Any], task: int) -> tuple[int, int, int]:
    """Return plane, first and last row of one task."""
    # plane after plane: two of the three that a strip needs are still in the cache
    strip, z = divmod(task, volume.shape[0])
    return z, strip * STRIP, min((strip + 1) * STRIP, volume.shape[1])


def _inner(shape: tuple[int, ...], whole: bool) -> list[tuple[int, int]]:
    """Return the range per axis whose neighbours exist; one plane has no border."""
    if whole:
        return [(0, n) for n in shape]
    return [(min(n, 2) // 2, max(n - 1, min(n, 2))) for n in shape]
