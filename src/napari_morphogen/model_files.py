"""What a model file says of itself, read without loading the model."""

import json
import struct
from pathlib import Path
from typing import Any

from napari_morphogen.export.foreign_files import said_of
from napari_morphogen.params import InputError
from napari_morphogen.segment import stroke_files
from napari_morphogen.segment.models import FOREIGN, METHOD_OF

LARGEST = 2**24  # bytes of a description
KEY = "morphogen"


def description(path: Path) -> dict[str, Any]:
    """Return what a model file says of itself, whatever kind it is of.

    Parameters
    ----------
    path : path
        From anyone: nothing of the file is executed.

    Raises
    ------
    InputError
        When the file is of another kind.

    Notes
    -----
    A `.morphogen` file is of the safetensors format: its first eight bytes are the
    length of a JSON text, whose metadata hold the description.
    """
    if path.suffix.lower() in FOREIGN:
        return dict(said_of(path)) or {"kind": "network of others", "task": "maps"}
    if path.suffix.lower() == stroke_files.SUFFIX:
        return stroke_files.said_of(path)
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LARGEST:
                raise ValueError
            found = json.loads(file.read(length))["__metadata__"][KEY]
        header = json.loads(found)
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror}; choose another file."
        ) from error
    except (ValueError, KeyError, TypeError, struct.error, RecursionError) as error:
        raise InputError(f"{path} is no model file; choose another one.") from error
    return header if isinstance(header, dict) else {}


def task_of(path: Path) -> str:
    """Return what the network of a file was trained for.

    Raises
    ------
    InputError
        When it segments no images.
    """
    task = description(path).get("task")
    if task not in METHOD_OF:
        raise InputError(
            f"{path} holds no network that segments images; choose another file."
        )
    return str(task)
