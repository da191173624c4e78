"""The codes of a VAE: along their axes, between images, there and back."""

import time

import numpy as np
import pytest

from napari_morphogen import read, write
from napari_morphogen.cli import main
from napari_morphogen.generating import Settings, between, compression, learn, walk
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

pytest.importorskip("torch")
from napari_morphogen.generating.latent import _joined, _patches
from napari_morphogen.nn.generator import Generator
from napari_morphogen.nn.latents import Latents, _arc


def disc(column, size=16):
    rows, columns = np.mgrid[:size, :size]
    found = np.hypot(rows - 8, columns - column) < 3.5
    return SpatialArray((found * 200 + 20).astype(np.uint8), "yx", scale=(0.5, 0.5))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return a VAE of discs that lie more or less to the right."""
    path = tmp_path_factory.mktemp("vae") / "discs.morphogen"
    images = [disc(column) for column in np.linspace(4, 11, 40)]
    settings = Settings(
        "vae", patch=16, seconds=3, held_out=0, rotations=False, width=8, latent=4,
        each=False, threads=1,
    )  # fmt: skip
    for _ in learn(images, settings, path, looks=False, clock=time.process_time):
        pass
    return path


def centre(images):
    """Return the column in the middle of what is bright in each image."""
    bright = np.clip(images.astype(float) - 60, 0, None)
    return (bright * np.arange(16)).sum((1, 2)) / bright.sum((1, 2))


def test_the_first_axis_is_what_differs_most(model):
    made = walk(model, [[-1.5], [0], [1.5]])
    assert made.axes == "nyx"
    assert made.scale[-2:] == (0.5, 0.5)
    moved = np.diff(centre(made.data))
    assert abs(moved.sum()) > 3
    assert moved[0] * moved[1] > 0
    other = np.ptp(centre(walk(model, [[0, 0, 0, -1.5], [0, 0, 0, 1.5]]).data))
    assert other < abs(moved.sum()) / 2


def test_axes_are_the_principal_ones(model):
    latents = Latents(Generator.load(model))
    lengths = np.linalg.norm(latents.axes, axis=1)
    assert (np.diff(lengths) <= 1e-5).all()
    gram = latents.axes @ latents.axes.T
    np.testing.assert_allclose(gram, np.diag(lengths**2), atol=1e-4)


def test_noise_comes_back_from_codes(model):
    latents = Latents(Generator.load(model))
    noise = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    back = latents.noise(latents.drawn(noise))
    assert np.median(np.abs(back - noise)) < 0.1


def test_the_way_leads_from_one_image_to_the_other(model):
    made = between(model, disc(4.5), disc(10.5), count=5)
    assert made.data.shape == (5, 16, 16)
    columns = centre(made.data)
    assert columns[0] == pytest.approx(4.5, abs=1)
    assert columns[-1] == pytest.approx(10.5, abs=1)
    assert (np.diff(columns) > -0.3).all()  # and not there and back
    again = between(model, 3, 8, count=2)
    assert np.isfinite(centre(again.data)).all()


def test_a_great_circle_keeps_the_length():
    one, other = np.eye(4, dtype=np.float32)[:2]
    way = _arc(one, 3 * other, np.linspace(0, 1, 5))
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), np.linspace(1, 3, 5))
    np.testing.assert_allclose(way[2], np.sqrt(2) * (one + other), atol=1e-6)
    same = _arc(one, one, np.linspace(0, 1, 3))
    np.testing.assert_allclose(same, [one] * 3)


@pytest.mark.parametrize("shape", [(2, 24, 48), (1, 8, 16, 32)])
def test_patches_make_the_image_again(shape):
    whole = np.random.default_rng(0).random(shape)
    patch = (4, 8, 8)[-(len(shape) - 1) :]
    found = _patches(whole, patch)
    assert found.shape[1:] == (shape[0], *patch)
    np.testing.assert_array_equal(found[0], whole[(..., *(slice(p) for p in patch))])
    grid = [n // p for n, p in zip(shape[1:], patch, strict=True)]
    np.testing.assert_array_equal(_joined(found, grid), whole)


def test_compression_is_counted_and_scored(model):
    data = np.hstack([disc(6).data, disc(9).data, np.zeros((16, 5), np.uint8)])
    image = SpatialArray(data, "yx", scale=(0.5, 0.5), translate=(3, 4), name="two")
    found = compression(model, image)
    assert (found.values, found.bytes_code) == (4, 16)
    assert (found.pixels, found.bytes_patch) == (256, 256)
    assert found.image.data.shape == (16, 32)
    assert found.image.translate == (3, 4)
    assert found.image.data.dtype == np.uint8
    error = np.mean((found.image.data.astype(float) - data[:, :32]) ** 2)
    assert found.psnr == pytest.approx(10 * np.log10(200**2 / error), abs=0.1)
    assert found.psnr > 15


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: walk(m, [[0] * 5]), "4 axes"),
        (lambda m: between(m, 1, 2, count=1), "2 to"),
        (lambda m: between(m, -1, 2), "at least 0"),
        (lambda m: between(m, disc(8, 12), 2), "at least 16 x 16"),
        (lambda m: walk(m, [[0]], condition="a"), 'no class "a"'),
        (
            lambda m: compression(m, SpatialArray(np.zeros((2, 20, 20)), "cyx")),
            "learnt 1 channel",
        ),
    ],
)
def test_what_cannot_be_done_is_said(model, call, says):
    with pytest.raises(InputError, match=says):
        call(model)


def test_generators_without_codes_are_refused(tmp_path):
    path = tmp_path / "flow.morphogen"
    settings = Settings("flow", patch=16, seconds=0.1, held_out=0, width=8)
    list(learn([disc(8, 24)] * 2, settings, path, looks=False))
    with pytest.raises(InputError, match="no codes"):
        walk(path, [[0]])


def test_the_commands(model, tmp_path, capsys):
    image, out = tmp_path / "disc.tif", tmp_path / "out.tif"
    write(image, disc(7))
    call = ["latent", "walk", str(model), "--out", str(out), "--count", "3"]
    assert main(call) == 0
    assert read(out).data.shape == (3, 16, 16)
    call = ["latent", "between", str(model), "1", str(image), "--out", str(out)]
    assert main(call) == 0
    assert read(out).data.shape == (9, 16, 16)
    call = ["latent", "compression", str(model), str(image), "--out", str(out)]
    assert main(call) == 0
    assert "code   4 values, 16 bytes" in capsys.readouterr().out
