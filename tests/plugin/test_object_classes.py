"""The loop of clicking, training and correcting, in a real viewer."""

import csv
import time

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

pytest.importorskip("torch")

from napari_morphogen import recipe
from napari_morphogen.plugin.preview import camera

PLACE = {"scale": (0.5, 0.5), "translate": (3, 9), "rotate": 10}
SIDE, CELL = 6, 28


def scene():
    """Return squares of two sizes in cells: odd numbers are large."""
    labels = np.zeros((SIDE * CELL,) * 2, np.int32)
    for i in range(SIDE * SIDE):
        y, x = CELL * (i // SIDE) + 14, CELL * (i % SIDE) + 14
        half = 9 if i % 2 else 4
        labels[y - half : y + half, x - half : x + half] = i + 1
    image = (labels > 0) * 100 + np.random.default_rng(0).normal(0, 9, labels.shape)
    return image, labels


def truth(number):
    return "small" if number % 2 else "large"


def centre(number):
    i = number - 1
    return CELL * (i // SIDE) + 14, CELL * (i % SIDE) + 14


@pytest.fixture
def dock(viewer, open_dock, until):
    image, labels = scene()
    viewer.add_image(image, name="cells", **PLACE)
    viewer.add_labels(labels, name="objects", **PLACE)
    dock = open_dock("Object classes")
    name(dock, 0, "large")
    name(dock, 1, "small")
    yield dock
    dock.close()


def name(dock, row, text):
    dock.classes.item(row, 0).setText(text)


def press(qtbot, button):
    at = QPoint(12, button.native.height() // 2)
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton, pos=at)


@pytest.fixture
def click(viewer, qtbot):
    """Bring a pixel of a layer into the middle of the canvas and click there."""

    def do(layer, pixel):
        world = layer.data_to_world(pixel)
        viewer.dims.set_point(range(len(world)), world)
        camera(viewer).center = (0, *world[-2:])
        canvas = viewer.window._qt_viewer.canvas.native
        qtbot.wait(30)
        middle = QPoint(canvas.width() // 2, canvas.height() // 2)
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
        qtbot.wait(10)

    return do


def teach(dock, viewer, numbers):
    """Give classes to objects as clicks do, without the mouse."""
    for number in numbers:
        dock.classes.choose(dock.classes.names.index(truth(number)))
        dock._picked(centre(number), number)


def given(layer):
    table = layer.features
    rows = zip(table["index"], table["given class"], strict=True)
    return {int(i): n for i, n in rows if n}


def test_click_train_look(viewer, dock, qtbot, until, click, tmp_path):
    layer = viewer.layers["objects"]
    layer.features = {"index": [1, 2], "size": [8, 18]}
    press(qtbot, dock.pick)
    assert viewer.layers.selection.active is layer
    for number in (1, 3, 2, 4):
        key = {"large": "1", "small": "2"}[truth(number)]
        canvas = viewer.window._qt_viewer.canvas.native
        qtbot.keyClick(canvas, key)
        click(layer, centre(number))
    assert given(layer) == {1: "small", 3: "small", 2: "large", 4: "large"}
    click(layer, centre(4))  # once more takes it away
    click(layer, (1, 1))  # background
    assert given(layer) == {1: "small", 3: "small", 2: "large"}
    shown = viewer.layers["objects - examples"]
    expected = np.zeros_like(layer.data)
    for number, code in {1: 2, 3: 2, 2: 1}.items():
        expected[layer.data == number] = code
    np.testing.assert_array_equal(shown.data, expected)

    teach(dock, viewer, range(4, 13))
    dock.advanced["steps"].value = 60
    press(qtbot, dock.run)
    until(lambda: dock.found is not None, 90)
    until(lambda: dock._job is None, 90)
    assert "Cross-validated: 12 of 12" in dock.accuracy.value
    made = viewer.layers["objects - classes"]
    for corner in ((0, 0), (99, 160)):
        there = layer.data_to_world(corner)
        np.testing.assert_allclose(made.data_to_world(corner), there)
    for number in range(1, 37):
        code = {"large": 1, "small": 2}[truth(number)]
        assert set(made.data[layer.data == number]) == {code}
    assert not made.data[layer.data == 0].any()
    colour = "".join(f"{round(255 * part):02x}" for part in made.get_color(1)[:3])
    assert f"#{colour}" == dock.classes.colours["large"].lower()
    features = layer.features.set_index("index")
    assert features["class"].to_dict() == {i: truth(i) for i in range(1, 37)}
    assert (features["probability"] > 0.5).all()
    assert features["size"].to_dict()[2] == 18 and len(given(layer)) == 12
    assert made.metadata[recipe.KEY]["steps"][-1]["method"] == "object_classes"

    press(qtbot, dock.seek)
    at = np.round(layer.world_to_data(camera(viewer).center[-2:])).astype(int)
    number = layer.data[tuple(at)]
    others = features[~features.index.isin(range(1, 13))]
    assert features["probability"][number] == others["probability"].min()

    dock.save_model(tmp_path / "m.morphogen")
    dock.save_given(tmp_path / "given.csv")
    with open(tmp_path / "given.csv", newline="") as file:
        rows = {int(row["object"]): row["class"] for row in csv.DictReader(file)}
    assert rows == given(layer)
    dock.save_model(tmp_path / "nowhere" / "m.morphogen")
    assert "no folder" in dock.status.value


def test_model_serves_other_layers(viewer, dock, qtbot, until, tmp_path):
    press(qtbot, dock.apply)
    assert not dock.apply.enabled
    teach(dock, viewer, range(1, 5))
    dock.advanced["steps"].value = 60
    press(qtbot, dock.run)
    until(lambda: dock.found is not None and dock._job is None, 90)
    assert "too few to tell" in dock.accuracy.value
    dock.save_model(tmp_path / "m.morphogen")
    image, labels = scene()
    viewer.add_image(image[::-1], name="other cells")
    viewer.add_labels(labels[::-1], name="others")
    dock.image.value = viewer.layers["other cells"]
    dock.objects.value = viewer.layers["others"]
    dock.load_model(tmp_path / "m.morphogen")
    assert "large, small" in dock.status.value
    press(qtbot, dock.apply)
    until(lambda: "others - classes" in viewer.layers, 60)
    until(lambda: dock._job is None)
    features = viewer.layers["others"].features.set_index("index")
    assert features["class"].to_dict() == {i: truth(i) for i in range(1, 37)}
    (tmp_path / "text.morphogen").write_text("nothing")
    dock.load_model(tmp_path / "text.morphogen")
    assert "no model file" in dock.status.value


def test_cancel_keeps_what_is_there(viewer, dock, qtbot, until):
    teach(dock, viewer, range(1, 13))
    before = given(viewer.layers["objects"])
    dock.advanced["steps"].value = 100_000
    press(qtbot, dock.run)
    until(lambda: dock.progress.value > 0, 60)
    start = time.monotonic()
    press(qtbot, dock.cancel)
    until(lambda: dock._job is None)
    assert time.monotonic() - start < 2
    assert "Cancelled" in dock.status.value
    assert "objects - classes" not in viewer.layers and dock.model is None
    assert given(viewer.layers["objects"]) == before
    dock.advanced["steps"].value = 30  # cancelled while the accuracy is found
    press(qtbot, dock.run)
    until(lambda: dock.found is not None, 60)
    press(qtbot, dock.run)  # a newer one ends it
    until(lambda: dock._job is None, 90)
    assert "Cross-validated" in dock.accuracy.value


def test_examples_outlive_the_dock_and_other_measurements(
    viewer, dock, qtbot, until, open_dock
):
    layer = viewer.layers["objects"]
    teach(dock, viewer, (1, 2))
    dock.add_class("odd one")
    measure = open_dock("Measure")
    measure.labels_layer.value = layer
    press(qtbot, measure.run)
    until(lambda: measure.run.enabled)
    assert given(layer) == {1: "small", 2: "large"}
    assert layer.features["area"].tolist() == measure.result["area"].tolist()
    viewer.layers.remove("objects - examples")
    viewer.window.remove_dock_widget(dock.native)
    again = open_dock("Object classes")
    assert again is not dock
    until(lambda: "objects - examples" in viewer.layers)
    assert again.classes.names == ("large", "small", "odd one")
    shown = viewer.layers["objects - examples"].data
    assert set(shown[layer.data == 1]) == {2} and set(shown[layer.data == 2]) == {1}
    again.close()
    measure.close()


def test_classes_are_renamed_and_removed(viewer, dock, qtbot, until):
    layer = viewer.layers["objects"]
    teach(dock, viewer, (1, 2))
    name(dock, 0, "big")
    assert given(layer) == {1: "small", 2: "big"}
    name(dock, 0, "small")  # taken
    name(dock, 0, " ")
    assert dock.classes.names == ("big", "small")
    dock.classes.choose(0)
    press(qtbot, dock.drop)
    assert "press Remove again" in dock.status.value and len(dock.classes.names) == 2
    press(qtbot, dock.drop)
    assert dock.classes.names == ("small",) and given(layer) == {1: "small"}
    shown = viewer.layers["objects - examples"]
    until(lambda: set(np.unique(shown.data)) == {0, 1})
    press(qtbot, dock.run)
    assert "at least two classes" in dock.status.value


def test_frames_have_numbers_of_their_own(viewer, open_dock, click, qtbot, until):
    image, labels = scene()
    series = np.stack([labels, labels[:, ::-1]])
    words = {"axis_labels": ("t", "y", "x")}
    viewer.add_image(np.stack([image, image[:, ::-1]]), name="series", **words)
    layer = viewer.add_labels(series, name="objects", **words)
    dock = open_dock("Object classes")
    name(dock, 0, "large")
    name(dock, 1, "small")
    dock.pick.value = True
    dock.classes.choose(1)
    click(layer, (1, *centre(6)))  # there is 1 in the second frame
    table = layer.features
    assert table[["frame", "index", "given class"]].values.tolist() == [[1, 1, "small"]]
    dock.classes.choose(0)
    click(layer, (0, *centre(2)))
    dock.advanced["steps"].value = 40
    press(qtbot, dock.run)
    until(lambda: dock.found is not None and dock._job is None, 90)
    made = viewer.layers["objects - classes"].data
    assert made.shape == series.shape
    assert len(layer.features) == 72
    rows = layer.features.set_index(["frame", "index"])["given class"]
    assert rows[rows != ""].to_dict() == {(0, 2): "large", (1, 1): "small"}
    dock.close()


def test_nothing_chosen_and_wrong_shapes_are_one_sentence(viewer, open_dock, qtbot):
    dock = open_dock("Object classes")
    press(qtbot, dock.run)
    assert "image" in dock.status.value
    press(qtbot, dock.pick)
    assert not dock.pick.value and "Labels layer" in dock.status.value
    viewer.add_image(np.zeros((9, 9)), name="image")
    press(qtbot, dock.run)
    assert "Labels layer" in dock.status.value
    viewer.add_labels(np.ones((5, 5), int), name="objects")
    press(qtbot, dock.run)
    assert "(5, 5)" in dock.status.value and "(9, 9)" in dock.status.value
    viewer.add_labels(np.ones((2, 9, 9), int), name="volume")
    dock.objects.value = viewer.layers["volume"]
    assert "labels have 3 axes" in dock.status.value
    dock.close()
