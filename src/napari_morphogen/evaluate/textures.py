"""Texture of patches at several scales: how far two sets are apart, and features."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float32]
COARSEST = 16  # pixels of the last level, along its longest side
WINDOW = {2: 7, 3: 5}  # pixels, by the number of axes
PLACES, DIRECTIONS = 16, 128  # windows of a patch, and projections
FILTERS = 24  # of every level
AT_ONCE = 32  # patches, which bounds the memory
BLUR = 1.0  # between levels, in pixels


def pyramid(patches: Array) -> Iterator[Array]:
    """Yield what every scale adds, the finest first, and what is left.

    Parameters
    ----------
    patches : ndarray of float
        One after the other, channels first.

    Notes
    -----
    A Laplacian pyramid [1]_ without the interpolation: each level is the image
    less its blurred self, of which every other pixel goes to the next level.

    References
    ----------
    .. [1] P. Burt and E. Adelson, IEEE Trans. Commun. 31, 532-540 (1983),
       DOI 10.1109/TCOM.1983.1095851
    """
    while max(patches.shape[2:]) > COARSEST:
        # an axis that is short already stays as it is
        halved = [1 + (side > COARSEST // 2) for side in patches.shape[2:]]
        sigma = (0, 0, *(BLUR * (step - 1) for step in halved))
        blurred = ndimage.gaussian_filter(patches, sigma, mode="nearest")
        yield patches - blurred
        patches = blurred[
            (slice(None), slice(None), *(slice(None, None, s) for s in halved))
        ]
    yield patches


def texture_distance(ours: Array, theirs: Array, seed: int) -> float:
    """Return the sliced Wasserstein distance of two sets, mean over the scales.

    Parameters
    ----------
    ours, theirs : ndarray of float
        As many patches each, channels first.
    seed : int
        Chooses windows and directions.

    Returns
    -------
    distance : float
        In standard deviations of `theirs` at every scale.

    References
    ----------
    .. [1] T. Karras et al., Progressive growing of GANs, ICLR (2018),
       DOI 10.48550/arXiv.1710.10196
    """
    return float(
        np.mean(
            [
                _level_distance(mine, other, np.random.default_rng([seed, level]))
                for level, (mine, other) in enumerate(
                    zip(pyramid(ours), pyramid(theirs), strict=True)
                )
            ]
        )
    )


def _level_distance(ours: Array, theirs: Array, rng: np.random.Generator) -> float:
    mean, spread = _moments(theirs)
    state = rng.bit_generator.state
    sets = []
    for patches in (ours, theirs):
        rng.bit_generator.state = state  # the same places in both
        sets.append(_windows((patches - mean) / spread, rng))
    directions = _directions(sets[0].shape[1], DIRECTIONS, rng)
    mine, other = (np.sort(windows @ directions, axis=0) for windows in sets)
    return float(np.abs(mine - other).mean())


def _moments(patches: Array) -> tuple[Array, Array]:
    axes = (0, *range(2, patches.ndim))
    spread = patches.std(axis=axes, keepdims=True)
    spread[spread == 0] = 1
    return patches.mean(axis=axes, keepdims=True), spread


def _windows(patches: Array, rng: np.random.Generator) -> Array:
    """Return as many windows at chance places of every patch, each as a row."""
    shape = window_shape(patches.shape[2:])
    views = _views(patches, shape)
    free = views.shape[2 : 2 + len(shape)]
    size = (len(patches), PLACES)
    at = [rng.integers(n, size=size) for n in free]
    each = np.arange(len(patches))[:, None]
    rows = np.moveaxis(views, 1, -1)[(each, *at)]  # channels last
    return np.asarray(rows.reshape(len(patches) * PLACES, -1))


def window_shape(sides: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of windows, smaller than usual where a patch is."""
    return tuple(min(WINDOW.get(len(sides), 3), side) for side in sides)


def _views(patches: Array, shape: Sequence[int]) -> Array:
    axes = tuple(range(2, patches.ndim))
    return sliding_window_view(patches, tuple(shape), axes)


def _directions(size: int, count: int, rng: np.random.Generator) -> Array:
    found = rng.standard_normal((size, count)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=0))


def features(patches: Array, seed: int) -> Array:
    """Return how strongly random filters answer, at every scale: a row per patch.

    Parameters
    ----------
    patches : ndarray of float
        One after the other, channels first.
    seed : int
        Same seed, same filters.

    Notes
    -----
    Of every filter the mean answer above zero, the mean below and the spread;
    they hardly change when the patch is moved by some pixels. The finest scale is
    left out: grain and blur would otherwise hide what is shown.
    """
    parts = []
    bands = list(pyramid(patches))
    for level, band in enumerate(bands[1:] or bands):
        rng = np.random.default_rng([seed, level])
        size = int(np.prod(window_shape(band.shape[2:]))) * band.shape[1]
        filters = _directions(size, FILTERS, rng)
        starts = range(0, len(band), AT_ONCE)
        rows = [_answers(band[i : i + AT_ONCE], filters) for i in starts]
        parts.append(np.concatenate(rows))
    return np.concatenate(parts, axis=1)


def _answers(patches: Array, filters: Array) -> Array:
    shape = window_shape(patches.shape[2:])
    views = _views(patches, shape)
    thinned = (slice(None, None, 2),) * len(shape)
    views = np.moveaxis(views[(slice(None), slice(None), *thinned)], 1, 1 + len(shape))
    answers = views.reshape(len(patches), -1, len(filters)) @ filters
    up = np.maximum(answers, 0).mean(axis=1)
    down = np.maximum(-answers, 0).mean(axis=1)
    return np.concatenate([up, down, answers.std(axis=1)], axis=1)
