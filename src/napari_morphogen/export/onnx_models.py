"""Trained models as ONNX models that take raw pixels."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.export.graph import Graph, model_of
from napari_morphogen.export.intensities import RANGE, normalised
from napari_morphogen.export.layers import patch_network, unet
from napari_morphogen.export.run import ExportedModel, by_onnx, session_of
from napari_morphogen.export.safety import KEY
from napari_morphogen.nn.object_classifier import KIND, ObjectClassifier
from napari_morphogen.nn.patchnet import PatchNet
from napari_morphogen.nn.segmenter import Segmenter, exclusive

OUTPUT = "probabilities"
AXES = {2: "yx", 3: "zyx"}


def segmenter_model(
    segmenter: Segmenter, *, half: bool = False, raw: bool = True
) -> Any:
    """Return a segmenter as an ONNX model.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    half : bool
        Whether weights are kept in half precision.
    raw : bool
        Whether raw pixels go in; else normalised ones.

    Returns
    -------
    model : ModelProto
        Takes ``image`` and makes ``probabilities``, both (batch, channels,
        [z,] y, x) of any size.
    """
    config = segmenter.config
    graph = Graph(half)
    image = normalised(graph, "image", config.ndim) if raw else "image"
    logits = unet(graph, segmenter.network(), image)
    if exclusive(segmenter.task):
        graph.named(OUTPUT, graph.add("Softmax", logits, axis=1))
    else:
        graph.named(OUTPUT, graph.add("Sigmoid", logits))
    size = [f"{axis}_size" for axis in AXES[config.ndim]]
    ends = [
        _tensor("image", ["batch", config.in_channels, *size]),
        _tensor(OUTPUT, ["batch", config.out_channels, *size]),
    ]
    inputs, defaults = [ends[0]], []
    if raw:
        shape = (1, config.in_channels, 2)
        inputs.append(_tensor(RANGE, shape))
        defaults.append(_unknown(shape))
    proto = graph.proto("segmenter", inputs, ends[1:], defaults)
    return model_of(proto, {KEY: json.dumps(about(segmenter))})


def compiled(segmenter: Segmenter, path: Path) -> ExportedModel:
    """Return a segmenter that onnxruntime computes: on processors faster than torch.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    path : Path
        Of its file, named in messages.
    """
    content = segmenter_model(segmenter, raw=False).SerializeToString()
    return by_onnx(session_of(content, path), about(segmenter), path)


def classifier_model(classifier: ObjectClassifier, *, half: bool = False) -> Any:
    """Return a classifier of objects as an ONNX model.

    Parameters
    ----------
    classifier : ObjectClassifier
        Trained.
    half : bool
        Whether weights are kept in half precision.

    Returns
    -------
    model : ModelProto
        Takes ``patches`` as `nn.patchnet.object_patches` makes them and returns
        ``probabilities``, one row per object.
    """
    graph, config = Graph(half), classifier.config
    network = PatchNet(config)
    network.load_state_dict(classifier.weights)
    logits = patch_network(graph, network.eval(), "patches")
    graph.named(OUTPUT, graph.add("Softmax", logits, axis=1))
    shape = ["objects", config.in_channels + 1, *[config.side] * config.ndim]
    end = _tensor(OUTPUT, ["objects", config.classes])
    proto = graph.proto("classifier", [_tensor("patches", shape)], [end])
    return model_of(proto, {KEY: json.dumps(about_classifier(classifier))})


def about_classifier(classifier: ObjectClassifier) -> dict[str, Any]:
    """Return what a program must know to use a classifier, as JSON can hold it.

    Parameters
    ----------
    classifier : ObjectClassifier
        Trained.
    """
    return {
        "kind": KIND,
        "format": 1,
        "classes": list(classifier.classes),
        "diameter": classifier.diameter,
        "network": asdict(classifier.config),
        "note": "Takes normalised patches around objects, the object's shape last.",
    }


def about(segmenter: Segmenter) -> dict[str, Any]:
    """Return what a program must know to use a segmenter, as JSON can hold it.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    """
    config, header = segmenter.config, segmenter.header()
    kept = ("task", "classes", "spacing", "diameter", "scales", "thresholds")
    return {
        "kind": "segmenter",
        "format": 1,
        **{name: header[name] for name in kept},
        "axes": "bc" + AXES[config.ndim],
        "in_channels": config.in_channels,
        "strides": list(config.strides[-1]),
        "reach": list(config.reach),
        "note": note(segmenter),
    }


def note(segmenter: Segmenter) -> str:
    """Return in a sentence what images an exported segmenter takes."""
    if segmenter.diameter <= 0:
        return "Takes images of the pixel size of the training."
    return (
        "Takes images whose objects have a diameter of about "
        f"{segmenter.diameter:g} pixels; scale others before."
    )


def _tensor(name: str, shape: Sequence[Any]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def _unknown(shape: Sequence[int]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.full(shape, np.nan, np.float32), RANGE)
