"""The dock that trains generators, in a real viewer."""

import numpy as np
import pytest

from napari_morphogen.generating import Settings, learn
from napari_morphogen.samples import coins

pytest.importorskip("torch")
TITLE = "Train a generator"


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    from qtpy.QtCore import QStandardPaths

    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(tmp_path))


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
