"""Exported networks give the numbers of the networks, from raw pixels."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from napari_morphogen.export import making, proof
from napari_morphogen.export.onnx_models import segmenter_model
from napari_morphogen.params import InputError

NETWORKS = [
    {"task": "instances"},
    {"task": "interiors", "pooling": "average", "in_channels": 3},
    {"task": "edges", "factors": ((1, 1), (2, 2), (2, 2)), "convolutions": 1},
    {"task": "semantic", "factors": ((4, 2), (2, 1))},
    {"task": "instances", "ndim": 3, "factors": ((1, 2, 2), (1, 2, 2), (2, 2, 2))},
    {"task": "semantic", "ndim": 3, "pooling": "average"},
]
each = pytest.mark.parametrize("words", NETWORKS, ids=str)


def session(proto):
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )


@each
def test_probabilities_of_raw_pixels(segmenter, words):
    model = segmenter(**words)
    runs = session(segmenter_model(model))
    cases = proof.cases_of(model)
    found = {name: runs.run(None, {"image": v})[0] for name, v in cases.items()}
    expected = {
        name: np.stack([model.predict(image, channel_axis=0) for image in values])
        for name, values in cases.items()
    }
    assert all(values.std() > 0.01 for values in expected.values() if values.size > 99)
    assert proof.difference(found, expected) < 1e-5
    assert proof.dice(found, expected) > 0.999


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 14)),
        np.full((9, 14), -3.0),
        np.eye(40) * 1000,  # few bright pixels on a constant ground
        np.random.default_rng(0).normal(1e4, 1, (33, 20)).round(),
        np.random.default_rng(0).gamma(2, 300, (1500, 1600)).round(),  # sampled
    ],
    ids=["zero", "constant", "sparse", "offset", "large"],
)
def test_ranges_that_are_hard_to_find(segmenter, image):
    model = segmenter(width=4, factors=((4, 4),))
    (found,) = session(segmenter_model(model)).run(
        None, {"image": image[None, None].astype(np.float32)}
    )
    np.testing.assert_allclose(found[0], model.predict(image), atol=1e-5)


def test_broken_pixels_do_not_spread(segmenter):
    model = segmenter()
    image = np.random.default_rng(0).gamma(2, 300, (1, 1, 64, 64)).astype(np.float32)
    runs = session(segmenter_model(model))
    (whole,) = runs.run(None, {"image": image})
    for value in (np.nan, np.inf, -np.inf, np.finfo(np.float32).max):
        broken = image.copy()
        broken[0, 0, 2, 2] = value
        (found,) = runs.run(None, {"image": broken})
        assert np.isfinite(found).all()
        assert np.abs(found - whole)[..., 40:, 40:].max() < 0.02


def test_file_is_checked_described_and_says_nothing_of_this_machine(segmenter):
    model = segmenter("semantic", diameter=0.0)
    made = making.made(model, "onnx")
    assert made.difference < 1e-4 and len(made.cases) == 5
    proto = onnx.load_from_string(made.content)
    onnx.checker.check_model(proto, full_check=True)
    assert [entry.version for entry in proto.opset_import] == [18]
    (entry,) = proto.metadata_props
    about = json.loads(entry.value)
    assert about["classes"] == list(model.classes) and about["axes"] == "bcyx"
    assert not any(node.name or node.doc_string for node in proto.graph.node)
    for word in (str(Path.home()), str(Path(__file__).parents[2]), "/tmp"):
        assert word.encode() not in made.content


def test_size_of_objects_is_told(segmenter):
    from napari_morphogen.export.onnx_models import about

    assert "about 16 pixels" in about(segmenter(diameter=16.0))["note"]


def test_half_precision_is_half_the_size(segmenter):
    model = segmenter(width=16)
    whole, half = (making.made(model, "onnx", precision=p) for p in ("full", "half"))
    assert len(half.content) < 0.6 * len(whole.content)
    assert whole.difference < half.difference < 0.05 and half.dice > 0.98


def test_a_file_that_differs_is_not_made(segmenter):
    model, other = segmenter(), segmenter(pooling="average")
    content = segmenter_model(other).SerializeToString()
    with pytest.raises(InputError, match=r"differs from the model by .*1e-04"):
        making.proved(model, content, "onnx", tolerance=1e-4)


def test_a_file_that_cannot_be_run_is_not_made(segmenter):
    with pytest.raises(InputError, match="Nothing was written: the file cannot be run"):
        making.proved(segmenter(), b"nonsense", "onnx", tolerance=1e-4)
