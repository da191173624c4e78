"""Find shapes in images and make new ones: a napari plugin, a library, a command."""

from typing import TYPE_CHECKING, Any

from napari_morphogen.params import InputError
from napari_morphogen.recipe import product_version
from napari_morphogen.spatial import SpatialArray, as_spatial

if TYPE_CHECKING:
    from napari_morphogen.io import read, write
    from napari_morphogen.measurements import measure
    from napari_morphogen.pipeline import run
    from napari_morphogen.recipe import replay
    from napari_morphogen.registry import METHODS

__version__ = product_version()
__all__ = [
    "METHODS", "InputError", "SpatialArray", "as_spatial",
    "measure", "read", "replay", "run", "write",
]  # fmt: skip

_HOMES = {
    "METHODS": "registry",
    "measure": "measurements",
    "read": "io",
    "replay": "recipe",
    "run": "pipeline",
    "write": "io",
}


def __getattr__(name: str) -> Any:  # heavy imports wait until something is used
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
