"""Networks in 8 bits: smaller, the same to a program, nearly the same in numbers."""

import getpass
import os
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest

from napari_morphogen import SpatialArray, run
from napari_morphogen.cli import main
from napari_morphogen.export import making
from napari_morphogen.export.run import opened
from napari_morphogen.exports import export
from napari_morphogen.params import InputError
from napari_morphogen.samples import coins, trained_model


@pytest.fixture(scope="module")
def model():
    return Path(trained_model("instances", 100))


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "coins.onnx"
    before = set(os.listdir())
    *_, exported = export(model, path, precision="int8", image=coins())
    assert set(os.listdir()) == before
    return exported


def test_it_is_a_small_file_that_makes_nearly_the_same(model, written):
    assert written.path.stat().st_size < 0.5 * model.stat().st_size
    assert "on your image Dice 0.9" in written.words
    image, size = coins().data, {"scale": 0.8}  # the search for it may end elsewhere
    whole, narrow = (
        network.predict(image, **size)[0] > 0.5
        for network in (making.load(model), opened(written.path))
    )
    assert whole.any()
    assert 2 * (whole & narrow).sum() / (whole.sum() + narrow.sum()) > 0.97


def test_it_is_whole_and_says_what_the_model_says(model, written):
    proto = onnx.load(str(written.path))
    onnx.checker.check_model(proto, full_check=True)
    kinds = {init.data_type for init in proto.graph.initializer}
    assert onnx.TensorProto.INT8 in kinds
    assert {entry.domain for entry in proto.opset_import} == {""}
    found, own = opened(written.path), making.load(model)
    assert (found.task, found.classes) == (own.task, own.classes)
    assert found.thresholds == dict(own.thresholds)


def test_it_holds_nothing_of_the_machine_or_the_image(written):
    content = written.path.read_bytes()
    places = (str(written.path.parent), tempfile.gettempdir() + "/", os.getcwd())
    for word in (*places, f"/home/{getpass.getuser()}", "site-packages", "quant_pre"):
        assert word.encode() not in content
    image = coins().data
    for row in (image[100], image[100].astype(np.float32)):
        assert row[:32].tobytes() not in content


def test_what_cannot_be_written_in_8_bits(model, tmp_path, segmenter):
    path = tmp_path / "coins.onnx"
    with pytest.raises(InputError, match="8 bits are fitted to an image"):
        list(export(model, path, precision="int8"))
    with pytest.raises(InputError, match="Lower precision is for ONNX only"):
        list(export(model, path.with_suffix(".pt"), "torchscript", precision="int8"))
    colours = SpatialArray(np.zeros((20, 20, 3), np.uint8), "yxc")
    with pytest.raises(InputError, match=r"1 channel\(s\), but the image has 3"):
        list(export(model, path, precision="int8", image=colours))
    volumes = segmenter("instances", ndim=3)
    volumes.save(tmp_path / "volumes.morphogen")
    with pytest.raises(InputError, match=r'takes volumes, but .* axes "yx"'):
        name = tmp_path / "volumes.morphogen"
        list(export(name, path, precision="int8", image=coins()))
    assert not path.exists()


def test_volumes_and_series(tmp_path, segmenter):
    segmenter("instances", ndim=3).save(tmp_path / "volumes.morphogen")
    rng = np.random.default_rng(0)
    series = SpatialArray(rng.random((2, 20, 40, 30), np.float32), "tzyx")
    path = tmp_path / "volumes.onnx"
    name = tmp_path / "volumes.morphogen"
    *_, exported = export(name, path, precision="int8", image=series)
    found = run("network_objects", series.data[0], model=str(exported.path))
    assert found.shape == (20, 40, 30)


def test_only_the_middle_of_a_large_image_is_read(model, tmp_path):
    import dask.array as da

    def read(block, block_info=None):
        (rows, columns) = block_info[0]["array-location"]
        ends = (
            rows[0] >= 3000,
            rows[1] <= 5000,
            columns[0] >= 3000,
            columns[1] <= 6000,
        )
        assert all(ends), "more than the middle was read"
        return block

    large = da.random.default_rng(0).random((8000, 9000), chunks=1000)
    image = SpatialArray(large.map_blocks(read, dtype=float), "yx")
    path = tmp_path / "coins.onnx"
    *_, exported = export(model, path, precision="int8", image=image)
    assert exported.path == path


def test_on_the_command_line(model, tmp_path, capsys):
    from napari_morphogen import write

    image, out = tmp_path / "coins.tif", tmp_path / "narrow.onnx"
    write(image, coins())
    given = ["export", str(model), "--out", str(out), "--int8", str(image)]
    assert main(given) == 0
    assert "times as fast as with full precision" in capsys.readouterr().err
    assert main([*given, "--fp16"]) == 2
    assert "--fp16 and --int8 exclude each other" in capsys.readouterr().err
    assert main(["export", str(model), "--cover", str(image)]) == 2
    assert "A cover belongs to a package" in capsys.readouterr().err
