"""Labels or images compared with a reference: what dock and command share."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate import (
    STATES,
    BoundaryScores,
    ClassScores,
    Figure,
    ImageScores,
    Objects,
    ObjectScores,
    ReportCard,
    boundary_scores,
    class_scores,
    image_scores,
    object_scores,
    summarise,
)
from napari_morphogen.measurements import Table, join, measure
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

Scores = ObjectScores | ClassScores | ImageScores | ReportCard
Index = tuple[int | slice, ...]
TOLERANCE = 2.0  # pixels of the finest axis
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Options:
    """What is compared, and how.

    Attributes
    ----------
    classes : bool
        Every number is a class; otherwise every number is one object.
    sparse : bool
        The reference is painted only in part.
    tolerance : float or None
        Up to which distance a boundary is right, in units of the reference;
        None stands for two pixels of its finest axis.
    images : bool
        Intensities are compared instead of labels.
    data_range : float
        From the lowest to the highest intensity that there can be; 0 takes
        that of the reference.
    """

    classes: bool = False
    sparse: bool = False
    tolerance: float | None = None
    images: bool = False
    data_range: float = 0.0


class Progress(NamedTuple):
    """How many frames of all results are compared."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """One result compared with the reference.

    Attributes
    ----------
    name : str
        Of the result.
    figures : mapping of str to float
        By the names of `MEANINGS`; frames are pooled where that can be.
    curve : tuple of (threshold, value)
        F1 of the objects, or with a sparse reference their recall.
    objects : dict of str to ndarray
        Objects of the reference and those of the result that are extra, the
        worst first; places are in pixels. Empty for classes.
    scores : tuple
        Of every frame.
    unit : str
        Of the lengths.
    """

    name: str
    figures: Mapping[str, float]
    curve: tuple[tuple[float, float], ...]
    objects: Table
    scores: tuple[Scores, ...]
    unit: str

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name."""
        return dict(self.figures)


class _Frame(NamedTuple):
    scores: Scores
    boundary: BoundaryScores | None
    objects: Table


def compare(
    truth: SpatialArray, results: Sequence[SpatialArray], options: Options
) -> Iterator[Progress | Comparison]:
    """Compare results with a reference; yield how far it is, and each comparison.

    Parameters
    ----------
    truth : SpatialArray
        Labels or an image. Axes that are not spatial are looped over, and frames
        pooled; the channels of an image belong together.
    results : sequence of SpatialArray
        The same, of the same shape.
    options : Options
        What is compared, and how.

    Raises
    ------
    InputError
        When shapes differ, pixels hold colours or no whole numbers, or with a
        sparse reference nothing is painted.

    Examples
    --------
    >>> import numpy as np
    >>> truth = SpatialArray(np.array([[1, 1, 0, 2]]), "yx", name="truth")
    >>> *_, found = compare(truth, [truth], Options())
    >>> found.figures["f1@0.50"], found.objects["state"].tolist()
    (1.0, ['true positive', 'true positive'])
    """
    for result in results:
        _check(truth, result, options.images)
    places = list(frames(truth, SPATIAL_AXES + "c" * options.images))
    if options.images and not options.data_range:
        options = replace(options, data_range=_span(truth))
    done, total = 0, len(places) * len(results)
    for result in results:
        found = []
        for at, place in places:
            frame = np.asarray(truth.data[place])
            # a frame without paint says nothing: it is not known to be empty
            if not options.sparse or frame.any():
                ours = np.asarray(result.data[place])
                found.append(_frame(ours, frame, at, truth, result, options))
            done += 1
            yield Progress(done, total)
        if not found:
            raise InputError("Nothing is painted in the reference; paint some of it.")
        yield _joined(result.name, found, _place(truth, result).units[-1])


def state_maps(
    truth: SpatialArray, results: Sequence[SpatialArray], sparse: bool
) -> Iterator[tuple[int, Index, NDArray[np.uint8]]]:
    """Yield, frame by frame, the state of the object at every pixel.

    Parameters
    ----------
    truth : SpatialArray
        Labels.
    results : sequence of SpatialArray
        Labels of the same shape.
    sparse : bool
        Whether the reference is painted only in part.

    Yields
    ------
    number : int
        Of the result.
    place : tuple
        Of the frame in its array.
    codes : ndarray of int
        States count from 1 in the order of `STATES`. Objects of the result lie
        over those of the reference; of these, only those not found are there.
    """
    for number, result in enumerate(results):
        _check(truth, result)
        for _, place in frames(truth):
            theirs, ours = truth.data[place], result.data[place]
            yield number, place, _states(np.asarray(ours), np.asarray(theirs), sparse)


def summary(comparisons: Sequence[Comparison]) -> dict[str, Figure]:
    """Return every figure over several images: mean, its interval, and pooled.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One per image, all with the same options.
    """
    pooled = _pooled([one for image in comparisons for one in image.scores], False)
    found = summarise(comparisons, confidence=CONFIDENCE).figures
    return {
        name: figure._replace(pooled=pooled.get(name, math.nan))
        for name, figure in found.items()
    }


def frames(
    image: SpatialArray, whole: str = SPATIAL_AXES
) -> Iterator[tuple[dict[str, int], Index]]:
    """Yield the number along every looped axis, and the place in the array.

    Parameters
    ----------
    image : SpatialArray
        Any axes.
    whole : str
        The axes that are not looped over.
    """
    sizes = dict(zip(image.axes, image.data.shape, strict=True))
    looped = [axis for axis in image.axes if axis not in whole]
    for index in itertools.product(*(range(sizes[axis]) for axis in looped)):
        at = dict(zip(looped, index, strict=True))
        yield at, tuple(at.get(axis, slice(None)) for axis in image.axes)


# ---- the parts


def _check(truth: SpatialArray, result: SpatialArray, images: bool = False) -> None:
    for image in (truth, result):
        if image.rgb and not images:
            raise InputError(
                f"{image.name} holds colours; save labels as one number per pixel."
            )
    if truth.data.shape != result.data.shape:
        raise InputError(
            f"Expected {'images' if images else 'labels'} of one shape, but "
            f"{truth.name} has {truth.data.shape} and {result.name} has "
            f"{result.data.shape}; crop or resample one."
        )


def _span(image: SpatialArray) -> float:
    """Return the range of intensities of all frames; 0 where it is none."""
    data = opaque(image, image.data)
    if data.dtype.kind not in "buif" or data.size == 0:
        return 0.0  # the comparison says what is wrong
    found = float(data.max()) - float(data.min())
    return found if math.isfinite(found) else 0.0


def opaque(image: SpatialArray, data: Any) -> Any:
    """Return colours without how opaque they are."""
    return data[..., :3] if image.rgb else data


def _place(truth: SpatialArray, result: SpatialArray) -> SpatialArray:
    """Return the one whose pixel size is known; a reference may be a plain array."""
    plain = set(truth.spacing) == {1.0} and set(truth.units) <= {"pixel"}
    return result if plain and result.axes == truth.axes else truth


def _frame(
    ours: NDArray[Any],
    theirs: NDArray[Any],
    at: Mapping[str, int],
    truth: SpatialArray,
    result: SpatialArray,
    options: Options,
) -> _Frame:
    if options.images:
        return _Frame(_image_frame(ours, theirs, truth, options), None, {})
    spacing = _place(truth, result).spacing
    tolerance = options.tolerance
    if tolerance is None:
        tolerance = TOLERANCE * min(spacing)
    boundary = boundary_scores(
        ours, theirs, tolerance=tolerance, spacing=spacing, sparse=options.sparse
    )
    if options.classes:
        return _Frame(class_scores(ours, theirs, sparse=options.sparse), boundary, {})
    scores = object_scores(ours, theirs, sparse=options.sparse)
    axes = "".join(axis for axis in truth.axes if axis in SPATIAL_AXES)
    extra = scores.labels.state == "extra"
    parts = [
        _rows(scores.truth, theirs, axes, at, "reference"),
        _rows(scores.labels, ours, axes, at, "result", extra),
    ]
    return _Frame(scores, boundary, join(parts))


def _image_frame(
    ours: NDArray[Any], theirs: NDArray[Any], truth: SpatialArray, options: Options
) -> ImageScores:
    kept = [axis for axis in truth.axes if axis in SPATIAL_AXES + "c"]
    return image_scores(
        opaque(truth, ours),
        opaque(truth, theirs),
        data_range=options.data_range,
        channel_axis=kept.index("c") if "c" in kept else None,
    )


def _rows(
    objects: Objects,
    labels: NDArray[Any],
    axes: str,
    at: Mapping[str, int],
    side: str,
    kept: NDArray[np.bool_] | slice = slice(None),
) -> Table:
    found = measure(SpatialArray(labels, axes))
    count = objects.ids.size
    columns: Table = {
        "state": objects.state,
        "object": objects.ids.astype(np.int64),
        "iou": objects.iou,
        "of": np.full(count, side),
        "partner": objects.partner.astype(np.int64),
        "pixels": objects.pixels,
    }
    columns |= {axis: np.full(count, number) for axis, number in at.items()}
    columns |= {axis: found[axis] for axis in axes}
    return {name: column[kept] for name, column in columns.items()}


def _joined(name: str, frames: Sequence[_Frame], unit: str) -> Comparison:
    scores = tuple(frame.scores for frame in frames)
    figures = _pooled(scores)
    boundaries = [one.boundary for one in frames if one.boundary is not None]
    figures |= _pooled(boundaries) if boundaries else {}
    objects = join([frame.objects for frame in frames])
    if objects:
        worst_first = np.lexsort((-objects["pixels"], objects["iou"]))
        objects = {n: column[worst_first] for n, column in objects.items()}
    return Comparison(name, figures, _curve(figures), objects, scores, unit)


def _pooled(
    scores: Sequence[Scores | BoundaryScores], averages: bool = True
) -> dict[str, float]:
    """Return figures of frames as one set; of those that cannot be, the mean."""
    if averages and len(scores) == 1:
        return scores[0].as_dict()
    found = summarise(scores, resamples=1).figures
    return {
        name: figure.mean if averages and math.isnan(figure.pooled) else figure.pooled
        for name, figure in found.items()
    }


def _curve(figures: Mapping[str, float]) -> tuple[tuple[float, float], ...]:
    if "mean_ap" not in figures:  # classes
        return ()
    start = "recall@" if figures["sparse"] else "f1@"
    found = {n: value for n, value in figures.items() if n.startswith(start)}
    return tuple((float(n.partition("@")[2]), value) for n, value in found.items())


def _states(
    labels: NDArray[Any], truth: NDArray[Any], sparse: bool
) -> NDArray[np.uint8]:
    found = np.zeros(labels.shape, np.uint8)
    if sparse and not truth.any():
        return found
    scores = object_scores(labels, truth, thresholds=(0.5,), sparse=sparse)
    _put(found, truth, scores.truth)
    found[found == 1 + STATES.index("true positive")] = 0  # the result shows them
    _put(found, labels, scores.labels)
    return found


def _put(found: NDArray[np.uint8], labels: NDArray[Any], objects: Objects) -> None:
    """Write the state of every object where it lies."""
    codes = np.array([1 + STATES.index(state) for state in objects.state], np.uint8)
    inside = labels != 0
    found[inside] = codes[np.searchsorted(objects.ids, labels[inside])]
