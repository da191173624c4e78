"""Lines and circles as Shapes layers, and on into other methods."""

import numpy as np
from qtpy.QtCore import Qt

from napari_morphogen import recipe, run


def run_and_wait(qtbot, dock, until):
    qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
    until(lambda: dock.run.enabled)


def test_circles_lie_on_the_coins(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    image = viewer.layers["coins"]
    image.scale, image.translate = (0.5, 0.5), (20, -7)
    dock = open_dock("Edges")
    dock.method.value = "hough_circles"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["coins hough_circles"]
    assert set(made.shape_type) == {"ellipse"} and len(made.data) > 10
    expected = run("hough_circles", image.data)
    np.testing.assert_allclose(np.array(made.data), expected)
    corner = image.data_to_world((10, 10))
    np.testing.assert_allclose(made.data_to_world((10, 10)), corner)
    again = recipe.replay(made.metadata[recipe.KEY], image.data)
    np.testing.assert_array_equal(again.data, expected)


def test_lines_of_every_plane_lie_in_it(viewer, qtbot, until, open_dock):
    stack = np.zeros((3, 120, 120), np.uint8)
    stack[1, 60:, :] = 200
    viewer.add_image(stack, name="stack", scale=(3, 1, 1))
    dock = open_dock("Edges")
    dock.method.value = "hough_lines"
    run_and_wait(qtbot, dock, until)
    made = viewer.layers["stack hough_lines"]
    assert len(made.data) >= 1
    for line in made.data:
        assert (line[:, 0] == 1).all()
        np.testing.assert_allclose(line[:, 1], 59.5, atol=1.5)


def test_nothing_found_is_an_empty_layer(viewer, qtbot, until, open_dock):
    viewer.add_image(np.zeros((60, 60), np.uint8), name="dark", contrast_limits=(0, 1))
    dock = open_dock("Edges")
    dock.method.value = "hough_lines"
    run_and_wait(qtbot, dock, until)
    assert len(viewer.layers["dark hough_lines"].data) == 0


def test_found_circles_are_markers_of_a_watershed(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    edges, floods = open_dock("Edges"), open_dock("Watershed")
    edges.method.value = "hough_circles"
    run_and_wait(qtbot, edges, until)
    circles = viewer.layers["coins hough_circles"]
    floods.form.markers.value = circles.name
    floods.form.min_size.value = 0
    run_and_wait(qtbot, floods, until)
    labels = viewer.layers["coins watershed"].data
    assert 1 < labels.max() <= len(circles.data)


def test_shapes_have_no_preview_but_say_so(viewer, qtbot, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Edges")
    dock.method.value = "hough_lines"
    dock.live.value = True
    until(lambda: "no preview" in dock.status.value)
    assert "preview" not in viewer.layers
