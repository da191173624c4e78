"""Large TIFF files are read where they are looked at, and give the same pixels."""

import pickle

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_morphogen import read, run
from napari_morphogen.io import lazy_tiff, tiff

KINDS = {
    "plain": {},
    "tiled": {"tile": (32, 48), "compression": "zlib"},
    "strips": {"rowsperstrip": 7, "compression": "zlib"},
    "pyramid": {"tile": (32, 32), "subifds": 1},
    "big-endian": {"byteorder": ">"},
    "ome": {"ome": True, "metadata": {"axes": "TYX", "PhysicalSizeX": 0.5}},
    "imagej": {"imagej": True, "metadata": {"axes": "TYX"}},
}


@pytest.fixture
def always_lazy(monkeypatch):
    monkeypatch.setattr(tiff, "LARGE", 0)
    monkeypatch.setattr(lazy_tiff, "BLOCK", 50)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 130, 90), (130, 90, 3)])
def test_lazy_is_what_is_read_at_once(kind, shape, tmp_path, monkeypatch):
    rgb = shape[-1] == 3
    if rgb and kind in ("ome", "imagej"):
        pytest.skip("these name their axes")
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype("u1")
    path, words = tmp_path / "a.tif", dict(KINDS[kind])
    photometric = "rgb" if rgb else "minisblack"
    endian = {"byteorder": words.pop("byteorder", "<")}
    with tifffile.TiffWriter(
        path, ome=words.pop("ome", None), imagej=words.pop("imagej", False), **endian
    ) as file:
        file.write(pixels, photometric=photometric, **words)
        if "subifds" in words:
            step = (slice(None, None, 2),) * 2
            small = pixels[step] if rgb else pixels[:, *step]
            file.write(small, photometric=photometric, subfiletype=1, tile=(32, 32))
    at_once = read(path)
    assert isinstance(at_once.data, np.ndarray)
    monkeypatch.setattr(tiff, "LARGE", 0)
    monkeypatch.setattr(lazy_tiff, "BLOCK", 50)
    lazy = read(path)
    assert isinstance(lazy.data, da.Array)
    assert lazy.data.dtype == at_once.data.dtype
    np.testing.assert_array_equal(lazy.data, at_once.data)
    assert (lazy.axes, lazy.scale, lazy.rgb) == (at_once.axes, at_once.scale, rgb)


def test_nothing_is_loaded_and_any_process_can_read(always_lazy, tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (300, 200)).astype("u2")
    tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(64, 64))
    real, seen = lazy_tiff.TiffPixels.__getitem__, []

    def noted(self, place):
        seen.append(place)
        return real(self, place)

    monkeypatch.setattr(lazy_tiff.TiffPixels, "__getitem__", noted)
    image = read(tmp_path / "a.tif")
    assert not seen
    corner = pickle.loads(pickle.dumps(image.data))[:20, :20]
    np.testing.assert_array_equal(corner, pixels[:20, :20])
    assert len(seen) == 1
    edges = run("gradient", image)
    np.testing.assert_array_equal(edges.data, run("gradient", pixels))
