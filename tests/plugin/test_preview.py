"""The live preview in a real viewer."""

import numpy as np
import pytest

from napari_morphogen import run
from napari_morphogen.params import InputError
from napari_morphogen.plugin.preview import NAME, camera, visible
from napari_morphogen.worker import POOL


def test_preview_follows_the_parameters_and_goes(viewer, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    dock.live.value = True
    until(lambda: NAME in viewer.layers)
    first = viewer.layers[NAME].data.copy()
    dock.form.rule.value = "mean"
    until(lambda: not np.array_equal(viewer.layers[NAME].data, first))
    dock.live.value = False
    assert [layer.name for layer in viewer.layers] == ["coins"]


def test_a_preview_that_takes_long_is_said_to_come(viewer, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    POOL.close()  # the next worker has all its imports before it
    dock.live.value = True
    until(lambda: dock.status.value == "Computing the preview …")
    assert NAME not in viewer.layers
    until(lambda: NAME in viewer.layers)
    assert dock.status.value == ""


def test_words_go_with_a_preview_that_is_switched_off(
    viewer, until, open_dock, process_for
):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    POOL.close()
    dock.live.value = True
    until(lambda: dock.status.value != "")
    dock.live.value = False
    process_for(0.5)
    assert dock.status.value == "" and NAME not in viewer.layers


def test_a_result_has_the_place_of_its_preview(viewer, until, open_dock, process_for):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Threshold")
    dock.live.value = True
    until(lambda: NAME in viewer.layers)
    dock.run.native.click()
    until(lambda: "coins threshold" in viewer.layers and dock.run.enabled)
    camera(viewer).zoom *= 1.1  # to look at the result is no question
    process_for(0.6)
    assert NAME not in viewer.layers and dock.live.value
    dock.form.rule.value = "mean"
    until(lambda: NAME in viewer.layers)


def test_preview_of_the_whole_view_equals_the_run(
    viewer, until, open_dock, process_for
):
    data = np.zeros((60, 60), np.uint8)
    data[10:20, 10:20] = data[30:50, 25:45] = 200
    viewer.add_image(data, name="small", scale=(0.3, 0.3), translate=(7, -4))
    dock = open_dock("Threshold")
    process_for(0.3)  # the dock takes its room from the canvas
    viewer.reset_view(margin=0.3)
    process_for(0.1)
    dock.live.value = True
    until(lambda: NAME in viewer.layers)
    made = viewer.layers[NAME]
    np.testing.assert_array_equal(made.data, run("threshold", data))
    np.testing.assert_allclose(made.extent.world, viewer.layers["small"].extent.world)


def test_preview_is_not_offered_as_an_image(viewer, until, open_dock):
    viewer.open_sample("napari-morphogen", "coins")
    dock = open_dock("Edges")
    dock.live.value = True
    until(lambda: NAME in viewer.layers)
    assert [layer.name for layer in dock.image.choices if layer] == ["coins"]
    assert dock.image.value.name == "coins"


def test_preview_shows_the_current_plane(viewer, until, open_dock, process_for):
    data = np.zeros((3, 5, 50, 50), np.uint8)
    data[1, 2, 10:30, 20:40] = 255
    viewer.add_image(data, name="series", scale=(10, 2, 1, 1))
    viewer.dims.set_point((0, 1), (10, 4))
    dock = open_dock("Threshold")
    process_for(0.3)
    viewer.reset_view(margin=0.3)
    process_for(0.1)
    assert dock.axes.value == "tzyx"
    dock.live.value = True
    until(lambda: NAME in viewer.layers)
    made = viewer.layers[NAME]
    assert made.data.shape == (1, 1, 50, 50)
    np.testing.assert_array_equal(made.data[0, 0], run("threshold", data[1, 2]))
    assert made.data.any()
    np.testing.assert_allclose(made.data_to_world((0, 0, 0, 0)), (10, 4, 0, 0))
    viewer.dims.set_point(0, 0)
    until(lambda: viewer.layers[NAME].data.sum() == 0)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({}, id="plain"),
        pytest.param({"scale": (0.5, 0.5), "translate": (3, 9)}, id="scaled"),
        pytest.param({"rotate": 30, "shear": [0.2], "scale": (2, 2)}, id="rotated"),
    ],
)
def test_visible_part_lies_on_the_image(viewer, place, process_for):
    image = viewer.add_image(np.random.default_rng(0).random((900, 900)), **place)
    camera(viewer).zoom = 3 / abs(image.scale[0])
    process_for(0.2)
    view = visible(viewer, image, None)
    height, width = view.part.data.shape
    assert max(height, width) < 900
    assert view.step == 1
    from napari_morphogen.plugin.layers import layer_data, make_layer

    part = make_layer(layer_data(view.part, "image", view.part))
    for index in [(0, 0), (height - 1, width - 1), (height // 2, 3)]:
        world = part.data_to_world(index)
        there = np.round(image.world_to_data(world)).astype(int)
        assert part.data[index] == image.data[tuple(there)]


def test_large_image_is_read_at_screen_resolution(viewer, process_for):
    image = viewer.add_image(np.zeros((8000, 8000), np.uint8))
    process_for(0.2)
    view = visible(viewer, image, None)
    assert view.step > 4
    assert max(view.part.data.shape) < 2000
    assert view.spacing == (view.step, view.step)


def test_multiscale_is_read_from_the_right_level(viewer, process_for):
    levels = [np.zeros((4096 // n, 4096 // n), np.uint8) for n in (1, 2, 4, 8)]
    image = viewer.add_image(levels, multiscale=True)
    process_for(0.2)
    view = visible(viewer, image, None)
    read = [level for level in levels if np.shares_memory(level, view.part.data)]
    assert len(read) == 1 and read[0] is not levels[0]
    assert view.step == 4096 // read[0].shape[0] * (
        view.part.data.strides[1] // read[0].strides[1]
    )


@pytest.mark.parametrize(
    "prepare, sentence",
    [
        pytest.param(lambda v: setattr(v.dims, "ndisplay", 3), "2-D", id="3-D"),
        pytest.param(lambda v: v.dims.roll(), "spatial axes on screen", id="rolled"),
    ],
)
def test_views_that_cannot_be_previewed_are_one_sentence(viewer, prepare, sentence):
    image = viewer.add_image(np.zeros((4, 30, 30)), axis_labels=("t", "y", "x"))
    prepare(viewer)
    with pytest.raises(InputError, match=sentence):
        visible(viewer, image, None)
