"""What is left out in turn: images, or parts of what is painted in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.tuning.results import Kind
from napari_morphogen.tuning.scenes import Scene

ENOUGH = 3  # frames from which on each is a fold
MOST = 6  # folds of parts, altogether
FEW = 4  # objects below which scores say little


@dataclass(frozen=True, eq=False)
class Folds:
    """Which fold every painted pixel of every scene is in.

    Attributes
    ----------
    count : int
        How many there are.
    maps : tuple of ndarray or int
        Per scene the fold of every pixel, or of all of them.
    weights : ndarray of float
        Of every fold: its share of the objects, strokes or blocks of its scene.
    units : int
        Objects, or separate strokes, altogether.
    note : str
        Says that there is too little to tell; empty otherwise.
    """

    count: int
    maps: tuple[NDArray[Any] | int, ...]
    weights: NDArray[np.float64]
    units: int
    note: str


def folds(found: Sequence[Scene], kind: Kind, sparse: bool) -> Folds:
    """Divide what is painted into folds.

    Parameters
    ----------
    found : sequence of Scene
        Of three or more frames each is a fold, since new images differ more than
        the parts of one; otherwise neighbouring objects of one scene are, and of
        classes strokes or blocks of a scene.
    kind : str
        ``"objects"`` or ``"classes"``.
    sparse : bool
        Whether the reference is painted only in part.
    """
    parts = [_parts(scene.truth, kind, sparse) for scene in found]
    units = sum(len(places) for _, places, _ in parts)
    note = _note(parts, units, kind, sparse)
    frames = [(scene.number, scene.index) for scene in found]
    known = list(dict.fromkeys(frames))
    if len(known) >= ENOUGH:
        maps = tuple(map(known.index, frames))
        return Folds(len(known), maps, np.ones(len(known)), units, note)
    if kind == "classes" and sparse:
        groups = _dealt([classes for _, _, classes in parts])
    else:
        groups = _neighbours([places for _, places, _ in parts])
    count = max((int(group.max()) for group in groups if group.size), default=0) + 1
    everywhere = tuple(
        _everywhere(labelled, group)
        for (labelled, _, _), group in zip(parts, groups, strict=True)
    )
    shares = [np.bincount(g, minlength=count) / g.size for g in groups if g.size]
    return Folds(count, everywhere, np.sum(shares, axis=0), units, note)


Parts = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.intp]]


def _parts(truth: NDArray[Any], kind: Kind, sparse: bool) -> Parts:
    """Return a number for every object, stroke or block, its middle and class."""
    if kind == "objects":
        values, numbers = np.unique(truth, return_inverse=True)
        labelled = numbers.reshape(truth.shape) + int(values[0] != 0)
        classes = np.ones(values.size - int(values[0] == 0), np.intp)
    elif sparse:
        labelled, classes = _strokes(truth)
    else:
        labelled = _blocks(truth.shape)
        classes = np.ones(int(labelled.max()), np.intp)
    index = np.arange(1, classes.size + 1)
    middles = ndimage.center_of_mass(labelled > 0, labelled, index)
    return labelled, np.array(middles).reshape(classes.size, truth.ndim), classes


def _strokes(truth: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    labelled = np.zeros(truth.shape, np.int32)
    classes: list[int] = []
    everywhere = ndimage.generate_binary_structure(truth.ndim, truth.ndim)
    for number, value in enumerate(np.unique(truth[truth != 0])):
        mine, count = ndimage.label(truth == value, everywhere)
        labelled[mine > 0] = mine[mine > 0] + len(classes)
        classes += [number] * count
    return labelled, np.array(classes, np.intp)


def _blocks(shape: tuple[int, ...]) -> NDArray[Any]:
    """Return blocks along the longest axis, counted from 1."""
    longest = int(np.argmax(shape))
    along = 1 + np.arange(shape[longest]) * MOST // max(shape[longest], 1)
    across = [1] * len(shape)
    across[longest] = -1
    return np.broadcast_to(along.reshape(across), shape)


def _neighbours(middles: Sequence[NDArray[np.float64]]) -> list[NDArray[np.intp]]:
    """Return the fold of every part: neighbours along the longest axis share one."""
    each, before, groups = max(1, MOST // len(middles)), 0, []
    for places in middles:
        size = len(places)
        count = min(each, size)
        spread = np.ptp(places, axis=0) if size else np.zeros(1)
        order = np.argsort(places[:, int(np.argmax(spread))], kind="stable")
        group = np.empty(size, np.intp)
        group[order] = before + np.arange(size) * count // max(size, 1)
        groups.append(group)
        before += count
    return groups


def _dealt(classes: Sequence[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Deal the strokes of every class out among folds, so that none lacks it."""
    joined = np.concatenate(classes)
    rarest = int(np.bincount(joined).min())
    count = min(MOST, max(rarest, 1))
    group = np.zeros(joined.size, np.intp)
    for value in np.unique(joined):
        mine = np.flatnonzero(joined == value)
        group[mine] = np.arange(mine.size) % count
    return np.split(group, np.cumsum([one.size for one in classes])[:-1])


def _everywhere(labelled: NDArray[Any], group: NDArray[np.intp]) -> NDArray[Any]:
    """Return the fold of the nearest part at every pixel."""
    if (labelled > 0).all():
        return np.asarray(group[labelled - 1])
    nearest = ndimage.distance_transform_edt(
        labelled == 0, return_distances=False, return_indices=True
    )
    return np.asarray(group[labelled[tuple(nearest)] - 1])


def _note(parts: Sequence[Parts], units: int, kind: Kind, sparse: bool) -> str:
    if kind == "objects" and units < FEW:
        noun = "object is" if units == 1 else "objects are"
        advice = f"too few to tell methods apart; paint at least {FEW}"
        return f"Only {units} {noun} painted: {advice}."
    if kind == "classes" and sparse:
        counts = np.bincount(np.concatenate([classes for _, _, classes in parts]))
        if counts.min() < 2:
            return (
                "A class has a single stroke: too few to tell methods apart; "
                "paint at least two apart from each other on every class."
            )
    return ""
