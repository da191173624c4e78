"""`morphogen train objects` and the prediction with its model."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from napari_morphogen import read, write
from napari_morphogen.cli_classes import object_classes
from napari_morphogen.cli_objects import add_train, predict_objects
from napari_morphogen.exports import export
from napari_morphogen.object_classes import EVERY
from napari_morphogen.params import InputError
from napari_morphogen.samples import trained_model


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Squares of two sizes: odd numbers are large."""
    monkeypatch.chdir(tmp_path)
    labels = np.zeros((96, 96), np.int32)
    for i in range(16):
        y, x = 24 * (i // 4) + 2, 24 * (i % 4) + 2
        width = 6 + 12 * (i % 2)
        labels[y : y + width, x : x + width] = i
    write("objects.tif", labels)
    write("image.tif", (labels > 0) * np.uint8(200))
    rows = [f"{i},{'large' if i % 2 else 'small'}" for i in range(1, 9)]
    (tmp_path / "classes.csv").write_text("\n".join(["object,class", *rows]))
    return tmp_path


def train(*words):
    parser = argparse.ArgumentParser()
    add_train(parser.add_subparsers())
    given = parser.parse_args(["objects", *words])
    return given.command(given)


def test_train_and_predict(files, capsys):
    words = ["image.tif", "objects.tif", "classes.csv", "--model", "m.morphogen"]
    assert train(*words, "--steps", "40") == 0
    assert "too few to tell" in capsys.readouterr().out
    where = [files / name for name in ("m.morphogen", "image.tif", "objects.tif")]
    predict_objects(*where, files / "classes_found.csv")
    with open("classes_found.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("object", "class", "probability"),
        *("probability large", "probability small"),
    ]
    expected = {i: "large" if i % 2 else "small" for i in range(1, 16)}
    assert {int(row["object"]): row["class"] for row in rows} == expected
    predict_objects(*where, files / "found.tif")
    labels, found = read("objects.tif"), read("found.tif")
    assert found.data.dtype == np.int32
    for number, name in expected.items():
        code = {"large": 1, "small": 2}[name]
        assert set(found.data[labels.data == number]) == {code}
    assert not found.data[labels.data == 0].any()


def test_exported_classifier_without_torch(files, without_torch):
    pytest.importorskip("onnxruntime")
    words = ["image.tif", "objects.tif", "classes.csv", "--model", "m.morphogen"]
    assert train(*words, "--steps", "40") == 0
    list(export("m.morphogen", "m.onnx"))
    given = ["m.onnx", "image.tif", "alone.csv", "--labels", "objects.tif"]
    without_torch("predict", *given)
    where = [files / name for name in ("m.morphogen", "image.tif", "objects.tif")]
    predict_objects(*where, files / "own.csv")
    tables = []
    for name in ("alone.csv", "own.csv"):
        with open(name, newline="") as file:
            tables.append(list(csv.DictReader(file)))
    assert len(tables[0]) == 15
    for one, two in zip(*tables, strict=True):
        assert (one["object"], one["class"]) == (two["object"], two["class"])
        for column in list(one)[2:]:
            assert float(one[column]) == pytest.approx(float(two[column]), abs=1e-4)


def test_other_onnx_files_are_no_classifiers(files):
    pytest.importorskip("onnxruntime")
    list(export(trained_model("semantic"), "net.onnx"))
    with pytest.raises(InputError, match="tells no objects apart"):
        predict_objects(*map(Path, ("net.onnx", "image.tif", "objects.tif", "a.csv")))
    Path("cut.onnx").write_bytes(Path("net.onnx").read_bytes()[:-50])
    with pytest.raises(InputError, match="cut short"):
        predict_objects(*map(Path, ("cut.onnx", "image.tif", "objects.tif", "a.csv")))
    assert not Path("a.csv").exists()


def test_tables_as_spreadsheets_write_them(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("\ufeffClass; Object ;x\nb;3;1\n;4;1\na c;5.0;1\n", "utf-8")
    assert object_classes(path) == {(EVERY, 3): "b", (EVERY, 5): "a c"}
    path.write_text("frame,object,class\n0,3,a\n1,3,b\n")
    assert object_classes(path) == {(0, 3): "a", (1, 3): "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no columns object,class"),
        ("label,class\n1,a", 'but "label,class"'),
        ("object,class\n1,a\nx,b", 'Line 3 .*"x" as its object'),
        ("object,class\n1,a\n1,b", "Object 1 has two classes"),
        ("object,class\n1,a\n2,a", "at least two classes"),
        ("object,class\n1,a\n99,b", "no object 99"),
    ],
)
def test_bad_tables_are_one_sentence(files, text, message):
    (files / "classes.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        train("image.tif", "objects.tif", "classes.csv", "--model", "m.morphogen")
    assert not (files / "m.morphogen").exists()


def test_bad_calls_are_one_sentence(files):
    words = ["image.tif", "objects.tif", "classes.csv", "--model"]
    with pytest.raises(InputError, match="no folder"):
        train(*words, "nowhere/m.morphogen")
    with pytest.raises(InputError, match="--steps"):
        train(*words, "m.morphogen", "--steps", "0")
    with pytest.raises(InputError, match="no file"):
        object_classes(files / "nothing.csv")
    where = [files / name for name in ("image.tif", "image.tif", "objects.tif")]
    with pytest.raises(InputError, match="not a usable model"):
        predict_objects(*where, files / "out.csv")
    with pytest.raises(InputError, match="no folder"):
        predict_objects(*where, files / "nowhere" / "out.csv")
