"""Files opened in napari: geometry, resolutions, nothing loaded."""

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import SpatialArray, write
from napari_morphogen.io import tiff
from napari_morphogen.plugin.reader import get_reader

PLACED = {"scale": (0.5, 0.25), "units": ("micrometer",) * 2}


def opened(viewer, path):
    (layer,) = viewer.open(str(path), plugin="napari-morphogen")
    return layer


@pytest.mark.parametrize("ending", [".ome.zarr", ".ome.tif"])
@pytest.mark.parametrize("kind", ["image", "labels"])
def test_layer_lies_where_the_file_says(viewer, tmp_path, ending, kind):
    dtype = "int32" if kind == "labels" else "uint16"
    pixels = np.arange(700 * 90).reshape(700, 90).astype(dtype)
    source = SpatialArray(pixels, "yx", translate=(3, 4), name="cells", **PLACED)
    layer = opened(viewer, write(tmp_path / f"cells{ending}", source))
    assert type(layer).__name__.lower() == kind
    assert tuple(layer.scale) == source.scale
    assert tuple(layer.translate) == source.translate
    assert tuple(map(str, layer.units)) == source.units
    assert layer.axis_labels == ("y", "x")
    assert layer.multiscale == (ending == ".ome.zarr")
    finest = layer.data[0] if layer.multiscale else layer.data
    np.testing.assert_array_equal(finest, pixels)
    assert layer.name == "cells"


def test_colours_and_channels(viewer, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype("u1")
    assert opened(
        viewer, write(tmp_path / "rgb.tif", SpatialArray(pixels, "yxc", rgb=True))
    ).rgb
    stack = SpatialArray(pixels.transpose(2, 0, 1), "cyx")
    layer = opened(viewer, write(tmp_path / "channels.ome.zarr", stack))
    assert layer.axis_labels == ("c", "y", "x")


def test_large_tiff_stays_lazy(viewer, tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "LARGE", 0)
    path = write(tmp_path / "a.tif", np.zeros((60, 70), "u2"))
    assert isinstance(opened(viewer, path).data, da.Array)


def test_what_is_not_read():
    assert get_reader("notes.txt") is None
    assert get_reader(["a.tif", "b.tif"]) is None
    assert get_reader("A.OME.ZARR/") is not None
