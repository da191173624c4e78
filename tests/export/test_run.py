"""ONNX models applied to images, in a process that knows no PyTorch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_morphogen import read, run, write
from napari_morphogen.export.onnx_models import segmenter_model
from napari_morphogen.export.run import opened
from napari_morphogen.params import InputError
from napari_morphogen.samples import coins, trained_model


@pytest.fixture
def saved(tmp_path, segmenter):
    def save(*args, **words):
        model = segmenter(*args, **words)
        path = tmp_path / "model.onnx"
        path.write_bytes(segmenter_model(model).SerializeToString())
        return model, path

    return save


@pytest.mark.parametrize("words", [{}, {"tile": 32}, {"flips": True, "tile": 24}])
@pytest.mark.parametrize(
    "network, shape",
    [
        ({"in_channels": 2}, (2, 77, 90)),
        ({"task": "semantic", "ndim": 3, "factors": ((1, 2, 2),) * 2}, (1, 9, 40, 31)),
    ],
    ids=["plane", "volume"],
)
def test_same_as_the_model(saved, network, shape, words):
    model, path = saved(**network)
    image = np.random.default_rng(0).gamma(2, 300, shape).astype(np.uint16)
    found = opened(path).predict(image, channel_axis=0, **words)
    expected = model.predict(image, channel_axis=0)
    if "flips" in words:
        expected = model.predict(image, channel_axis=0, flips=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_scale_is_found_as_the_model_finds_it(saved):
    model, path = saved(diameter=12.0)
    image = coins().data[:120, :140]
    found = opened(path).predict(image)
    np.testing.assert_allclose(found, model.predict(image), atol=1e-4)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5)),
        np.ones((1, 1), bool),
        np.full((6, 7), np.nan),
        np.arange(42.0).reshape(6, 7).astype(">i4") - 20,
    ],
)
def test_hostile_images(saved, image):
    model, path = saved()
    found = opened(path).predict(image)
    np.testing.assert_allclose(found, model.predict(image), atol=1e-5)


def test_parts_see_the_intensities_of_the_whole(saved):
    model, path = saved()
    image = np.random.default_rng(0).gamma(2, 300, (64, 64))
    part = (slice(8, 40), slice(16, 64))
    found = opened(path).predict(image, part=part)
    np.testing.assert_allclose(found, model.predict(image, part=part), atol=1e-5)


def test_wrong_images_are_one_sentence(saved):
    _, path = saved(in_channels=2)
    with pytest.raises(InputError, match="trained on 2 channel"):
        opened(path).predict(np.zeros((5, 5)))
    with pytest.raises(InputError, match="trained on planes"):
        opened(path).predict(np.zeros((2, 4, 5, 5)), channel_axis=0)


def test_example_runs_a_file_with_onnxruntime_alone(saved, tmp_path):
    import tifffile

    model, path = saved("edges")
    example = Path(__file__).parents[2] / "examples" / "run_onnx.py"
    text = example.read_text(encoding="utf-8")
    assert "morphogen import" not in text and "import morphogen" not in text
    image = coins().data
    tifffile.imwrite(tmp_path / "image.tif", image)
    command = [sys.executable, example, path, tmp_path / "image.tif"]
    ended = subprocess.run(
        [*command, tmp_path / "maps.tif"], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert '"task": "edges"' in ended.stdout
    found = tifffile.imread(tmp_path / "maps.tif")
    np.testing.assert_allclose(found, model.predict(image), atol=1e-5)


def test_predict_command_without_torch(tmp_path, without_torch):
    from napari_morphogen.exports import export

    model = tmp_path / "coins.onnx"
    *_, exported = export(trained_model("semantic"), model)
    assert exported.path == model
    write(tmp_path / "a.tif", coins())
    given = [model, tmp_path / "a.tif", "--out-dir", tmp_path / "out"]
    without_torch("predict", *given)
    (found,) = (tmp_path / "out").iterdir()
    torch_labels = run("network_classes", coins(), model=trained_model("semantic"))
    assert (read(found).data == torch_labels.data).mean() > 0.9999
