"""Models and examples of classes of objects in files."""

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

from napari_morphogen.io.disk import check_target, replacing
from napari_morphogen.model_files import description
from napari_morphogen.params import InputError


def save_model(model: Path, path: Path) -> str:
    """Copy a model to where a user wants it; return what to say.

    Raises
    ------
    InputError
        When it cannot be written there.
    """
    check_target(path, folder=False, overwrite=True)
    try:
        with replacing(path) as aside:
            shutil.copyfile(model, aside)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error
    return f"Saved {path}."


def save_given(given: Mapping[tuple[int, int], str], several: bool, path: Path) -> str:
    """Write given classes as CSV; return what to say.

    Parameters
    ----------
    given : mapping of (int, int) to str
        By the numbers of frame and object.
    several : bool
        Whether there are several frames.
    path : path
        Of the file.

    Raises
    ------
    InputError
        When it cannot be written there.
    """
    check_target(path, folder=False, overwrite=True)
    head = ("object", "class", "frame") if several else ("object", "class")
    rows = [(number, name, frame) for (frame, number), name in sorted(given.items())]
    try:
        with (
            replacing(path) as aside,
            aside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(head)
            writer.writerows(row[: len(head)] for row in rows)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error
    return f"Saved {path}."


def model_classes(path: Path) -> tuple[str, ...]:
    """Return the names of the classes that a model tells apart.

    Raises
    ------
    InputError
        When the file holds no classifier of objects.
    """
    header = description(path)
    names = header.get("classes")
    if header.get("kind") != "object classifier" or not isinstance(names, list):
        raise InputError(f"{path} holds no classes of objects; choose another file.")
    return tuple(map(str, names))
