"""Sizes, shapes and intensities of labelled objects, as columns of a table."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import fast
from napari_morphogen.intensity import as_float
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray, as_spatial

Table = dict[str, NDArray[Any]]


def measure(labels: Any, image: Any = None) -> Table:
    """Measure every object of a label image.

    Parameters
    ----------
    labels : SpatialArray or array
        Integers, 0 is background. Axes that are not spatial are looped over.
    image : SpatialArray or array, optional
        Intensities of the same shape, perhaps with channels.

    Returns
    -------
    table : dict of str to ndarray of shape (objects,)
        Looped axes (such as ``t``: the index) and ``label``; ``pixels``;
        ``area`` (2-D) or ``volume`` (3-D); the centroid ``z``, ``y``, ``x`` from
        the centre of the first pixel; ``equivalent_diameter`` of the disc or
        ball of the same size; ``axis_major_length`` and ``axis_minor_length`` of
        the ellipse or ellipsoid of the same second moments; with an image
        ``intensity_mean``, ``_std``, ``_min``, ``_max`` and ``_sum``, broken
        pixels (NaN, infinity) left out. Lengths are in the units of `labels`.

    Raises
    ------
    InputError
        When `labels` are no integers or the shapes differ.

    Notes
    -----
    Moments are those of the pixel centres [1]_, as in scikit-image.

    References
    ----------
    .. [1] M.-K. Hu, IRE Trans. Inf. Theory 8, 179-187 (1962),
       DOI 10.1109/TIT.1962.1057692

    Examples
    --------
    >>> import numpy as np
    >>> table = measure(SpatialArray(np.array([[1, 1, 0, 2]]), "yx", scale=(2, 0.5)))
    >>> table["label"].tolist(), table["area"].tolist()
    ([1, 2], [2.0, 1.0])
    """
    return join(tables(labels, image))


def tables(labels: Any, image: Any = None) -> Iterator[Table]:
    """Yield the table of one frame after another; see `measure`."""
    labels = as_spatial(labels)
    if labels.data.dtype.kind not in "biu":
        raise InputError(
            f"Expected labels, which are whole numbers, but got {labels.data.dtype}; "
            "segment the image first or round it."
        )
    channels = {} if image is None else _channels(labels, as_spatial(image))
    sizes = dict(zip(labels.axes, labels.data.shape, strict=True))
    looped = [axis for axis in labels.axes if axis not in SPATIAL_AXES]
    for index in itertools.product(*(range(sizes[axis]) for axis in looped)):
        at = dict(zip(looped, index, strict=True))
        place = tuple(at.get(axis, slice(None)) for axis in labels.axes)
        frame = np.asarray(labels.data[place])
        intensities = {key: np.asarray(data[place]) for key, data in channels.items()}
        found = _frame(frame, intensities, labels.spacing)
        count = len(found["label"])
        yield {axis: np.full(count, number) for axis, number in at.items()} | found


def join(parts: Iterable[Mapping[str, NDArray[Any]]]) -> Table:
    """Return one table of several with the same columns."""
    gathered = list(parts)
    names = gathered[0] if gathered else ()
    return {name: np.concatenate([part[name] for part in gathered]) for name in names}


def save_csv(path: str | Path, table: Mapping[str, NDArray[Any]]) -> Path:
    """Write a table as CSV; the file appears whole or not at all.

    Raises
    ------
    OSError
        When the place cannot be written to.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.part")
    columns = (column.tolist() for column in table.values())
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*columns, strict=True))
    aside.replace(path)
    return path


def _channels(labels: SpatialArray, image: SpatialArray) -> dict[str, Any]:
    """Return intensities shaped like `labels`, by the end of their columns' names."""
    axis = image.axes.find("c") if "c" not in labels.axes else -1
    shape = list(image.data.shape)
    count = shape.pop(axis) if axis >= 0 else 0
    if tuple(shape) != labels.data.shape:
        raise InputError(
            f"Expected an image of shape {labels.data.shape}, like the labels, "
            f"but got {image.data.shape}; choose the image that was segmented."
        )
    if axis < 0:
        return {"": image.data}
    before = (slice(None),) * axis
    return {f"_c{number}": image.data[(*before, number)] for number in range(count)}


def _frame(
    labels: NDArray[Any], images: Mapping[str, NDArray[Any]], spacing: tuple[float, ...]
) -> Table:
    quick = fast.moments(labels)
    places = _moments(labels) if quick is None else quick
    pixels, ndim = places.pixels, labels.ndim
    found: Table = {"label": places.ids, "pixels": pixels}
    size = pixels * float(np.prod(spacing))
    found["area" if ndim == 2 else "volume"] = size
    mean = places.sums / pixels[:, None]
    centroid = ((places.first + mean) * spacing).T
    found |= {axis: c.copy() for axis, c in zip("zyx"[-ndim:], centroid, strict=True)}
    ball = np.pi if ndim == 2 else np.pi / 6 * 8
    found["equivalent_diameter"] = 2 * (size / ball) ** (1 / ndim)
    found |= _axes(places, mean, spacing)
    for end, image in images.items():
        columns = _intensities(labels, as_float(image), places.ids)
        found |= {f"intensity_{name}{end}": column for name, column in columns.items()}
    return found


def _moments(labels: NDArray[Any]) -> fast.Moments:
    """Return where the pixels of objects lie, by NumPy alone."""
    where = np.nonzero(labels)
    ids, start, of, pixels = np.unique(
        labels[where], return_index=True, return_inverse=True, return_counts=True
    )
    of = of.reshape(-1)
    first = np.stack([axis[start] for axis in where], axis=1).astype(np.int64)
    away = [axis - begin[of] for axis, begin in zip(where, first.T, strict=True)]
    sums = np.stack([_sum(a, of, ids.size) for a in away], axis=1)
    products = np.empty((ids.size, labels.ndim, labels.ndim), np.int64)
    for i, j in itertools.combinations_with_replacement(range(labels.ndim), 2):
        total = _sum(away[i] * away[j], of, ids.size)
        products[:, i, j] = products[:, j, i] = total
    return fast.Moments(ids.astype(np.int64), pixels, first, sums, products)


def _sum(values: NDArray[np.int64], of: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Return exact sums of whole numbers, by group."""
    total = np.zeros(count, np.int64)
    np.add.at(total, of, values)
    return total


def _axes(
    places: fast.Moments, mean: NDArray[Any], spacing: tuple[float, ...]
) -> dict[str, NDArray[Any]]:
    """Return the longest and the shortest axis of the ellipsoid of the same moments."""
    sizes, pixels = np.array(spacing), places.pixels[:, None, None]
    covariance = places.products / pixels - mean[:, :, None] * mean[:, None, :]
    covariance *= sizes[:, None] * sizes
    variances = np.maximum(np.linalg.eigvalsh(covariance), 0)  # ascending
    lengths = 2 * np.sqrt((len(sizes) + 2) * variances)
    return {
        "axis_major_length": lengths[:, -1],
        "axis_minor_length": lengths[:, 0],
    }


def _intensities(
    labels: NDArray[Any], image: NDArray[Any], ids: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    quick = fast.intensities(labels, image, ids)
    found = _plain_intensities(labels, image, ids) if quick is None else quick
    nothing = found.number == 0
    divisor = np.where(nothing, 1, found.number)
    columns = {
        "mean": found.total / divisor,
        "std": np.sqrt(found.squares / divisor),
        "min": found.low,
        "max": found.high,
        "sum": found.total,
    }
    return {name: np.where(nothing, np.nan, column) for name, column in columns.items()}


def _plain_intensities(
    labels: NDArray[Any], image: NDArray[Any], ids: NDArray[np.int64]
) -> fast.Intensities:
    counted = (labels != 0) & np.isfinite(image)
    values = image[counted].astype(np.float64)
    of = np.searchsorted(ids, labels[counted].astype(np.int64))
    count = np.bincount(of, minlength=ids.size)
    total = np.bincount(of, values, ids.size).astype(np.float64)
    low, high = np.full(ids.size, np.inf), np.full(ids.size, -np.inf)
    np.minimum.at(low, of, values)
    np.maximum.at(high, of, values)
    mean = total / np.maximum(count, 1)
    away = (values - mean[of]) ** 2
    squares = np.bincount(of, away, ids.size).astype(np.float64)
    return fast.Intensities(count, total, low, high, squares)
