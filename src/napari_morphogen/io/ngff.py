"""OME-Zarr (NGFF) images and labels, read lazily and written block by block."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.io.pixels import RECIPE, is_labels, native, recipe_metadata
from napari_morphogen.io.units import LENGTHS, PIXEL, TIMES, unit_word
from napari_morphogen.params import InputError
from napari_morphogen.spatial import (
    SPATIAL_AXES,
    SpatialArray,
    as_spatial,
    axes_from_labels,
)

# 0.4 is Zarr format 2: Fiji, MoBIE and OMERO of 2026 open it, and everything that
# reads 0.5 reads it too, while not all of them open Zarr format 3.
VERSION = "0.4"
MARKERS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
SMALL = 512  # pixels along the longer side of the coarsest level
COLOURS = {"red": "FF0000", "green": "00FF00", "blue": "0000FF", "alpha": "FFFFFF"}
BLOSC = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
BROKEN = (ValueError, TypeError, LookupError, AttributeError)


def is_zarr(folder: Path) -> bool:
    """Tell whether a folder is a Zarr group or array."""
    return any((folder / name).is_file() for name in MARKERS)


def read_zarr(path: Path) -> SpatialArray:
    """Return the first image of an OME-Zarr group, or a plain Zarr array."""
    import zarr

    if not is_zarr(path):
        raise InputError(
            f"{path} is no Zarr image; give a file, or a folder ending in .zarr."
        )
    try:
        node = zarr.open(str(path), mode="r")
        if isinstance(node, zarr.Array):
            return as_spatial(_lazy(node))
        if "bioformats2raw.layout" in node.attrs:
            node = node["0"]
        attributes = _attributes(node)
        if "multiscales" in attributes:
            return _image(node, attributes)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(
            f"{path} does not follow OME-Zarr; write it again where it came from."
        ) from error
    what = "a plate" if "plate" in attributes else "a group without an image"
    raise InputError(f"{path} is {what}; give the path of an image inside it.")


def write_zarr(path: Path, image: SpatialArray) -> None:
    """Write an OME-Zarr group with a pyramid."""
    group = begin_zarr(path, image)
    finest = group["0"]
    data = _storable(image.data).transpose(stored_order(image))
    blocks = _dask().asarray(data).rechunk(finest.chunks)
    _dask().store(blocks, finest, lock=False)
    for level in range(1, level_count(group)):
        write_level(group, level)


def begin_zarr(
    path: Path, image: SpatialArray, chunks: Sequence[int] | None = None
) -> Any:
    """Create an OME-Zarr group with a pyramid whose pixels are still to be written.

    Parameters
    ----------
    path : path
        What is there is replaced.
    image : SpatialArray
        Of its data only shape and type matter.
    chunks : sequence of int, optional
        Of all levels, in the order of `stored_order`; about a million pixels each
        by default.

    Returns
    -------
    group : zarr.Group
        Its arrays are called ``"0"``, the finest, ``"1"`` and so on.
    """
    import zarr

    labels = is_labels(image)
    image = _ordered(image)
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    attributes: dict[str, Any] = {
        "multiscales": [
            {
                "version": VERSION,
                "name": image.name,
                "axes": list(map(_axis, image.axes, image.units)),
                "datasets": _begin_levels(group, image, labels, chunks),
                "type": "nearest" if labels else "mean",
            }
        ]
    }
    if labels:
        attributes["image-label"] = {"version": VERSION}
    if image.rgb:
        attributes["omero"] = _rgb_channels(image)
    if recipe := image.metadata.get(RECIPE):
        attributes[RECIPE] = recipe
    group.attrs.update(attributes)
    return group


def level_count(group: Any) -> int:
    """Return how many resolutions a group of `begin_zarr` has."""
    return len(group.attrs["multiscales"][0]["datasets"])


def write_level(group: Any, level: int) -> None:
    """Write one of the coarser resolutions from the one before.

    Parameters
    ----------
    group : zarr.Group
        Of `begin_zarr`.
    level : int
        From 1.
    """
    finer, array = group[str(level - 1)], group[str(level)]
    labels = "image-label" in group.attrs
    data = _coarser(_dask().from_zarr(finer), _factors(finer.shape), labels)
    _dask().store(data.rechunk(array.chunks), array, lock=False)


def stored_order(image: SpatialArray) -> list[int]:
    """Return which axis of an image stands where in OME-Zarr.

    Raises
    ------
    InputError
        When OME-Zarr has no place for all of them.

    Examples
    --------
    >>> stored_order(SpatialArray(np.zeros((4, 4, 3)), "yxc"))
    [2, 0, 1]
    """
    return [image.axes.index(axis) for axis in _spec_axes(image)]


def _attributes(group: Any) -> Mapping[str, Any]:
    attributes = dict(group.attrs)
    return attributes | dict(attributes.get("ome", {}))


def _image(group: Any, attributes: Mapping[str, Any]) -> SpatialArray:
    multiscale = attributes["multiscales"][0]
    datasets = multiscale["datasets"]
    levels = [_lazy(group[dataset["path"]]) for dataset in datasets]
    names, units = _axis_names(multiscale, levels[0].ndim)
    letters = "".join(names).lower()
    axes = letters if len(letters) == len(names) else axes_from_labels(names)
    if axes is None or not {"y", "x"} <= set(axes):
        raise InputError(
            f"The Zarr image has the axes {', '.join(names)}; write it again with axes "
            "named y and x."
        )
    scale, translate = _transform(multiscale, datasets[0], len(axes))
    metadata = recipe_metadata(attributes.get(RECIPE))
    if "image-label" in attributes:
        metadata["kind"] = "labels"
    rgb = "c" in axes and _is_rgb(attributes, levels[0].shape[axes.index("c")])
    order = _memory_order(axes, rgb)
    levels = [level.transpose(order) for level in levels]
    if len(levels) > 1:
        metadata["levels"] = levels
    return SpatialArray(
        levels[0],
        "".join(axes[i] for i in order),
        scale=tuple(scale[i] for i in order),
        translate=tuple(translate[i] for i in order),
        units=tuple(units[i] for i in order),
        rgb=rgb,
        metadata=metadata,
    )


def _lazy(array: Any) -> Any:
    return native(_dask().from_zarr(array))


def _dask() -> Any:
    import dask.array

    return dask.array


def _axis_names(multiscale: Any, ndim: int) -> tuple[list[str], list[str]]:
    axes = multiscale.get("axes", list("tczyx")[-ndim:])  # before 0.3 there are none
    if len(axes) != ndim:
        raise ValueError(f"{len(axes)} axes for an array of {ndim}")
    found = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in axes]
    return [str(axis["name"]) for axis in found], [
        unit_word(axis.get("unit", PIXEL)) for axis in found
    ]


def _transform(
    multiscale: Any, dataset: Any, ndim: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    scale, translate = np.ones(ndim), np.zeros(ndim)
    for owner in (dataset, multiscale):
        for step in owner.get("coordinateTransformations", ()):
            if "scale" in step:
                factor = np.broadcast_to(np.asarray(step["scale"], float), ndim)
                scale, translate = scale * factor, translate * factor
            elif "translation" in step:
                translate = translate + np.asarray(step["translation"], float)
    return tuple(scale.tolist()), tuple(translate.tolist())


def _is_rgb(attributes: Mapping[str, Any], size: int) -> bool:
    channels = attributes.get("omero", {}).get("channels", ())
    names = [str(channel.get("label", "")).lower() for channel in channels]
    return size in (3, 4) and names == list(COLOURS)[:size]


def _memory_order(axes: str, rgb: bool) -> list[int]:
    spatial = iter(a for a in SPATIAL_AXES if a in axes)
    names = [next(spatial) if a in SPATIAL_AXES else a for a in axes]
    if rgb:
        names = [*(a for a in names if a != "c"), "c"]
    return [axes.index(a) for a in names]


def _spec_axes(image: SpatialArray) -> str:
    """Return the axes in the order that OME-Zarr demands."""
    spatial = "".join(axis for axis in image.axes if axis in SPATIAL_AXES)
    others = [axis for axis in image.axes if axis not in f"t{SPATIAL_AXES}"]
    if len(others) > 1:
        raise InputError(
            f'OME-Zarr has no place for all axes of "{image.axes}"; '
            f'besides t, z, y and x it holds one, not "{"".join(others)}".'
        )
    return "t" * ("t" in image.axes) + "".join(others) + spatial


def _ordered(image: SpatialArray) -> SpatialArray:
    """Return an image without pixels, as it will lie in the file."""
    order = stored_order(image)
    axes = "".join(image.axes[i] for i in order)
    shape = [image.data.shape[i] for i in order]
    dtype = _storable(np.zeros(0, image.data.dtype)).dtype
    moved = image.like(np.broadcast_to(np.zeros((), dtype), shape), axes)
    return replace(moved, rgb=image.rgb)


def _storable(data: Any) -> Any:
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind == "f" and data.dtype.itemsize not in (4, 8):
        return data.astype(np.float32 if data.dtype.itemsize < 4 else np.float64)
    return data


def _begin_levels(
    group: Any, image: SpatialArray, labels: bool, chunks: Sequence[int] | None
) -> list[Any]:
    """Create the arrays of all levels and return what the group says of them."""
    shape = image.data.shape
    scale, translate = np.array(image.scale), np.array(image.translate)
    datasets: list[Any] = []
    while True:
        name = str(len(datasets))
        usual = chunks or _chunks(shape, image.axes)
        group.create_array(
            name,
            shape=shape,
            chunks=tuple(max(1, min(pair)) for pair in zip(usual, shape, strict=True)),
            dtype=image.data.dtype,
            chunk_key_encoding={"name": "v2", "separator": "/"},
            compressors=BLOSC,
        )
        datasets.append(_dataset(name, scale, translate))
        if max(shape[-2:]) < SMALL:
            return datasets
        factors = _factors(shape)
        if not labels:  # a mean lies in the middle of its pixels
            translate = translate + (factors - 1) / 2 * scale
        scale = scale * factors
        rest = factors - 1 if labels else 0  # labels keep the last pixel, too
        shape = tuple(((np.array(shape) + rest) // factors).tolist())


def _factors(shape: Sequence[int]) -> Any:
    """Return by how much the next level is coarser."""
    factors = np.ones(len(shape), int)
    factors[-2:] = [2 if side > 1 else 1 for side in shape[-2:]]
    return factors


def _chunks(shape: Sequence[int], axes: str) -> tuple[int, ...]:
    """Return chunks of about a million pixels."""
    volume = "z" in axes and shape[axes.index("z")] > 1
    sides = {"z": 16, "y": 256, "x": 256} if volume else {"y": 1024, "x": 1024}
    return tuple(
        min(size, sides.get(axis, 1)) for axis, size in zip(axes, shape, strict=True)
    )


def _coarser(data: Any, factors: Any, labels: bool) -> Any:
    if labels:
        return data[tuple(slice(None, None, int(factor)) for factor in factors)]
    steps = {axis: int(factor) for axis, factor in enumerate(factors) if factor > 1}
    mean = _dask().coarsen(np.mean, data, steps, trim_excess=True)
    if data.dtype.kind in "ui":
        mean = mean.round()
    return mean.astype(data.dtype)


def _dataset(path: str, scale: Any, translate: Any) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": scale.tolist()}]
    if np.any(translate):
        steps.append({"type": "translation", "translation": translate.tolist()})
    return {"path": path, "coordinateTransformations": steps}


def _axis(name: str, unit: str) -> dict[str, str]:
    kind = "space" if name in SPATIAL_AXES else {"t": "time", "c": "channel"}.get(name)
    axis = {"name": name} | ({"type": kind} if kind else {})
    word = unit_word(unit)
    if (kind == "space" and word in LENGTHS) or (kind == "time" and word in TIMES):
        axis["unit"] = word
    return axis


def _rgb_channels(image: SpatialArray) -> dict[str, Any]:
    dtype = image.data.dtype
    end = int(np.iinfo(dtype).max) if dtype.kind in "ui" else 1
    window = {"start": 0, "end": end, "min": 0, "max": end}
    count = image.data.shape[image.axes.index("c")]
    return {
        "version": VERSION,
        "channels": [
            {"label": name, "color": color, "window": window, "active": name != "alpha"}
            for name, color in list(COLOURS.items())[:count]
        ],
        "rdefs": {"model": "color"},
    }
