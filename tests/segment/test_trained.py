"""Trained models as methods: any image, any frame, one model file."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import METHODS, SpatialArray, recipe, run
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import run_all
from napari_morphogen.samples import TASKS, coins, drifting, trained_model
from napari_morphogen.segment.models import opened

TRAINED = [
    method for method in METHODS if method.name in TASKS and method.makes != "channels"
]
NETWORKS = [method for method in TRAINED if method.family == "network"]
each = pytest.mark.parametrize("method", TRAINED, ids=lambda method: method.name)


def applied(method, image, **given):
    return run(method.name, image, model=trained_model(TASKS[method.name]), **given)


@each
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">u2", "<f4", ">f8", "u4", "i8"])
def test_dtype_and_byte_order_do_not_matter(method, dtype, discs):
    image = (discs // 2).astype(dtype)
    plain = applied(method, (discs // 2).astype(float))
    np.testing.assert_array_equal(applied(method, image), plain)


@each
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (7, 1), (0, 5), (3, 9, 8), (1, 9, 8), (2, 1, 1)]
)
def test_any_shape(method, shape):
    found = applied(method, np.random.default_rng(0).random(shape))
    assert found.shape == shape


@each
@pytest.mark.parametrize("value", [0, 7, -3.5, 1e30, np.nan, np.inf])
def test_constant_and_broken_images(method, value):
    found = applied(method, np.full((20, 24), value))
    assert found.shape == (20, 24) and np.isfinite(found).all()
    if not np.isfinite(value):
        assert not found.any()


@each
def test_broken_pixels_are_zero_and_the_rest_is_not_touched(method, discs):
    broken = discs.astype(float)
    broken[5, 7], broken[20, 9] = np.nan, -np.inf
    results = run_all(method.name, broken, model=trained_model(TASKS[method.name]))
    for found in results.values():
        assert np.isfinite(found).all()
        assert not found[..., 5, 7].any() and not found[..., 20, 9].any()


@each
def test_input_is_left_alone(method, discs):
    image = discs.copy()
    image.setflags(write=False)
    applied(method, image)
    np.testing.assert_array_equal(image, discs)


@each
def test_frames_are_segmented_one_by_one(method):
    series = drifting()
    whole = applied(method, series, channel=0)
    assert whole.axes == "tyx" and whole.scale[-1] == 0.65
    alone = applied(method, series.data[3, 0])
    np.testing.assert_array_equal(whole.data[3], alone)


@each
def test_lazy_images_give_the_same(method):
    image = coins().data
    found = applied(method, da.from_array(image, chunks=100))
    np.testing.assert_array_equal(found.compute(), applied(method, image))


@pytest.mark.parametrize("method", NETWORKS, ids=lambda method: method.name)
def test_tiles_change_nothing(method):
    image = coins().data
    plain = applied(method, image)
    tiled = applied(method, image, tile=64)
    if method.makes == "labels":
        assert (plain != tiled).mean() < 1e-3
    else:
        np.testing.assert_allclose(tiled, plain, atol=1e-5)


@each
def test_recipe_gives_the_same_again(method):
    image = SpatialArray(coins().data, "yx", scale=(0.5, 0.5), name="coins")
    made = applied(method, image)
    assert made.scale == (0.5, 0.5)
    again = recipe.replay(made.metadata[recipe.KEY], image)
    np.testing.assert_array_equal(again.data, made.data)


def test_objects_of_planes_have_numbers_of_their_own():
    volume = np.stack([coins().data[:120, :150]] * 2)
    model = trained_model("instances", 30)
    found = run("network_objects", volume, model=model)
    ids = [set(np.unique(plane)) - {0} for plane in found]
    assert ids[0] and not ids[0] & ids[1]
    assert sorted(ids[0] | ids[1]) == list(range(1, found.max() + 1))


def test_small_objects_are_removed():
    model = trained_model("instances", 30)
    found = run("network_objects", coins(), model=model).data
    sizes = np.bincount(found.ravel())[1:]
    least = int(np.median(sizes)) + 1
    kept = run("network_objects", coins(), model=model, min_size=least).data
    assert kept.max() == (sizes >= least).sum()


def test_probabilities_sum_to_one_and_decide():
    made = run_all("network_classes", coins().data, model=trained_model("semantic"))
    np.testing.assert_allclose(made["probability"].sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(made["labels"] - 1, made["probability"].argmax(0))


def test_wrong_models_are_one_sentence(tmp_path):
    image = np.eye(16)
    with pytest.raises(InputError, match="Choose `model`"):
        run("network_classes", image)
    with pytest.raises(InputError, match="no model file"):
        run("network_classes", image, model=str(tmp_path / "none.morphogen"))
    with pytest.raises(InputError, match="use network_classes"):
        run("network_objects", image, model=trained_model("semantic"))
    wrong = tmp_path / "wrong.morphogen"
    wrong.write_bytes(b"nothing of use")
    with pytest.raises(InputError, match="not a usable model"):
        run("network_classes", image, model=str(wrong))
    with pytest.raises(InputError, match="1 channel"):
        run("network_classes", np.zeros((2, 9, 9)), axes="cyx", model=trained_model())


def test_a_model_that_was_replaced_is_read_again(tmp_path):
    path = tmp_path / "m.morphogen"
    for task in ("semantic", "instances"):
        path.write_bytes(Path(trained_model(task)).read_bytes())
        assert opened(path).task == task


@pytest.mark.parametrize("method", NETWORKS, ids=lambda method: method.name)
def test_engines_agree(method):
    found = {
        engine: run_all(
            method.name, coins(), model=trained_model(TASKS[method.name]), engine=engine
        )
        for engine in ("auto", "onnxruntime", "torch")
    }
    for name, wanted in found["torch"].items():
        one, two = found["onnxruntime"][name].data, wanted.data
        np.testing.assert_array_equal(found["auto"][name].data, one)
        if one.dtype.kind == "f":
            np.testing.assert_allclose(one, two, atol=1e-4)
        else:
            assert ((one > 0) == (two > 0)).mean() > 0.999


def test_auto_takes_what_is_there(monkeypatch):
    from napari_morphogen.export.run import ExportedModel
    from napari_morphogen.nn import devices
    from napari_morphogen.nn.segmenter import Segmenter
    from napari_morphogen.segment import models

    path = trained_model("semantic")
    assert isinstance(opened(path), ExportedModel)
    assert isinstance(opened(path, engine="torch"), Segmenter)
    models._read.cache_clear()
    monkeypatch.setattr(devices, "device", lambda name, ndim: "mps")
    assert opened(path).device == "mps"  # never used: nothing is computed here
    models._read.cache_clear()
    monkeypatch.setattr(devices, "device", lambda name, ndim: "cpu")
    monkeypatch.setattr(
        models, "find_spec", lambda name: name in ("torch", "safetensors") or None
    )
    assert isinstance(opened(path), Segmenter)
    with pytest.raises(InputError, match="onnxruntime and onnx, which it needs"):
        opened(path, engine="onnxruntime")
    models._read.cache_clear()


def test_the_format_of_others_says_what_computes_it(tmp_path):
    path = tmp_path / "a.onnx"
    path.touch()
    with pytest.raises(InputError, match="leave `engine` at auto"):
        opened(path, engine="torch")
