"""napari layers to arrays with geometry, and back."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Layer
from napari.utils.transforms import Affine
from napari.utils.transforms.transform_utils import shear_to_matrix
from numpy.typing import NDArray

from napari_morphogen.spatial import (
    SpatialArray,
    Vertices,
    axes_from_labels,
    check_axes,
    guess_axes,
)

GAP = 4  # pixels between layers that lie side by side


def read(layer: Layer, axes: str | None = None, level: int = 0) -> SpatialArray:
    """Return the data of an Image or Labels layer with its place in the world.

    Parameters
    ----------
    layer : Image or Labels
        Nothing lazy is loaded.
    axes : str, optional
        One letter per axis, without the colour axis of an RGB layer; what the
        layer's axis labels say, or the usual meaning, by default.
    level : int
        Of a multiscale layer; 0 is the finest.

    Raises
    ------
    InputError
        When the axes do not fit.
    """
    data = _array(layer.data[level] if layer.multiscale else layer.data)
    rgb = bool(getattr(layer, "rgb", False))
    axes = usual_axes(layer) if axes is None else axes
    check_axes(axes, layer.ndim)
    extra = int(rgb)
    ndim = layer.ndim + extra
    scale = layer.scale * layer.downsample_factors[level][: layer.ndim]
    return SpatialArray(
        data,
        axes + "c" * extra,
        scale=(*map(float, scale), *[1.0] * extra),
        translate=(*map(float, layer.translate), *[0.0] * extra),
        rotate=_embed(layer.rotate, ndim),
        shear=_embed(shear_to_matrix(layer.shear, ndim=layer.ndim), ndim),
        affine=_embed_affine(layer.affine.affine_matrix, ndim),
        units=(*map(str, layer.units), *["pixel"] * extra),
        axis_labels=(*layer.axis_labels, *["channel"] * extra),
        rgb=rgb,
        name=layer.name,
        metadata=_metadata(layer),
    )


def channel_count(layer: Layer | None, axes: str) -> int:
    """Return how many channels a layer has.

    Parameters
    ----------
    layer : Layer or None
        Of images or labels.
    axes : str
        One letter per axis of it, as far as they are known.
    """
    if layer is None or not axes or len(axes) != layer.ndim:
        return 0
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if getattr(layer, "rgb", False):
        return int(data.shape[-1])
    return int(data.shape[axes.index("c")]) if "c" in axes else 0


def usual_axes(layer: Layer) -> str:
    """Return what the layer's axis labels say, or the usual meaning of its axes."""
    return axes_from_labels(layer.axis_labels) or guess_axes(layer.ndim)


def layer_data(result: SpatialArray, makes: str, like: SpatialArray) -> Any:
    """Return napari's triple (data, attributes, type) for a result.

    Parameters
    ----------
    result : SpatialArray
        What a method made.
    makes : str
        ``"labels"``, ``"shapes"`` or a kind of image.
    like : SpatialArray
        The image it was made from, for the channel axis it may have lost.
    """
    placed = _keep_aligned(result, like)
    extra = int(placed.rgb)
    ndim = placed.ndim - extra
    attributes: dict[str, Any] = {
        "name": placed.name,
        "scale": placed.scale[:ndim],
        "translate": placed.translate[:ndim],
        "units": placed.units[:ndim],
        "axis_labels": placed.axis_labels[:ndim],
        "metadata": dict(placed.metadata),
    }
    for name, matrix in (("rotate", placed.rotate), ("shear", placed.shear)):
        if matrix is not None:
            attributes[name] = matrix[:ndim, :ndim]
    if placed.affine is not None:
        kept = [*range(ndim), placed.affine.shape[0] - 1]
        attributes["affine"] = placed.affine[np.ix_(kept, kept)]
    if makes == "shapes":
        return placed.data, attributes | _drawn(placed.data), makes
    if makes == "labels":
        return placed.data, attributes, "labels"
    # napari would guess: few pixels of a colour it takes for planes
    return placed.data, attributes | {"rgb": placed.rgb}, "image"


def _drawn(vertices: NDArray[Any]) -> dict[str, Any]:
    """Return how napari shows shapes: two vertices are a line, four an ellipse."""
    kind = "ellipse" if vertices.shape[1] == 4 else "line"
    look = {"edge_color": "yellow", "face_color": "transparent", "edge_width": 1}
    # an array without shapes would leave napari without the number of axes
    return look | {"shape_type": kind, "ndim": vertices.shape[-1]}


def make_layer(triple: tuple[Any, dict[str, Any], str]) -> Layer:
    """Return the layer that `layer_data` describes."""
    return Layer.create(*triple)


def moved(layer: Layer, triple: tuple[Any, dict[str, Any], str]) -> list[str]:
    """Return the attributes that `layer_data` gives otherwise than `layer` has them."""
    placed = {name: value for name, value in triple[1].items() if name != "rgb"}
    fresh = make_layer((np.zeros((1,) * layer.ndim, np.uint8), placed, triple[2]))
    names = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
    different = [n for n in names if np.any(getattr(layer, n) != getattr(fresh, n))]
    here, there = layer.affine.affine_matrix, fresh.affine.affine_matrix
    return different + ["affine"] * bool(np.any(here != there))


def kind(layer: Layer) -> str:
    """Return what napari calls the type of a layer, such as ``"labels"``."""
    return type(layer).__name__.lower()


def crop(
    image: SpatialArray, start: tuple[int, ...], stop: tuple[int, ...], step: int
) -> SpatialArray:
    """Return a part of `image` in its place; start and stop are per axis.

    Parameters
    ----------
    image : SpatialArray
        Lazy data stay lazy.
    start, stop : tuple of int
        First index and the one behind the last, along every axis.
    step : int
        Every how manieth row, column and plane is taken.
    """
    steps = [step if axis in "zyx" else 1 for axis in image.axes]
    place = tuple(slice(*bounds) for bounds in zip(start, stop, steps, strict=True))
    moved = Affine(
        scale=image.scale,
        translate=image.translate,
        rotate=np.eye(len(start)) if image.rotate is None else image.rotate,
        shear=np.eye(len(start)) if image.shear is None else image.shear,
    )(np.array(start, float))
    return image.like(
        image.data[place],
        scale=tuple(s * n for s, n in zip(image.scale, steps, strict=True)),
        translate=tuple(map(float, moved)),
    )


def _keep_aligned(result: SpatialArray, like: SpatialArray) -> SpatialArray:
    """Put back a lost channel axis that others stand in front of.

    napari lines up the last axes of layers, so T, Y, X would meet C, Y, X of
    an image T, C, Y, X. One plane as thick as all channels takes their place.
    """
    lost = like.axes.find("c")
    if lost <= 0 or "c" in result.axes or like.rgb:
        return result
    count = like.data.shape[lost]
    if isinstance(result, Vertices):
        whole = np.insert(result.data, lost, (count - 1) / 2, axis=-1)
        named: dict[str, Any] = {"name": result.name, "metadata": result.metadata}
        return like.like(whole, like.axes, kind=Vertices, **named)
    scale, translate = list(like.scale), list(like.translate)
    middle = np.zeros(len(like.axes))
    middle[lost] = (count - 1) / 2
    linear = np.eye(len(like.axes)) if like.rotate is None else like.rotate
    shear = np.eye(len(like.axes)) if like.shear is None else like.shear
    translate = list(np.array(translate) + linear @ shear @ (np.array(scale) * middle))
    scale[lost] *= count
    return like.like(
        np.expand_dims(result.data, lost),
        scale=tuple(scale),
        translate=tuple(map(float, translate)),
        name=result.name,
        metadata=result.metadata,
    )


def _array(data: Any) -> Any:
    if isinstance(data, np.ndarray):
        return data
    from napari_morphogen.scale.blocks import as_lazy

    return as_lazy(data)


def _metadata(layer: Layer) -> dict[str, Any]:
    found = dict(layer.metadata)
    if layer.source.path:
        found["path"] = layer.source.path
    return found


def _embed(matrix: Any, ndim: int) -> NDArray[Any]:
    whole = np.eye(ndim)
    size = len(matrix)
    whole[:size, :size] = matrix
    return whole


def _embed_affine(matrix: NDArray[Any], ndim: int) -> NDArray[Any]:
    whole = np.eye(ndim + 1)
    size = len(matrix) - 1
    whole[:size, :size] = matrix[:size, :size]
    whole[:size, -1] = matrix[:size, -1]
    return whole


def place_beside(layer: Layer, others: Iterable[Layer]) -> None:
    """Move a layer to the right of others, so that it covers none.

    Parameters
    ----------
    layer : Layer
        Is moved; not in the viewer yet.
    others : iterable of Layer
        Already there.
    """
    ends = [one.extent.world[:, -2:] for one in others]
    ends = [one for one in ends if np.isfinite(one).all()]
    if ends:
        top, _ = np.min(ends, axis=(0, 1))
        _, right = np.max(ends, axis=(0, 1))
        place = (top, right + layer.scale[-1] * GAP)
        layer.translate = (*layer.translate[:-2], *place)
