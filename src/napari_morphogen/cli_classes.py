"""Tables that say of which class images or objects are, as commands take them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_morphogen.object_classes import EVERY, Frames, class_map
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

Row = dict[str, str]


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV file by the names of its columns, in small letters.

    Parameters
    ----------
    path : path
        Of the file; commas, semicolons or tabulators part its cells.
    columns : sequence of str
        That it has to have.

    Raises
    ------
    InputError
        When it cannot be read or has no such columns.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        header = lines[0] if lines else ""
        cells = list(csv.reader(lines, delimiter=max(",;\t", key=header.count)))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}; check its name.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as a table ({error}); save it as CSV in UTF-8."
        ) from error
    names = [name.strip().lower() for name in (cells[0] if cells else [])]
    if not set(columns) <= set(names):
        raise InputError(
            f"{path} has no columns {','.join(columns)} in its first line, but "
            f'"{header}"; name the columns so.'
        )
    rows = ((cell.strip() for cell in row) for row in cells[1:])
    return [dict(zip(names, row, strict=False)) for row in rows]


def image_classes(path: Path, images: Sequence[Path]) -> list[str]:
    """Return the class of every image from a table of files and classes.

    Parameters
    ----------
    path : path
        With the columns ``file`` and ``class``.
    images : sequence of path
        A row is of the image whose path ends like its ``file``.

    Raises
    ------
    InputError
        When an image has no class, or several, or the classes are of objects.
    """
    rows = read_rows(path, ("file", "class"))
    if rows and "object" in rows[0]:
        raise InputError(
            f"{path} has classes of objects; give the labels of the images as well, "
            "or leave out its column object."
        )
    return [_class_of(image, rows, path) for image in images]


def _class_of(image: Path, rows: Sequence[Row], table: Path) -> str:
    found = {row.get("class", "") for row in rows if _is_of(row, image)} - {""}
    if len(found) == 1:
        return found.pop()
    if found:
        raise InputError(
            f"{table} has several classes for {image}: {', '.join(sorted(found))}; "
            "write folders before the names of its files."
        )
    raise InputError(f"{table} has no class for {image.name}; add a row.")


def _is_of(row: Row, image: Path) -> bool:
    parts = Path(row.get("file", "")).parts
    return bool(parts) and image.absolute().parts[-len(parts) :] == parts


def object_classes(path: Path, image: Path | None = None) -> dict[tuple[int, int], str]:
    """Return the classes in a table, by the numbers of frame and object.

    Parameters
    ----------
    path : path
        With the columns ``object`` and ``class``. Without a column ``frame`` a
        class holds in every frame in which the object is. Rows without a class
        are left out.
    image : path, optional
        Where there is a column ``file``, only rows of this image count.

    Raises
    ------
    InputError
        When a column is missing, a number is none, or an object has two classes.
    """
    found: dict[tuple[int, int], str] = {}
    for number, row in enumerate(read_rows(path, ("object", "class")), 2):
        name = row.get("class", "")
        if not name or (image and "file" in row and not _is_of(row, image)):
            continue
        where = f"Line {number} of {path}"
        key = _number(row, "frame", where), _number(row, "object", where)
        if found.setdefault(key, name) != name:
            raise InputError(
                f"Object {key[1]} has two classes in {path}, {found[key]} and "
                f"{name} (line {number}); keep one."
            )
    return found


def _number(row: Row, column: str, where: str) -> int:
    text = row.get(column, str(EVERY) if column == "frame" else "")
    try:
        return int(text.removesuffix(".0"))  # spreadsheets write whole numbers so
    except ValueError as error:
        raise InputError(
            f'{where} has "{text}" as its {column}; write a whole number.'
        ) from error


def class_images(
    path: Path, images: Sequence[Path], labels: Sequence[Path]
) -> tuple[list[SpatialArray], dict[int, str]]:
    """Return images of classes, from a table of objects and labels, and their names.

    Parameters
    ----------
    path : path
        As of `object_classes`.
    images, labels : sequence of path
        Files, in one order.

    Raises
    ------
    InputError
        As `object_classes`, and when an image has no object with a class.
    """
    from napari_morphogen.io import read

    tables = [object_classes(path, image) for image in images]
    names = sorted({name for table in tables for name in table.values()})
    codes = {name: number for number, name in enumerate(names, 1)}
    found = []
    for table, image, file in zip(tables, images, labels, strict=True):
        found.append(_shown(read(file), {key: codes[table[key]] for key in table}))
        if not found[-1].data.any():
            raise InputError(
                f"{path} has no class of an object in {file.name}, the labels of "
                f"{image.name}; add rows."
            )
    return found, dict(enumerate(names, 1))


def _shown(objects: SpatialArray, codes: Mapping[tuple[int, int], int]) -> SpatialArray:
    """Return the numbers of classes on the pixels of objects."""
    frames = Frames(objects, objects.axes)
    every = {number: code for (frame, number), code in codes.items() if frame == EVERY}
    shown = np.zeros(objects.data.shape, np.int32)
    all_of = {
        (frame, number): code
        for number, code in every.items()
        for frame in range(len(frames))
    }
    for place, numbers in class_map(frames, all_of | dict(codes)):
        shown[place] = numbers
    return objects.like(shown)
