"""The Measure dock in a real viewer."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_morphogen import measure


@pytest.fixture
def labels():
    data = np.zeros((4, 40, 50), np.int32)
    data[1, 5:10, 5:10], data[2:, 20:30, 30:45], data[3, 35:37, 1:3] = 7, 70_000, 9
    return data


@pytest.fixture
def dock(viewer, labels, qtbot, until, open_dock):
    place = {"scale": (3, 0.5, 0.5), "translate": (1, 2, 3), "axis_labels": "zyx"}
    viewer.add_image(np.arange(8000.0).reshape(labels.shape), name="image", **place)
    viewer.add_labels(labels, name="objects", **place)
    dock = open_dock("Measure")
    dock.image.value = viewer.layers["image"]
    qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
    until(lambda: dock.run.enabled)
    yield dock
    dock.close()


def test_table_holds_the_measurements_and_the_layer_their_features(
    dock, viewer, labels
):
    from napari_morphogen.plugin.layers import read

    layer = viewer.layers["objects"]
    expected = measure(read(layer), read(viewer.layers["image"]))
    assert list(dock.result) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose(dock.result[name], column)
        np.testing.assert_allclose(layer.features[name], column)
    assert dock.status.value.startswith("3 objects")


def test_a_click_on_a_row_goes_to_its_object(dock, viewer, qtbot):
    layer = viewer.layers["objects"]
    dock.sort(list(dock.result).index("volume"))
    dock.sort(list(dock.result).index("volume"))
    assert dock.result["label"].tolist() == [70_000, 7, 9]
    dock.table.native.cellClicked.emit(0, 0)
    assert layer.selected_label == 70_000
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    assert here[0] in (2, 3)
    dock.table.native.cellClicked.emit(1, 0)
    assert layer.selected_label == 7
    assert viewer.dims.point[0] == 1 + 3 * 1


def test_table_is_copied_and_saved(dock, tmp_path):
    dock.copy.native.click()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == list(dock.result)
    assert len(lines) == 4
    dock.save_table(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().startswith("label,")
    dock.save_table(tmp_path / "missing" / "table.csv")
    assert dock.status.value.startswith("Cannot write")


def test_shapes_that_differ_are_one_sentence(dock, viewer, qtbot, until):
    viewer.add_image(np.zeros((9, 9)), name="other")
    dock.image.value = viewer.layers["other"]
    dock.run.native.click()
    until(lambda: dock.run.enabled)
    assert "(9, 9)" in dock.status.value


def test_without_labels_a_sentence_says_what_to_do(viewer, open_dock):
    dock = open_dock("Measure")
    dock.run.native.click()
    assert dock.status.value == "Choose a Labels layer first."
    dock.close()


def test_the_image_below_is_chosen_where_there_is_but_one(viewer, open_dock):
    labels = np.ones((6, 8), int)
    viewer.add_image(np.zeros((6, 8, 3), np.uint8), name="colours")
    viewer.add_image(np.zeros((5, 8)), name="other")
    viewer.add_labels(labels, name="objects")
    dock = open_dock("Measure")
    assert dock.labels_layer.value is viewer.layers["objects"]
    assert dock.image.value is None
    image = viewer.add_image(np.zeros((6, 8)), name="one")
    assert dock.image.value is image
    viewer.add_image(np.zeros((6, 8)), name="another")
    assert dock.image.value is image  # a choice stays
    viewer.add_labels(labels, name="finer", scale=(0.5, 0.5))
    dock.labels_layer.value = viewer.layers["finer"]
    assert dock.image.value is None
