"""TorchScript of every network."""

import io
import zipfile
from pathlib import Path

import pytest

from napari_morphogen.export import making

NETWORKS = [
    {"task": "interiors", "in_channels": 2},
    {"task": "edges", "ndim": 3, "factors": ((1, 2, 2), (2, 2, 2))},
]


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
