"""Sets of images compared with real ones: what the dock and the command share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate import ReportCard, report_card
from napari_morphogen.evaluate.report_card import PATCH_SIZE
from napari_morphogen.evaluations import Comparison, Progress, frames, opaque
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

ANCHORS = ("unseen real", "noise")


class ImageSet(NamedTuple):
    """Images that are judged together.

    Attributes
    ----------
    name : str
        What messages and tables call it.
    images : sequence of SpatialArray
        Each may have several frames, which count as images.
    """

    name: str
    images: Sequence[SpatialArray]


@dataclass(frozen=True)
class SetOptions:
    """How sets are compared; see `evaluate.report_card`.

    Attributes
    ----------
    patch_size : int
        Pixels along every axis.
    seed : int
        Same seed, same figures.
    """

    patch_size: int = PATCH_SIZE
    seed: int = 0


def compare_sets(
    real: ImageSet,
    generated: Sequence[ImageSet],
    options: SetOptions,
    held_out: ImageSet | None = None,
) -> Iterator[Progress | Comparison]:
    """Compare sets with a real one; yield how far it is, and each report card.

    Parameters
    ----------
    real : ImageSet
        What was learnt from.
    generated : sequence of ImageSet
        What was made.
    options : SetOptions
        How they are compared.
    held_out : ImageSet, optional
        Real images that were not learnt from; a part of `real` by default.

    Yields
    ------
    item : Progress or Comparison
        At the end two more comparisons: unseen real images, and noise.

    Examples
    --------
    >>> import numpy as np
    >>> images = SpatialArray(np.random.default_rng(0).random((60, 16, 16)), "tyx")
    >>> real = ImageSet("real", [images])
    >>> *found, noise = compare_sets(real, [real], SetOptions(16))
    >>> [one.name for one in found if isinstance(one, Comparison)], noise.name
    (['real', 'unseen real'], 'noise')
    """
    arrays = _arrays(real)
    unseen = None if held_out is None else _arrays(held_out)
    card = None
    for done, one in enumerate(generated):
        yield Progress(done, len(generated))
        card = report_card(
            arrays,
            _arrays(one),
            unseen,
            patch_size=options.patch_size,
            channel_axis=0,
            seed=options.seed,
        )
        yield Comparison(one.name, card.as_dict(), (), {}, (card,), "")
    if card is not None:
        yield from _anchors(card)


def _anchors(card: ReportCard) -> Iterator[Comparison]:
    """Yield the figures of what is best and of what is worst."""
    best = dict.fromkeys(card.noise, 1.0) | {"copies": card.measured["real"]["copies"]}
    for name, figures in zip(ANCHORS, (best, card.noise), strict=True):
        yield Comparison(name, figures, (), {}, (), "")


def _arrays(images: ImageSet) -> list[NDArray[Any]]:
    """Return every frame as an array, channels first."""
    found = []
    for image in images.images:
        for _, place in frames(image, SPATIAL_AXES + "c"):
            data = opaque(image, np.asarray(image.data[place]))
            kept = [axis for axis in image.axes if axis in SPATIAL_AXES + "c"]
            data = np.moveaxis(data, kept.index("c"), 0) if "c" in kept else data[None]
            flat = "z" in kept and data.shape[1] == 1
            found.append(data[:, 0] if flat else data)
    if not found:
        raise InputError(
            f"There is no image in {images.name}; choose another folder or layer."
        )
    return found
