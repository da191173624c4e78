"""Numbers that tell what a pixel and its surroundings look like, at several scales."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import fast
from napari_morphogen.intensity import as_float, fill_broken, smooth

Kind = Literal["intensity", "gradient", "hessian", "structure"]
Place = tuple[slice, ...]

KINDS: tuple[Kind, ...] = ("intensity", "gradient", "hessian")
SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CACHE_BYTES = 2**30  # that stacks may take together
PIECE_BYTES = 2**30  # larger stacks are made piece by piece
REACH = 4  # sigmas, where the Gaussian is cut
DIFFERENCES = 3  # pixels that two differences and rounding of the reach need beyond
NEWTON_STEPS = 3  # from a start within 0.01; the last leaves 1e-15


def multiscale(
    image: NDArray[Any],
    *,
    sigmas: Sequence[float] = SIGMAS,
    kinds: Sequence[Kind] = KINDS,
    spacing: tuple[float, ...] = (),
    channel_axis: int | None = None,
) -> NDArray[np.float32]:
    """Return features of every pixel.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N), channels anywhere
        Any real dtype, in the range of float32.
    sigmas : sequence of float
        Scales: widths of the Gaussian before the measurement, in pixels of the
        finest axis.
    kinds : sequence of str
        "intensity"; "gradient": its length; "hessian": eigenvalues of the
        second derivatives; "structure": eigenvalues of the structure tensor.
    spacing : tuple of float
        Pixel size per axis, the finest 1; derivatives are per this unit.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    features : ndarray of float32, shape (features, [P,] M, N)
        For every channel and every scale the features of all kinds in the order
        above, eigenvalues from the largest to the smallest. A single plane of a
        stack has the features of the plane.

    Notes
    -----
    Those of ``skimage.feature.multiscale_basic_features`` but for the gradient,
    which is the length of central differences, one-sided at the border, as in
    the Hessian. The products of the structure tensor are smoothed by the scale's
    own Gaussian.

    Examples
    --------
    >>> import numpy as np
    >>> multiscale(np.eye(5), sigmas=[1, 2]).shape
    (8, 5, 5)
    """
    channels = [image] if channel_axis is None else np.moveaxis(image, channel_axis, 0)
    found = [_of_channel(channel, sigmas, kinds, spacing) for channel in channels]
    return found[0] if len(found) == 1 else np.concatenate(found)


def kinds_of(
    sigmas: Sequence[float], kinds: Sequence[Kind], shape: tuple[int, ...]
) -> list[Kind]:
    """Return the kind of every feature of one channel.

    Examples
    --------
    >>> kinds_of([1], ["intensity", "hessian"], (9, 9))
    ['intensity', 'hessian', 'hessian']
    """
    values = len(shape) - (len(shape) == 3 and shape[0] == 1)
    number = {"intensity": 1, "gradient": 1, "hessian": values, "structure": values}
    ordered = [kind for kind in number if kind in kinds]
    return [k for _ in sigmas for k in ordered for _ in range(number[k])]  # type: ignore[misc]


def cached(image: NDArray[Any], **given: Any) -> NDArray[np.float32]:
    """Return `multiscale` of the same arguments, computed once and read-only.

    Notes
    -----
    Stacks are found again by a digest of the pixels. The ones not asked for
    longest are forgotten when all take more than `CACHE_BYTES`.

    Examples
    --------
    >>> import numpy as np
    >>> cached(np.eye(5)) is cached(np.eye(5))
    True
    """
    return _cache.get(image, given)


def pieces(
    image: NDArray[Any],
    *,
    sigmas: Sequence[float] = SIGMAS,
    kinds: Sequence[Kind] = KINDS,
    spacing: tuple[float, ...] = (),
    channel_axis: int | None = None,
) -> Iterator[tuple[Place, NDArray[np.float32]]]:
    """Yield the features of parts of an image that together are the whole.

    Parameters are those of `multiscale`.

    Yields
    ------
    place : tuple of slice
        Where in the image, channels aside.
    features : ndarray
        What `multiscale` has there, to the last bit.
    """
    given: dict[str, Any] = {"sigmas": tuple(sigmas), "kinds": tuple(kinds)}
    given |= {"spacing": tuple(spacing)}
    axis = 0 if channel_axis is None else channel_axis
    stack = np.moveaxis(image, axis, 0) if channel_axis is not None else image[None]
    shape = stack.shape[1:]
    per_pixel = 4 * len(stack) * len(kinds_of(sigmas, kinds, shape))
    whole = (slice(None),) * len(shape)
    if per_pixel * stack[0].size <= PIECE_BYTES:
        yield whole, cached(stack, channel_axis=0, **given)
        return
    longest = int(np.argmax(shape))
    size = (spacing or (1.0,) * len(shape))[longest]
    passes = 1 + ("structure" in kinds)
    halo = int(passes * REACH * max(sigmas, default=0) / size) + DIFFERENCES
    line = per_pixel * stack[0].size // shape[longest]
    step = max(PIECE_BYTES // line - 2 * halo, halo)
    for begin in range(0, shape[longest], step):
        end, first = min(begin + step, shape[longest]), max(begin - halo, 0)
        seen = (*whole[:longest], slice(first, end + halo))
        part = multiscale(stack[(slice(None), *seen)], channel_axis=0, **given)
        inner = (*whole[:longest], slice(begin - first, end - first))
        yield (*whole[:longest], slice(begin, end)), part[(slice(None), *inner)]


class _Cache:
    """Stacks by the digest of what they were made from, the last used at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stacks: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def get(self, image: NDArray[Any], given: dict[str, Any]) -> NDArray[np.float32]:
        key = _digest(image, given)
        with self._lock:
            if key in self._stacks:
                self._stacks.move_to_end(key)
                return self._stacks[key]
        stack = multiscale(image, **given)  # unlocked: others need not wait
        stack.flags.writeable = False
        with self._lock:
            self._stacks[key] = stack
            self._stacks.move_to_end(key)
            while sum(s.nbytes for s in self._stacks.values()) > CACHE_BYTES:
                self._stacks.popitem(last=False)
        return stack

    def clear(self) -> None:
        with self._lock:
            self._stacks.clear()


_cache = _Cache()
clear = _cache.clear


def _digest(image: NDArray[Any], given: dict[str, Any]) -> bytes:
    words = repr((image.shape, image.dtype.str, sorted(given.items())))
    digest = hashlib.blake2b(words.encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).reshape(-1).view(np.uint8).data)
    return digest.digest()


def _of_channel(
    image: NDArray[Any],
    sigmas: Sequence[float],
    kinds: Sequence[Kind],
    spacing: tuple[float, ...],
) -> NDArray[np.float32]:
    if image.ndim == 3 and len(image) == 1:
        return _of_channel(image[0], sigmas, kinds, spacing[1:])[:, np.newaxis]
    with np.errstate(over="ignore"):  # what float32 cannot hold is broken
        filled, _ = fill_broken(as_float(image).astype(np.float32, copy=False))
    number = len(kinds_of(sigmas, kinds, image.shape))
    stack = np.empty((number, *image.shape), np.float32)
    each = number // max(len(sigmas), 1)
    for at, sigma in enumerate(sigmas):
        _at_scale(filled, sigma, kinds, spacing, stack[at * each : (at + 1) * each])
    return stack


def _at_scale(
    image: NDArray[np.float32],
    sigma: float,
    kinds: Sequence[Kind],
    spacing: tuple[float, ...],
    out: NDArray[np.float32],
) -> None:
    smoothed, at = smooth(image, sigma, spacing), 0
    if "intensity" in kinds:
        out[0], at = smoothed, 1
    if "gradient" in kinds or "hessian" in kinds:
        both = "gradient" in kinds and "hessian" in kinds
        whole = out[at : at + 1 + image.ndim] if both else None
        shape = _local_shape(smoothed, spacing, whole)
        if not both:
            chosen = shape[:1] if "gradient" in kinds else shape[1:]
            out[at : at + len(chosen)] = chosen
    if "structure" in kinds:
        out[-image.ndim :] = _structure(smoothed, sigma, spacing)


def _local_shape(
    image: NDArray[np.float32],
    spacing: tuple[float, ...],
    out: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Return the length of the gradient and the eigenvalues of the Hessian."""
    quick = fast.local_shape(image, spacing, out)
    if quick is not None:
        return quick
    slopes = _slopes(image, spacing)
    length = np.sqrt(sum(slope * slope for slope in slopes))
    second = [
        _difference(slopes[a], b, spacing)
        for a, b in combinations_with_replacement(range(image.ndim), 2)
    ]
    values = np.stack([length, *eigenvalues(second)]).astype(np.float32)
    if out is not None:
        out[:] = values
    return values


def _structure(
    image: NDArray[np.float32], sigma: float, spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    """Return the eigenvalues of the structure tensor."""
    slopes = _slopes(image, spacing)
    pairs = combinations_with_replacement(slopes, 2)
    products = [smooth((a * b).astype(np.float32), sigma, spacing) for a, b in pairs]
    quick = fast.eigenvalues(np.stack(products))
    if quick is not None:
        return quick
    values = eigenvalues([product.astype(np.float64) for product in products])
    return np.stack(values).astype(np.float32)


def _slopes(
    image: NDArray[np.float32], spacing: tuple[float, ...]
) -> list[NDArray[np.float64]]:
    exact = image.astype(np.float64)
    return [_difference(exact, axis, spacing) for axis in range(image.ndim)]


def _difference(
    values: NDArray[np.float64], axis: int, spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return the derivative along an axis, one-sided at the border."""
    places = np.arange(values.shape[axis])
    after = np.minimum(places + 1, places[-1])
    before = np.maximum(places - 1, 0)
    inverse = 1.0 / (spacing[axis] if spacing else 1.0)
    factor = inverse / np.maximum(after - before, 1)
    shape = [-1 if other == axis else 1 for other in range(values.ndim)]
    steps = values.take(after, axis) - values.take(before, axis)
    return np.asarray(steps * factor.reshape(shape))


def eigenvalues(elements: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return the eigenvalues of one symmetric matrix per pixel, the largest first.

    Parameters
    ----------
    elements : sequence of ndarray of float64
        The upper triangle, row by row: 3 arrays for 2 x 2, 6 for 3 x 3 matrices.

    Notes
    -----
    Closed forms. For three dimensions the matrix less its mean eigenvalue, over
    the spread of these, has the eigenvalues 2 cos(t), 2 cos(t ± 120°), where
    cos(3 t) is half its determinant [1]_; cos(t) comes by Newton's iteration, so
    that every machine rounds alike. Within 1e-7 of the spread.

    References
    ----------
    .. [1] O. K. Smith, Commun. ACM 4, 168 (1961), DOI 10.1145/355578.366316

    Examples
    --------
    >>> import numpy as np
    >>> [float(v) for v in eigenvalues([np.array(e) for e in (1.0, 0.0, 3.0)])]
    [3.0, 1.0]
    """
    if len(elements) == 3:
        a, b, d = elements
        middle, half = (a + d) * 0.5, (a - d) * 0.5
        root = np.sqrt(half * half + b * b)
        return [middle + root, middle - root]
    return _three_eigenvalues(*elements)


def _three_eigenvalues(
    a: Any, b: Any, c: Any, d: Any, e: Any, f: Any
) -> list[NDArray[np.float64]]:
    mean = (a + d + f) / 3.0
    a, d, f = a - mean, d - mean, f - mean
    spread = np.sqrt((a * a + d * d + f * f + (b * b + c * c + e * e) * 2.0) / 6.0)
    inverse = 1.0 / np.where(spread > 0, spread, 1.0)
    a, b, c, d, e, f = (part * inverse for part in (a, b, c, d, e, f))
    det = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    side = np.where(det >= 0, spread, -spread)
    x = _third_of_angle(np.minimum(np.abs(det) * 0.5, 1.0))
    off = np.sqrt(np.maximum(1.0 - x * x, 0.0)) * np.sqrt(3.0)
    outer, inner = mean + side * (x * 2.0), mean + side * (off - x)
    other = mean - side * (off + x)
    return [np.maximum(outer, other), inner, np.minimum(outer, other)]


def _third_of_angle(cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cos(t) where cos(3 t) is `cosine`, from 0 to 1."""
    least = np.sqrt(3.0) / 2
    x = least + (1.0 - least) * cosine
    for _ in range(NEWTON_STEPS):
        x = x - ((4.0 * x * x - 3.0) * x - cosine) / (12.0 * x * x - 3.0)
    return np.asarray(x)
