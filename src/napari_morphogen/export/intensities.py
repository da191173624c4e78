"""The normalisation of intensities in terms of ONNX operators."""

from typing import Any

import numpy as np

from napari_morphogen.export.graph import Graph
from napari_morphogen.intensity import HEADROOM
from napari_morphogen.nn.normalise import HIGH, LARGEST, LOW, SAMPLE

RANGE = "range"  # the input that may be left out
LIMIT = float(np.finfo(np.float32).max) * HEADROOM


def normalised(graph: Graph, image: str, ndim: int) -> str:
    """Add `nn.normalise.normalised` and return the name of its result.

    Parameters
    ----------
    graph : Graph
        Grows.
    image : str
        Raw values, (batch, channels, [P,] M, N).
    ndim : int
        Of the image.

    Notes
    -----
    Every channel of every image has a range of its own, found as in training,
    unless the second input gives one: what is 0 and what is 1 after
    normalisation. Broken pixels become 0 before; here is no neighbour to ask.
    """
    limit = graph.constant(np.float32(LIMIT))
    whole = graph.add("Less", graph.add("Abs", image), limit)
    x = graph.add("Where", whole, image, graph.constant(np.float32(0)))
    unknown = graph.add("IsNaN", graph.add("Reshape", RANGE, graph.integers(-1)))
    first = graph.add("Gather", unknown, graph.constant(0, np.int64))
    low, high = graph.several(
        "If", first, then_branch=_found(graph, x), else_branch=_given(graph)
    )
    axes = graph.integers(*range(2, 2 + ndim))
    low, high = (graph.add("Unsqueeze", value, axes) for value in (low, high))
    scaled = graph.add("Div", graph.add("Sub", x, low), graph.add("Sub", high, low))
    ends = (graph.constant(np.float32(end)) for end in (-LARGEST, LARGEST))
    return graph.add("Clip", scaled, *ends)


def _given(outer: Graph) -> Any:
    graph = outer.branch()
    for i, name in enumerate(("low", "high")):
        graph.named(
            name, graph.add("Gather", RANGE, graph.constant(i, np.int64), axis=2)
        )
    return _ending(graph, "given")


def _found(outer: Graph, x: str) -> Any:
    graph = outer.branch()
    flat = graph.add("Reshape", x, graph.integers(0, 0, -1))
    sample = _sample(graph, flat)
    low, high = (_percentile(graph, sample, p) for p in (LOW, HIGH))
    last = graph.integers(2)
    least = graph.add("ReduceMin", flat, last, keepdims=0)
    most = graph.add("ReduceMax", flat, last, keepdims=0)
    usual = graph.add("Greater", high, low)
    low = graph.add("Where", usual, low, least)
    high = graph.add("Where", usual, high, most)
    one = graph.constant(np.float32(1))
    apart = graph.add("Max", graph.add("Abs", low), one)
    varied = graph.add("Greater", high, low)
    graph.named("low", low)
    graph.named("high", graph.add("Where", varied, high, graph.add("Add", low, apart)))
    return _ending(graph, "found")


def _ending(graph: Graph, name: str) -> Any:
    from onnx import TensorProto, helper

    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, None)
        for end in ("low", "high")
    ]
    return graph.proto(name, [], ends)


def _sample(graph: Graph, flat: str) -> str:
    """Return every n-th value, so that sorting stays quick."""
    count = graph.add("Shape", flat, start=2)
    step = graph.add("Div", count, graph.integers(SAMPLE))
    step = graph.add("Max", step, graph.integers(1))
    start, axis = graph.integers(0), graph.integers(2)
    return graph.add("Slice", flat, start, count, axis, step)


def _percentile(graph: Graph, sample: str, percent: float) -> str:
    """Return a percentile per channel, between two of the outermost values."""
    from onnx import TensorProto

    below = percent < 50
    count = graph.add("Shape", sample, start=2)
    last = graph.add("Sub", count, graph.integers(1))
    share = graph.constant([percent / 100], np.float64)
    place = graph.add("Mul", graph.add("Cast", last, to=TensorProto.DOUBLE), share)
    floor = graph.add("Floor", place)
    part = graph.add("Cast", graph.add("Sub", place, floor), to=TensorProto.FLOAT)
    lower = graph.add("Cast", floor, to=TensorProto.INT64)
    upper = graph.add("Min", graph.add("Add", lower, graph.integers(1)), last)
    if not below:  # counted from the other end
        lower, upper = (graph.add("Sub", last, i) for i in (lower, upper))
    needed = graph.add("Add", graph.add("Max", lower, upper), graph.integers(1))
    values, _ = graph.several(
        "TopK", sample, needed, axis=2, largest=int(not below), sorted=1
    )
    near, far = (graph.add("Gather", values, i, axis=2) for i in (lower, upper))
    moved = graph.add("Mul", graph.add("Sub", far, near), part)
    return graph.add("Squeeze", graph.add("Add", near, moved), graph.integers(2))
