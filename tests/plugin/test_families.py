"""What the docks of single families do beyond running a method on an image."""

import numpy as np
from qtpy.QtCore import Qt

from napari_morphogen import recipe, run, samples


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


def run_and_wait(qtbot, dock, until):
    click(qtbot, dock.run)
    until(lambda: dock.run.enabled)


def test_cleanup_works_on_labels_layers(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Cleanup")
    assert not dock.run.enabled and "Labels layer" in dock.status.value
    place = {"scale": (0.5, 0.5), "translate": (3, -2)}
    untidy = samples.coin_labels().data
    layer = viewer.add_labels(untidy, name="untidy", **place)
    assert dock.image.value is layer and dock.run.enabled
    dock.method.value = "filter_objects"
    dock.form.min_size.value = 200
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["untidy filter_objects"]
    expected = run("filter_objects", untidy, min_size=200)
    np.testing.assert_array_equal(made.data, expected)
    np.testing.assert_allclose(made.extent.world, layer.extent.world)
    again = recipe.replay(made.metadata[recipe.KEY], untidy)
    np.testing.assert_array_equal(again.data, made.data)


def test_lines_drawn_cut_objects(viewer, qtbot, until, open_dock):
    data = np.zeros((60, 60), np.int32)
    data[10:50, 10:50] = 1
    viewer.add_labels(data, name="block")
    cut = np.array([(5, 30), (55, 30)])
    viewer.add_shapes([cut], shape_type="line", name="cut")
    dock = open_dock("Cleanup")
    dock.method.value = "split_objects"
    dock.form.lines.value = "cut"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["block split_objects"].data
    assert made[20, 15] != made[20, 45] and made.max() == 2
    assert ((made > 0) == (data > 0)).all()


def test_colours_stay_colours(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "tissue")
    dock = open_dock("Enhance")
    dock.method.value = "median"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["tissue median"]
    assert made.rgb and made.data.dtype == np.uint8
    assert made.data.shape == viewer.layers["tissue"].data.shape


def test_figures_of_merit_are_told(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "tissue")
    dock = open_dock("Clustering")
    dock.method.value = "quantise_colours"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["tissue quantise_colours"]
    assert made.rgb
    assert "PSNR" in dock.status.value and "compression" in dock.status.value
    assert made.metadata["figures"]


def test_preview_of_labels_and_of_marks_follows_the_view(
    viewer, qtbot, until, open_dock
):
    viewer.open_sample("napari-morphogen", "coins")
    markers = np.zeros((303, 384), np.int32)
    markers[90:93, 150:153], markers[220:223, 240:243] = 1, 2
    layer = viewer.add_labels(markers, name="marks")
    viewer.layers.selection.active = viewer.layers["coins"]
    dock = open_dock("Watershed")
    dock.form.foreground.value = "all"
    dock.form.markers.value = "marks"
    dock.form.min_size.value = 0
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    seen = viewer.layers["preview"]
    until(lambda: set(np.unique(seen.data)) == {1, 2})
    layer.paint((150, 200), 3)  # a new marker counts at once
    until(lambda: set(np.unique(seen.data)) == {1, 2, 3})
    assert seen.data.shape[0] == 303 and len(viewer.layers) == 3
