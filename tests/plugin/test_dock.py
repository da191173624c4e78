"""The docks as a person uses them, in a real viewer."""

import json
import threading
import time

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_morphogen import read, recipe, run, samples, write

DOCKS = ["Threshold", "Edges", "Contours", "Clustering", "Watershed", "Enhance"]
PLACE = {
    "scale": (2.0, 0.5, 0.5),
    "translate": (10.0, -20.0, 5.0),
    "rotate": (10.0, 20.0, 30.0),
    "shear": (0.1, 0.0, 0.2),
    "units": ("micrometer",) * 3,
    "axis_labels": ("z", "y", "x"),
}


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


def run_and_wait(qtbot, dock, until):
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled)


def slow(dock, layer_ndim=3):
    """Set the watershed to something that takes seconds."""
    dock.form.foreground.value = "all"
    dock.form.landscape.value = "intensity"
    dock.form.h.value = 0.1


@pytest.fixture
def volume():
    rng = np.random.default_rng(0)
    return rng.integers(0, 60000, (40, 400, 400)).astype(np.uint16)


@pytest.mark.parametrize("name", DOCKS)
def test_dock_runs_on_a_sample(name, viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock(name)
    assert dock.image.value is viewer.layers["coins"]
    run_and_wait(qtbot, dock, until)
    method = dock.method.value
    made = viewer.layers[f"coins {method}"]
    expected = run(method, viewer.layers["coins"].data)
    np.testing.assert_array_equal(made.data, expected)
    assert method in dock.status.value and " s" in dock.status.value


@pytest.mark.parametrize("name", DOCKS)
def test_every_method_of_a_dock_has_help_and_a_form(name, viewer, open_dock):
    dock = open_dock(name)
    for method in dock.method.choices:
        dock.method.value = method
        assert dock.about.value.endswith(".")
        assert len(dock.form) > 0
        assert all(row.tooltip for row in dock.form)


def test_typed_parameters_are_used_and_remembered(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Watershed")
    dock.form.sigma.value = 2
    dock.form.min_size.value = 150
    run_and_wait(qtbot, dock, until)
    expected = run("watershed", viewer.layers["coins"].data, sigma=2, min_size=150)
    np.testing.assert_array_equal(viewer.layers["coins watershed"].data, expected)
    click(qtbot, dock.defaults)
    assert (dock.form.sigma.value, dock.form.min_size.value) == (1.0, 20)
    from napari_morphogen.plugin.widgets import WatershedDock

    again = WatershedDock(viewer)
    assert (again.form.sigma.value, again.form.min_size.value) == (2.0, 150)
    again.close()


@pytest.mark.parametrize("name", DOCKS)
def test_result_lies_exactly_on_the_image(name, viewer, qtbot, until, open_dock):
    data = np.zeros((8, 40, 50), np.uint8)
    data[3:6, 10:20, 30:45] = 200
    image = viewer.add_image(data, name="block", **PLACE)
    dock = open_dock(name)
    run_and_wait(qtbot, dock, until)
    made = viewer.layers[f"block {dock.method.value}"]
    for corner in np.ndindex(2, 2, 2):
        index = np.array(corner) * (7, 39, 49)
        np.testing.assert_allclose(
            made.data_to_world(index), image.data_to_world(index)
        )
    np.testing.assert_allclose(made.extent.world, image.extent.world)
    assert made.units == image.units
    assert made.axis_labels == image.axis_labels
    np.testing.assert_allclose(made.scale, image.scale)
    np.testing.assert_allclose(made.rotate, image.rotate)


def test_lost_channel_axis_keeps_time_aligned(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "drifting")
    dock = open_dock("Threshold")
    assert dock.axes.value == "tcyx"
    until(lambda: dock.channel.visible)
    run_and_wait(qtbot, dock, until)
    made, image = viewer.layers["drifting threshold"], viewer.layers["drifting"]
    assert made.ndim == image.ndim
    for time_point in range(12):
        for channel in range(2):
            world = image.data_to_world((time_point, channel, 0, 0))
            index = np.round(made.world_to_data(world)).astype(int)
            assert tuple(index) == (time_point, 0, 0, 0)


def test_one_channel_can_be_chosen(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "drifting")
    dock = open_dock("Threshold")
    dock.channel.value = "1"
    run_and_wait(qtbot, dock, until)
    data = viewer.layers["drifting"].data
    expected = run("threshold", data[:, 1], axes="tyx")
    made = viewer.layers["drifting threshold"]
    np.testing.assert_array_equal(made.data[:, 0], expected)
    world = viewer.layers["drifting"].data_to_world((5, 1, 0, 0))
    assert tuple(np.round(made.world_to_data(world))) == (5, 0, 0, 0)


def test_axes_typed_wrongly_are_one_sentence(viewer, qtbot, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Edges")
    dock.axes.value = "yy"
    click(qtbot, dock.run)
    assert '"yy"' in dock.status.value
    assert len(viewer.layers) == 1


def test_no_image_disables_run(viewer, open_dock):
    dock = open_dock("Edges")
    assert not dock.run.enabled
    viewer.add_image(np.zeros((9, 9)))
    assert dock.run.enabled
    viewer.layers.clear()
    assert not dock.run.enabled


def test_rerun_follows_an_image_that_was_moved(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    run_and_wait(qtbot, dock, until)
    image, made = viewer.layers["coins"], viewer.layers["coins threshold"]
    image.scale, image.translate, image.rotate = (2, 2), (30, -7), 20
    image.shear, image.units = [0.3], ("micrometer", "micrometer")
    run_and_wait(qtbot, dock, until)
    assert len(viewer.layers) == 2
    for corner in [(0, 0), (302, 0), (0, 383), (302, 383)]:
        there = image.data_to_world(corner)
        np.testing.assert_allclose(made.data_to_world(corner), there)
    assert made.units == image.units
    click(qtbot, dock.undo)
    assert tuple(made.scale) == (1, 1) and tuple(made.translate) == (0, 0)


def test_the_active_image_is_chosen_first_then_a_visible_one(viewer, open_dock):
    first = viewer.add_image(np.zeros((9, 9)), name="first")
    viewer.add_image(np.ones((9, 9)), name="hidden", visible=False)
    viewer.layers.selection.active = None
    assert open_dock("Edges").image.value is first
    viewer.layers.selection.active = viewer.layers["hidden"]
    assert open_dock("Watershed").image.value is viewer.layers["hidden"]


def test_rerun_updates_undo_restores_keep_adds(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    run_and_wait(qtbot, dock, until)
    first = viewer.layers["coins threshold"]
    before = first.data.copy()
    dock.form.rule.value = "mean"
    run_and_wait(qtbot, dock, until)
    assert len(viewer.layers) == 2 and not np.array_equal(first.data, before)
    click(qtbot, dock.undo)
    np.testing.assert_array_equal(first.data, before)
    assert first.metadata[recipe.KEY]["steps"][0]["parameters"]["rule"] == "otsu"
    dock.keep.value = True
    run_and_wait(qtbot, dock, until)
    assert len(viewer.layers) == 3
    click(qtbot, dock.undo)
    click(qtbot, dock.undo)
    assert [layer.name for layer in viewer.layers] == ["coins"]
    assert not dock.undo.enabled


def _zarr(data):
    import zarr

    return zarr.array(data, chunks=(16,) * data.ndim)


def _dask(data):
    import dask.array as da

    return da.from_array(data, chunks=16)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda d: d > 100, id="bool"),
        pytest.param(lambda d: d.astype(">i2") - 300, id="big-endian-negative"),
        pytest.param(lambda d: np.where(d > 180, np.nan, d), id="nan"),
        pytest.param(lambda d: np.where(d > 180, np.inf, d), id="inf"),
        pytest.param(lambda d: d.astype(np.float64) * 1e-300, id="tiny-float64"),
        pytest.param(lambda d: np.full_like(d, 7), id="constant"),
        pytest.param(lambda d: d[:1, :1], id="one-pixel"),
        pytest.param(_dask, id="dask"),
        pytest.param(_zarr, id="zarr"),
        pytest.param(lambda d: np.stack([d, d, d], axis=-1), id="rgb"),
        pytest.param(lambda d: [d, d[::2, ::2]], id="multiscale"),
        pytest.param(lambda d: d[None, None, None, None], id="six-axes"),
    ],
)
@pytest.mark.parametrize("name", ["Threshold", "Clustering"])
def test_hostile_layers_give_a_result_or_a_sentence(
    name, make, viewer, qtbot, until, open_dock
):
    data = np.zeros((40, 50), np.uint8)
    data[10:20, 10:20] = data[25:35, 20:40] = 200
    given = make(data)
    image = viewer.add_image(given, name="given", contrast_limits=(0, 200))
    dock = open_dock(name)
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled and bool(dock.status.value))
    if image.ndim > 5:
        assert "6" in dock.status.value and len(viewer.layers) == 1
        return
    made = viewer.layers[-1]
    array = given[0] if isinstance(given, list) else given
    expected = run(dock.method.value, np.asarray(array))
    np.testing.assert_array_equal(np.asarray(made.data), expected)
    assert made.data.shape == data[: array.shape[0], : array.shape[1]].shape


def test_replay_on_the_command_line_equals_the_dock(
    viewer, qtbot, until, open_dock, tmp_path
):
    from napari_morphogen import read, write
    from napari_morphogen.cli import main
    from napari_morphogen.samples import spheres

    path = write(tmp_path / "spheres.tif", spheres())
    (image,) = viewer.open(path, plugin="napari")
    dock = open_dock("Watershed")
    dock.form.sigma.value = 1.5
    run_and_wait(qtbot, dock, until)
    made = viewer.layers[f"{image.name} watershed"]
    dock.save_recipe(tmp_path / "recipe.json")
    call = ["replay", tmp_path / "recipe.json", path, tmp_path / "again.tif"]
    assert main(list(map(str, call))) == 0
    np.testing.assert_array_equal(read(tmp_path / "again.tif").data, made.data)


def test_painted_result_is_never_overwritten(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    run_and_wait(qtbot, dock, until)
    painted = viewer.layers["coins threshold"]
    painted.paint((5, 5), 77)
    run_and_wait(qtbot, dock, until)
    assert painted.data[5, 5] == 77
    assert len(viewer.layers) == 3


def test_cancel_is_quick_and_leaves_nothing_behind(
    viewer, qtbot, until, open_dock, volume
):
    viewer.add_image(volume, name="noise")
    earlier = viewer.add_labels(np.ones((4, 4), int), name="earlier")
    dock = open_dock("Watershed")
    slow(dock)
    threads = threading.active_count()
    click(qtbot, dock.run)
    until(lambda: dock._job is not None and dock._job.seconds > 1.0)
    worker = dock._job._worker
    assert worker.alive
    start = time.monotonic()
    click(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    assert time.monotonic() - start < 1
    assert not worker.alive
    until(lambda: threading.active_count() <= threads)
    assert "Cancelled" in dock.status.value
    assert [layer.name for layer in viewer.layers] == ["noise", "earlier"]
    assert (earlier.data == 1).all()


def test_cancel_keeps_finished_frames(viewer, qtbot, until, open_dock, volume):
    viewer.add_image(volume, name="noise", axis_labels=("t", "y", "x"))
    dock = open_dock("Watershed")
    assert dock.axes.value == "tyx"
    slow(dock)
    click(qtbot, dock.run)
    until(lambda: dock._progress.done >= 2)
    assert dock._progress.total == 40
    assert dock.progress.value == pytest.approx(dock._progress.share * 1000, abs=1)
    click(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    made = viewer.layers[-1]
    assert isinstance(made, Labels) and " of 40" in made.name
    kept = [bool(plane.any()) for plane in made.data]
    assert sum(kept) >= 2 and not kept[-1]


def test_window_stays_alive_while_a_filter_runs(viewer, qtbot, until, open_dock):
    image = np.random.default_rng(0).random((2048, 2048)).astype(np.float32)
    viewer.add_image(image, name="large", contrast_limits=(0, 1))
    dock = open_dock("Watershed")
    slow(dock)
    beats = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(dock.run.enabled))
    timer.start(10)
    click(qtbot, dock.run)
    until(lambda: dock._job is not None and dock._job.seconds > 1.5)
    timer.stop()
    click(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    assert beats.count(False) > 30  # the window went on while the job ran


def test_failing_worker_is_one_sentence(viewer, qtbot, until, open_dock, volume):
    viewer.add_image(volume, name="noise")
    dock = open_dock("Watershed")
    slow(dock)
    click(qtbot, dock.run)
    until(lambda: dock._job is not None and dock._job.seconds > 0.5)
    dock._job._worker.kill()
    until(lambda: dock.run.enabled)
    assert "ended from outside" in dock.status.value
    assert len(viewer.layers) == 1


def test_copy_and_save_recipe_replay_to_the_same_labels(
    viewer, qtbot, until, open_dock, tmp_path
):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Watershed")
    dock.form.h.value = 3
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["coins watershed"]
    click(qtbot, dock.copy)
    assert "run('watershed', image" in QApplication.clipboard().text()
    path = tmp_path / "recipe.json"
    dock.save_recipe(path)
    json.loads(path.read_text())
    again = recipe.replay(recipe.load(path), viewer.layers["coins"].data)
    np.testing.assert_array_equal(again.data, made.data)


def test_saving_a_recipe_where_it_cannot_be_is_one_sentence(
    viewer, qtbot, until, open_dock, tmp_path
):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    run_and_wait(qtbot, dock, until)
    dock.save_recipe(tmp_path / "missing" / "recipe.json")
    assert dock.status.value.startswith("Cannot write")


def test_markers_come_from_a_layer(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    markers = np.zeros((303, 384), np.int32)
    markers[60, 60], markers[200, 200] = 1, 2
    viewer.add_labels(markers, name="strokes")
    dock = open_dock("Watershed")
    dock.form.markers.value = "strokes"
    dock.form.foreground.value = "all"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["coins watershed"]
    assert set(np.unique(made.data)) == {1, 2}
    step = made.metadata[recipe.KEY]["steps"][0]
    assert step["parameters"]["markers"] == {"layer": "strokes"}


def test_closing_the_dock_ends_its_work(viewer, qtbot, until, open_dock, volume):
    viewer.add_image(volume, name="noise")
    dock = open_dock("Watershed")
    slow(dock)
    click(qtbot, dock.run)
    until(lambda: dock._job is not None and dock._job.seconds > 0.5)
    worker = dock._job._worker
    dock.close()
    assert not worker.alive
    viewer.layers.clear()  # nothing of the dock listens any more
    viewer.add_image(np.zeros((4, 4)), name="later")
    assert [layer.name for layer in viewer.layers] == ["later"]


def test_a_folder_is_run_with_the_settings_of_the_dock(
    viewer, qtbot, until, open_dock, tmp_path
):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    dock.form["min_size"].value = 150
    for folder in ("images", "results"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        image = samples.coins().data[100 * number :]
        write(tmp_path / "images" / f"{number}.tif", image)
    (tmp_path / "images" / "2.tif").write_bytes(b"broken")
    dock.run_on_folder(tmp_path / "images", tmp_path / "results")
    until(lambda: dock.run.enabled)
    assert "1 failed; 2.tif" in dock.status.value
    for number in range(2):
        found = read(tmp_path / "results" / f"{number}_threshold.tif").data
        image = samples.coins().data[100 * number :]
        np.testing.assert_array_equal(found, run("threshold", image, min_size=150))
    dock.run_on_folder(tmp_path / "images", tmp_path / "images")
    until(lambda: dock.run.enabled)
    assert "another folder" in dock.status.value
    assert len(viewer.layers) == 1


def test_a_method_that_needs_marks_is_not_run_on_a_folder(viewer, open_dock, tmp_path):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Examples")
    dock.run_on_folder(tmp_path, tmp_path)
    assert "needs marks" in dock.status.value
