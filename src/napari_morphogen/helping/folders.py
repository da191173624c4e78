"""A comparison of the pairs in folders or layers, for a worker process."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from napari_morphogen.helping.course import does_it_help
from napari_morphogen.helping.messages import Report, Settings
from napari_morphogen.io.pairs import paired
from napari_morphogen.learning import Files, Lesson
from napari_morphogen.params import InputError


class Folders(NamedTuple):
    """Where images and their labels are; None where there are none.

    Attributes
    ----------
    images, labels : path or None
        With files of the same names.
    """

    images: Path | None = None
    labels: Path | None = None


Given = Folders | list[Lesson]


def compare(
    real: Given, synthetic: Given, unseen: Given, settings: Settings
) -> Iterator[Report]:
    """Yield what `does_it_help` does, of pairs in folders or of lessons.

    Parameters
    ----------
    real, synthetic, unseen : Folders or list of Lesson
        To learn from, to add to these, and only to score.
    settings : Settings
        How networks are trained.

    Raises
    ------
    InputError
        When a folder is missing, or names do not fit.
    """
    extra = _pairs("synthetic", synthetic)
    yield from does_it_help(
        _pairs("real", real),
        {"synthetic": extra} if extra else {},
        settings,
        unseen=_pairs("test", unseen),
    )


def _pairs(name: str, given: Given) -> list[Files] | list[Lesson]:
    if not isinstance(given, Folders):
        return given
    images, labels = given
    if images is None and labels is None:
        return []
    if images is None or labels is None:
        raise InputError(f"Choose the folder of {name} images and that of its labels.")
    return [Files(image, one) for one, image in paired(labels, images).found]
