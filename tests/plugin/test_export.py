"""The Export dock in a real viewer."""

import os
import shutil
import subprocess
import sys

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


def test_all_kinds_at_once_and_no_file_is_replaced(dock, model, until):
    dock.model.value = model
    dock.kind.value = "all of them"
    dock.authors.value, dock.cite.value = "Ada Example", "my paper"
    assert dock.cite.visible and dock.image.visible
    target = model.with_suffix(".zip")
    dock.export_to(target)
    until(lambda: dock.run.enabled, 60)
    assert "A citation holds a DOI" in dock.status.value
    dock.cite.value = "Ada, Coins, 10.1234/coins"
    dock.export_to(target)
    until(lambda: dock.run.enabled, 120)
    assert dock.status.value.startswith("Wrote coins.zip, coins.pt, coins.onnx: ")
    written = {path.suffix for path in model.parent.iterdir()}
    assert written >= {".zip", ".pt", ".onnx"} and ".part" not in written
    target.unlink()
    dock.export_to(target)
    until(lambda: dock.run.enabled, 60)
    assert "coins.pt exists" in dock.status.value and not target.exists()


def test_tiles_move_the_bar(viewer, model, until, open_dock):
    image = np.random.default_rng(0).random((1500, 1500), np.float32)
    viewer.add_image(image, name="noise")
    network = open_dock("Network")
    network.form.model.value = model
    network.form.tile.value, network.form.flips.value = 128, True
    network.run.native.click()
    seen = set()

    def over():
        if network.progress.max:  # else it says only that it runs
            seen.add(network.progress.value / network.progress.max)
        return "noise network_classes" in viewer.layers

    until(over, 120)
    assert len([share for share in seen if 0 < share < 1]) > 3
    network.close()


WITHOUT_TORCH = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "safetensors", "onnx"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refusing())
"""
DOCK = """
import sys, time
import napari, numpy as np
from napari_morphogen.samples import coins
viewer = napari.Viewer()
viewer.add_image(coins().data, name="coins")
_, dock = viewer.window.add_plugin_dock_widget("napari-morphogen", "Network")
dock.form.model.value = sys.argv[1]
dock.run.native.click()
end = time.monotonic() + 100
while len(viewer.layers) == 1 and time.monotonic() < end:
    napari.qt.get_qapp().processEvents()
    time.sleep(0.01)
found = viewer.layers["coins network_classes"].data
assert found.shape == (303, 384)
np.save(sys.argv[2], found)
assert "torch" not in sys.modules
viewer.close()
"""


def test_the_network_dock_needs_no_torch(model, tmp_path):
    """Neither the window nor the process that computes can import it."""
    from napari_morphogen import run
    from napari_morphogen.exports import export

    *_, exported = export(model, model.with_suffix(".onnx"))
    # read by every Python that starts, so by the worker, too
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_TORCH)
    ended = subprocess.run(
        [sys.executable, "-c", DOCK, str(exported.path), str(tmp_path / "found.npy")],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert ended.returncode == 0, ended.stderr
    expected = run("network_classes", coins().data, model=str(exported.path))
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), expected)
