"""Where models lie that nobody has saved under a name of their own yet."""

import re
import time
from pathlib import Path

from qtpy.QtCore import QStandardPaths

from napari_morphogen.params import InputError


def new_model_path(name: str, kind: str, suffix: str = ".morphogen") -> Path:
    """Return a path of the user's data folder that no model has yet.

    Parameters
    ----------
    name : str
        Of what is learnt from.
    kind : str
        What is trained.
    suffix : str
        What the file ends in.

    Raises
    ------
    InputError
        When the folder cannot be made.
    """
    place = QStandardPaths.StandardLocation.GenericDataLocation
    folder = Path(QStandardPaths.writableLocation(place), "napari-morphogen")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Cannot make {folder}: {error.strerror}; allow writing there."
        ) from error
    plain = re.sub(r"\W+", "_", name).strip("_") or "image"
    now = time.strftime("%Y%m%d-%H%M%S")
    stem = f"{plain}_{kind}_{now}"
    path, count = folder / f"{stem}{suffix}", 1
    while path.exists():  # of the same second
        count += 1
        path = folder / f"{stem}_{count}{suffix}"
    return path
