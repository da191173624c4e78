"""What the report of a problem needs: versions and settings, no names, no pixels."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from napari_morphogen.params import InputError, parameters
from napari_morphogen.recipe import validated
from napari_morphogen.registry import METHODS

PACKAGES = (
    *("napari-morphogen", "napari", "npe2", "magicgui", "qtpy", "PyQt6", "PySide6"),
    *("PyQt5", "PySide2", "vispy", "numpy", "scipy", "scikit-image", "scikit-learn"),
    *("numba", "dask", "zarr", "tifffile", "torch", "onnxruntime"),
)
ASKED = ("## What I did", "", "## What I expected, and what happened instead", "")


class Part(NamedTuple):
    """A layer or a file, without its name.

    Attributes
    ----------
    what : str
        Kind, shape, type and pixel size.
    recipe : object
        As it was found beside the pixels; None where there was none.
    """

    what: str
    recipe: Any = None


def report(parts: Iterable[Part] = (), more: Iterable[str] = ()) -> str:
    """Return the text to send with a problem.

    Parameters
    ----------
    parts : iterable of Part
        What it happened with.
    more : iterable of str
        Lines that only the caller knows, such as the version of Qt.

    Returns
    -------
    text : str
        Markdown. Names of files, layers, people and folders are left out.

    Examples
    --------
    >>> "## Versions" in report()
    True
    """
    machine = f"{platform.platform()}, {os.cpu_count()} processors"
    lines = [*ASKED, "## Versions", "", machine, *_versions(), *more]
    for part in parts:
        lines += ["", f"## {part.what}", "", _settings(part.recipe)]
    return "\n".join(lines) + "\n"


def _settings(recipe: Any) -> str:
    with suppress(InputError):  # of another program, or none
        steps = [_told(step) for step in validated(recipe)["steps"]]
        return "\n".join(json.dumps(step) for step in steps)
    return "No recipe."


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step of a recipe without what may name a file, a layer or a person."""
    known = {method.name: method for method in METHODS}
    method = known.get(step["method"])
    free = {p.name for p in parameters(method.function) if p.choices} if method else ()
    values = {
        name: value
        for name, value in step["parameters"].items()
        if isinstance(value, float | int | None) or name in free
    }
    return {"method": step["method"], "axes": step.get("axes"), "parameters": values}


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"
