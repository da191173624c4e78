"""Shapes as the table of vertices that napari reads and writes."""

import csv
from pathlib import Path

from napari_morphogen.spatial import Vertices

KINDS = {2: "line", 4: "ellipse"}


def write_csv(path: Path, shapes: Vertices) -> None:
    """Write one row per vertex: shape, kind, vertex, position in pixels.

    Parameters
    ----------
    path : Path
        Of the file.
    shapes : Vertices
        Lines of two vertices or ellipses of four corners.
    """
    axes = [f"axis-{i}" for i in range(shapes.ndim)]
    kind = KINDS[shapes.data.shape[1]]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["index", "shape-type", "vertex-index", *axes])
        for number, vertices in enumerate(shapes.data):
            for place, vertex in enumerate(vertices):
                table.writerow([number, kind, place, *map(float, vertex)])
