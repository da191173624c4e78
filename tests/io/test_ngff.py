"""OME-Zarr: pyramids, labels, versions, and other libraries on our files."""

import json
import tracemalloc

import dask.array as da
import ngff_zarr
import numpy as np
import ome_zarr_models.v04
import pytest
import zarr

from napari_morphogen import io
from napari_morphogen.io import ngff
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray


@pytest.mark.parametrize("axes", ["yx", "zyx", "tczyx", "cyx", "tyx"])
def test_another_library_reads_pixels_and_geometry(an_image, tmp_path, axes):
    image = an_image(axes)
    path = io.write(tmp_path / "a.ome.zarr", image)
    first = ngff_zarr.from_ngff_zarr(str(path)).images[0]
    assert tuple(first.dims) == tuple(axes)
    np.testing.assert_array_equal(np.asarray(first.data), image.data)
    for axis, size, start in zip(axes, image.scale, image.translate, strict=True):
        assert first.scale[axis] == size
        assert first.translation[axis] == start
    assert first.axes_units["x"] == "micrometer"


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("axes", ["yx", "tczyx", "yxc"])
def test_the_metadata_follow_the_specification(an_image, tmp_path, dtype, axes):
    image = an_image(axes, dtype, rgb=axes == "yxc")
    group = zarr.open_group(io.write(tmp_path / "a.ome.zarr", image), mode="r")
    kind = "ImageLabel" if dtype == "int32" else "Image"
    found = getattr(ome_zarr_models.v04, kind).from_zarr(group)
    assert found.attributes.multiscales[0].axes[-1].unit == "micrometer"
    assert ("image-label" in group.attrs) == (dtype == "int32")


def test_the_pyramid_of_an_image_is_its_mean(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (2, 1101, 700), "uint8")
    image = SpatialArray(data, "zyx", scale=(2, 0.5, 0.25), translate=(0, 1, 0))
    path = io.write(tmp_path / "a.zarr", image)
    levels = io.read(path).metadata["levels"]
    assert [level.shape for level in levels] == [
        (2, 1101, 700), (2, 550, 350), (2, 275, 175),
    ]  # fmt: skip
    mean = data[:, :1100].reshape(2, 550, 2, 350, 2).mean((2, 4)).round()
    np.testing.assert_array_equal(levels[1], mean)
    second = ngff_zarr.from_ngff_zarr(str(path)).images[1]
    assert second.scale == {"z": 2.0, "y": 1.0, "x": 0.5}
    assert second.translation == {"z": 0.0, "y": 1.25, "x": 0.125}


def test_the_pyramid_of_labels_has_no_new_ids(tmp_path):
    labels = np.random.default_rng(0).choice([0, 7, 90_000], (1301, 900))
    path = io.write(tmp_path / "a.zarr", labels.astype("int32"))
    back = io.read(path)
    assert back.metadata["kind"] == "labels"
    assert len(back.metadata["levels"]) == 3
    for level in back.metadata["levels"]:
        assert set(np.unique(np.asarray(level)).tolist()) == {0, 7, 90_000}
    second = ngff_zarr.from_ngff_zarr(str(path)).images[1]
    assert second.translation == {"y": 0.0, "x": 0.0}


@pytest.mark.parametrize(("dtype", "kind"), [("uint8", "labels"), ("int32", "image")])
def test_the_kind_can_be_told(an_image, tmp_path, dtype, kind):
    image = an_image("yx", dtype, metadata={"kind": kind})
    back = io.read(io.write(tmp_path / "a.zarr", image))
    assert (back.metadata.get("kind") == "labels") == (kind == "labels")


def test_blocks_are_written_without_holding_the_image(tmp_path):
    def block(block_info=None):
        number = block_info[None]["chunk-location"][0]
        return np.full((1, 1200, 1500), number, "uint16")

    lazy = da.map_blocks(block, chunks=((1,) * 24, (1200,), (1500,)), dtype="uint16")
    tracemalloc.start()
    path = io.write(tmp_path / "a.zarr", SpatialArray(lazy, "tyx"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < lazy.nbytes / 2
    back = io.read(path).data
    assert isinstance(back, da.Array)
    assert back.chunksize == (1, 1024, 1024)
    np.testing.assert_array_equal(back[:, 1023:1025, 0].max(axis=1), range(24))


def test_small_images_have_one_level(an_image, tmp_path):
    back = io.read(io.write(tmp_path / "a.zarr", an_image("zyx")))
    assert "levels" not in back.metadata
    assert isinstance(back.data, da.Array)


def _write_version(path, version, letters="zyx", **changes):
    form = 3 if version == "0.5" else 2
    group = zarr.open_group(path, mode="w", zarr_format=form)
    array = group.create_array("s0", shape=(3, 8, 9)[-len(letters) :], dtype=">u2")
    array[:] = 300
    kinds = {"t": "time", "c": "channel"}
    multiscale = {
        "axes": [
            {"name": a, "type": kinds.get(a, "space"), "unit": "nanometer"}
            for a in letters
        ],
        "datasets": [
            {
                "path": "s0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": [40, 10, 5][-len(letters) :]},
                    {"type": "translation", "translation": [4, 1, 0][-len(letters) :]},
                ],
            }
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [2] * len(letters)}],
        "version": version,
    } | changes
    attributes = {"multiscales": [multiscale]}
    group.attrs.update({"ome": attributes} if version == "0.5" else attributes)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_both_versions_are_read(tmp_path, version):
    image = io.read(_write_version(tmp_path / "a.ome.zarr", version))
    assert image.axes == "zyx"
    assert image.scale == (80.0, 20.0, 10.0)
    assert image.translate == (8.0, 2.0, 0.0)
    assert image.units == ("nanometer",) * 3
    assert image.data.dtype.isnative
    assert image.data.compute().max() == 300


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_files_of_another_library_are_read(tmp_path, version):
    data = np.arange(4 * 16 * 16, dtype="uint16").reshape(4, 16, 16)
    theirs = ngff_zarr.to_ngff_image(
        data, dims="zyx", scale={"z": 2.0, "y": 0.5, "x": 0.5},
        axes_units=dict.fromkeys("zyx", "micrometer"),
    )  # fmt: skip
    multiscales = ngff_zarr.to_multiscales(theirs, scale_factors=[])
    ngff_zarr.to_ngff_zarr(str(tmp_path / "a.ome.zarr"), multiscales, version=version)
    image = io.read(tmp_path / "a.ome.zarr")
    assert (image.axes, image.scale) == ("zyx", (2.0, 0.5, 0.5))
    assert image.units == ("micrometer",) * 3
    np.testing.assert_array_equal(image.data, data)


def test_early_versions_are_read(tmp_path):
    named = _write_version(tmp_path / "a.zarr", "0.3", letters="zyx")
    attributes = json.loads((named / ".zattrs").read_text())
    attributes["multiscales"][0]["axes"] = ["t", "y", "x"]
    (named / ".zattrs").write_text(json.dumps(attributes))
    assert io.read(named).axes == "tyx"
    del attributes["multiscales"][0]["axes"]
    (named / ".zattrs").write_text(json.dumps(attributes))
    assert io.read(named).axes == "zyx"


def test_a_plain_array_and_a_converted_series(tmp_path):
    zarr.save_array(tmp_path / "plain.zarr", np.zeros((3, 8, 8)))
    assert io.read(tmp_path / "plain.zarr").axes == "zyx"
    series = zarr.open_group(tmp_path / "b.zarr", mode="w", zarr_format=2)
    series.attrs["bioformats2raw.layout"] = 3
    _write_version(tmp_path / "b.zarr" / "0", "0.4")
    assert io.read(tmp_path / "b.zarr").data.shape == (3, 8, 9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"axes": [{"name": "p"}, {"name": "q"}, {"name": "r"}]}, "axes named y and x"),
        ({"axes": [{"name": "x"}]}, "does not follow OME-Zarr"),
        ({"axes": "nonsense"}, "does not follow OME-Zarr"),
        ({"datasets": []}, "does not follow OME-Zarr"),
        ({"datasets": [{"path": "none"}]}, "does not follow OME-Zarr"),
        ({"coordinateTransformations": [{"scale": [1, 2]}]}, "does not follow"),
        ({"coordinateTransformations": [{"scale": "big"}]}, "does not follow"),
    ],
)
def test_broken_metadata_are_refused(tmp_path, change, message):
    path = _write_version(tmp_path / "a.zarr", "0.4", **change)
    with pytest.raises(InputError, match=message):
        io.read(path)


def test_groups_without_an_image_are_refused(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    with pytest.raises(InputError, match="a group without an image"):
        io.read(tmp_path / "a.zarr")
    group.attrs["plate"] = {}
    with pytest.raises(InputError, match="is a plate"):
        io.read(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / ".zgroup").write_text("{broken")
    (tmp_path / "a.zarr" / ".zattrs").write_text("{broken")
    with pytest.raises(InputError):
        io.read(tmp_path / "a.zarr")


def test_axes_in_another_order_are_moved(tmp_path):
    axes = [{"name": a, "type": "space"} for a in "xyz"]
    path = _write_version(tmp_path / "a.zarr", "0.4", letters="zyx")
    attributes = json.loads((path / ".zattrs").read_text())
    attributes["multiscales"][0]["axes"] = axes
    (path / ".zattrs").write_text(json.dumps(attributes))
    image = io.read(path)
    assert (image.axes, image.data.shape) == ("zyx", (9, 8, 3))
    assert image.scale == (10.0, 20.0, 80.0)


def test_colours_are_told_from_channels(an_image, tmp_path):
    colours = an_image("yxc", "uint8", rgb=True)
    path = io.write(tmp_path / "a.zarr", colours)
    names = [c["label"] for c in zarr.open(path, mode="r").attrs["omero"]["channels"]]
    assert names == ["red", "green", "blue"]
    channels = io.read(io.write(tmp_path / "b.zarr", an_image("cyx", "uint8")))
    assert (channels.axes, channels.rgb) == ("cyx", False)


def test_an_axis_of_its_own_kind_is_kept(tmp_path):
    image = SpatialArray(np.arange(60).reshape(3, 4, 5), "syx")
    back = io.read(io.write(tmp_path / "a.zarr", image))
    assert back.axes == "syx"
    np.testing.assert_array_equal(back.data, image.data)


def test_version_is_the_one_most_programs_read(tmp_path):
    path = io.write(tmp_path / "a.zarr", np.zeros((4, 4)))
    assert (path / ".zgroup").exists()
    multiscale = json.loads((path / ".zattrs").read_text())["multiscales"][0]
    assert multiscale["version"] == ngff.VERSION == "0.4"
    assert (
        json.loads((path / "0" / ".zarray").read_text())["dimension_separator"] == "/"
    )
