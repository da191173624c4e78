"""The dock to look into a VAE, in a real viewer."""

import time

import numpy as np
import pytest

from napari_morphogen.generating import Settings, learn, walk
from napari_morphogen.samples import coins

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("vae") / "coins.morphogen"
    settings = Settings("vae", patch=16, seconds=0.5, width=8, latent=4, held_out=0)
    list(learn([coins()], settings, path, looks=False, clock=time.process_time))
    return path


@pytest.fixture
def dock(viewer, open_dock):
    dock = open_dock("Inside a VAE")
    yield dock
    dock.close()


def idle(dock):
    return dock._work.job is None


def test_sliders_move_the_image(dock, viewer, model, until):
    dock.model.value = model
    until(lambda: len(viewer.layers) == 1 and idle(dock), 60)
    for value in (0.5, 1.0, 2.5):
        dock.sliders[0].value = value
    until(lambda: idle(dock) and not dock._moved, 60)
    assert len(viewer.layers) == 1
    wanted = walk(model, [[2.5, 0, 0, 0]])
    np.testing.assert_array_equal(viewer.layers[0].data, wanted.data[0])
    dock.reset.native.click()
    until(lambda: idle(dock), 60)
    wanted = walk(model, [[0]])
    np.testing.assert_array_equal(viewer.layers[0].data, wanted.data[0])


def test_a_way_and_a_reconstruction_become_layers(dock, viewer, model, until):
    image = viewer.add_image(coins().data, name="coins", scale=(0.5, 0.5))
    dock.model.value = model
    until(lambda: len(viewer.layers) == 2 and idle(dock), 60)
    dock.how_many.value = 4
    dock.way.native.click()
    until(lambda: len(viewer.layers) == 3 and idle(dock), 60)
    assert viewer.layers[-1].data.shape == (4, 16, 16)
    dock.image.value = image
    dock.again.native.click()
    until(lambda: len(viewer.layers) == 4 and idle(dock), 60)
    again = viewer.layers["coins reconstructed"]
    assert again.data.shape == (288, 384)
    np.testing.assert_array_equal(again.scale, image.scale)
    assert "4 values (16 bytes), a patch 256 (256 bytes)" in dock.status.value


def test_without_a_model_it_says_what_to_do(dock, viewer):
    dock.way.native.click()
    assert "kind vae or cvae" in dock.status.value
    dock.again.native.click()
    assert "Choose an image" in dock.status.value
