"""What strokes taught, saved and applied elsewhere; files that must not be believed."""

import io
import json
import os
import zipfile

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import run
from napari_morphogen.cli import main
from napari_morphogen.io import read, write
from napari_morphogen.params import InputError
from napari_morphogen.samples import coin_strokes, coins
from napari_morphogen.segment import stroke_files
from napari_morphogen.segment.examples import (
    fit_forest,
    fit_nearest,
    nearest_class,
    random_forest,
)
from napari_morphogen.segment.stroke_classes import stroke_classes
from napari_morphogen.segment.training import classify

FITS = {fit_nearest: nearest_class, fit_forest: random_forest}
every = pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)


def _scene(shape, seed=0):
    """Return noise that is dark on the left and bright on the right, and strokes."""
    noise = np.random.default_rng(seed).normal(100, 9, shape)
    noise[..., shape[-1] // 2 :] += 60
    strokes = np.zeros(shape, np.int32)
    strokes[..., 3, 2:8] = 2
    strokes[..., 3, -8:-2] = 5
    return noise.astype(np.uint16), strokes


def _learned(fit, shape=(30, 40), axis=None, **options):
    image, strokes = _scene(shape)
    if axis is not None:
        image = np.stack([image, 3 * image], axis)
    sample = {"image": image, "strokes": strokes, "spacing": (), "channel_axis": axis}
    return image, strokes, fit([sample], **options)


@every
@pytest.mark.parametrize(
    "shape, axis", [((30, 40), None), ((30, 40), 0), ((6, 30, 40), 3)]
)
def test_a_saved_classifier_says_what_it_said(tmp_path, fit, shape, axis):
    image, strokes, model = _learned(fit, shape, axis, scales=3)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]
    found = stroke_classes(image, model=str(path), channel_axis=axis)
    expected = FITS[fit](image, strokes=strokes, scales=3, channel_axis=axis)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, two)


@every
def test_intensities_count_as_in_the_painted_image(tmp_path, fit):
    """A crop without dark pixels stays bright: its own range does not matter."""
    image, _, model = _learned(fit, scales=2)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    crop = run("stroke_classes", image[:, 26:], model=str(path))
    assert (crop[:, 3:] == 2).mean() > 0.9
    np.testing.assert_array_equal(
        crop[:, 10:], run("stroke_classes", image, model=str(path))[:, 36:]
    )


def test_planes_of_a_volume_are_seen_one_by_one(tmp_path):
    _, _, model = _learned(fit_nearest)
    path = str(tmp_path / "m.npz")
    stroke_files.save(model, path)
    volume, _ = _scene((3, 30, 40), seed=1)
    found = stroke_classes(volume, model=path, spacing=(4.0, 1.0, 1.0))
    for number, plane in enumerate(volume):
        one = stroke_classes(plane, model=path)
        np.testing.assert_array_equal(found.labels[number], one.labels)
        np.testing.assert_array_equal(found.probability[:, number], one.probability)
        np.testing.assert_array_equal(found.uncertainty[number], one.uncertainty)


@pytest.mark.parametrize("spacing", [(3.0, 1.0, 1.0), (1.0, 1.6, 2.0)], ids=str)
@every
def test_volumes_in_blocks_are_the_whole(tmp_path, fit, spacing):
    _, _, model = _learned(fit, (6, 30, 40), scales=2)
    path = str(tmp_path / "m.npz")
    stroke_files.save(model, path)
    volume, _ = _scene((30, 50, 40), seed=1)
    lazy = da.from_array(volume, chunks=(9, 13, 17))
    words = {"model": path, "spacing": spacing, "sigma": 0.7}
    found = run("stroke_classes", lazy, **words).compute(scheduler="synchronous")
    np.testing.assert_array_equal(found, run("stroke_classes", volume, **words))


def test_images_that_do_not_fit(tmp_path):
    _, _, model = _learned(fit_nearest, (4, 30, 40))
    path = str(tmp_path / "m.npz")
    stroke_files.save(model, path)
    for image in (np.zeros((9, 9)), np.zeros((1, 9, 9))):
        with pytest.raises(InputError, match="taught on volumes"):
            stroke_classes(image, model=path)
    with pytest.raises(InputError, match="have 1 channels, but the image has 2"):
        stroke_classes(np.zeros((2, 4, 9, 9)), model=path, channel_axis=0)


@every
def test_what_numpy_reads_without_pickle_is_all_there_is(tmp_path, fit):
    image, _, model = _learned(fit)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        assert {arrays[name].dtype.kind for name in arrays} <= set("uif")
    assert about["origin"] == [[float(image.min()), float(np.ptp(image))]]
    assert len(about["classes"]) == 2
    assert str(tmp_path).encode() not in path.read_bytes()


def test_what_cannot_be_saved(tmp_path):
    image, strokes, model = _learned(fit_forest)
    with pytest.raises(InputError, match=r"call the file m\.npz, not m\.pickle"):
        stroke_files.save(model, tmp_path / "m.pickle")
    with pytest.raises(InputError, match="There is no folder"):
        stroke_files.save(model, tmp_path / "none" / "m.npz")
    broken = np.where(strokes == 2, np.nan, image)
    sample = {"image": broken, "strokes": strokes, "spacing": (), "channel_axis": None}
    with pytest.raises(InputError, match="paint pixels of two classes"):
        stroke_files.save(fit_forest([sample]), tmp_path / "m.npz")
    assert not any(tmp_path.iterdir())


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def _rewritten(path, **changes):
    """Write a file anew with other arrays or another description."""
    with np.load(path) as found:
        arrays = dict(found)
    about = json.loads(arrays.pop("about").tobytes())
    about |= changes.pop("about", {})
    arrays |= changes
    arrays = {name: values for name, values in arrays.items() if values is not None}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, about=text, **arrays)


def _poked(values, at, value):
    values = values.copy()
    values[at] = value
    return values


HOSTILE = {
    "another format": (lambda a: {"about": {"format": 2}}, "has format 2"),
    "another kind": (lambda a: {"about": {"kind": "network"}}, "of another kind"),
    "an unknown classifier": (lambda a: {"about": {"classifier": "svm"}}, "svm"),
    "scales without end": (lambda a: {"about": {"scales": 10**9}}, "`scales`"),
    "one class": (lambda a: {"about": {"classes": ["a"]}}, "`classes`"),
    "classes in a word": (lambda a: {"about": {"classes": "ab"}}, "`classes`"),
    "no range": (lambda a: {"about": {"origin": [[0, 0]]}}, "`origin`"),
    "an endless range": (lambda a: {"about": {"origin": [[0, 1e999]]}}, "`origin`"),
    "four axes": (lambda a: {"about": {"ndim": 4}}, "`ndim`"),
    "an absent array": (lambda a: {"depth": None}, "depth"),
    "trees that leave": (
        lambda a: {"children": _poked(a["children"], (0, 0), 2**32 - 1)},
        "`children`",
    ),
    "trees that leave by their second child": (
        lambda a: {
            "children": _poked(a["children"], (0, 0), a["children"].shape[1] - 1)
        },
        "`children`",
    ),
    "features that are not there": (
        lambda a: {"features": _poked(a["features"], (0, 0), 999)},
        "`features`",
    ),
    "no end": (lambda a: {"depth": _poked(a["depth"], 0, 2**31 - 1)}, "`depth`"),
    "no number": (
        lambda a: {"limits": _poked(a["limits"], (0, 0), np.nan)},
        "`limits`",
    ),
    "more than certain": (
        lambda a: {"chances": _poked(a["chances"], (0, 0, 0), 2)},
        "`chances`",
    ),
    "classes that are not there": (
        lambda a: {"present": np.array([0, 7])},
        "`present`",
    ),
    "a class twice": (lambda a: {"present": np.array([1, 1])}, "`present`"),
    "other numbers": (
        lambda a: {"features": a["features"].astype(np.float32)},
        "`features`",
    ),
    "an object": (lambda a: {"depth": np.array([Trap()], object)}, "array of object"),
    "fields": (lambda a: {"depth": np.zeros(3, "i4,i4")}, "holds an array of"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_files_that_lie_are_refused(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    image, _, model = _learned(fit_forest, n_trees=5)
    stroke_files.save(model, "m.npz")
    change, said = HOSTILE[what]
    with np.load("m.npz") as found:
        changes = change(dict(found))
    _rewritten("m.npz", **changes)
    with pytest.raises(InputError, match=said) as error:
        stroke_classes(image, model="m.npz")
    assert "m.npz" in str(error.value) and "\n" not in str(error.value)
    assert os.listdir() == ["m.npz"]


@pytest.mark.parametrize("name", ["middle", "shares", "weights", "offsets", "roots"])
@pytest.mark.parametrize("value", [np.nan, np.inf], ids=str)
def test_normals_of_no_numbers_are_refused(tmp_path, name, value):
    image, _, model = _learned(fit_nearest)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    values = getattr(model.chances, name)
    _rewritten(path, **{name: _poked(values, (0,) * values.ndim, value)})
    with pytest.raises(InputError, match=f"`{name}` is not possible"):
        stroke_classes(image, model=str(path))
    _rewritten(path, **{name: values[..., :1, :0]})
    with pytest.raises(InputError, match=f"`{name}` is not possible"):
        stroke_classes(image, model=str(path))


def test_damaged_files_are_refused(tmp_path):
    image, _, model = _learned(fit_nearest)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"m\.npz"):
            stroke_classes(image, model=str(path))
    edited = bytearray(whole)
    edited[len(whole) // 2] ^= 255
    path.write_bytes(edited)
    with pytest.raises(InputError, match=r"m\.npz"):
        stroke_classes(image, model=str(path))
    with pytest.raises(InputError, match="There is no file"):
        stroke_classes(image, model=str(tmp_path / "none.npz"))


def test_an_array_larger_than_its_file_takes_no_memory(tmp_path):
    image, _, model = _learned(fit_nearest)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**15, 1)}
    )
    with zipfile.ZipFile(path) as found:
        contents = {name: found.read(name) for name in found.namelist()}
    with zipfile.ZipFile(path, "w") as made:
        for name, content in (contents | {"middle.npy": file.getvalue()}).items():
            made.writestr(name, content)
    with pytest.raises(InputError, match="cannot reshape"):
        stroke_classes(image, model=str(path))


def test_a_replaced_file_is_read_again(tmp_path):
    image, _, model = _learned(fit_nearest, scales=1)
    path = tmp_path / "m.npz"
    stroke_files.save(model, path)
    first = stroke_classes(image, model=str(path)).probability
    image, _, other = _learned(fit_forest, scales=2)
    stroke_files.save(other, path)
    second = stroke_classes(image, model=str(path)).probability
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(
        second, classify(image, other, 1, (), None).probability
    )


def test_commands_train_predict_and_go_block_by_block(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkdir("images"), os.mkdir("strokes")
    halves = np.s_[:, :192], np.s_[:, 192:]
    for number, half in enumerate(halves):
        write(f"images/{number}.tif", coins().like(coins().data[half]))
        write(f"strokes/{number}.tif", coins().like(coin_strokes().data[half]))
    write("images/2.tif", coins())
    train = ["train", "strokes", "random_forest", "--n-trees", "9", "--model", "m.npz"]
    assert main([*train, "--images", "images", "--strokes", "strokes"]) == 0
    out, err = capsys.readouterr()
    assert out == "m.npz\n" and "left out: images/2.tif" in err
    assert main(["predict", "m.npz", "images/2.tif", "whole.tif"]) == 0
    whole = np.asarray(read("whole.tif").data)
    assert set(np.unique(whole)) == {1, 2}
    words = ["segment", "stroke_classes", "images/2.tif", "b.ome.zarr"]
    assert main([*words, "--model", "m.npz", "--block", "80"]) == 0
    np.testing.assert_array_equal(np.asarray(read("b.ome.zarr").data), whole)
    capsys.readouterr()
    assert main(["predict", "m.npz", "images/2.tif", "c.tif", "--flips"]) == 2
    assert "--flips says nothing to the model in m.npz" in capsys.readouterr().err
    assert (
        main([*train[:-1], "m.txt", "--images", "images", "--strokes", "strokes"]) == 2
    )
    assert "call the file m.npz" in capsys.readouterr().err


def test_no_torch_is_needed(tmp_path, without_torch, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.tif", coins())
    _, _, model = _learned(fit_forest)
    stroke_files.save(model, "m.npz")
    without_torch("predict", "m.npz", "a.tif", "b.tif")
    expected = run("stroke_classes", coins().data, model="m.npz")
    np.testing.assert_array_equal(np.asarray(read("b.tif").data), expected)
