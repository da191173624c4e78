"""bioimage.io packages: whole, true, and valid where the tools are installed."""

import hashlib
import io
import json
import zipfile

import numpy as np
import onnxruntime
import pytest

from napari_morphogen.export import making
from napari_morphogen.export.packages import Card, package
from napari_morphogen.params import InputError

CARD = Card("coins / Münzen", ("Ada Example", "Bo Example"), "MIT")
NETWORKS = [
    {"task": "instances", "diameter": 16.0},
    {"task": "semantic", "ndim": 3, "in_channels": 2, "factors": ((1, 2, 2),) * 2},
]


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def packed(request, segmenter):
    return making.packed(segmenter(**request.param), CARD)


@pytest.fixture(scope="module")
def files(packed):
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sources(value):
    """Yield all files that a description names, with their digests."""
    if isinstance(value, dict):
        if "source" in value:
            yield value["source"], value.get("sha256")
        for inner in value.values():
            yield from sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from sources(inner)


def test_everything_named_is_there_unchanged(files):
    described = json.loads(files["rdf.yaml"])
    named = list(sources(described))
    assert len(named) == 4
    for name, digest in named:
        assert hashlib.sha256(files[name]).hexdigest() == digest
    assert set(described["covers"]) <= set(files)
    assert b"# Validation" in files[described["documentation"]]
    assert described["name"] == "coins   M nzen"
    assert [author["name"] for author in described["authors"]] == [*CARD.authors]


def test_weights_make_the_test_output_of_the_test_input(files):
    described = json.loads(files["rdf.yaml"])
    image, expected = (
        np.load(io.BytesIO(files[f"test_{end}.npy"]), allow_pickle=False)
        for end in ("input", "output")
    )
    scale, clip = (step["kwargs"] for step in described["inputs"][0]["preprocessing"])
    axes = tuple(range(2, image.ndim))
    ends = scale["min_percentile"], scale["max_percentile"]
    low, high = np.percentile(image, ends, axis=axes, keepdims=True)
    ready = ((image - low) / (high - low + 1e-6)).clip(clip["min"], clip["max"])
    session = onnxruntime.InferenceSession(
        files["weights.onnx"], providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"image": ready.astype(np.float32)})
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_size_and_halo_fit(files):
    described = json.loads(files["rdf.yaml"])
    image = np.load(io.BytesIO(files["test_input.npy"]))
    pairs = zip(
        described["inputs"][0]["axes"][2:],
        described["outputs"][0]["axes"][2:],
        image.shape[2:],
        strict=True,
    )
    for given, found, size in pairs:
        step, least = given["size"]["step"], given["size"]["min"]
        assert size >= least > 2 * found["halo"]
        assert least % step == found["halo"] % step == (size - least) % step == 0


def test_valid_and_true_in_the_eyes_of_others(packed, tmp_path):
    core = pytest.importorskip("bioimageio.core")
    path = tmp_path / "package.zip"
    path.write_bytes(packed.content)
    for kind in ("onnx", "torchscript"):
        assert core.test_model(path, weight_format=kind).status == "passed"


@pytest.mark.parametrize(
    "name, found",
    [("k2", "k2 segmentation network"), ("é", "segmentation network")],
)
def test_names_are_as_long_as_programs_ask_for(segmenter, name, found):
    content = package(segmenter(), Card(name, ("Ada",)), b"", b"")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert json.loads(archive.read("rdf.yaml"))["name"] == found


@pytest.mark.parametrize(
    "card, words",
    [
        (Card("a", (" ",)), "names its authors"),
        (Card("a", ("Ada",), "my own"), "SPDX"),
    ],
)
def test_cards_without_authors_or_licence(segmenter, card, words):
    with pytest.raises(InputError, match=words):
        making.packed(segmenter(), card)


def test_cover_shows_the_image_that_was_given(segmenter, tmp_path):
    from PIL import Image

    rows = np.zeros((1, 600, 700), np.uint16)
    rows[:, 300:] = 4000  # dark above, bright below
    rows[:, 5, 5] = 60000
    made = making.packed(segmenter("instances"), CARD, rows)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        cover = np.asarray(Image.open(io.BytesIO(archive.read("cover.png"))))
        example = np.load(io.BytesIO(archive.read("test_input.npy")))
    assert cover.shape == (256, 512)
    assert (cover[10:110, 5:250] == 0).all() and (cover[146:250, 5:250] == 255).all()
    assert example.shape[-1] < 600 and not np.isin(4000, example)
