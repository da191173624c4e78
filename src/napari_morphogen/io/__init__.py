"""Images in files: TIFF, OME-Zarr, PNG, JPEG and NumPy, geometry included."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.io import ngff, shapes, small, tiff
from napari_morphogen.io.disk import check_target, replacing
from napari_morphogen.io.pixels import check_pixels, native
from napari_morphogen.params import InputError
from napari_morphogen.spatial import (
    SPATIAL_AXES,
    SpatialArray,
    Vertices,
    as_spatial,
    looks_rgb,
)

_READERS: dict[str, Callable[[Path], SpatialArray]] = {
    ".tif": tiff.read_tiff,
    ".tiff": tiff.read_tiff,
    ".btf": tiff.read_tiff,
    ".png": small.read_picture,
    ".jpg": small.read_picture,
    ".jpeg": small.read_picture,
    ".npy": small.read_npy,
    ".zarr": ngff.read_zarr,
}
_WRITERS: dict[str, Callable[[Path, SpatialArray], None]] = {
    ".tif": tiff.write_tiff,
    ".tiff": tiff.write_tiff,
    ".btf": tiff.write_tiff,
    ".png": small.write_png,
    ".npy": small.write_npy,
    ".zarr": ngff.write_zarr,
}
READABLE = tuple(_READERS)
WRITABLE = tuple(_WRITERS)

__all__ = ["READABLE", "WRITABLE", "image_paths", "is_readable", "read", "write"]


def read(path: str | os.PathLike[str], *, axes: str | None = None) -> SpatialArray:
    """Return the image in a file or in an OME-Zarr folder.

    Parameters
    ----------
    path : path
        A file that ends in one of `READABLE`, or a Zarr folder.
    axes : str, optional
        One letter per axis, such as ``"tyx"``, where the file is silent or
        wrong. An axis that changes its meaning loses its size and unit.

    Returns
    -------
    SpatialArray
        OME-Zarr and TIFF of more than a gigabyte give a lazy dask array, and where
        an OME-Zarr holds several resolutions all of them as
        ``metadata["levels"]``, the finest first; everything else gives NumPy.
        ``metadata["path"]`` is the path and ``metadata["morphogen"]``
        the recipe of a result.

    Raises
    ------
    InputError
        When the file is missing, damaged, of an unknown format or no image.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write(Path(folder, "stack.npy"), np.zeros((5, 8, 8)))
    ...     read(path).axes, read(path, axes="tyx").axes
    ('zyx', 'tyx')
    """
    path = Path(path)
    reader = _reader(path)
    try:
        image = reader(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {_reason(error)}; choose another file."
        ) from error
    except MemoryError as error:
        raise InputError(
            f"{path} does not fit into memory; convert it to .ome.zarr."
        ) from error
    check_pixels(image.data, str(path))
    image = replace(
        image,
        data=native(image.data),
        name=image.name or _stem(path),
        metadata={**image.metadata, "path": str(path)},
    )
    return image if axes is None else _with_axes(image, axes)


def write(
    path: str | os.PathLike[str], image: SpatialArray | Any, *, overwrite: bool = True
) -> Path:
    """Write an image with its geometry and its recipe; return the path.

    The file appears complete or not at all.

    Parameters
    ----------
    path : path
        The ending chooses the format, one of `WRITABLE`, or ``.csv`` for shapes
        (the table of vertices that napari opens); ``.tif`` is an
        OME-TIFF and ``.zarr`` an OME-Zarr with a pyramid, written block by block.
        The other formats need the whole image in memory.
    image : SpatialArray or array
        Rotation and shear are not stored; TIFF and PNG hold no flips, TIFF no
        time step without a unit of time, ``.npy`` the values alone.
        ``metadata["morphogen"]`` is the recipe, a JSON-serialisable mapping;
        ``metadata["kind"]``, ``"labels"`` or ``"image"``, overrules the guess
        that booleans and integers of 32 bits and more are labels.
    overwrite : bool
        Replace what is there.

    Raises
    ------
    InputError
        When the format is unknown or cannot hold the image, or when the place
        cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> cells = SpatialArray(
    ...     np.eye(8, dtype="int32"), "yx", scale=(0.5, 0.5), units=("micrometer",) * 2
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     back = read(write(Path(folder, "cells.tif"), cells))
    >>> back.scale, back.units
    ((0.5, 0.5), ('micrometer', 'micrometer'))
    """
    path = Path(path)
    image = as_spatial(image)
    writer = _writer(path, image)
    if not isinstance(image, Vertices):
        check_pixels(image.data, "The image")
    check_target(path, folder=writer is ngff.write_zarr, overwrite=overwrite)
    try:
        with replacing(path) as temporary:
            writer(temporary, replace(image, name=image.name or _stem(path)))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {_reason(error)}; choose another place."
        ) from error
    return path


def is_readable(path: str | os.PathLike[str]) -> bool:
    """Tell by its name, or by what a folder holds, whether `path` may be an image.

    Examples
    --------
    >>> is_readable("cells.ome.tif"), is_readable("cells.csv")
    (True, False)
    """
    path = Path(path)
    if path.is_dir():
        return path.suffix.lower() == ".zarr" or ngff.is_zarr(path)
    return path.suffix.lower() in READABLE


def image_paths(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[Path]:
    """Return the images among `paths`; a folder stands for those directly in it.

    Parameters
    ----------
    paths : path or iterable of path
        Files keep their order, those of a folder are sorted by name. A Zarr
        folder is one image; hidden files are left out.

    Raises
    ------
    InputError
        When a path is missing or no image, or a folder holds none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.tif", "a.png", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     [path.name for path in image_paths(folder)]
    ['a.png', 'b.tif']
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    return [image for path in paths for image in _images(Path(path))]


def _images(path: Path) -> list[Path]:
    _check_exists(path)
    if is_readable(path):
        return [path]
    if not path.is_dir():
        raise InputError(_unknown_format(path))
    entries = (entry for entry in path.iterdir() if not entry.name.startswith("."))
    images = sorted(entry for entry in entries if is_readable(entry))
    if not images:
        raise InputError(
            f"The folder {path} holds no image; "
            f"images end in one of {', '.join(READABLE)}."
        )
    return images


def _reader(path: Path) -> Callable[[Path], SpatialArray]:
    _check_exists(path)
    if path.is_dir():
        return ngff.read_zarr
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(_unknown_format(path))
    return reader


def _writer(path: Path, image: SpatialArray) -> Callable[[Path, Any], None]:
    drawn = isinstance(image, Vertices)
    known = {".csv": shapes.write_csv} if drawn else _WRITERS
    if path.suffix.lower() not in known:
        raise InputError(
            f"{path.name} ends in no format that {'shapes' if drawn else 'images'} "
            f"can be written in; use one of {', '.join(known)}."
        )
    return known[path.suffix.lower()]


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise InputError(f"There is no file or folder {path}; check its name.")


def _unknown_format(path: Path) -> str:
    return (
        f"{path.name} ends in no format that can be read; "
        f"convert it to one of {', '.join(READABLE)}."
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _stem(path: Path) -> str:
    stem = path.absolute().stem
    return stem[:-4] if stem.lower().endswith(".ome") else stem


def _with_axes(image: SpatialArray, axes: str) -> SpatialArray:
    renamed = as_spatial(image, axes)
    # A time series stored as a stack has a plane distance that means nothing.
    kept = [
        old == new or {old, new} <= set(SPATIAL_AXES)
        for old, new in zip(image.axes, axes, strict=True)
    ]
    return replace(
        renamed,
        scale=tuple(np.where(kept, image.scale, 1.0)),
        translate=tuple(np.where(kept, image.translate, 0.0)),
        units=tuple(np.where(kept, image.units, "pixel")),
        axis_labels=(),
        rgb=axes.endswith("c") and (image.rgb or looks_rgb(image.data)),
    )
