"""What a user has marked on an image, as labels: strokes, points, drawn shapes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_morphogen.plugin import layers
from napari_morphogen.recipe import KEY
from napari_morphogen.spatial import SpatialArray

KINDS = (Labels, Points, Shapes)
OUTLINES = ("path", "line")  # drawn without an inside
CORNERS = 64  # of the polygon that stands for an ellipse

Place = Callable[[Any], Any]


def read(marks: Layer, image: Layer, axes: str) -> SpatialArray:
    """Return marks as labels on the pixels of an image.

    Parameters
    ----------
    marks : Labels, Points or Shapes
        Every point and every shape becomes a label of its own, in their order.
    image : Image or Labels
        The layer that was marked.
    axes : str
        Of `image`, without colours.
    """
    if isinstance(marks, Labels):
        own = axes if marks.ndim == len(axes) else None
        return layers.read(marks, own)
    whole = layers.read(image, axes)
    shape = whole.data.shape[: image.ndim]
    drawn = np.zeros(shape, np.int32)
    place = _place(marks, image)
    if isinstance(marks, Points):
        for number, point in enumerate(marks.data, 1):
            _dot(drawn, place(point), number)
    else:
        pairs = zip(marks.data, marks.shape_type, strict=True)
        for number, (vertices, kind) in enumerate(pairs, 1):
            _draw(drawn, np.stack([place(v) for v in vertices]), kind, number)
    metadata = {KEY: marks.metadata[KEY]} if KEY in marks.metadata else {}
    return SpatialArray(drawn, axes, name=marks.name, metadata=metadata)


def _place(marks: Layer, image: Layer) -> Place:
    """Return the way from a position in the marks to one in pixels of the image."""

    def place(position: Any) -> NDArray[Any]:
        world = np.asarray(marks.data_to_world(position), float)
        missing = image.ndim - world.size
        # napari lines axes up at the end; marks of fewer axes hold everywhere
        whole = np.concatenate([np.zeros(max(missing, 0)), world[max(-missing, 0) :]])
        found = np.asarray(image.world_to_data(whole), float)
        found[: max(missing, 0)] = np.nan
        return found

    return place


def _dot(drawn: NDArray[np.int32], point: NDArray[Any], number: int) -> None:
    place = _rounded(point)
    inside = [
        isinstance(i, slice) or 0 <= i < n
        for i, n in zip(place, drawn.shape, strict=True)
    ]
    if all(inside):
        drawn[place] = number


def _rounded(point: NDArray[Any]) -> tuple[Any, ...]:
    return tuple(slice(None) if np.isnan(p) else int(np.rint(p)) for p in point)


def _draw(
    drawn: NDArray[np.int32], vertices: NDArray[Any], kind: str, number: int
) -> None:
    plane = _rounded(vertices[0, :-2])
    sizes = drawn.shape[:-2]
    if any(
        not isinstance(i, slice) and not 0 <= i < n
        for i, n in zip(plane, sizes, strict=True)
    ):
        return
    corners = vertices[:, -2:]
    if kind == "ellipse":
        corners = _round(corners)
    rows, columns = _pixels(corners, drawn.shape[-2:], closed=kind not in OUTLINES)
    drawn[(*plane, rows, columns)] = number


def _pixels(
    corners: NDArray[Any], shape: tuple[int, int], closed: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the pixels on the lines through `corners`, and inside if closed."""
    from skimage import draw

    following = [*corners[1:], corners[0]] if closed else corners[1:]
    ends = np.rint(np.hstack([corners[: len(following)], following])).astype(int)
    parts = [draw.line(*map(int, end)) for end in ends]
    if closed:
        parts.append(draw.polygon(corners[:, 0], corners[:, 1], shape))
    rows, columns = (np.concatenate([p[i] for p in parts]) for i in (0, 1))
    kept = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return rows[kept], columns[kept]


def _round(corners: NDArray[Any]) -> NDArray[Any]:
    """Return the ellipse that fits between four corners."""
    turns = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    centre = corners.mean(axis=0)
    first, second = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    return np.asarray(
        centre + np.outer(np.cos(turns), first) + np.outer(np.sin(turns), second)
    )
