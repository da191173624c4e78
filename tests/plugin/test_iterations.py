"""Iterative methods as a person sees them: moving, with a curve, kept on Cancel."""

import json

import numpy as np
from qtpy.QtCore import Qt

from napari_morphogen import recipe


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


def start(qtbot, dock, method, **values):
    dock.method.value = method
    for name, value in values.items():
        dock.form[name].value = value
    click(qtbot, dock.run)


def test_contour_is_seen_moving_and_its_energy_drawn(viewer, qtbot, until, open_dock):
    rng = np.random.default_rng(0)
    viewer.add_image(rng.normal(size=(900, 900)).astype(np.float32), name="noise")
    dock = open_dock("Contours")
    start(qtbot, dock, "ambrosio_tortorelli", iterations=1000, tolerance=0)
    until(lambda: "noise ambrosio_tortorelli" in viewer.layers)
    layer = viewer.layers["noise ambrosio_tortorelli"]
    first = np.array(layer.data)
    until(lambda: not np.array_equal(layer.data, first))
    assert dock.run.enabled is False
    assert 0 < dock.progress.value < 1000
    until(lambda: dock.curve.isVisible())
    assert "step" in dock.status.value
    click(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    names = {"noise", "noise ambrosio_tortorelli", "noise ambrosio_tortorelli edges"}
    assert {layer.name for layer in viewer.layers} == names
    step = layer.metadata[recipe.KEY]["steps"][-1]
    count = step["parameters"]["iterations"]
    assert f"step {count} is kept" in dock.status.value
    assert dock.curve.values == sorted(dock.curve.values, reverse=True)
    made = json.loads(json.dumps(layer.metadata[recipe.KEY]))
    again = recipe.replay(made, viewer.layers["noise"].data)
    np.testing.assert_array_equal(again.data, layer.data)


def test_all_layers_of_a_run_are_taken_back_together(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Contours")
    start(qtbot, dock, "ambrosio_tortorelli", iterations=3)
    until(lambda: dock.run.enabled)
    assert len(viewer.layers) == 3
    before = viewer.layers[-1].data.copy()
    start(qtbot, dock, "ambrosio_tortorelli", iterations=30)
    until(lambda: dock.run.enabled)
    assert len(viewer.layers) == 3
    assert not np.array_equal(viewer.layers[-1].data, before)
    click(qtbot, dock.undo)
    np.testing.assert_array_equal(viewer.layers[-1].data, before)
    click(qtbot, dock.undo)
    assert [layer.name for layer in viewer.layers] == ["coins"]


def test_every_result_replays_to_itself(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Contours")
    start(qtbot, dock, "ambrosio_tortorelli", iterations=5)
    until(lambda: dock.run.enabled)
    for layer in list(viewer.layers)[1:]:
        made = layer.metadata[recipe.KEY]
        again = recipe.replay(made, viewer.layers["coins"].data)
        np.testing.assert_array_equal(again.data, layer.data)


def test_snake_starts_from_a_drawn_shape(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    box = np.array([(95, 70), (95, 135), (155, 135), (155, 70)])
    dock = open_dock("Contours")
    start(qtbot, dock, "snake")
    assert "initial" in dock.status.value  # nothing is chosen: one sentence
    viewer.add_shapes([box], shape_type="ellipse", name="around")
    assert dock.form["initial"].value == "around"  # no other can be meant
    start(qtbot, dock, "snake", iterations=50)
    until(lambda: dock.run.enabled)
    made = viewer.layers["coins snake"]
    assert set(np.unique(made.data)) == {0, 1}
    step = made.metadata[recipe.KEY]["steps"][-1]
    assert step["parameters"]["initial"] == {"layer": "around"}
