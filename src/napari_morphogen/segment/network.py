"""Objects made of what a network predicts, and the thresholds that suit it best."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.evaluate import object_scores
from napari_morphogen.params import InputError
from napari_morphogen.segment.centres import centres
from napari_morphogen.segment.flooding import flood
from napari_morphogen.segment.objects import keep_large

JUDGED = (0.5, 0.6, 0.7, 0.8)  # intersections over union that thresholds are tuned for
CHOICES: Mapping[str, Sequence[float]] = {
    "foreground_threshold": (0.35, 0.45, 0.55),
    "centre_threshold": (0.3, 0.4, 0.5, 0.6),
    "h": (0.05, 0.1, 0.15),
    "least_share": (0.0, 0.1, 0.2),
}

FOREGROUND, LEAST_SHARE = 0.5, 0.05  # usual thresholds
TRIALS = 18  # of all choices, in `tuned_thresholds`

Trained = TypeVar("Trained", bound="Predictor")


class Predictor(Protocol):
    """What makes maps of an image, such as `nn.segmenter.Segmenter`."""

    @property
    def task(self) -> str:
        """What it was trained for: "instances" or "interiors"."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """With which objects are made of the maps."""

    def predict(
        self, image: NDArray[Any], *, channel_axis: int | None = ..., flips: bool = ...
    ) -> NDArray[np.float32]:
        """Return the maps that `foreground_and_centre` takes."""

    def with_thresholds(self, **thresholds: float) -> Self:
        """Return a copy with other thresholds."""


def flood_objects(
    foreground: NDArray[np.float32],
    centre: NDArray[np.float32],
    *,
    foreground_threshold: float = FOREGROUND,
    centre_threshold: float = 0.4,
    h: float = 0.1,
    least_share: float = LEAST_SHARE,
    min_size: int = 0,
) -> NDArray[np.int32]:
    """Return the objects of a foreground, one around every centre.

    Parameters
    ----------
    foreground : ndarray of float32, shape ([P,] M, N)
        Probability of lying in an object.
    centre : ndarray of float32
        High in the middle of objects and low where they touch: distance to the
        border as a share of the object's largest, or probability of the interior.
    foreground_threshold : float
        From which on a pixel is foreground.
    centre_threshold : float
        What a centre must reach.
    h : float
        How deep a valley must be to separate two centres.
    least_share : float
        Objects of fewer pixels than this share of the median object are removed.
    min_size : int
        Objects of fewer pixels are removed.

    Returns
    -------
    labels : ndarray of int32, shape of `foreground`
        0 is background.

    Notes
    -----
    Centres are the regional maxima that remain when all valleys shallower than
    `h` are filled; `-centre` is flooded from them within the foreground [1]_.
    Foreground without a centre becomes background.

    References
    ----------
    .. [1] L. Vincent and P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13,
       583-598 (1991), DOI 10.1109/34.87344

    Examples
    --------
    >>> centre = np.array([[0, 0.4, 0.9, 0.5, 0.9, 0.4, 0]], np.float32)
    >>> flood_objects(np.sign(centre), centre)
    array([[0, 1, 1, 1, 2, 2, 0]], dtype=int32)
    """
    mask = foreground > foreground_threshold
    high = mask & (centre > centre_threshold)
    if not high.any():
        return np.zeros(mask.shape, np.int32)
    height = np.ascontiguousarray(centre, np.float32)
    labels = flood(-height, centres(height, high, h), mask)
    sizes = np.bincount(labels.ravel())[1:]
    least = least_share * float(np.median(sizes[sizes > 0]))
    return keep_large(labels, max(min_size, int(np.ceil(least))))


def foreground_and_centre(
    maps: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what `flood_objects` takes, of what a network predicts.

    Parameters
    ----------
    maps : ndarray of float32, shape (2 or 3, [P,] M, N)
        Foreground and distance to the border; or the probabilities of background,
        interior and border.

    Examples
    --------
    >>> maps = np.array([[[0.75, 0.25]], [[0.25, 0.5]], [[0, 0.25]]], np.float32)
    >>> foreground_and_centre(maps)[0]
    array([[0.25, 0.75]], dtype=float32)
    """
    if len(maps) == 3:
        return maps[1] + maps[2], maps[1]  # 0 where all are: in broken pixels
    return maps[0], maps[1]


def tuned(
    segmenter: Trained,
    images: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    *,
    channel_axis: int | None = None,
    sparse: bool = False,
    seconds: float = math.inf,
) -> Trained:
    """Return a segmenter that makes objects with the thresholds that suit it best.

    Parameters
    ----------
    segmenter : Predictor
        Trained on objects.
    images, labels : sequence of ndarray
        What it was trained on.
    channel_axis : int or None
        The axis of the images that holds channels.
    sparse : bool
        Labels are strokes: 0 unlabelled, 1 background, objects from 2.
    seconds : float
        How long about this may take: as many images are looked at as there is time
        for, at least one.

    Notes
    -----
    Strokes of interiors and borders say of no object where it ends: without a
    densely labelled image, thresholds stay as they are.
    """
    given = list(zip(images, labels, strict=True))
    if segmenter.task == "interiors":
        given = [(image, painted_objects(d)) for image, d in given if np.all(d)]
        sparse = False
        if not given:
            return segmenter
    maps: list[NDArray[np.float32]] = []
    truths: list[NDArray[Any]] = []
    spent, start = 0.0, time.monotonic()
    for image, drawn in given:
        found = segmenter.predict(image, channel_axis=channel_axis)
        maps.append(np.stack(foreground_and_centre(found)))
        truths.append(np.where(drawn > 1, drawn, 0) if sparse else drawn)
        begun = time.monotonic()
        _quality(maps[-1:], truths[-1:], segmenter.thresholds, sparse)
        spent += TRIALS * (time.monotonic() - begun)
        if time.monotonic() - start + spent > seconds:
            break
    return segmenter.with_thresholds(**tuned_thresholds(maps, truths, sparse=sparse))


def painted_objects(strokes: NDArray[Any]) -> NDArray[np.int32]:
    """Return the objects of an image whose every pixel is painted.

    Parameters
    ----------
    strokes : ndarray of int
        1 on background, 2 inside objects, 3 on their borders, which belong to the
        nearest inside.

    Examples
    --------
    >>> painted_objects(np.array([[1, 3, 2, 3, 3, 2, 1]]))
    array([[0, 1, 1, 1, 2, 2, 0]], dtype=int32)
    """
    inside, _ = ndimage.label(strokes == 2)
    nearest = ndimage.distance_transform_edt(
        inside == 0, return_distances=False, return_indices=True
    )
    return np.asarray(np.where(strokes > 1, inside[tuple(nearest)], 0), np.int32)


def tuned_thresholds(
    maps: Sequence[NDArray[np.float32]],
    truths: Sequence[NDArray[Any]],
    *,
    sparse: bool = False,
    choices: Mapping[str, Sequence[float]] = CHOICES,
) -> dict[str, float]:
    """Return the thresholds of `flood_objects` that agree best with painted objects.

    Parameters
    ----------
    maps : sequence of ndarray of float32, shape (2, [P,] M, N)
        Predicted.
    truths : sequence of ndarray of int
        The objects as they are, one for each of `maps`.
    sparse : bool
        Whether the truth leaves objects out.
    choices : mapping of str to sequence of float
        Values to try.

    Returns
    -------
    thresholds : dict of str to float
        Keyword arguments of `flood_objects`.

    Notes
    -----
    The first two are tried in all combinations, the others one after the other;
    judged by the found share of all objects, averaged over several intersections
    over union.
    """
    if not maps or len(maps) != len(truths):
        raise InputError(
            f"Expected the truth of every prediction, but got {len(truths)} for "
            f"{len(maps)}."
        )
    best = {name: values[len(values) // 2] for name, values in choices.items()}
    names = list(choices)
    for group in (names[:2], *[[name] for name in names[2:]]):
        options = [
            dict(zip(group, values, strict=True))
            for values in product(*[choices[name] for name in group])
        ]
        # of equally good ones the nearest to the usual
        options.sort(key=lambda given: sum(abs(v - best[k]) for k, v in given.items()))
        scores = [
            _quality(maps, truths, {**best, **given}, sparse) for given in options
        ]
        best |= options[int(np.argmax(scores))]
    return best


def _quality(
    maps: Iterable[NDArray[np.float32]],
    truths: Iterable[NDArray[Any]],
    thresholds: Mapping[str, float],
    sparse: bool,
) -> float:
    counts = np.zeros((len(JUDGED), 3))
    for (foreground, centre), truth in zip(maps, truths, strict=True):
        labels = flood_objects(foreground, centre, **thresholds)  # type: ignore[arg-type]
        scores = object_scores(labels, truth, thresholds=JUDGED, sparse=sparse)
        counts += [(d.tp, d.fp, d.fn) for d in scores.detections]
    return float(np.mean(counts[:, 0] / np.maximum(counts.sum(1), 1)))
