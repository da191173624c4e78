"""The Export dock in a real viewer."""

import shutil

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.samples import coins, trained_model

pytest.importorskip("torch")
pytest.importorskip("onnx")


@pytest.fixture
def model(tmp_path):
    return shutil.copy(trained_model("semantic"), tmp_path / "coins.morphogen")


@pytest.fixture
def dock(viewer, open_dock):
    dock = open_dock("Export")
    yield dock
    dock.close()


def test_a_written_file_runs_in_the_network_dock(
    dock, model, viewer, qtbot, until, open_dock, monkeypatch
):
    target = model.with_suffix(".onnx")
    dock.model.value = model
    given = {}

    def ask(parent, title, name, kind):
        given.update(name=name, kind=kind)
        return str(target), kind

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
    assert not dock.run.enabled and dock.cancel.enabled
    until(lambda: dock.run.enabled, 120)
    assert given == {"name": str(target), "kind": "*.onnx"}
    assert dock.status.value.startswith("Wrote coins.onnx: ")
    viewer.add_image(coins().data, name="coins")
    network = open_dock("Network")
    network.form.model.value = target
    assert network.method.value == "network_classes"
    network.run.native.click()
    until(lambda: "coins network_classes" in viewer.layers, 60)
    assert set(viewer.layers["coins network_classes"].data.ravel()) <= {1, 2}
    network.close()


def test_cancel_writes_nothing(dock, model, until):
    dock.model.value = model
    dock.kind.value = "TorchScript"
    dock.export_to(model.with_suffix(".pt"))
    until(lambda: dock.status.value != "Starting …", 60)
    dock.cancel.native.click()
    until(lambda: dock.run.enabled)
    assert dock.status.value == "Cancelled; nothing was written."
    left = {path.suffix for path in model.parent.iterdir()}
    assert not left & {".pt", ".part"}


def test_authors_are_asked_for_packages_only_and_remembered(dock, model, until, viewer):
    assert not dock.authors.visible
    dock.kind.value = "bioimage.io package"
    assert dock.authors.visible and dock.licence.visible
    dock.model.value = model
    dock.export_to(model.with_suffix(".zip"))
    until(lambda: dock.run.enabled, 60)
    assert "names its authors" in dock.status.value
    from napari_morphogen.plugin.export import ExportDock

    dock.authors.value = "Ada Example, Bo Example"
    dock.licence.value = "MIT"
    dock.export_to(model.parent / "none" / "coins.zip")
    until(lambda: dock.run.enabled, 60)
    assert "There is no folder" in dock.status.value
    again = ExportDock(viewer)
    assert again.authors.value == "Ada Example, Bo Example"
    assert again.licence.value == "MIT"


def test_without_a_model_a_sentence_says_what_to_do(dock, tmp_path):
    dock.run.native.click()
    assert dock.status.value == "Choose a model file first."
    dock.model.value = tmp_path / "none.morphogen"
    dock.export_to(tmp_path / "a.onnx")
    assert dock.status.value == "Choose a model file first."


def test_8_bits_ask_for_an_image(dock, model, viewer, until):
    assert not dock.image.visible
    dock.kind.value = "ONNX, a quarter of the size"
    assert dock.image.visible
    dock.model.value = model
    target = model.with_suffix(".onnx")
    dock.export_to(target)
    until(lambda: dock.run.enabled, 60)
    assert "8 bits are fitted to an image" in dock.status.value
    viewer.add_image(coins().data, name="coins")
    dock.image.value = viewer.layers["coins"]
    dock.export_to(target)
    until(lambda: dock.run.enabled, 120)
    assert "on your image Dice" in dock.status.value
    assert target.is_file()


def test_a_network_of_somebody_else_in_the_network_dock(
    viewer, open_dock, until, tmp_path
):
    from onnx import TensorProto, helper

    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, "h", "w"])
        for name in "xy"
    ]
    node = helper.make_node("Neg", ["x"], ["y"])
    graph = helper.make_graph([node], "somebody's", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", 18)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=8)
    path = tmp_path / "strange.onnx"
    path.write_bytes(proto.SerializeToString())
    layer = viewer.add_image(coins().data, name="coins", scale=(0.5, 0.5), units="um")
    network = open_dock("Network")
    network.form.model.value = path
    assert network.method.value == "network_maps"
    network.form.intensities.value = "raw"
    network.run.native.click()
    until(lambda: "coins network_maps" in viewer.layers, 60)
    made = viewer.layers["coins network_maps"]
    np.testing.assert_array_equal(made.data[0], -coins().data.astype(float))
    np.testing.assert_array_equal(made.scale[-2:], layer.scale)
    path.write_bytes(b"cut short")
    network.run.native.click()
    until(lambda: "is no ONNX file" in network.status.value, 60)
    network.close()
