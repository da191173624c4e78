"""The dock that makes new images, in a real viewer."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_morphogen import recipe, run
from napari_morphogen.pipeline import run_all

SMALL = {"height": 64, "width": 80, "count": 5, "radius": 8.0}


@pytest.fixture
def dock(open_dock):
    dock = open_dock("Generate")
    dock.method.value = "synthetic_cells"
    for name, value in SMALL.items():
        dock.form[name].value = value
    return dock


@pytest.fixture
def press(qtbot, until, dock):
    def press():
        qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
        until(lambda: dock.run.enabled)

    return press


def test_cells_arrive_with_their_labels(viewer, dock, press):
    assert dock.run.enabled and not dock.image.visible and not dock.folder.visible
    dock.form["pixel_size"].value = 0.5
    press()
    image, labels = viewer.layers
    assert image.name == "synthetic_cells"
    assert labels.name == "synthetic_cells labels" and labels.visible
    expected = run_all("synthetic_cells", **SMALL, pixel_size=0.5)
    np.testing.assert_array_equal(image.data, expected["image"].data)
    np.testing.assert_array_equal(labels.data, expected["labels"].data)
    for layer in viewer.layers:
        assert tuple(layer.scale) == (0.5, 0.5)
        assert set(map(str, layer.units)) == {"micrometer"}
    again = recipe.replay(labels.metadata[recipe.KEY])
    np.testing.assert_array_equal(again.data, labels.data)
    dock._copy()
    assert "output" not in recipe.as_python(dock._made.metadata[recipe.KEY])


def test_a_new_seed_at_every_run_replaces_the_image(viewer, dock, press):
    dock.fresh.value = True
    seen = []
    for _ in range(2):
        press()
        seen.append((dock.form["seed"].value, viewer.layers[0].data.copy()))
    assert len(viewer.layers) == 2
    (one, first), (two, second) = seen
    assert one != two and (first != second).any()
    made = run("synthetic_cells", **SMALL, seed=two)
    np.testing.assert_array_equal(made.data, second)
    dock.undo.changed.emit(True)
    np.testing.assert_array_equal(viewer.layers[0].data, first)


def test_another_size_replaces_the_image_unless_kept(viewer, dock, press):
    press()
    dock.form["width"].value = 96
    press()
    assert [layer.data.shape for layer in viewer.layers] == [(64, 96)] * 2
    dock.keep.value = True
    press()
    assert len(viewer.layers) == 4
    dock.form["depth"].value = 3
    press()
    assert viewer.layers[-1].data.shape == (3, 64, 96)


def test_painted_labels_are_kept(viewer, dock, press):
    press()
    labels = viewer.layers[1]
    labels.paint((5, 5), 9)
    painted = labels.data.copy()
    dock.form["seed"].value = 4
    press()
    assert len(viewer.layers) == 3
    np.testing.assert_array_equal(labels.data, painted)


def test_live_follows_the_parameters(viewer, dock, until):
    dock.live.value = True
    until(lambda: len(viewer.layers) == 2 and dock.run.enabled)
    for count in (2, 3, 4):
        dock.form["count"].value = count
    until(lambda: viewer.layers[1].data.max() == 4)
    assert len(viewer.layers) == 2


def test_brightness_is_shown_in_full(viewer, dock, press):
    dock.form["photons"].value = 50
    press()
    low = viewer.layers[0].contrast_limits[1]
    dock.form["photons"].value = 5000
    press()
    assert viewer.layers[0].contrast_limits[1] > 10 * low


def test_many_parameters_fit_on_a_small_screen(dock, until):
    assert len(dock.form) > 16
    assert dock.native.minimumSizeHint().height() < 650
    assert dock.form["pixel_size"].label == "pixel size [µm]"
    dock.method.value = "random_noise"
    dock.method.value = "synthetic_cells"
    until(lambda: dock.form["radius"].native.isVisible())


def test_remarks_and_refusals_are_told(viewer, dock, press):
    dock.form["count"].value = 500
    press()
    assert "of 500 cells found room" in dock.status.value
    dock.form["radius"].value = 100
    press()
    assert "`radius` to be at most 32" in dock.status.value
    assert dock.run.enabled


def test_every_source_runs(viewer, dock, press):
    for method in ("random_noise", "perlin", "gaussian_field"):
        dock.method.value = method
        for name in ("height", "width"):
            dock.form[name].value = 32
        press()
        assert viewer.layers[-1].name == method
        assert viewer.layers[-1].data.shape == (32, 32)


def test_descent_from_noise_is_seen_moving(viewer, dock, until, qtbot):
    rows, columns = np.mgrid[:64, :64]
    example = np.sin(rows / 3.0) + np.sin(columns / 5.0)
    viewer.add_image(example.astype(np.float32), name="waves")
    dock.method.value = "texture_sgd"
    dock.image.value = viewer.layers["waves"]
    dock.form["start"].value = "noise"
    dock.form["steps"].value = 60
    qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
    until(lambda: len(viewer.layers) == 2, seconds=60)
    layer = viewer.layers[-1]
    first = np.array(layer.data)
    until(lambda: not np.array_equal(layer.data, first))
    assert not dock.run.enabled and "step" in dock.status.value
    until(lambda: len(dock.curve.values) > 1)
    qtbot.mouseClick(dock.cancel.native, Qt.MouseButton.LeftButton)
    until(lambda: dock.run.enabled)
    assert layer in viewer.layers and "kept" in dock.status.value


def test_dock_beside_an_open_image(viewer, dock, press):
    viewer.add_image(np.zeros((9, 9)), name="other")
    assert dock.image.value is None
    press()
    assert len(viewer.layers) == 3


def test_closing_while_it_runs(viewer, dock, process_for):
    for name in ("height", "width"):
        dock.form[name].value = 3000
    dock.live.value = True
    dock.run.changed.emit(True)
    dock.close()
    process_for(0.5)
    assert len(viewer.layers) == 0
