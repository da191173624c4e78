"""New labels like given ones, and an image painted for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_morphogen.generate.likeness import touching_share
from napari_morphogen.generating.painting import painted
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import run
from napari_morphogen.spatial import SpatialArray


class Pair(NamedTuple):
    """An image and what is in it.

    Attributes
    ----------
    image : SpatialArray
        Painted.
    labels : SpatialArray
        One number per object, 0 is background.
    """

    image: SpatialArray
    labels: SpatialArray


def new_pair(
    model: str | Path, labels: SpatialArray, *, seed: int = 0, steps: int = 0
) -> Pair:
    """Return new labels like given ones, and an image painted for them.

    Parameters
    ----------
    model : path
        Of a trained painter; nothing of the file is executed.
    labels : SpatialArray
        Whose objects are placed anew, as many and touching as often.
    seed : int
        Same labels and seed, same pair.
    steps : int
        Of the way from noise to the image; 0 chooses.

    Raises
    ------
    InputError
        When the file holds no painter, or there is no object in the labels.
    """
    *_, pair = new_paired(model, labels, seed, steps)
    assert isinstance(pair, Pair)
    return pair


def new_paired(
    model: str | Path, labels: SpatialArray, seed: int = 0, steps: int = 0
) -> Iterator[float | Pair]:
    """Yield the share that is done, and last what `new_pair` returns; for a worker.

    Parameters
    ----------
    model, labels, seed, steps
        As of `new_pair`.
    """
    placed = rearranged(labels, seed)
    for item in painted(model, placed, seed, steps):
        yield item if isinstance(item, float) else Pair(item, placed)


def rearranged(labels: SpatialArray, seed: int = 0) -> SpatialArray:
    """Return labels whose objects are mirrored, turned and placed anew.

    Parameters
    ----------
    labels : SpatialArray
        One number per object, 0 is background.
    seed : int
        Same labels and seed, same places.

    Raises
    ------
    InputError
        When there is no object.

    Examples
    --------
    >>> from napari_morphogen.samples import coin_labels
    >>> found = rearranged(coin_labels(), seed=1)
    >>> int(found.data.max()) > 20
    True
    """
    called = labels.name or "the labels"
    if labels.rgb or labels.data.dtype.kind not in "iub":
        raise InputError(f"{called} holds no labels; choose a label image.")
    data = np.asarray(labels.data)
    if not data.any():
        raise InputError(
            f"There is no object in {called} to place anew; choose other labels."
        )
    frame = tuple(slice(None) if axis in "zyx" else 0 for axis in labels.axes)
    blank = labels.like(np.zeros(data.shape, np.float32))
    found = run(
        "shuffle_objects",
        blank,
        labels=labels,
        touching=touching_share(data[frame]),
        seed=seed,
        output="labels",
    )
    assert isinstance(found, SpatialArray)
    return found.like(found.data, name=f"{called} new {seed}", metadata=found.metadata)
