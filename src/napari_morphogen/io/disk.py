"""Files that appear complete or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from napari_morphogen.io.ngff import is_zarr
from napari_morphogen.params import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name, and move what is there to `path` unless it fails.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "a.txt")) as temporary:
    ...         _ = temporary.write_text("whole")
    ...     os.listdir(folder)
    ['a.txt']
    """
    target = Path(os.path.realpath(path))  # keep a symbolic link, replace its file
    temporary = _hidden(target)
    try:
        yield temporary
        moved(temporary, target)
    finally:
        _remove(temporary)


def check_target(path: Path, *, folder: bool, overwrite: bool) -> None:
    """Raise InputError unless a file or `folder` may be written at `path`."""
    parent = path.parent
    if not parent.is_dir():
        raise InputError(f"There is no folder {parent}; create it first.")
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"{path} exists; choose another name or allow to overwrite.")
    if folder and not path.is_dir():
        raise InputError(f"{path} is a file, not a Zarr folder; choose another name.")
    if not folder and path.is_dir():
        raise InputError(f"{path} is a folder; choose another name.")
    # Someone's folder that only happens to be called .zarr must not be deleted.
    if folder and any(path.iterdir()) and not is_zarr(path):
        raise InputError(
            f"{path} is a folder with other things than a Zarr image; "
            "choose another name."
        )


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; raise InputError where that is impossible.

    Parameters
    ----------
    path : path
        A file there is replaced.
    text : str
        Line ends are kept.
    """
    check_target(path, folder=False, overwrite=True)
    try:
        with replacing(path) as aside:
            aside.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error


def moved(temporary: Path, target: Path) -> None:
    """Put a file or folder in the place of what is at `target`, if anything is."""
    if not target.is_dir():
        os.replace(temporary, target)
        return
    old = _hidden(target)
    os.replace(target, old)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _hidden(target: Path) -> Path:
    return target.with_name(f".{uuid4().hex}.part")
