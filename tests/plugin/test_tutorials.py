"""The tutorials, done in the real viewer: the docks say what the pages say."""

import numpy as np

from napari_morphogen import run
from napari_morphogen.samples import retina


def _run(viewer, dock, until):
    before = set(viewer.layers)
    dock.run.native.click()
    until(lambda: dock.run.enabled and bool(set(viewer.layers) - before))
    return viewer.layers[-1]


def test_vessels_in_the_green_of_a_photograph(viewer, open_dock, until):
    viewer.open_sample("napari-morphogen", "retina")
    dock = open_dock("Threshold")
    until(lambda: dock.channel.visible)
    assert dock.channel.choices == ("all", "0", "1", "2")
    dock.channel.value = "1"
    values = {"rule": "local", "objects": "dark", "sigma": 2.0, "level": 3.0}
    values |= {"block_size": 51, "min_size": 500}
    for name, value in values.items():
        dock.form[name].value = value
    found = _run(viewer, dock, until)
    assert found.data.max() == 19
    expected = run("threshold", retina(), channel=1, **values)
    np.testing.assert_array_equal(found.data, expected.data)
    cleanup = open_dock("Cleanup")
    cleanup.image.value = found
    cleanup.method.value = "filter_objects"
    cleanup.form.border.value = False
    assert not cleanup.channel.visible
    assert _run(viewer, cleanup, until).data.max() == 18
    assert not found.visible  # it would still show the rim
    cleanup.undo.native.click()
    assert found.visible


def test_blue_nuclei_of_stained_tissue(viewer, open_dock, until):
    viewer.open_sample("napari-morphogen", "tissue")
    dock = open_dock("Threshold")
    until(lambda: dock.channel.visible)
    dock.channel.value = "0"
    values = {"rule": "local", "objects": "dark", "level": 12, "min_size": 30}
    for name, value in values.items():
        dock.form[name].value = value
    pieces = _run(viewer, dock, until)
    assert pieces.data.max() == 387
    dock = open_dock("Watershed")
    dock.channel.value, dock.form["min_size"].value = "0", 30
    dock.form["mask"].value = pieces.name
    parted = _run(viewer, dock, until)
    assert parted.data.max() == 493
    dock = open_dock("Measure")
    assert dock.labels_layer.value is parted
    assert dock.image.value is viewer.layers["tissue"]
    dock.run.native.click()
    until(lambda: dock.run.enabled and bool(dock.result))
    column = list(dock.result).index("intensity_mean_c2")
    header = dock.table.native.horizontalHeader()
    header.sectionClicked.emit(column)
    header.sectionClicked.emit(column)
    blue = dock.result["intensity_mean_c2"]
    assert blue[138] > 136 and blue[139] < 125
    table = dock.table.native
    assert table.verticalHeaderItem(138).text() == "139"  # as a person counts
    assert float(table.item(138, column).text()) == float(f"{blue[138]:.6g}")


def test_one_colour_of_a_photograph_becomes_a_grey_image(viewer, open_dock, until):
    colours = np.zeros((12, 14, 3), np.uint8)
    colours[3:9, 3:9, 2] = 200
    viewer.add_image(colours, rgb=True, scale=(2, 3))
    dock = open_dock("Enhance")
    dock.method.value = "gaussian"
    dock.channel.value = "2"
    made = _run(viewer, dock, until)
    assert not made.rgb and made.data.shape == (12, 14)
    assert made.data.max() > 1 and tuple(made.scale) == (2, 3)
    dock.channel.value = "all"
    dock.run.native.click()
    until(lambda: dock.run.enabled and viewer.layers[-1].rgb)
    assert viewer.layers[-1].data.shape == (12, 14, 3)


def test_the_preview_follows_the_chosen_colour(viewer, open_dock, until):
    colours = np.zeros((40, 40, 3), np.uint8)
    colours[:20, :, 0] = colours[20:, :, 1] = 250
    viewer.add_image(colours, rgb=True)
    dock = open_dock("Threshold")
    dock.form.sigma.value, dock.form.min_size.value = 0, 0
    dock.channel.value = "0"
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    top = viewer.layers["preview"].data.astype(bool)
    dock.channel.value = "1"
    half = len(top) // 2
    until(lambda: not viewer.layers["preview"].data[: half - 1].any())
    assert top[: half - 1].all() and not top[half + 1 :].any()
    assert viewer.layers["preview"].data[half + 1 :].all()


def test_train_says_what_to_paint(viewer, open_dock):
    viewer.open_sample("napari-morphogen", "membranes")
    dock = open_dock("Train")
    dock.new.native.click()
    assert "A number per class" in dock.status.value
    dock.meaning.value = "inside, border, background"
    assert "1 on background, 2 inside objects, 3 on borders" in dock.status.value
    dock.new.native.click()
    assert "Paint a stroke" in dock.status.value and "3 on borders" in dock.status.value


def test_nuclei_from_the_first_click_to_the_colours(viewer, open_dock, until):
    """What the page says, with nothing chosen that it does not tell to choose."""
    viewer.window.resize(1280, 720)
    dock = open_dock("Generate")
    dock.method.value = "synthetic_cells"
    values = {"count": 80, "touching": 0.4, "pixel_size": 0.3, "seed": 1}
    for name, value in values.items():
        dock.form[name].value = value
    _run(viewer, dock, until)
    truth = next(one for one in viewer.layers if one.name.endswith("labels"))
    image = next(one for one in viewer.layers if one is not truth)
    truth.visible = False
    dock = open_dock("Watershed")
    assert dock.image.value is image
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    found = _run(viewer, dock, until)
    assert found.data.max() == 77 and "preview" not in viewer.layers
    dock = open_dock("Measure")
    assert dock.labels_layer.value is found and dock.image.value is image
    dock.run.native.click()
    until(lambda: dock.run.enabled and bool(dock.result))
    assert len(dock.result["area"]) == 77 and "intensity_mean" in dock.result
    dock = open_dock("Evaluate")
    assert dock.reference.value is truth
    dock.run.native.click()
    until(lambda: dock.run.enabled and bool(dock.comparisons))
    assert round(dock.comparisons[0].figures["f1@0.50"], 2) == 0.82
    dock.show_states.native.click()
    until(lambda: any(one.name.endswith("states") for one in viewer.layers))
    seen = [one.name for one in viewer.layers if one.visible]
    assert seen == [image.name, f"{found.name} states"]
    window = viewer.window._qt_window
    assert (window.width(), window.height()) == (1280, 720)
