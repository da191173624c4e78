"""Drawn shapes as labels on pixels."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTLINES = ("path", "line")  # drawn without an inside
CORNERS = 64  # of the polygon that stands for an ellipse
Shape = tuple[NDArray[Any], str]


def drawn(shapes: Iterable[Shape], sizes: tuple[int, ...]) -> NDArray[np.int32]:
    """Return shapes as labels 1, 2, … in their order; later ones lie on top.

    Parameters
    ----------
    shapes : iterable of (ndarray of shape (vertices, axes), str)
        Positions in pixels, and ``"line"``, ``"path"``, ``"polygon"``,
        ``"rectangle"`` or ``"ellipse"`` (of four corners around it). A shape
        lies in the plane of its first vertex; NaN there means in all planes.
    sizes : tuple of int
        Of the image; what lies outside is left out.

    Examples
    --------
    >>> import numpy as np
    >>> drawn([(np.array([[0, 0], [2, 2]]), "line")], (3, 3))
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 0, 1]], dtype=int32)
    """
    labels = np.zeros(sizes, np.int32)
    for number, (vertices, kind) in enumerate(shapes, 1):
        plane = rounded(vertices[0, :-2])
        if not inside(plane, sizes[:-2]):
            continue
        corners = vertices[:, -2:]
        if kind == "ellipse":
            corners = _round(corners)
        rows, columns = _pixels(corners, sizes[-2:], closed=kind not in OUTLINES)
        labels[(*plane, rows, columns)] = number
    return labels


def rounded(point: NDArray[Any]) -> tuple[Any, ...]:
    """Return the index of the pixel at a position; all of an axis where it is NaN."""
    return tuple(slice(None) if np.isnan(p) else int(np.rint(p)) for p in point)


def inside(place: tuple[Any, ...], sizes: tuple[int, ...]) -> bool:
    """Tell whether an index lies in an image."""
    pairs = zip(place, sizes, strict=True)
    return all(isinstance(i, slice) or 0 <= i < n for i, n in pairs)


def _pixels(
    corners: NDArray[Any], shape: tuple[int, ...], closed: bool
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
