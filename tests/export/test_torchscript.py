"""TorchScript of every network, and of classifiers of objects."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_morphogen.export import making
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.nn.patchnet import PatchConfig, PatchNet

NETWORKS = [
    {"task": "interiors", "in_channels": 2},
    {"task": "edges", "ndim": 3, "factors": ((1, 2, 2), (2, 2, 2))},
]


def classifier(ndim=2, pooling="max"):
    config = PatchConfig(ndim, 2, 3, 16, 4, 8, pooling)
    weights = PatchNet(config).state_dict()
    return ObjectClassifier(config, weights, ("a", "b", "c"), 20.0)


@pytest.mark.parametrize("words", NETWORKS, ids=str)
def test_same_numbers_in_another_process(segmenter, words):
    made = making.made(segmenter(**words), "torchscript")
    assert made.difference < 1e-5 and made.dice > 0.999


def test_archive_says_nothing_of_this_machine(segmenter):
    content = making.made(segmenter(), "torchscript").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        text = b"".join(archive.read(name) for name in names)
    assert "archive/extra/morphogen.json" in names
    assert not any("debug" in name for name in names)
    for word in (Path.home(), Path(__file__).parents[2]):
        assert str(word).encode() not in text


@pytest.mark.parametrize("to", ["onnx", "torchscript"])
@pytest.mark.parametrize("ndim, pooling", [(2, "max"), (3, "average")])
def test_classifiers_of_objects(to, ndim, pooling):
    made = making.made(classifier(ndim, pooling), to)
    assert made.difference < 1e-5
    assert np.isfinite(made.dice) and made.cases == ("1", "5", "130")
