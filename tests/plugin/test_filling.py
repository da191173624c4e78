"""Images larger than memory in the real viewer: nothing is loaded, layers fill in."""

import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from scipy import ndimage

from napari_morphogen import SpatialArray, read, run, write
from napari_morphogen.pipeline import plan
from napari_morphogen.plugin import filling, settings
from napari_morphogen.plugin.settings import Computing
from napari_morphogen.scale import estimate
from napari_morphogen.scale.large import Progress


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    noise = np.random.default_rng(0).normal(size=(2600, 2300)).astype("f4")
    smoothed = ndimage.gaussian_filter(noise, 6)
    pixels = (255 * (smoothed - smoothed.min()) / np.ptp(smoothed)).astype("u1")
    image = SpatialArray(
        pixels, "yx", scale=(0.5, 0.5), translate=(3, 7), units=("micrometer",) * 2
    )
    return write(tmp_path_factory.mktemp("images") / "cells.ome.zarr", image)


@pytest.fixture
def large(viewer, stored, monkeypatch, tmp_path):
    """A layer that counts as large; its finest level may only be read in parts."""
    monkeypatch.setattr(estimate, "LARGE", 2**20)
    settings.remember_computing(Computing(folder=str(tmp_path / "results")))
    image = read(stored)
    real, most = zarr.Array.__getitem__, image.data.size // 4

    def guarded(array, place):
        found = real(array, place)
        assert found.size <= most, "the whole image was read"
        return found

    layer = viewer.add_image(
        image.metadata["levels"], multiscale=True, name="cells", scale=image.scale,
        translate=image.translate, units=image.units, contrast_limits=(0, 255),
    )  # fmt: skip
    monkeypatch.setattr(zarr.Array, "__getitem__", guarded)
    return layer


def whole(stored, method, **values):
    image = read(stored)
    return run(method, image.like(np.asarray(image.data)), **values)


def test_layer_fills_in_and_ends_as_the_whole(viewer, large, stored, open_dock, until):
    dock = open_dock("Threshold")
    dock.run.changed.emit(True)
    until(lambda: len(viewer.layers) > 1)
    made = viewer.layers[-1]
    assert made.multiscale
    until(lambda: dock.run.enabled, 60)
    assert dock.status.value.startswith("threshold: ")
    made = viewer.layers[-1]
    assert len(viewer.layers) == 2
    for name in ("scale", "translate"):
        np.testing.assert_allclose(getattr(made, name), getattr(large, name))
    assert made.units == large.units
    sizes = [level.shape for level in made.data]
    assert sizes == [(2600, 2300), (1300, 1150), (650, 575), (325, 288)]
    assert made.metadata["morphogen"]["steps"][0]["method"] == "threshold"
    dock.live.value = False
    np.testing.assert_array_equal(
        made.data[0].compute(scheduler="sync"), whole(stored, "threshold").data
    )


def test_cancel_keeps_blocks_and_run_goes_on(viewer, large, open_dock, until, tmp_path):
    dock = open_dock("Watershed")
    dock.live.value = False
    dock.run.changed.emit(True)
    until(lambda: "finding objects: block" in dock.status.value, 60)
    dock.cancel.changed.emit(True)
    until(lambda: dock.run.enabled, 1.5)
    assert "finished blocks are kept in" in dock.status.value
    (kept,) = (tmp_path / "results").glob("*.unfinished")
    assert list((kept / "found").glob("*.npz"))
    dock.run.changed.emit(True)
    until(lambda: dock.run.enabled, 60)
    assert dock.status.value.startswith("watershed: ")
    assert not list((tmp_path / "results").glob("*.unfinished"))
    (result,) = (tmp_path / "results").iterdir()
    assert int(read(result).data.max().compute()) > 100
    assert [layer.name for layer in viewer.layers] == ["cells", "cells watershed"]
    shown = viewer.layers[-1].data[0].compute(scheduler="sync")
    np.testing.assert_array_equal(shown, np.asarray(read(result).data))


def test_other_settings_take_the_place_of_a_result(viewer, large, open_dock, until):
    def run_with(sigma):
        dock.form["sigma"].value = sigma
        dock.run.changed.emit(True)
        until(lambda: dock.run.enabled, 60)
        return [layer.name for layer in viewer.layers]

    dock = open_dock("Threshold")
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    dock.run.changed.emit(True)
    assert "preview" not in viewer.layers  # it would hide which blocks are there
    until(lambda: dock.run.enabled, 60)
    dock.live.value = False
    assert run_with(3.0) == ["cells", "cells threshold"]
    shown = viewer.layers[-1]
    (step,) = shown.metadata["morphogen"]["steps"]
    assert step["parameters"]["sigma"] == 3.0 and shown.visible
    dock.keep.value = True
    assert run_with(5.0) == ["cells", "cells threshold", "cells threshold [1]"]
    assert run_with(5.0) == ["cells", "cells threshold", "cells threshold [1]"]


def test_time_left_is_that_of_the_new_blocks(large, stored, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(filling.time, "monotonic", lambda: now[0])
    image = read(stored)
    made = filling.Filling(plan("watershed", image), ViewerModel(), image)
    made.take(Progress("finding objects", 10, 25))  # goes on where it was broken off
    assert made.words == "; finding objects: block 10 of 25"
    now[0] = 20.0
    made.take(Progress("finding objects", 12, 25))
    assert made.words.endswith("block 12 of 25, 130 s left of this stage")
    made.take(Progress("finding objects", 25, 25))
    assert made.words.endswith("block 25 of 25")
    made.take(Progress("writing", 0, 25))
    assert made.words == "; writing" and made.share == 0


def test_method_that_needs_the_whole_says_so(large, open_dock, monkeypatch):
    monkeypatch.setattr(estimate, "SHARE", 1e-6)
    dock = open_dock("Clustering")
    dock.live.value = False
    dock.run.changed.emit(True)
    assert "kmeans needs to see the whole image at once" in dock.status.value
    assert "of memory; crop the image" in dock.status.value


def test_folder_that_cannot_be_made(large, open_dock, tmp_path):
    (tmp_path / "file").touch()
    settings.remember_computing(Computing(folder=str(tmp_path / "file")))
    dock = open_dock("Edges")
    dock.run.changed.emit(True)
    assert "choose another folder" in dock.status.value
