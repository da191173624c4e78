"""A comparison of the pairs in folders, for a worker process."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from napari_morphogen.helping.course import does_it_help
from napari_morphogen.helping.messages import Report, Settings
from napari_morphogen.io.pairs import paired
from napari_morphogen.learning import Files
from napari_morphogen.params import InputError


class Folders(NamedTuple):
    """Where images and their labels are; None where there are none.

    Attributes
    ----------
    images, labels : path or None
        Of real pairs to learn from.
    extra_images, extra_labels : path or None
        Of synthetic pairs.
    test_images, test_labels : path or None
        Of real pairs that are only scored.
    """

    images: Path | None
    labels: Path | None
    extra_images: Path | None
    extra_labels: Path | None
    test_images: Path | None = None
    test_labels: Path | None = None


def compare_folders(folders: Folders, settings: Settings) -> Iterator[Report]:
    """Yield what `does_it_help` does, of the pairs in folders.

    Parameters
    ----------
    folders : Folders
        Pairs have the same names.
    settings : Settings
        How networks are trained.

    Raises
    ------
    InputError
        When a folder is missing, or names do not fit.
    """
    real = _files("real", folders.images, folders.labels)
    extra = _files("synthetic", folders.extra_images, folders.extra_labels)
    unseen = _files("test", folders.test_images, folders.test_labels)
    sets = {"synthetic": extra} if extra else {}
    yield from does_it_help(real, sets, settings, unseen=unseen)


def _files(name: str, images: Path | None, labels: Path | None) -> list[Files]:
    if images is None and labels is None:
        return []
    if images is None or labels is None:
        raise InputError(f"Choose the folder of {name} images and that of its labels.")
    return [Files(image, one) for one, image in paired(labels, images).found]
