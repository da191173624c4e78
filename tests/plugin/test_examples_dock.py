"""Strokes in, classes out: the loop of painting, looking and correcting."""

import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_morphogen import recipe, run, samples


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


@pytest.fixture
def dock(viewer, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    return open_dock("Examples")


def paint(layer):
    layer.data[samples.coin_strokes().data == 1] = 1
    layer.paint((88, 150), 2)  # the last stroke goes the way of the mouse


def test_nothing_painted_is_one_sentence(viewer, qtbot, until, dock):
    click(qtbot, dock.run)
    assert "strokes" in dock.status.value and dock.run.enabled
    click(qtbot, dock.new)
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled)
    assert "paint at least two classes" in dock.status.value
    assert len(viewer.layers) == 2


def test_new_strokes_lie_on_the_image_and_are_chosen(viewer, qtbot, dock):
    image = viewer.layers["coins"]
    image.scale, image.translate, image.rotate = (0.5, 0.5), (3, 9), 20
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    assert dock.form.strokes.value == "strokes"
    assert layer.mode == "paint" and viewer.layers.selection.active is layer
    for corner in [(0, 0), (302, 383)]:
        there = image.data_to_world(corner)
        np.testing.assert_allclose(layer.data_to_world(corner), there)


@pytest.mark.parametrize("method", ["nearest_class", "random_forest"])
def test_paint_run_and_go_to_the_most_uncertain(viewer, qtbot, until, dock, method):
    dock.method.value = method
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    paint(layer)
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled)
    made = viewer.layers[f"coins {method}"]
    expected = run(method, viewer.layers["coins"].data, strokes=layer.data)
    np.testing.assert_array_equal(made.data, expected)
    probability = viewer.layers[f"coins {method} probability"]
    assert probability.data.shape == (2, 303, 384)
    np.testing.assert_allclose(probability.data.sum(axis=0), 1, atol=1e-5)
    click(qtbot, dock.seek)
    until(lambda: "Uncertainty" in dock.status.value)
    centre = getattr(viewer, "scene", viewer).camera.center[-2:]
    uncertainty = viewer.layers[f"coins {method} uncertainty"].data
    row, column = (int(c) for c in centre)
    assert uncertainty[row, column] > np.median(uncertainty)
    made = viewer.layers[f"coins {method} uncertainty"].metadata[recipe.KEY]
    again = recipe.replay(made, viewer.layers["coins"].data, strokes=layer.data)
    np.testing.assert_array_equal(again.data, uncertainty)


def test_prediction_follows_the_brush(viewer, qtbot, until, dock):
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    paint(layer)
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    seen = viewer.layers["preview"]
    before = seen.data
    start = time.monotonic()
    layer.paint((160, 190), 3)
    until(lambda: seen.data is not before)
    assert time.monotonic() - start < 20  # the machine may be busy
    until(lambda: 3 in seen.data)


def test_strokes_on_one_frame_serve_all(viewer, qtbot, until, open_dock):
    series = np.stack([samples.coins().data] * 3)
    viewer.add_image(series, name="series", axis_labels=("t", "y", "x"))
    dock = open_dock("Examples")
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    layer.data[1] = samples.coin_strokes().data
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled)
    made = viewer.layers["series nearest_class"].data
    assert {1, 2} == set(np.unique(made[0]))
    np.testing.assert_array_equal(made[0], made[2])


def test_a_saved_classifier_serves_another_image(
    viewer, qtbot, until, dock, tmp_path, monkeypatch
):
    click(qtbot, dock.new)
    layer = viewer.layers["strokes"]
    path = tmp_path / "coins.npz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    click(qtbot, dock.export)
    until(lambda: "paint at least two classes" in dock.status.value)
    paint(layer)
    click(qtbot, dock.export)
    until(lambda: dock.status.value == f"Saved {path}.")
    other = viewer.add_image(viewer.layers["coins"].data[:150], name="upper")
    dock.image.value = other
    dock.method.value = "stroke_classes"
    dock.form.model.value = str(path)
    click(qtbot, dock.run)
    until(lambda: "upper stroke_classes" in viewer.layers)
    expected = run("nearest_class", viewer.layers["coins"].data, strokes=layer.data)
    made = viewer.layers["upper stroke_classes"].data
    assert (made == expected[:150]).mean() > 0.99  # but for what lay below the cut
    click(qtbot, dock.export)
    assert dock.status.value == "Choose a method that learns from strokes."
    click(qtbot, dock.new)
    assert dock.method.value == "nearest_class"
    assert dock.form.strokes.value == "strokes [1]"
