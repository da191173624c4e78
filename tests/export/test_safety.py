"""Files from strangers: each kind of trick is refused in one sentence."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from napari_morphogen.export.onnx_models import segmenter_model
from napari_morphogen.export.run import opened
from napari_morphogen.export.safety import checked_bytes, metadata
from napari_morphogen.params import InputError


@pytest.fixture
def proto(segmenter):
    return segmenter_model(segmenter())


@pytest.fixture
def refused(tmp_path):
    def check(content, words):
        path = tmp_path / "model.onnx"
        data = content if isinstance(content, bytes) else content.SerializeToString()
        path.write_bytes(data)
        with pytest.raises(InputError, match=words) as caught:
            opened(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
        assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]

    return check


def external(tensor, place="../../etc/passwd"):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", place
    return tensor


def outside():
    return external(numpy_helper.from_array(np.zeros(4, np.float32), "secret"))


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "weights.bin"])
def test_weights_in_other_files(proto, refused, place):
    external(proto.graph.initializer[0], place)
    refused(proto, "keeps weights in another file")


def test_weights_in_other_files_in_hidden_places(proto, refused):
    changed = onnx.ModelProto.FromString(proto.SerializeToString())
    node = changed.graph.node.add(op_type="Constant", output=["hidden"])
    node.attribute.append(helper.make_attribute("value", outside()))
    refused(changed, "keeps weights in another file")
    changed = onnx.ModelProto.FromString(proto.SerializeToString())
    branch = helper.make_graph([], "branch", [], [], [outside()])
    node = changed.graph.node.add(op_type="If", output=["hidden"])
    node.attribute.append(helper.make_attribute("then_branch", branch))
    refused(changed, "keeps weights in another file")
    changed = onnx.ModelProto.FromString(proto.SerializeToString())
    changed.graph.sparse_initializer.add().values.CopyFrom(outside())
    refused(changed, "keeps weights in another file")


def test_operators_of_others(proto, refused):
    proto.graph.node.add(op_type="Run", domain="com.evil", output=["a"])
    refused(proto, 'calls for operators of "com.evil"')


def test_functions_of_their_own(proto, refused):
    proto.functions.add(name="f", domain="evil")
    refused(proto, "functions of its own")


def test_branches_without_end(refused):
    graph = b""
    for _ in range(200):
        for tag in (6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2):  # attribute, node, graph
            graph = bytes([tag]) + _length(len(graph)) + graph
    refused(bytes([7 << 3 | 2]) + _length(len(graph)) + graph, "deep")


def _length(value):
    return bytes([value & 127 | 128, value >> 7 & 127 | 128, value >> 14])


def test_cut_short_renamed_and_empty(proto, refused):
    content = proto.SerializeToString()
    for wrong in (content[:-7], content[:1000], b"", b"PK\x03\x04" + bytes(99)):
        refused(wrong, "no ONNX file, or it was cut short")
    refused(b"\x80\x04\x95cos\nsystem\n", "no ONNX file")  # a pickle


def test_description_that_lies(proto, refused):
    about = json.loads(proto.metadata_props[0].value)
    lies = [
        {"in_channels": 7},
        {"classes": ["one"]},
        {"strides": [0, 0]},
        {"reach": [10**9, 10**9]},
        {"axes": "bczyx"},
        {"diameter": "nan"},
        {"thresholds": [1]},
        {"task": "rm"},
        {"scales": []},
    ]
    for lie in lies:
        proto.metadata_props[0].value = json.dumps(about | lie)
        refused(proto, "does not fit its network")


def test_files_of_others_are_told_apart(proto, refused):
    proto.metadata_props[0].value = "[" * 100_000
    refused(proto, "no network that segments images")
    del proto.metadata_props[:]
    refused(proto, "no network that segments images")


def test_a_graph_that_cannot_run(proto, refused):
    proto.graph.node[-1].op_type = "Nonsense"
    refused(proto, "onnxruntime cannot use")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*none\.onnx"):
        checked_bytes(tmp_path / "none.onnx")


def test_own_files_pass(proto, tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(proto.SerializeToString())
    content = checked_bytes(path)
    assert content == path.read_bytes()
    assert metadata(content)["task"] == "instances"
