"""Model files: the same model back, and a clear answer to every other file."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from napari_morphogen.nn import checkpoint
from napari_morphogen.nn.networks import UNet, UNetConfig
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.params import InputError, Remark


def model(**given):
    torch.manual_seed(0)
    config = given.pop("config", UNetConfig(width=4))
    return Segmenter(
        config, UNet(config).state_dict(), spacing=(1.0, 1.0),
        thresholds={"h": 0.1}, record=({"steps": 3, "loss": None},), **given,
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.morphogen"
    model().save(path)
    return path


def test_a_saved_model_predicts_the_same(saved):
    image = np.random.default_rng(0).random((30, 41))
    before, after = model(), Segmenter.load(saved)
    assert np.array_equal(before.predict(image), after.predict(image))
    assert after.header() == before.header()


@pytest.mark.parametrize(
    "dtype", ["bool", "u1", ">u2", "i8", "f2", ">f4", "f8"]
)  # fmt: skip
def test_any_dtype_and_broken_pixels(dtype):
    image = (np.random.default_rng(0).random((20, 21)) * 100).astype(dtype)
    image.flags.writeable = False
    found = model().predict(image)
    assert found.dtype == np.float32 and np.isfinite(found).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_hot_and_missing_pixels(value):
    image = np.random.default_rng(0).random((20, 21))
    image[3, 4] = value
    assert np.isfinite(model().predict(image)).all()
    assert np.isfinite(model().predict(np.full((5, 5), value))).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (0, 5)])
def test_small_images(shape):
    assert model(diameter=10.0).predict(np.ones(shape)).shape == (2, *shape)


def test_scaling_intensities_changes_nothing():
    image = np.random.default_rng(0).random((20, 21)).astype(np.float32)
    one = model()
    assert np.array_equal(one.predict(image), one.predict(image * 256))


def refused(path):
    with pytest.raises(InputError) as error:
        Segmenter.load(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_truncation_is_refused(saved, tmp_path):
    whole = saved.read_bytes()
    for length in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        short = tmp_path / "short.morphogen"
        short.write_bytes(whole[:length])
        assert str(short) in refused(short)


def test_every_edit_is_refused(saved):
    whole = saved.read_bytes()
    for place in (9, 60, 300, len(whole) // 2, len(whole) - 3):
        edited = bytearray(whole)
        edited[place] ^= 1
        saved.write_bytes(bytes(edited))
        assert str(saved) in refused(saved)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "foreign.morphogen"
    assert "no file" in refused(path)
    path.write_bytes(b"PK\x03\x04 some archive")
    refused(path)
    safetensors.torch.save_file({"a": torch.zeros(2)}, path)
    assert "no description" in refused(path)
    path.unlink()
    path.mkdir()
    refused(path)


def test_a_pickle_is_not_executed(tmp_path):
    class Bad:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "bad.morphogen"
    torch.save({"x": Bad()}, path)
    refused(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": {"width": 10**9}}, "usable"),
        ({"network": None}, "usable"),
        ({"classes": ["only one"]}, "classes"),
        ({"classes": 3}, "usable"),
        ({"task": "other"}, "task"),
        ({"task": "interiors"}, "task"),
        ({"scales": []}, "usable"),
        ({"diameter": float("nan")}, "diameter"),
        ({"thresholds": {"h": "x"}}, "usable"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(saved, change, message):
    header, tensors = checkpoint.read(saved)
    changed = {**header, **change}
    if isinstance(change.get("network"), dict):
        changed["network"] = {**header["network"], **change["network"]}
    checkpoint.write(saved, changed, tensors)
    assert message in refused(saved)


def test_weights_of_another_network_are_refused(saved):
    header, _ = checkpoint.read(saved)
    other = UNet(UNetConfig(width=6)).state_dict()
    checkpoint.write(saved, header, other)
    assert "weights" in refused(saved)


def test_a_newer_format_asks_for_an_update(saved):
    tensors = {"a": torch.zeros(1)}
    header = json.dumps({"format": 99})
    safetensors.torch.save_file(tensors, saved, {checkpoint.KEY: header})
    assert "update" in refused(saved)


def test_a_failed_write_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        replace(model(), diameter=5.0).save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("not enough memory: x")])
def test_too_little_memory_means_smaller_tiles(monkeypatch, error):
    image, one = np.random.default_rng(0).random((300, 301)), model()
    whole, forward = one.predict(image), UNet.forward

    def small(self, x):
        if x.shape[-1] * x.shape[-2] > 80_000:
            raise error
        return forward(self, x)

    monkeypatch.setattr(UNet, "forward", small)
    with pytest.warns(Remark, match="tiles of 150 pixels"):
        assert np.allclose(one.predict(image), whole, atol=1e-5)

    def none(self, x):
        raise error

    monkeypatch.setattr(UNet, "forward", none)
    with pytest.warns(Remark), pytest.raises(InputError, match="enough memory"):
        one.predict(image)


def test_other_errors_are_not_mistaken_for_too_little_memory(monkeypatch):
    def bad(self, x):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(UNet, "forward", bad)
    with pytest.raises(RuntimeError, match="shapes"):
        model().predict(np.ones((9, 9)))
