"""Every kind of model in every format that there is for it, and in no other."""

import json
import zipfile
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest

from napari_morphogen import write
from napari_morphogen.cli import main
from napari_morphogen.export import making
from napari_morphogen.export.formats import (
    ENDINGS,
    FORMATS,
    Precision,
    Target,
    check,
)
from napari_morphogen.export.packages import Card
from napari_morphogen.exports import Exported, export, export_all
from napari_morphogen.nn.generator import Generator, GeneratorConfig, family
from napari_morphogen.nn.generator_patches import Range
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.nn.patchnet import PatchConfig, PatchNet
from napari_morphogen.params import InputError
from napari_morphogen.samples import coins, trained_model
from napari_morphogen.segment.models import maps_by, opened
from napari_morphogen.spatial import SpatialArray

PAIRS = [
    (kind, to, precision)
    for kind, targets in FORMATS.items()
    for to, precisions in targets.items()
    for precision in precisions
]
ALL = set(product(FORMATS, get_args(Target), get_args(Precision)))
OTHERS = sorted(ALL - set(PAIRS))
TOLERANCE = {"full": 1e-4, "half": 0.05, "int8": 0.5}


@pytest.fixture(scope="module")
def models(segmenter, tmp_path_factory):
    """One file of every kind of model."""
    folder = tmp_path_factory.mktemp("models")
    patches = PatchConfig(3, 2, 3, 16, 4, 8, "average")
    weights = PatchNet(patches).state_dict()
    config = GeneratorConfig("dcgan", shape=(16, 16), width=8, latent=4)
    network = family("dcgan").build(config)
    made = {
        "segmenter": segmenter("edges", in_channels=2),
        "object classifier": ObjectClassifier(patches, weights, ("a", "b", "c"), 20.0),
        "generator": Generator(config, network.state_dict(), Range((9.0,), (99.0,))),
    }
    paths = {kind: folder / f"{kind}.morphogen" for kind in made}
    for kind, path in paths.items():
        made[kind].save(path)
    paths["stroke classifier"] = Path(trained_model("strokes"))
    return paths


def _image():
    values = np.random.default_rng(0).gamma(2, 300, (2, 70, 90))
    return SpatialArray(values.astype(np.uint16), "cyx")


def _words(precision):
    words = {"authors": ["Ada"], "precision": precision}
    return words | ({"image": _image()} if precision == "int8" else {})


def _description(path, to):
    """Return what a file says of itself, read as anybody would."""
    if to == "onnx":
        entries = {one.key: one.value for one in onnx.load(path).metadata_props}
        return json.loads(entries["morphogen"])
    with zipfile.ZipFile(path) as archive:
        if to == "bioimageio":
            return json.loads(archive.read("rdf.yaml"))["config"]["morphogen"]
        (name,) = (n for n in archive.namelist() if n.endswith("morphogen.json"))
        return json.loads(archive.read(name))


@pytest.mark.parametrize("kind, to, precision", PAIRS, ids=str)
def test_saved_loaded_exported_proved_and_read(models, tmp_path, kind, to, precision):
    """`making.proved` tries sizes and batches; here the file is read again."""
    path = tmp_path / f"m{ENDINGS[to]}"
    *_, exported = export(models[kind], path, to, **_words(precision))
    model = making.load(models[kind])
    if to == "bioimageio":
        made = making.packed(model, Card("m", ("Ada",)))
    else:
        image = _image().data if precision == "int8" else None
        made = making.made(model, to, precision=precision, image=image)
    assert made.difference < TOLERANCE[precision] and len(made.cases) >= 3
    assert "MB, at most" in exported.words
    assert str(tmp_path).encode() not in path.read_bytes()
    said = _description(path, to)
    assert said["proved"]["difference"] == pytest.approx(made.difference, rel=0.06)
    assert tuple(said["proved"]["cases"]) == made.cases
    if to == "onnx":
        onnx.checker.check_model(onnx.load(path), full_check=True)
    if kind == "segmenter":
        image = _image().data
        expected = maps_by(opened(models[kind]), image, channel_axis=0)
        raw = maps_by(opened(path), image, channel_axis=0)
        np.testing.assert_allclose(raw, expected, atol=TOLERANCE[precision])
        assert (np.abs(raw - expected) < 0.05).mean() > 0.95


@pytest.mark.parametrize("kind, to, precision", OTHERS, ids=str)
def test_other_pairs_are_refused_in_a_sentence(models, tmp_path, kind, to, precision):
    path = tmp_path / f"m{ENDINGS[to]}"
    with pytest.raises(InputError) as error:
        list(export(models[kind], path, to, **_words(precision)))
    with pytest.raises(InputError, match=r"^[A-Z][^\n]*\.$") as same:
        check(kind, to, precision)
    if precision != "full":
        return
    assert str(error.value) == str(same.value)
    assert not any(tmp_path.iterdir())


def test_all_formats_at_once(models, tmp_path):
    words = {"authors": ["Ada"], "cite": "Ada, Shapes, doi:10.1234/abc.5."}
    made = list(export_all(models["segmenter"], tmp_path / "cells_v1.2", **words))
    names = ["cells_v1.2.zip", "cells_v1.2.pt", "cells_v1.2.onnx"]
    assert [one.path.name for one in made if isinstance(one, Exported)] == names
    with pytest.raises(InputError, match=r"cells_v1\.2\.pt exists"):
        (tmp_path / names[0]).unlink()
        list(
            export_all(
                models["segmenter"], tmp_path / names[0], **words, overwrite=False
            )
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    with pytest.raises(InputError, match=r"\.npz file itself"):
        list(export_all(models["stroke classifier"], tmp_path / "m"))


def test_all_formats_on_the_command_line(models, tmp_path, capsys):
    out = tmp_path / "noise"
    words = ["export", str(models["generator"]), "--to", "all", "--out", str(out)]
    assert main(words) == 0
    written = [str(out.with_suffix(ending)) for ending in (".pt", ".onnx")]
    assert capsys.readouterr().out.split() == written
    assert main([*words, "--fp16"]) == 2
    assert "full precision" in capsys.readouterr().err
    write(tmp_path / "a.tif", coins())
    assert main(["export", str(tmp_path / "a.tif")]) == 2
    assert "a.tif" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, found",
    [
        ("", {}),
        ("Ada 2020, https://doi.org/10.1234/a-b(7)", {"doi": "10.1234/a-b(7"}),
        ("Ada 2020, 10.1234/abc.", {"doi": "10.1234/abc"}),
        ("see https://example.org/a", {"url": "https://example.org/a"}),
    ],
)
def test_citations(text, found):
    own = Card("a", ("Ada",), cite=text).cited()[1:]
    assert own == ([{"text": text, **found}] if found else [])


def test_citations_need_an_address():
    with pytest.raises(InputError, match="A citation holds a DOI"):
        Card("a", ("Ada",), cite="my paper").check()
