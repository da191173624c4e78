"""Weights and what they mean in one file that cannot run anything."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from napari_morphogen.params import InputError

SUFFIX = ".morphogen"
KEY = "morphogen"  # of the JSON text in the file's metadata
FORMAT = 1
DTYPES = (torch.float32, torch.int64)


def write(path: Path, header: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write a file that is either there as a whole or not at all.

    Parameters
    ----------
    path : Path
        An older file of this name is replaced.
    header : dict
        What JSON can hold.
    tensors : dict of str to Tensor
        Of float32 or int64.

    Raises
    ------
    InputError
        When the file cannot be written.

    Notes
    -----
    The file is of the safetensors format: numbers and text only. The header is
    JSON in its metadata, with a digest of itself and of the numbers.
    """
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    complete = {**header, "format": FORMAT}
    complete["digest"] = _digest(complete, plain)
    content = save(plain, {KEY: json.dumps(complete)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return header and tensors of a file that `write` made.

    Parameters
    ----------
    path : Path
        From anyone: nothing of the file is executed.

    Raises
    ------
    InputError
        When there is no such file, or it is truncated, edited or of another kind.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}; check its name.")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY, "")
            if not text:
                raise _not_ours(path, "it holds no description of a model")
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise _not_ours(path, "it is truncated or of another kind") from error
    header = _header(path, text)
    if any(value.dtype not in DTYPES for value in tensors.values()):
        raise _not_ours(path, "it holds numbers of an unknown type")
    if header.pop("digest", None) != _digest(header, tensors):
        raise _not_ours(path, "its content was changed after it was written")
    return header, tensors


@contextmanager
def described(path: str | Path, what: str) -> Iterator[None]:
    """Say in one sentence when a header does not describe what it should.

    Parameters
    ----------
    path : path
        Of the file that the header is of.
    what : str
        It should describe.

    Raises
    ------
    InputError
        In place of what wrong values raise.
    """
    try:
        yield
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        RuntimeError,
    ) as error:
        raise InputError(
            f"{path} does not describe a usable {what}: {error}. Choose another file "
            "or train it again."
        ) from error


def check_kind(header: dict[str, Any], kind: str) -> None:
    """Raise ValueError when a header is of another kind of file."""
    if header["kind"] != kind:
        raise ValueError(f'it holds another kind, "{header["kind"]}"')


def _header(path: Path, text: str) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _not_ours(path, "its description cannot be read") from error
    if not isinstance(header, dict):
        raise _not_ours(path, "its description cannot be read")
    if header.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {header.get('format')!r}, but this version reads "
            f"format {FORMAT}; update napari-morphogen."
        )
    return header


def _digest(header: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    found = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.numpy().tobytes())
    return found.hexdigest()


def _not_ours(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} is not a usable model file: {reason}. Choose a {SUFFIX} file "
        "or train the model again."
    )
