"""The command `morphogen export`."""

import numpy as np
import onnxruntime
import pytest

from napari_morphogen.cli import main
from napari_morphogen.samples import trained_model


@pytest.fixture
def model(tmp_path):
    from pathlib import Path

    path = tmp_path / "coins.morphogen"
    path.write_bytes(Path(trained_model("semantic")).read_bytes())
    return path


def test_export_command(model, capsys):
    assert main(["export", str(model)]) == 0
    out, err = capsys.readouterr()
    written = model.with_suffix(".onnx")
    assert out.strip() == str(written)
    assert "from the model on images of 5 sizes" in err
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    image = np.zeros((2, 1, 30, 31), np.float32)
    assert session.run(None, {"image": image})[0].shape == (2, 2, 30, 31)
    assert sorted(p.name for p in model.parent.iterdir()) == [
        "coins.morphogen",
        "coins.onnx",
    ]


@pytest.mark.parametrize(
    "words, said",
    [
        (["--out", "a.txt"], "call the file a.onnx, not a.txt"),
        (["--out", "none/a.onnx"], "no folder none"),
        (["--to", "torchscript", "--fp16"], "ONNX only"),
    ],
)
def test_wrong_calls_write_nothing(model, words, said, capsys, monkeypatch):
    monkeypatch.chdir(model.parent)
    assert main(["export", str(model), *words]) == 2
    assert said in capsys.readouterr().err
    assert [p.name for p in model.parent.iterdir()] == ["coins.morphogen"]


def test_a_changed_model_is_refused(model, capsys):
    content = bytearray(model.read_bytes())
    content[-1] ^= 255
    model.write_bytes(content)
    assert main(["export", str(model)]) == 2
    assert "was changed after it was written" in capsys.readouterr().err
    assert [p.name for p in model.parent.iterdir()] == ["coins.morphogen"]
