"""Shapes in files: the table of vertices that napari opens."""

import csv

import numpy as np
import pytest

from napari_morphogen.io import write
from napari_morphogen.params import InputError
from napari_morphogen.spatial import Vertices

LINES = np.array([[[1, 2], [3, 4.5]], [[0, 0], [9, 9]]])
BOXES = np.array([[[1, 1], [1, 5], [5, 5], [5, 1.0]]])


@pytest.mark.parametrize(
    ("data", "kind"), [(LINES, "line"), (BOXES, "ellipse")], ids=["lines", "ellipses"]
)
def test_table_holds_every_vertex(data, kind, tmp_path):
    path = write(tmp_path / "shapes.csv", Vertices(data, "yx"))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert {row["shape-type"] for row in rows} == {kind}
    found = [[float(row["axis-0"]), float(row["axis-1"])] for row in rows]
    np.testing.assert_array_equal(found, data.reshape(-1, 2))
    assert [p.name for p in tmp_path.iterdir()] == ["shapes.csv"]


def test_no_shapes_are_a_table_without_rows(tmp_path):
    path = write(tmp_path / "none.csv", Vertices(np.zeros((0, 2, 3)), "zyx"))
    assert path.read_text().splitlines() == [
        "index,shape-type,vertex-index,axis-0,axis-1,axis-2"
    ]


def test_napari_opens_the_table(tmp_path):
    csv_io = pytest.importorskip("napari_builtins.io._read")
    path = write(tmp_path / "lines.csv", Vertices(LINES, "yx"))
    shapes, attributes, kind = csv_io.csv_to_layer_data(str(path))
    assert kind == "shapes" and list(attributes["shape_type"]) == ["line", "line"]
    np.testing.assert_array_equal(np.array(shapes), LINES)


def test_shapes_are_no_picture_and_pictures_no_table(tmp_path):
    with pytest.raises(InputError, match=r"shapes can be written in; use one of \.csv"):
        write(tmp_path / "lines.tif", Vertices(LINES, "yx"))
    with pytest.raises(InputError, match=r"images can be written in; use one of \.tif"):
        write(tmp_path / "image.csv", np.zeros((4, 4)))
