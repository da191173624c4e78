"""What holds for every format: round trips, whole files, clear refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import io
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

DATA = Path(__file__).parents[2] / "../shared/data"


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".ome.zarr"])
@pytest.mark.parametrize(
    "axes", ["yx", "zyx", "tyx", "cyx", "tzyx", "czyx", "tczyx", "yxc", "tyxc"]
)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_everything_comes_back(an_image, tmp_path, ending, axes, dtype):
    image = an_image(axes, dtype, rgb=axes.endswith("c"))
    back = io.read(io.write(tmp_path / f"cells{ending}", image))
    assert (back.axes, back.rgb, back.name) == (axes, image.rgb, "cells")
    assert back.data.dtype == dtype
    np.testing.assert_array_equal(back.data, image.data)
    np.testing.assert_allclose(back.scale, image.scale)
    np.testing.assert_allclose(back.translate, image.translate)
    assert back.units == image.units
    assert back.metadata["morphogen"] == image.metadata["morphogen"]
    assert back.metadata["path"] == str(tmp_path / f"cells{ending}")


@pytest.mark.parametrize("ending", [".tif", ".zarr", ".npy"])
@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int32", "uint32", "int64", "uint64", "float64", "bool"]
)
def test_no_value_changes(tmp_path, ending, dtype):
    data = (np.arange(35).reshape(5, 7) % 2 * 100).astype(dtype)
    back = io.read(io.write(tmp_path / f"a{ending}", data))
    np.testing.assert_array_equal(np.asarray(back.data), data)


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
def test_half_precision_becomes_single(tmp_path, ending):
    data = np.linspace(0, 1, 20, dtype="float16").reshape(4, 5)
    back = io.read(io.write(tmp_path / f"a{ending}", data))
    assert back.data.dtype == np.float32
    np.testing.assert_array_equal(back.data, data)


@pytest.mark.parametrize("ending", [".tif", ".zarr", ".npy"])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64"])
def test_ids_beyond_16_bits_survive(tmp_path, ending, dtype):
    labels = np.array([[0, 65_536], [70_001, 2_000_000_000]], dtype)
    back = io.read(io.write(tmp_path / f"labels{ending}", labels))
    np.testing.assert_array_equal(back.data, labels)


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [("zyx", (1, 5, 7)), ("zyx", (3, 1, 9)), ("zyx", (5, 9, 1)), ("zyx", (4, 9, 3)),
     ("cyx", (4, 8, 4)), ("tzyx", (1, 3, 4, 4)), ("yx", (1, 1)), ("yx", (3, 3)),
     ("cyx", (1, 4, 4)), ("zyx", (3, 8, 8)), ("zyx", (4, 8, 3))],
)  # fmt: skip
def test_odd_shapes(tmp_path, ending, axes, shape):
    data = np.arange(np.prod(shape), dtype="uint16").reshape(shape)
    back = io.read(io.write(tmp_path / f"a{ending}", SpatialArray(data, axes)))
    np.testing.assert_array_equal(np.squeeze(back.data), np.squeeze(data))
    assert not back.rgb
    assert set(back.axes) <= set(axes)


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
@pytest.mark.parametrize("axes", ["ctzyx", "ztyx", "zcyx", "yxc"])
def test_unusual_orders_keep_their_meaning(an_image, tmp_path, ending, axes):
    image = an_image(axes)
    back = io.read(io.write(tmp_path / f"a{ending}", image))
    assert sorted(back.axes) == sorted(axes)
    order = [axes.index(axis) for axis in back.axes]
    np.testing.assert_array_equal(back.data, image.data.transpose(order))
    np.testing.assert_allclose(back.scale, [image.scale[i] for i in order])


@pytest.mark.parametrize("ending", [".tif", ".zarr", ".png", ".npy"])
def test_lazy_images_are_written(tmp_path, ending):
    data = np.arange(50 * 60, dtype="uint16").reshape(50, 60)
    image = SpatialArray(da.from_array(data, chunks=(7, 60)), "yx")
    np.testing.assert_array_equal(
        io.read(io.write(tmp_path / f"a{ending}", image)), data
    )


@pytest.mark.parametrize("ending", [".tif", ".zarr", ".png", ".npy"])
@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, ending, error):
    path = io.write(tmp_path / f"a{ending}", np.full((8, 8), 7, "uint8"))

    def half_written(temporary, image):
        if ending == ".zarr":
            temporary.mkdir()
            temporary = temporary / ".zgroup"
        temporary.write_bytes(b"half")
        raise error("disk full")

    monkeypatch.setitem(io._WRITERS, ending, half_written)
    if ending == ".zarr":
        monkeypatch.setattr(io.ngff, "write_zarr", half_written)
    with pytest.raises(InputError if error is OSError else error, match="disk full"):
        io.write(path, np.zeros((8, 8), "uint8"))
    assert os.listdir(tmp_path) == [path.name]
    np.testing.assert_array_equal(io.read(path), np.full((8, 8), 7))


def test_a_failing_block_leaves_the_old_folder(tmp_path):
    path = io.write(tmp_path / "a.zarr", np.full((8, 8), 7, "uint8"))

    def fail_late(block, block_info=None):
        if block_info[0]["chunk-location"] == (1, 1):
            raise RuntimeError("no memory")
        return block

    lazy = da.zeros((8, 8), chunks=4).map_blocks(fail_late, dtype=float)
    with pytest.raises(RuntimeError, match="no memory"):
        io.write(path, lazy)
    assert os.listdir(tmp_path) == ["a.zarr"]
    np.testing.assert_array_equal(io.read(path), np.full((8, 8), 7))


@pytest.mark.parametrize("ending", [".tif", ".zarr", ".png", ".npy"])
def test_what_is_there_is_replaced_or_kept(tmp_path, ending):
    path = io.write(tmp_path / f"a{ending}", np.zeros((8, 8), "uint8"))
    io.write(path, np.ones((6, 6), "uint8"))
    np.testing.assert_array_equal(io.read(path), np.ones((6, 6)))
    with pytest.raises(InputError, match="exists"):
        io.write(path, np.zeros((8, 8), "uint8"), overwrite=False)
    assert os.listdir(tmp_path) == [path.name]


def test_an_image_may_be_written_onto_itself(tmp_path):
    path = io.write(tmp_path / "a.zarr", np.arange(64, dtype="uint8").reshape(8, 8))
    image = io.read(path)
    io.write(path, image.like(image.data + 1))
    np.testing.assert_array_equal(io.read(path), np.arange(64).reshape(8, 8) + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights")
def test_a_symbolic_link_stays_one(tmp_path):
    io.write(tmp_path / "a.npy", np.zeros((4, 4)))
    (tmp_path / "link.npy").symlink_to("a.npy")
    io.write(tmp_path / "link.npy", np.ones((4, 4)))
    assert (tmp_path / "link.npy").is_symlink()
    np.testing.assert_array_equal(io.read(tmp_path / "a.npy"), np.ones((4, 4)))


def test_a_folder_of_other_things_is_never_deleted(tmp_path):
    folder = tmp_path / "mine.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="choose another name"):
        io.write(folder, np.zeros((4, 4)))
    assert (folder / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("name", "image", "message"),
    [
        ("a.gif", np.zeros((4, 4)), "can be written in; use one of .tif"),
        ("a.jpg", np.zeros((4, 4)), "can be written in; use one of .tif"),
        ("none/a.tif", np.zeros((4, 4)), "create it first"),
        ("folder.tif", np.zeros((4, 4)), "is a folder"),
        ("file.zarr", np.zeros((4, 4)), "is a file"),
        ("a.tif", np.zeros((0, 4)), "no pixels"),
        ("a.tif", np.zeros((4, 4), complex), "magnitude"),
        ("a.npy", np.zeros((4, 4), object), "numbers first"),
        ("a.zarr", np.zeros((4, 4), "U3"), "numbers first"),
        ("a.tif", np.zeros((4, 4), [("a", "i4")]), "records"),
        ("a.tif", np.array([[0, 2**40]]), "0 to 1099511627776 .* .ome.zarr"),
        ("a.tif", SpatialArray(np.zeros((1,) * 6), "ptczyx"), '"p" .* .ome.zarr'),
        ("a.zarr", SpatialArray(np.zeros((1,) * 6), "ptczyx"), '"pc"'),
        ("a.png", np.zeros((4, 4)), "whole numbers only, but .* float64; .* .tif"),
        ("a.png", np.zeros((3, 4, 4), "uint8"), '"zyx"; save it as .tif'),
        ("a.png", np.array([[0, 70_000]]), "0 to 70000 do not fit into uint16.* .tif"),
        ("a.png", np.array([[-1, 5]]), "-1 to 5"),
        ("a.png", np.zeros((9, 9, 3), "uint16"), "8 bits, but the image has uint16"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, image, message):
    (tmp_path / "folder.tif").mkdir()
    (tmp_path / "file.zarr").touch()
    with pytest.raises(InputError, match=message):
        io.write(tmp_path / name, image)
    assert sorted(os.listdir(tmp_path)) == ["file.zarr", "folder.tif"]


def _hostile(folder):
    (folder / "text.tif").write_text("I am no image\n" * 50)
    (folder / "empty.tif").touch()
    (folder / "text.png").write_text("I am no image\n" * 50)
    (folder / "empty.jpg").touch()
    (folder / "text.npy").write_text("I am no image\n" * 50)
    (folder / "empty.npy").touch()
    (folder / "folder").mkdir()
    (folder / "folder.zarr").mkdir()
    (folder / "notes.csv").write_text("1,2")
    np.save(folder / "object.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.save(folder / "complex.npy", np.zeros((4, 4), complex))
    np.save(folder / "nothing.npy", np.zeros((0, 4)))
    np.save(folder / "line.npy", np.zeros(4))
    np.save(folder / "words.npy", np.array([["a", "b"]]))
    np.save(folder / "whole.npy", np.zeros((40, 40)))
    (folder / "cut.npy").write_bytes((folder / "whole.npy").read_bytes()[:-100])
    io.write(folder / "whole.png", np.eye(200, dtype="uint8"))
    (folder / "cut.png").write_bytes((folder / "whole.png").read_bytes()[:150])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.tif", "no file or folder .*missing.tif"),
        ("text.tif", "damaged or no TIFF"),
        ("empty.tif", "damaged or no TIFF"),
        ("text.png", "damaged or no picture"),
        ("empty.jpg", "damaged or no picture"),
        ("cut.png", "damaged or no picture"),
        ("text.npy", "damaged or holds no plain array"),
        ("empty.npy", "damaged or holds no plain array"),
        ("cut.npy", "damaged or holds no plain array"),
        ("object.npy", "damaged or holds no plain array"),
        ("complex.npy", "magnitude"),
        ("nothing.npy", r"\(0, 4\), no pixels"),
        ("line.npy", "2 to 5 axes, but got 1"),
        ("words.npy", "numbers first"),
        ("folder", "no Zarr image"),
        ("folder.zarr", "no Zarr image"),
        ("notes.csv", "can be read; convert it to one of .tif"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, message):
    _hostile(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        io.read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_pickled_objects_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.save(tmp_path / "a.npy", np.array([Bomb()], object), allow_pickle=True)
    with pytest.raises(InputError):
        io.read(tmp_path / "a.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("ending", [".tif", ".npy", ".zarr"])
def test_axes_can_be_given(an_image, tmp_path, ending):
    path = io.write(tmp_path / f"a{ending}", an_image("zyx"))
    movie = io.read(path, axes="tyx")
    assert movie.axes == "tyx"
    assert movie.axis_labels == ("t", "y", "x")
    assert (movie.scale[0], movie.units[0], movie.translate[0]) == (1.0, "pixel", 0.0)
    with pytest.raises(InputError, match="each of the image's 3 axes"):
        io.read(path, axes="tzyx")


def test_images_of_a_folder(tmp_path):
    for name in ("b.TIF", "a.png", "notes.txt", ".hidden.tif"):
        (tmp_path / name).touch()
    inner = tmp_path / "inner"
    inner.mkdir()
    io.write(tmp_path / "c.ome.zarr", np.zeros((4, 4)))
    io.write(tmp_path / "plain.zarr", np.zeros((4, 4))).rename(tmp_path / "d")
    names = [path.name for path in io.image_paths(tmp_path)]
    assert names == ["a.png", "b.TIF", "c.ome.zarr", "d"]
    chosen = [tmp_path / "c.ome.zarr", str(tmp_path / "a.png")]
    assert io.image_paths(chosen) == list(map(Path, chosen))
    assert io.image_paths(tmp_path / "a.png") == [tmp_path / "a.png"]
    for path, message in (
        (inner, "holds no image"),
        (tmp_path / "notes.txt", "can be read"),
        (tmp_path / "none", "no file or folder"),
    ):
        with pytest.raises(InputError, match=message):
            io.image_paths(path)


def test_importing_is_cheap():
    heavy = ("tifffile", "zarr", "dask", "imageio", "PIL", "skimage")
    code = (
        "import sys, json, napari_morphogen.io; "
        f"print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert json.loads(out.stdout) == []


def test_recipes_of_strangers_are_no_danger(an_image, tmp_path):
    image = an_image("yx", metadata={"morphogen": ["no", "mapping"]})
    for ending in (".tif", ".zarr", ".png"):
        if ending == ".png":
            image = image.like(image.data.astype("uint8"))
        back = io.read(io.write(tmp_path / f"a{ending}", image))
        assert "morphogen" not in back.metadata


@pytest.mark.skipif(not DATA.exists(), reason="the shared images are not here")
def test_real_images_have_plausible_axes():
    folder = DATA / "neubias_small"
    found = {p.name: io.read(p) for p in sorted(folder.rglob("*.tif"))}
    assert len(found) >= 18
    for name, image in found.items():
        assert image.axes in ("yx", "zyx", "tyx", "cyx", "yxc"), name
        assert image.data.size and image.data.dtype.isnative
        assert all(0.001 < s < 100 for s in image.scale), name
    golgi = found["xyt_calibrated_16bit__golgi_bfa_sum_projection.tif"]
    assert golgi.axes == "tyx"
    np.testing.assert_allclose(golgi.scale, (59.86, 0.351435, 0.351435), rtol=1e-5)
    assert golgi.units == ("second", "micrometer", "micrometer")
    spots = found["xyz_16bit__spots.tif"]
    np.testing.assert_allclose(spots.spacing, (0.4, 0.094135, 0.094135), rtol=1e-4)
    assert spots.units == ("micrometer",) * 3
    assert found["xyc_16bit__hela-cells.tif"].rgb
