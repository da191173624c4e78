"""What an ONNX file would make a program do, found out without doing it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from napari_morphogen.params import InputError

KEY = "morphogen"  # of our own words in the metadata of a file
LARGEST = 2**31  # bytes of a file; more cannot be one message
DEEPEST = 64  # branches within branches
DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
VARINT, WIDE, BYTES, NARROW = 0, 1, 2, 5  # kinds of fields
# numbers of fields, as the ONNX format defines them
GRAPH, METADATA, FUNCTIONS = 7, 14, 25  # of a model
NODES, CONSTANTS, SPARSE = 1, 5, 15  # of a graph
ATTRIBUTES, DOMAIN = 5, 7  # of a node
TENSORS, GRAPHS, SPARSE_TENSORS = (5, 10), (6, 11), (22, 23)  # of an attribute
EXTERNAL, PLACE = 13, 14  # of a tensor
PARTS = (1, 2)  # of a sparse tensor


class Field(NamedTuple):
    """A field of a message.

    Attributes
    ----------
    number : int
        Of the field.
    value : bytes or int
        As it stands there.
    """

    number: int
    value: bytes | int


def checked_bytes(path: Path) -> bytes:
    """Return the content of an ONNX file that uses nothing outside itself.

    Parameters
    ----------
    path : Path
        From anyone.

    Raises
    ------
    InputError
        When the file is none, is cut short, is too large, reads other files, or
        calls for operators that are not ONNX's own.

    Notes
    -----
    Weights in other files could be any file of this machine, and operators of
    others are libraries that would have to be loaded. Only the frame of the file is
    read here; it is a tree of numbered fields.
    """
    try:
        if path.stat().st_size >= LARGEST:
            raise InputError(
                f"{path} is larger than an ONNX file can be, 2 GB; choose another."
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror}; choose another file."
        ) from error
    return checked(content, path)


def checked(content: bytes, path: Path) -> bytes:
    """Return the content of an ONNX file if it uses nothing outside itself.

    Parameters
    ----------
    content : bytes
        From anyone.
    path : Path
        Named in messages.

    Raises
    ------
    InputError
        As of `checked_bytes`.
    """
    try:
        problem = _problem_of_model(content)
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{path} is no ONNX file, or it was cut short; choose another file."
        ) from error
    if problem:
        raise InputError(f"{path} was not opened: {problem}.")
    return content


def metadata(content: bytes) -> dict[str, Any]:
    """Return what an exported file says of itself; empty for files of others.

    Parameters
    ----------
    content : bytes
        Of `checked_bytes`.
    """
    for number, value in _fields(content):
        if number == METADATA:
            entry = dict(_fields(value))
            if entry.get(1) == KEY.encode():
                return _as_dict(_bytes(entry.get(2, b"")))
    return {}


def _as_dict(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _problem_of_model(content: bytes) -> str:
    found = list(_fields(content))
    graphs = [field.value for field in found if field.number == GRAPH]
    if len(graphs) != 1:
        raise ValueError("no graph")
    if any(field.number == FUNCTIONS for field in found):
        return "it defines functions of its own; ask for one without them"
    return _problem_of_graph(graphs[0], 0)


def _problem_of_graph(content: bytes | int, depth: int) -> str:
    if depth > DEEPEST:
        return f"its branches lie more than {DEEPEST} deep; ask for a simpler one"
    for number, value in _fields(content):
        problem = ""
        if number == NODES:
            problem = _problem_of_node(value, depth)
        elif number == CONSTANTS:
            problem = _problem_of_tensor(value)
        elif number == SPARSE:
            problem = _problem_of_parts(value)
        if problem:
            return problem
    return ""


def _problem_of_node(content: bytes | int, depth: int) -> str:
    for number, value in _fields(content):
        if number == DOMAIN and _bytes(value).decode("utf-8", "replace") not in DOMAINS:
            name = _bytes(value).decode("utf-8", "replace")
            return (
                f'it calls for operators of "{name[:40]}", which are foreign code; '
                "ask for one without them"
            )
        if number == ATTRIBUTES:
            problem = _problem_of_attribute(value, depth)
            if problem:
                return problem
    return ""


def _problem_of_attribute(content: bytes | int, depth: int) -> str:
    for number, value in _fields(content):
        problem = ""
        if number in TENSORS:
            problem = _problem_of_tensor(value)
        elif number in GRAPHS:
            problem = _problem_of_graph(value, depth + 1)
        elif number in SPARSE_TENSORS:
            problem = _problem_of_parts(value)
        if problem:
            return problem
    return ""


def _problem_of_parts(content: bytes | int) -> str:
    parts = [value for number, value in _fields(content) if number in PARTS]
    return next(filter(None, map(_problem_of_tensor, parts)), "")


def _problem_of_tensor(content: bytes | int) -> str:
    for number, value in _fields(content):
        if number == EXTERNAL or (number == PLACE and value != 0):
            return "it keeps weights in another file; ask for one with all weights"
    return ""


def _fields(content: bytes | int) -> Iterator[Field]:
    """Yield the fields of a message; ValueError when it is none."""
    message, at = _bytes(content), 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            number, at = _varint(message, at)
            yield Field(tag >> 3, number)
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (WIDE, NARROW):
            length = 8 if kind == WIDE else 4
        else:
            raise ValueError("an unknown kind of field")
        if at + length > len(message):
            raise ValueError("a field longer than its message")
        yield Field(tag >> 3, bytes(message[at : at + length]))
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number without end")


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number in place of a message")
    return value
