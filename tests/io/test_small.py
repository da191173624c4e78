"""Pictures and plain arrays."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from napari_morphogen import io
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray


@pytest.mark.parametrize(
    ("dtype", "rgb"), [("uint8", False), ("uint16", False), ("uint8", True)]
)
def test_png_keeps_everything(an_image, tmp_path, dtype, rgb):
    image = an_image("yxc" if rgb else "yx", dtype, rgb=rgb)
    path = io.write(tmp_path / "a.png", image)
    back = io.read(path)
    assert (back.axes, back.rgb, back.data.dtype) == (image.axes, rgb, dtype)
    np.testing.assert_array_equal(back.data, image.data)
    np.testing.assert_allclose(back.scale, image.scale, rtol=1e-4)
    assert back.units[:2] == ("micrometer", "micrometer")
    assert back.metadata["morphogen"] == image.metadata["morphogen"]
    with Image.open(path) as picture:
        assert '"watershed"' in picture.text["morphogen"]


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "int16"])
def test_labels_in_a_png(tmp_path, dtype):
    labels = np.array([[0, 5], [300, 32_000]], dtype)
    back = io.read(io.write(tmp_path / "a.png", labels))
    assert back.data.dtype == np.uint16
    np.testing.assert_array_equal(back.data, labels)


def test_masks_and_transparency_in_a_png(tmp_path):
    back = io.read(io.write(tmp_path / "a.png", np.eye(6, dtype=bool)))
    np.testing.assert_array_equal(back.data, np.eye(6, dtype="uint8"))
    data = np.random.default_rng(0).integers(0, 255, (9, 8, 4), "uint8")
    np.testing.assert_array_equal(io.read(io.write(tmp_path / "a.png", data)), data)


def test_a_png_without_a_length_has_no_pixel_size(tmp_path):
    back = io.read(io.write(tmp_path / "a.png", np.eye(6, dtype="uint8")))
    assert (back.scale, back.units) == ((1.0, 1.0), ("pixel", "pixel"))
    Image.new("L", (5, 4)).save(tmp_path / "b.png", dpi=(300, 300))
    assert io.read(tmp_path / "b.png").scale == (1.0, 1.0)


@pytest.mark.parametrize(
    ("mode", "axes", "shape"),
    [("1", "yx", (4, 5)), ("L", "yx", (4, 5)), ("LA", "yxc", (4, 5, 4)),
     ("P", "yxc", (4, 5, 3)), ("RGB", "yxc", (4, 5, 3)), ("RGBA", "yxc", (4, 5, 4)),
     ("I;16", "yx", (4, 5))],
)  # fmt: skip
def test_pngs_of_every_mode(tmp_path, mode, axes, shape):
    Image.new(mode, (5, 4)).save(tmp_path / "a.png")
    image = io.read(tmp_path / "a.png")
    assert (image.axes, image.data.shape) == (axes, shape)
    assert image.rgb == (axes == "yxc")


@pytest.mark.parametrize(
    ("mode", "axes"), [("L", "yx"), ("RGB", "yxc"), ("CMYK", "yxc")]
)
def test_jpegs_are_read(tmp_path, mode, axes):
    Image.new(mode, (16, 8)).save(tmp_path / "a.jpeg")
    assert io.read(tmp_path / "a.jpeg").axes == axes
    cut = (tmp_path / "a.jpeg").read_bytes()[:-60]
    (tmp_path / "a.jpg").write_bytes(cut)
    with pytest.raises(InputError, match="damaged"):
        io.read(tmp_path / "a.jpg")


def test_colours_of_16_bits_are_not_cut_in_silence(tmp_path):
    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    rows = b"".join(b"\0" + bytes(6 * 4) for _ in range(3))
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match="16 bits, of which only 8"):
        io.read(tmp_path / "a.png")


@pytest.mark.parametrize("seed", range(10))
def test_damaged_pngs_give_an_image_or_a_sentence(an_image, tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = io.write(tmp_path / "a.png", an_image("yx", "uint8"))
    damaged = bytearray(path.read_bytes())
    for at in rng.integers(8, len(damaged), 6):
        damaged[at] = rng.integers(256)
    path.write_bytes(damaged)
    try:
        io.read(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_npy_holds_the_array_only(an_image, tmp_path):
    image = an_image("tzyx", "float16")
    back = io.read(io.write(tmp_path / "a.npy", image))
    assert (back.axes, back.data.dtype) == ("tzyx", np.float16)
    assert back.scale == (1.0,) * 4
    assert "morphogen" not in back.metadata
    np.save(tmp_path / "b.npy", np.arange(12, dtype=">i4").reshape(3, 4))
    assert io.read(tmp_path / "b.npy").data.dtype.isnative


def test_flipped_pixels_count_as_upright(tmp_path):
    image = SpatialArray(
        np.eye(6, dtype="uint8"), "yx", scale=(-0.5, 0.5), units=("micrometer",) * 2
    )
    for ending in (".png", ".tif"):
        back = io.read(io.write(tmp_path / f"a{ending}", image))
        np.testing.assert_allclose(back.scale, (0.5, 0.5))
