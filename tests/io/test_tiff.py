"""TIFFs of other programs, and other programs on our TIFFs."""

import numpy as np
import ome_types
import pytest
import tifffile

from napari_morphogen import io
from napari_morphogen.io.tiff import axes_of
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray


@pytest.mark.parametrize("axes", ["yx", "zyx", "tczyx", "yxc", "cyx"])
def test_another_library_reads_the_geometry(an_image, tmp_path, axes):
    image = an_image(axes, rgb=axes.endswith("c"), name="Zellkerne µ <1>")
    path = io.write(tmp_path / "a.tif", image)
    with tifffile.TiffFile(path) as file:
        ome_types.validate_xml(file.ome_metadata)
    pixels = ome_types.from_tiff(path).images[0].pixels
    assert (pixels.physical_size_x, pixels.physical_size_y) == (0.2, 0.25)
    assert pixels.physical_size_x_unit.value == "µm"
    assert pixels.physical_size_z == (2.0 if "z" in axes else None)
    assert pixels.time_increment == (30.0 if "t" in axes else None)
    sizes = dict(zip(axes, image.data.shape, strict=True))
    assert (pixels.size_z, pixels.size_t) == (sizes.get("z", 1), sizes.get("t", 1))
    assert (pixels.size_c, pixels.size_x) == (sizes.get("c", 1), sizes["x"])
    assert pixels.planes[0].position_x == 11.5
    if "z" in axes:
        assert {(p.the_z, p.position_z) for p in pixels.planes} == {
            (z, 7.0 + 2.0 * z) for z in range(sizes["z"])
        }


def test_another_library_reads_the_recipe(an_image, tmp_path):
    path = io.write(tmp_path / "a.tif", an_image("yx"))
    notes = ome_types.from_tiff(path).structured_annotations
    (note,) = notes.comment_annotations
    assert note.namespace == "morphogen"
    assert '"watershed"' in note.value


def test_resolution_tags_repeat_the_pixel_size(an_image, tmp_path):
    path = io.write(tmp_path / "a.tif", an_image("zyx"))
    with tifffile.TiffFile(path) as file:
        across, length = file.pages[0].tags["XResolution"].value
        assert file.pages[0].tags["ResolutionUnit"].value == 3
    assert length / across * 1e4 == pytest.approx(0.2)


def test_pixels_stay_pixels(tmp_path):
    image = SpatialArray(np.eye(5, dtype="uint8"), "yx", scale=(2, 3))
    back = io.read(io.write(tmp_path / "a.tif", image))
    assert (back.scale, back.units) == ((2.0, 3.0), ("pixel", "pixel"))
    plain = io.read(io.write(tmp_path / "b.tif", np.eye(5, dtype="uint8")))
    assert (plain.scale, plain.units) == ((1.0, 1.0), ("pixel", "pixel"))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert "PhysicalSize" not in file.ome_metadata


def test_four_colours_and_masks(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (9, 8, 4), "uint8")
    back = io.read(io.write(tmp_path / "a.tif", data))
    assert (back.axes, back.rgb, back.data.shape) == ("yxc", True, (9, 8, 4))
    mask = io.read(io.write(tmp_path / "b.tif", np.eye(4, dtype=bool)))
    assert mask.data.dtype == np.uint8
    assert mask.data.max() == 1


def test_one_unnamed_axis_is_kept(tmp_path):
    data = np.arange(60, dtype="uint8").reshape(3, 4, 5)
    back = io.read(io.write(tmp_path / "a.tif", SpatialArray(data, "pyx")))
    assert back.axes == "tyx"
    np.testing.assert_array_equal(back.data, data)
    back = io.read(io.write(tmp_path / "a.tif", SpatialArray(data, "syx")))
    np.testing.assert_array_equal(back.data, data)


@pytest.mark.parametrize("unit", ["micron", "\\u00B5m", "um", "nm"])
def test_imagej_pixel_size(tmp_path, unit):
    data = np.zeros((2, 3, 8, 9), "uint16")
    tifffile.imwrite(
        tmp_path / "a.tif",
        data,
        imagej=True,
        resolution=(5, 4),
        metadata={"axes": "TZYX", "unit": unit, "spacing": 1.5, "finterval": 0.5},
    )
    image = io.read(tmp_path / "a.tif")
    assert image.axes == "tzyx"
    assert image.scale == (0.5, 1.5, 0.25, 0.2)
    word = "nanometer" if unit == "nm" else "micrometer"
    assert image.units == ("second", word, word, word)


@pytest.mark.parametrize(
    ("resolution", "unit", "size"),
    [
        ((20_000, 40_000), "CENTIMETER", (0.25, 0.5)),
        ((254_000, 254_000), "INCH", (0.1, 0.1)),
        ((72, 72), "INCH", (1.0, 1.0)),
        ((300, 300), "INCH", (1.0, 1.0)),
        ((1, 1), "NONE", (1.0, 1.0)),
        ((5, 5), "NONE", (1.0, 1.0)),
    ],
)
def test_resolution_tags_count_only_if_sensible(tmp_path, resolution, unit, size):
    tifffile.imwrite(
        tmp_path / "a.tif", np.eye(5), resolution=resolution, resolutionunit=unit
    )
    image = io.read(tmp_path / "a.tif")
    np.testing.assert_allclose(image.scale, size)
    assert image.units == ("pixel" if size == (1.0, 1.0) else "micrometer",) * 2


def test_positions_of_a_stage_are_left_alone(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.eye(5, dtype="uint8"),
        ome=True,
        metadata={"axes": "YX", "PhysicalSizeX": 0.5, "Plane": {"PositionX": [9e4]}},
    )
    image = io.read(tmp_path / "a.tif")
    assert image.translate == (0.0, 0.0)
    assert (image.scale, image.units) == ((1.0, 0.5), ("pixel", "micrometer"))


@pytest.mark.parametrize("options", [{}, {"ome": True}, {"metadata": None}])
def test_big_endian(tmp_path, options):
    data = np.arange(200, dtype="uint16").reshape(2, 10, 10) * 300
    tifffile.imwrite(tmp_path / "a.tif", data, byteorder=">", **options)
    image = io.read(tmp_path / "a.tif")
    assert image.data.dtype.isnative
    np.testing.assert_array_equal(image.data, data)


def test_colour_planes_first_are_moved_last(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (3, 9, 8), "uint8")
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="rgb", planarconfig="separate"
    )
    image = io.read(tmp_path / "a.tif")
    assert (image.axes, image.rgb) == ("yxc", True)
    np.testing.assert_array_equal(image.data, np.moveaxis(data, 0, -1))


def test_samples_that_are_no_colours_are_channels(tmp_path):
    data = np.zeros((9, 8, 3), "uint8")
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="minisblack", planarconfig="contig"
    )
    image = io.read(tmp_path / "a.tif")
    assert (image.axes, image.rgb) == ("yxc", False)


def test_the_first_series_at_full_size(tmp_path):
    big, small = np.zeros((64, 64), "uint8"), np.zeros((32, 32), "uint8")
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=True) as writer:
        writer.write(big, subifds=1, metadata={"axes": "YX"})
        writer.write(small, subfiletype=1)
        writer.write(np.ones((5, 6, 7), "uint8"), metadata={"axes": "ZYX"})
    assert io.read(tmp_path / "a.tif").data.shape == (64, 64)


@pytest.mark.parametrize(
    ("letters", "axes"),
    [
        ("YX", "yx"), ("QYX", "zyx"), ("IYX", "zyx"), ("QQYX", "tzyx"),
        ("QQQYX", "tczyx"), ("IZYX", "tzyx"), ("TQYX", "tzyx"), ("CQYX", "czyx"),
        ("YXS", "yxc"), ("QYXS", "zyxc"), ("CYXS", "tyxc"), ("TCZYX", "tczyx"),
        ("HYX", "hyx"),
    ],
)  # fmt: skip
def test_letters(letters, axes):
    assert axes_of(letters) == axes


STACK = np.arange(6 * 40 * 50, dtype="uint16").reshape(6, 40, 50)


@pytest.mark.parametrize(
    "options",
    [
        {"ome": True, "metadata": {"axes": "ZYX"}},
        {"imagej": True},
        {},
        {"metadata": None},
        {"tile": (16, 16)},
        {"compression": "zlib"},
        {"bigtiff": True, "metadata": None},
    ],
)
@pytest.mark.parametrize("part", [0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
def test_what_is_cut_off_is_never_taken_for_whole(tmp_path, options, part):
    tifffile.imwrite(tmp_path / "whole.tif", STACK, **options)
    whole = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: int(len(whole) * part)])
    try:
        image = io.read(tmp_path / "cut.tif")
    except InputError as error:
        assert "cut off" in str(error) or "damaged" in str(error)
        assert "cut off" in str(error) or error.__cause__
    else:
        np.testing.assert_array_equal(image.data, STACK)


def test_pages_in_a_circle_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, metadata=None)
    with tifffile.TiffFile(path) as file:
        second, link = file.pages[1].offset, file.pages.next_page_offset
    whole = bytearray(path.read_bytes())
    whole[link : link + 4] = second.to_bytes(4, "little")
    path.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        io.read(path)


def test_pages_larger_than_their_file_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[0], rowsperstrip=10, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageLength"].overwrite(1_000_000)
    with pytest.raises(InputError, match="damaged"):
        io.read(path)


def test_pages_with_few_bits_are_read(tmp_path):
    from PIL import Image

    Image.fromarray(np.eye(64, dtype=bool)).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(io.read(tmp_path / "a.tif").data, np.eye(64))


@pytest.mark.parametrize("seed", range(20))
def test_damaged_bytes_give_an_image_or_a_sentence(an_image, tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = io.write(tmp_path / "a.tif", an_image("zyx"))
    damaged = bytearray(path.read_bytes())
    for at in rng.integers(0, 400, 8):
        damaged[at] = rng.integers(256)
    path.write_bytes(damaged)
    try:
        io.read(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_a_codec_that_is_missing_is_named(tmp_path):
    from PIL import Image

    data = np.arange(100, dtype="uint8").reshape(10, 10)
    Image.fromarray(data).save(tmp_path / "a.tif", compression="tiff_lzw")
    try:
        np.testing.assert_array_equal(io.read(tmp_path / "a.tif").data, data)
    except InputError as error:
        assert "pip install imagecodecs" in str(error)


def test_a_broken_description_does_not_cost_the_image(tmp_path):
    xml = '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/"'
    tifffile.imwrite(
        tmp_path / "a.tif", np.eye(5), description=xml + "</OME>", metadata=None
    )
    np.testing.assert_array_equal(io.read(tmp_path / "a.tif").data, np.eye(5))


def test_a_long_recipe_survives(an_image, tmp_path):
    long = {"steps": [{"method": "canny", "parameters": {"n": i}} for i in range(999)]}
    image = an_image("yx", metadata={"morphogen": long})
    assert io.read(io.write(tmp_path / "a.tif", image)).metadata["morphogen"] == long
