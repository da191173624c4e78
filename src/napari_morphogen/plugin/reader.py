"""OME-Zarr and TIFF as layers, with all resolutions and the pixel size."""

import os
from collections.abc import Callable, Sequence
from typing import Any

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
ENDINGS = (".zarr", ".tif", ".tiff", ".btf")


def get_reader(path: Paths) -> Callable[[Paths], list[Any]] | None:
    """Return what reads a path for napari, or None when nothing here does.

    Parameters
    ----------
    path : path or list of path
        What the user opens; several are no stack here.
    """
    if not isinstance(path, (str, os.PathLike)):
        return None
    known = os.fspath(path).rstrip("/\\").lower().endswith(ENDINGS)
    return read_layers if known else None


def read_layers(path: Paths) -> list[Any]:
    """Return the layer of a file as napari takes it: data, attributes, type.

    Parameters
    ----------
    path : path
        That `get_reader` takes. Large ones are not loaded.

    Raises
    ------
    InputError
        When the file is damaged or no image; napari shows the sentence.
    """
    from napari_morphogen.io import read
    from napari_morphogen.io.pixels import is_labels
    from napari_morphogen.plugin import layers

    assert isinstance(path, (str, os.PathLike))
    image = read(path)
    makes = "labels" if is_labels(image) else "image"
    data, attributes, kind = layers.layer_data(image, makes, image)
    levels = attributes["metadata"].pop("levels", None)
    if levels is not None:
        data, attributes["multiscale"] = levels, True
    return [(data, attributes, kind)]
