"""The dock that trains generators, in a real viewer."""

import numpy as np
import pytest

from napari_morphogen.generating import Settings, learn
from napari_morphogen.samples import coin_labels, coins

pytest.importorskip("torch")
TITLE = "Train a generator"


@pytest.fixture
def dock(viewer, open_dock):
    dock = open_dock(TITLE)
    dock.kind.value, dock.patch.value = "vae", 16
    yield dock
    dock.close()


def add_coins(viewer):
    place = {"scale": (0.5, 0.5), "translate": (30, 70), "units": "um"}
    return viewer.add_image(coins().data, name="coins", **place)


def test_train_stop_sample(dock, viewer, until):
    image = add_coins(viewer)
    dock.run.native.click()
    assert dock.run.text == "Stop"
    until(lambda: "coins samples" in viewer.layers, 60)
    shown = viewer.layers["coins samples"]
    assert shown.data.shape == (64, 64)
    until(lambda: dock.last.step > 20, 60)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert dock.last.done
    assert "coverage" in dock.status.value
    assert "blind to copies" in dock.status.tooltip
    np.testing.assert_array_equal(shown.data, dock.last.samples.data)
    dock.how_many.value = 3
    dock.more.native.click()
    until(lambda: dock.more.enabled, 60)
    stack = viewer.layers[-1]
    assert stack.data.shape == (3, 16, 16)
    assert tuple(stack.scale[-2:]) == tuple(image.scale)
    assert stack.units[-2:] == image.units
    assert stack.data.dtype == image.data.dtype
    assert stack.metadata["generator"]["seed"] == 1
    right = image.extent.world[1][-1]
    assert all(layer.translate[-1] > right for layer in (shown, stack))
    assert shown.extent.world[0][-2] == pytest.approx(image.extent.world[0][-2], abs=1)
    dock.near.native.click()
    pairs = viewer.layers["coins samples and nearest"].data
    assert pairs.shape == (64, 128)
    assert all(_is_part(pairs[y : y + 16, 16:32], image.data) for y in (0, 16, 32, 48))


def test_what_is_missing_is_said(dock, viewer):
    dock.run.native.click()
    assert "Choose an image layer" in dock.status.value
    dock.more.native.click()
    assert "Train a generator, or choose its file" in dock.status.value


def test_patches_larger_than_the_image_are_refused(dock, viewer, until):
    viewer.add_image(np.random.default_rng(0).random((20, 20)), name="small")
    dock.patch.value = 32
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert "do not fit" in dock.status.value


def test_samples_are_not_offered_to_learn_from(dock, viewer, tmp_path, until):
    path = tmp_path / "m.morphogen"
    list(learn([coins()], Settings("vae", patch=16, seconds=0.5, width=8), path))
    dock.model.value = path
    dock.montage.value = True
    dock.more.native.click()
    until(lambda: len(viewer.layers) == 1, 60)
    assert viewer.layers[0].data.shape == (64, 64)
    assert dock.images.choices == ()
    add_coins(viewer)
    assert [layer.name for layer in dock.images.value] == ["coins"]


def test_models_of_another_kind_are_refused(dock, until):
    from napari_morphogen.samples import trained_model

    dock.model.value = trained_model("semantic")
    dock.more.native.click()
    until(lambda: dock.more.enabled, 60)
    assert "another kind" in dock.status.value


def test_a_removed_layer_of_samples_stays_away(dock, viewer, until):
    add_coins(viewer)
    dock.run.native.click()
    until(lambda: "coins samples" in viewer.layers, 60)
    viewer.layers.remove("coins samples")
    step = dock.last.step
    until(lambda: dock.last.samples is not None and dock.last.step > step, 60)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert [layer.name for layer in viewer.layers] == ["coins"]


def test_cancelled_samples_leave_no_layer(dock, viewer, tmp_path, until):
    path = tmp_path / "m.morphogen"
    list(learn([coins()], Settings("vae", patch=16, seconds=0.5, width=8), path))
    dock.model.value, dock.how_many.value = path, 4096
    dock.more.native.click()
    assert dock.run.text == "Stop"
    dock.run.native.click()  # once is enough: there is nothing to keep
    until(lambda: dock.more.enabled, 5)
    assert dock.status.value == "Cancelled; nothing was made."
    assert len(viewer.layers) == 0


def test_what_was_learnt_is_kept_when_the_comparison_is_cancelled(dock, viewer, until):
    add_coins(viewer)
    dock.kind.value, dock.patch.value = "flow", 64  # whose samples take long
    dock.run.native.click()
    until(lambda: dock.last is not None and dock.last.step > 1, 60)
    dock.run.native.click()
    until(lambda: "Comparing" in dock.status.value, 60)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 5)
    assert "kept" in dock.status.value
    assert dock.model.value.is_file()


def test_closing_ends_the_training(viewer, open_dock, until):
    dock = open_dock(TITLE)
    add_coins(viewer)
    dock.run.native.click()
    until(lambda: dock.last is not None, 60)
    job = dock._job
    assert job.running
    dock.close()
    until(lambda: not job.running, 5)
    assert not job.running


def _is_part(patch, image):
    """Tell whether a patch is a part of an image, as learnt: rounded, its ends cut."""
    low, high = np.percentile(image, (0.1, 99.9))
    places = np.lib.stride_tricks.sliding_window_view(image, patch.shape)
    cut = np.clip(places.astype(np.float32), low, high)
    return np.abs(cut - patch).max(axis=(-2, -1)).min() <= 1


def samples_of_classes(dock, viewer, until):
    """Train, and return samples of the classes "dim" and "bright"."""
    dock.run.native.click()
    until(lambda: dock.last is not None and dock.last.step > 150, 120)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert dock.condition.choices == ("all in turn", "dim", "bright")
    found = []
    for name in ("dim", "bright"):
        dock.condition.value = name
        dock.more.native.click()
        until(lambda: dock.more.enabled, 60)
        assert viewer.layers[-1].metadata["generator"]["condition"] == name
        found.append(viewer.layers[-1].data)
    return found


def test_layers_are_classes_and_samples_can_be_asked_for(dock, viewer, until):
    rng = np.random.default_rng(0)
    for name, bright in (("dim", 20), ("bright", 200)):
        viewer.add_image(rng.normal(bright, 5, (4, 20, 20)), name=name)
    dock.kind.value, dock.each.value = "cvae", False
    dock.planes.value = True
    dock.images.value = list(viewer.layers)
    dim, bright = samples_of_classes(dock, viewer, until)
    assert dim.mean() < 110 < bright.mean()


def test_objects_have_classes_and_samples_can_be_asked_for(dock, viewer, until):
    rng = np.random.default_rng(0)
    data, classes = rng.normal(20, 2, (120, 120)), np.zeros((120, 120), int)
    for number in range(25):
        row, column = 10 + number // 5 * 22, 10 + number % 5 * 22
        data[row : row + 8, column : column + 8] += (60, 180)[number % 2]
        classes[row : row + 8, column : column + 8] = 2 + number % 2
    viewer.add_image(data, name="cells")
    layer = viewer.add_labels(classes, name="cells classes")
    layer.features = {"index": [0, 2, 3], "class": ["", "dim", "bright"]}
    dock.kind.value, dock.rotations.value = "cvae", False
    assert not dock.label_layers.visible
    dock.classes.value = "numbers of labels"
    assert dock.label_layers.visible and dock.label_layers.value == [layer]
    dim, bright = (
        found[:, 6:10, 6:10] for found in samples_of_classes(dock, viewer, until)
    )
    assert dim.mean() < 140 < bright.mean()


def test_names_of_classes_that_differ_are_said(dock, viewer):
    for number, name in enumerate(("dead", "alive")):
        viewer.add_image(np.random.default_rng(0).random((40, 40)))
        layer = viewer.add_labels(np.ones((40, 40), int), name=f"classes {number}")
        layer.features = {"index": [0, 1], "class": ["", name]}
    dock.kind.value, dock.classes.value = "flow", "numbers of labels"
    both = list(viewer.layers)
    dock.images.value, dock.label_layers.value = both[::2], both[1::2]
    dock.run.native.click()
    assert "Class 1 is dead in one layer, but alive in classes 1" in dock.status.value


def test_a_painter_is_trained_and_paints_labels_in_their_place(dock, viewer, until):
    image = add_coins(viewer)
    labels = viewer.add_labels(coin_labels().data, name="objects")
    labels.scale, labels.translate = image.scale, image.translate
    dock.kind.value = "painter"
    assert dock.label_layers.visible
    assert not dock.classes.visible
    dock.run.native.click()
    until(lambda: dock.last is not None and dock.last.step > 2, 60)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert dock.paint.visible
    assert not dock.more.visible
    few = coin_labels().data[:64, :80]
    small = viewer.add_labels(few, name="small", scale=(0.5, 0.5))
    dock.to_paint.value = small
    dock.paint.native.click()
    until(lambda: "small painted" in viewer.layers, 60)
    painted = viewer.layers["small painted"]
    np.testing.assert_allclose(painted.extent.world, small.extent.world)
    assert viewer.layers.index(painted) < viewer.layers.index(small)
    until(lambda: dock.renew.enabled, 60)  # the layer comes before the end
    dock.renew.native.click()
    until(lambda: "small new 2" in viewer.layers and dock.renew.enabled, 60)
    image, cells = viewer.layers[-2:]
    assert (image.name, cells.name) == ("small new 2 painted", "small new 2")
    np.testing.assert_allclose(image.extent.world, small.extent.world)
    np.testing.assert_allclose(cells.extent.world, small.extent.world)
    assert cells.data.max() >= 1
    assert "a pair to train on" in dock.status.value


def test_a_painter_without_labels_says_so(dock, viewer):
    add_coins(viewer)
    dock.kind.value = "painter"
    dock.run.native.click()
    assert "Choose a Labels layer for each of 1" in dock.status.value


def test_one_channel_is_learnt_from(dock, viewer, until):
    data = np.random.default_rng(0).random((3, 40, 40))
    viewer.add_image(data, name="channels", axis_labels=("c", "y", "x"))
    assert dock.channel.choices == ("all", "0", "1", "2")
    dock.channel.value = "1"
    dock.run.native.click()
    until(lambda: dock.last is not None and dock.last.step > 2, 60)
    dock.run.native.click()
    until(lambda: dock.run.text == "Train", 60)
    assert dock.last.samples.axes == "yx"


def test_a_folder_of_classes_that_is_not_there_is_said(dock, tmp_path):
    dock.kind.value = "cvae"
    dock.folder.line_edit.value = str(tmp_path / "none")
    dock.run.native.click()
    assert "There is no folder" in dock.status.value


def test_what_is_shown_follows_the_kind_and_the_model(dock, tmp_path):
    dock.kind.value = "painter"
    assert not dock.paint.native.isHidden()
    assert dock.more.native.isHidden()
    path = tmp_path / "m.morphogen"
    list(learn([coins()], Settings("vae", patch=16, seconds=0.2, width=8), path))
    dock.model.value = path
    assert dock.paint.native.isHidden()
    assert not dock.more.native.isHidden()
