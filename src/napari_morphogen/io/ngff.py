"""OME-Zarr (NGFF) images and labels, read lazily and written block by block."""

from collections.abc import Mapping, Sequence
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
    import zarr

    labels = is_labels(image)
    image = _ordered(image, _spec_axes(image))
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    levels = _write_levels(group, image, labels)
    attributes: dict[str, Any] = {
        "multiscales": [
            {
                "version": VERSION,
                "name": image.name,
                "axes": list(map(_axis, image.axes, image.units)),
                "datasets": levels,
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
            f"The Zarr image has the axes {', '.join(names)}; it needs y and x."
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


def _ordered(image: SpatialArray, axes: str) -> SpatialArray:
    order = [image.axes.index(axis) for axis in axes]
    rgb = image.rgb
    moved = image.like(_storable(image.data).transpose(order), axes)
    return SpatialArray(
        moved.data, axes, moved.scale, moved.translate, units=moved.units,
        rgb=rgb, name=image.name, metadata=image.metadata,
    )  # fmt: skip


def _storable(data: Any) -> Any:
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind == "f" and data.dtype.itemsize not in (4, 8):
        return data.astype(np.float32 if data.dtype.itemsize < 4 else np.float64)
    return data


def _write_levels(group: Any, image: SpatialArray, labels: bool) -> list[Any]:
    data = image.data
    scale, translate = np.array(image.scale), np.array(image.translate)
    datasets: list[Any] = []
    while True:
        array = _store(group, str(len(datasets)), data, image.axes)
        datasets.append(_dataset(array.path.rsplit("/")[-1], scale, translate))
        sides = array.shape[-2:]
        if max(sides) < SMALL:
            return datasets
        factors = np.ones(data.ndim, int)
        factors[-2:] = [2 if side > 1 else 1 for side in sides]
        data = _coarser(_dask().from_zarr(array), factors, labels)
        if not labels:  # a mean lies in the middle of its pixels
            translate = translate + (factors - 1) / 2 * scale
        scale = scale * factors


def _store(group: Any, name: str, data: Any, axes: str) -> Any:
    chunks = _chunks(data.shape, axes)
    array = group.create_array(
        name,
        shape=data.shape,
        chunks=chunks,
        dtype=data.dtype,
        chunk_key_encoding={"name": "v2", "separator": "/"},
        compressors=BLOSC,
    )
    blocks = _dask().asarray(data).rechunk(chunks)
    _dask().store(blocks, array, lock=False)
    return array


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
