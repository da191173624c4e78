"""The Train dock: paint, train, correct, stop, predict, in a real viewer."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject, Qt

from napari_morphogen import recipe, run, samples, write
from napari_morphogen.learning import Settings, unfinished
from napari_morphogen.plugin.pairs import Pair
from napari_morphogen.plugin.telling import Telling


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


@pytest.fixture
def dock(viewer, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    made = open_dock("Train")
    for name, value in {"width": 8, "levels": 2, "patch": 48}.items():
        made.advanced[name].value = value
    made.budget.value = "20 s"
    return made


def painted(viewer, dock, qtbot):
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    layer.data = samples.coin_strokes().data.astype(np.uint8)
    return layer


def idle(dock):
    return lambda: dock.run.text == "Train"


def test_paint_train_correct_stop_predict(viewer, qtbot, until, dock):
    image = viewer.layers["coins"]
    image.scale, image.translate, image.rotate = (0.5, 0.5), (3, 9), 20
    layer = painted(viewer, dock, qtbot)
    click(qtbot, dock.run)
    assert dock.run.text == "Stop"
    until(lambda: "coins network_classes" in viewer.layers)
    made = viewer.layers["coins network_classes"]
    for corner in [(0, 0), (302, 383)]:
        there = image.data_to_world(corner)
        np.testing.assert_allclose(made.data_to_world(corner), there)
    assert viewer.layers.selection.active is layer  # the brush stays where it was
    until(lambda: dock.curve.isVisible() and len(dock.curve.values) > 2)
    before = made.data.copy()
    layer.brush_size = 30
    layer.paint((88, 150), 3)  # a class that was unknown until now
    until(lambda: 3 in made.data)
    assert not np.array_equal(before, made.data)
    assert dock.run.text == "Stop"  # still training
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Trained" in dock.status.value
    steps = made.metadata[recipe.KEY]["steps"]
    again = run("network_classes", image.data, **steps[-1]["parameters"])
    np.testing.assert_array_equal(made.data, again)
    assert layer.data[88, 150] == 3  # nothing painted is lost


def test_all_frames_are_predicted_in_the_end(viewer, qtbot, until, dock):
    viewer.layers.clear()
    viewer.open_sample("napari-morphogen", "drifting")
    image = viewer.layers["drifting"]
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    painted = np.zeros(layer.data.shape, np.uint8)
    frame = image.data[0, 0]
    painted[0, 0, 60:64] = 1 + (frame[60:64] > 60)
    layer.data = painted
    viewer.dims.set_point(0, 0)
    click(qtbot, dock.run)
    until(lambda: "drifting network_classes" in viewer.layers)
    click(qtbot, dock.run)
    until(idle(dock))
    made = viewer.layers["drifting network_classes"]
    assert made.data.reshape(12, -1).any(axis=1).all()
    np.testing.assert_allclose(made.scale[-2:], image.scale[-2:])


def test_stop_pressed_twice_ends_at_once(viewer, qtbot, until, dock):
    painted(viewer, dock, qtbot)
    click(qtbot, dock.run)
    until(lambda: "coins network_classes" in viewer.layers)
    dock._stopping = True  # as if the step took very long
    start = time.monotonic()
    click(qtbot, dock.run)
    until(idle(dock))
    assert time.monotonic() - start < 1
    assert "kept" in dock.status.value and "coins network_classes" in viewer.layers


def test_objects_from_labels(viewer, qtbot, until, dock):
    viewer.add_labels(samples.coin_labels().data, name="truth")
    assert dock.labels_layer.value.name == "truth"
    dock.meaning.value = "objects (all painted)"
    click(qtbot, dock.run)
    until(lambda: "coins network_objects" in viewer.layers)
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Trained" in dock.status.value
    assert {"foreground", "centre"} <= {
        layer.name.split()[-1] for layer in viewer.layers
    }


def test_what_is_missing_is_one_sentence(viewer, qtbot, until, dock):
    click(qtbot, dock.run)
    assert "Choose a labels layer" in dock.status.value
    click(qtbot, dock.new)
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Nothing is painted" in dock.status.value
    dock.start.value = "a model file"
    click(qtbot, dock.run)
    assert "model file" in dock.status.value
    dock.start.value = "the last result"
    click(qtbot, dock.run)
    assert "Nothing was trained yet" in dock.status.value
    viewer.layers.clear()
    dock.start.value = "a new network"
    click(qtbot, dock.run)
    assert "Choose an image layer" in dock.status.value


def test_a_model_is_saved_trained_on_and_applied_by_the_network_dock(
    viewer, qtbot, until, dock, open_dock, tmp_path
):
    painted(viewer, dock, qtbot)
    click(qtbot, dock.run)
    until(lambda: "coins network_classes" in viewer.layers)
    click(qtbot, dock.run)
    until(idle(dock))
    assert not unfinished(dock._model).exists()
    path = tmp_path / "mine.morphogen"
    dock.save_model(path)
    assert f"Saved {path}" in dock.status.value
    assert dock.start.value == "the last result"
    first = viewer.layers["coins network_classes"].data.copy()
    viewer.layers.remove("coins network_classes")
    network = open_dock("Network")
    network.form["model"].value = path
    assert network.method.value == "network_classes"
    click(qtbot, network.run)
    until(lambda: network.run.enabled)
    np.testing.assert_array_equal(viewer.layers["coins network_classes"].data, first)
    network.form["model"].value = tmp_path / "none.morphogen"
    assert "Cannot read" in network.status.value


def test_folders_are_learnt_from(viewer, qtbot, until, dock, tmp_path):
    viewer.layers.clear()
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        place = slice(90 * number, 90 * number + 120)
        write(tmp_path / f"images/{number}.tif", samples.coins().data[place])
        write(tmp_path / f"labels/{number}.tif", samples.coin_labels().data[place])
    dock.add_folders(tmp_path / "images", tmp_path / "labels")
    assert "Learns from: 0, 1" in dock.pairs.value
    dock.meaning.value = "objects (all painted)"
    click(qtbot, dock.run)
    until(lambda: "Step" in dock.status.value)
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Trained" in dock.status.value
    click(qtbot, dock.forget)
    assert not dock.pairs.visible
    dock.add_folders(tmp_path / "images", tmp_path / "nowhere")
    assert "nowhere" in dock.status.value


def test_patches_are_shown(viewer, qtbot, until, dock):
    painted(viewer, dock, qtbot)
    click(qtbot, dock.patches)
    until(lambda: "patches labels" in viewer.layers)
    assert viewer.layers["patches"].data.shape[1:] == (48, 48)
    assert (
        viewer.layers["patches"].data.shape
        == viewer.layers["patches labels"].data.shape
    )


def test_closing_the_dock_ends_the_training(viewer, qtbot, until, dock, process_for):
    layer = painted(viewer, dock, qtbot)
    click(qtbot, dock.run)
    job = dock._job
    assert job.running
    viewer.window.remove_dock_widget(dock.native)
    dock.close()
    until(lambda: not job.running)
    layer.paint((20, 20), 1)  # nobody listens any more
    process_for(0.5)
    assert layer.data[20, 20] == 1


def test_what_is_painted_on_the_prediction_stays(viewer, qtbot, until, dock):
    painted(viewer, dock, qtbot)
    click(qtbot, dock.run)
    until(lambda: "coins network_classes" in viewer.layers)
    mine = viewer.layers["coins network_classes"]
    mine.paint((5, 5), 7)
    until(lambda: "coins network_classes [1]" in viewer.layers)
    click(qtbot, dock.run)
    until(idle(dock))
    assert mine.data[5, 5] == 7
    assert 7 not in viewer.layers["coins network_classes [1]"].data


def test_strokes_serve_whichever_channel_is_chosen(viewer, qtbot, until, dock):
    viewer.layers.clear()
    viewer.open_sample("napari-morphogen", "drifting")
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    layer.data[0, :, 60:64] = 1
    layer.data[0, :, 64:68] = 2
    dock.channel.value = "1"
    click(qtbot, dock.run)
    until(lambda: dock.last is not None and dock.last.step > 0, 60)
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Trained" in dock.status.value


def test_undo_and_redo_reach_the_running_training(viewer, qtbot, until, dock):
    click(qtbot, dock.new)
    layer, painted = viewer.layers["strokes"], samples.coin_strokes().data
    layer.data_setitem(np.nonzero(painted), painted[painted > 0])
    said = []
    click(qtbot, dock.run)
    dock._job.item.connect(lambda report: said.append(report.note))
    until(lambda: "coins network_classes" in viewer.layers, 60)
    layer.undo()
    assert not layer.data.any()
    until(lambda: any("Nothing is painted" in text for text in said))
    layer.redo()
    layer.mode, layer.selected_label = "erase", 0
    np.testing.assert_array_equal(layer.data, painted)
    layer.data_setitem(np.nonzero(painted == 2), 0)  # as the eraser does
    until(lambda: any("one class only" in text for text in said))
    layer.undo()
    click(qtbot, dock.run)
    until(idle(dock))
    assert "Trained" in dock.status.value


def test_undo_out_of_sight_is_told_when_it_comes_into_sight(process_for, tmp_path):
    told, viewer, parent = [], ViewerModel(), QObject()  # nothing need be drawn
    image = viewer.add_image(np.zeros((3, 4, 16, 16)))
    layer = viewer.add_labels(np.zeros((3, 4, 16, 16), np.uint8))
    pair = Pair(image, layer, "tzyx", None)
    todo = pair.lesson(Settings(), tmp_path / "none").plan
    telling = Telling(viewer, parent)
    telling.begin({0: (pair, todo)})
    telling.follow(SimpleNamespace(tell=told.append))

    def frames():
        process_for(0.4)
        found = [(m.index, int(m.labels.sum())) for m in told if hasattr(m, "labels")]
        told.clear()
        return found

    viewer.dims.set_point(0, 0)
    frames()
    layer.paint((0, 0, 8, 8), 1)
    assert frames() == [((0,), layer.data[0].sum())]
    viewer.dims.set_point(1, 2)
    assert frames() == []  # another plane of the same volume
    viewer.dims.set_point(0, 2)
    layer.undo()
    assert frames() == [((2,), 0)]
    viewer.dims.set_point(0, 0)
    assert frames() == [((0,), 0)]
    viewer.layers.remove(image)
    layer.redo()
    assert frames() == []  # nothing is learnt from it any more
    telling.end()
    layer.undo()
    assert frames() == []


def test_layers_of_the_user_are_left_alone(viewer, qtbot, until, dock):
    mine = viewer.add_image(np.eye(8), name="patches")
    dock.image.value = viewer.layers["coins"]
    painted(viewer, dock, qtbot)
    for _ in range(2):
        click(qtbot, dock.patches)
        until(lambda: "Each plane" in dock.status.value)
        dock.status.value = ""
    assert mine in viewer.layers
    assert len(viewer.layers) == 5  # and the patches once


def test_other_labels_begin_a_new_network(viewer, qtbot, until, dock):
    dock.start.value = "the last result"
    dock.meaning.value = "objects (all painted)"
    assert dock.start.value == "a new network"
