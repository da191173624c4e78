"""Trained generators as ONNX models and as TorchScript: noise in, images out."""

import io
import json
import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_morphogen.export.graph import OPSET, model_of
from napari_morphogen.export.safety import KEY
from napari_morphogen.export.torchscript import archived
from napari_morphogen.nn.generator import KIND, Generator, family

OUTPUT = "images"
TRUNCATION = 0.7  # of the traced sample: another than 1, at which nothing is done
COUNTS = (1, 2, 5)  # samples at once that are compared


class One(nn.Module):
    """One sample of a generator in the intensities of its training.

    Parameters
    ----------
    generator : Generator
        Trained.
    """

    low: Tensor
    span: Tensor

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.network = _settled(generator.network())
        self.draw = family(generator.config.kind).sample
        self.conditioned = _condition(generator, 1) is not None
        shape = (-1,) + (1,) * len(generator.config.shape)
        low, high = (torch.tensor(ends).reshape(shape) for ends in generator.range)
        self.register_buffer("low", low)
        self.register_buffer("span", high - low)

    def forward(self, *given: Tensor) -> Tensor:
        """Return an image of noise, what is asked for, and truncation.

        Parameters
        ----------
        *given : Tensor
            Noise (1, ...), then classes (1,) or maps (1, ...) where the generator
            takes them, then a number.
        """
        noise, *asked, truncation = given
        condition = asked[0] if self.conditioned else None
        made: Tensor = self.draw(self.network, noise, truncation, condition, 0)  # type: ignore[arg-type]
        return (made + 1) / 2 * self.span + self.low


class Many(nn.Module):
    """As many samples as there is noise, one after the other."""

    def __init__(self, one: Any) -> None:
        super().__init__()
        self.one = one

    def forward(self, noise: Tensor, truncation: float = 1.0) -> Tensor:
        """Return images (N, channels, [P,] M, N)."""
        found: list[Tensor] = []
        for i in range(noise.size(0)):
            found.append(self.one(noise[i : i + 1], torch.tensor(truncation)))
        return torch.cat(found)


class ManyAsked(nn.Module):
    """As many samples as there is noise, with a condition for each."""

    def __init__(self, one: Any) -> None:
        super().__init__()
        self.one = one

    def forward(
        self, noise: Tensor, condition: Tensor, truncation: float = 1.0
    ) -> Tensor:
        """Return images (N, channels, [P,] M, N)."""
        found: list[Tensor] = []
        for i in range(noise.size(0)):
            part = noise[i : i + 1], condition[i : i + 1], torch.tensor(truncation)
            found.append(self.one(part[0], part[1], part[2]))
        return torch.cat(found)


def generator_script(generator: Generator) -> bytes:
    """Return the content of a TorchScript file.

    Parameters
    ----------
    generator : Generator
        Trained.
    """
    one = One(generator).eval()
    given = tuple(torch.from_numpy(v) for v in _given(generator, 1).values())
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # old, but what other programs read
        traced = torch.jit.trace(one, given, check_trace=False)
        kind = ManyAsked if one.conditioned else Many
        module = torch.jit.freeze(torch.jit.script(kind(traced).eval()))
    return archived(module, {f"{KEY}.json": json.dumps(about_generator(generator))})


def generator_model(generator: Generator) -> Any:
    """Return a generator as an ONNX model.

    Parameters
    ----------
    generator : Generator
        Trained.

    Returns
    -------
    model : ModelProto
        Takes ``noise`` (batch, ...), ``condition`` where there is one, and
        ``truncation``, which may be left out; makes ``images``.

    Notes
    -----
    The graph of one sample is the body of a Scan over the batch: shapes within are
    fixed, which any kind of network stands.
    """
    from onnx import helper, numpy_helper

    given = _given(generator, 1)
    body, constants = _body(generator, given)
    names = [name for name in given if name != "truncation"]
    node = helper.make_node("Scan", names, [OUTPUT], body=body)
    node.attribute.append(helper.make_attribute("num_scan_inputs", len(names)))
    config = generator.config
    ends = [_tensor(name, given[name].dtype, given[name].shape[1:]) for name in names]
    scalar = _tensor("truncation", np.float32, (), None)
    out = _tensor(OUTPUT, np.float32, (config.channels, *config.shape))
    usual = numpy_helper.from_array(np.array(1, np.float32), "truncation")
    graph = helper.make_graph(
        [node], "generator", [*ends, scalar], [out], [usual, *constants]
    )
    return model_of(graph, {KEY: json.dumps(about_generator(generator))})


def about_generator(generator: Generator) -> dict[str, Any]:
    """Return what a program must know to use a generator, as JSON can hold it.

    Parameters
    ----------
    generator : Generator
        Trained.
    """
    config = generator.config
    return {
        "kind": KIND,
        "format": 1,
        "family": config.kind,
        "axes": "bc" + "zyx"[-len(config.shape) :],
        "shape": list(config.shape),
        "channels": config.channels,
        "classes": list(config.classes),
        "noise": list(family(config.kind).noise(config)),
        "spacing": list(generator.spacing),
        "note": "Give noise of a normal distribution; truncation below 1 makes "
        "samples more usual.",
    }


def generator_cases(
    generator: Generator,
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[np.float32]]]:
    """Return inputs of several batches, and what the generator makes of each.

    Parameters
    ----------
    generator : Generator
        Trained.

    Returns
    -------
    cases : dict of str to ndarray
        ``case|input``, as `fresh` reads them.
    expected : dict of str to ndarray
        By case.
    """
    cases: dict[str, NDArray[Any]] = {}
    expected: dict[str, NDArray[np.float32]] = {}
    for count in COUNTS:
        given = _given(generator, count)
        cases |= {f"{count}|{name}": values for name, values in given.items()}
        expected[str(count)] = generator.made(
            given["noise"], TRUNCATION, given.get("condition")
        )
    return cases, expected


def _settled(network: nn.Module) -> nn.Module:
    """Return a copy whose decisions are taken, not computed from a tensor."""
    network = deepcopy(network).eval()
    ready = network._buffers.pop("ready", None)
    if ready is not None:
        network.ready = bool(ready)  # type: ignore[assignment]
    return network


def _condition(generator: Generator, count: int) -> NDArray[Any] | None:
    config = generator.config
    if config.maps:
        rng = np.random.default_rng(1)
        shape = (count, config.maps, *config.shape)
        return rng.uniform(-1, 1, shape).astype(np.float32)
    if config.classes:
        return np.arange(count, dtype=np.int64) % len(config.classes)
    return None


def _given(generator: Generator, count: int) -> dict[str, NDArray[Any]]:
    asked = _condition(generator, count)
    return {
        "noise": generator.noise(count, 0),
        **({} if asked is None else {"condition": asked}),
        "truncation": np.array(TRUNCATION, np.float32),
    }


def _body(generator: Generator, given: dict[str, NDArray[Any]]) -> tuple[Any, Any]:
    """Return the graph of one sample without its batch, and its weights."""
    import onnx
    from onnx import helper, numpy_helper

    proto = onnx.load_from_string(_exported(generator, given))
    graph, first = proto.graph, "first"
    nodes, ends = [], []
    for name, values in given.items():
        if name != "truncation":
            ways = [f"{name}_plain", first], [f"{name}_one"]
            nodes.append(helper.make_node("Unsqueeze", *ways))
            ends.append(_tensor(f"{name}_plain", values.dtype, values.shape[1:], None))
    nodes += map(_plain, graph.node)
    nodes.append(helper.make_node("Squeeze", ["made", first], ["image"]))
    shape = (generator.config.channels, *generator.config.shape)
    out = _tensor("image", np.float32, shape, None)
    body = helper.make_graph(nodes, "sample", ends, [out])
    return body, [
        *graph.initializer,
        numpy_helper.from_array(np.array([0], np.int64), first),
    ]


def _plain(node: Any) -> Any:
    """Return a node that says nothing of its source, axes counted from the front."""
    node.name = node.doc_string = ""
    for attribute in node.attribute:
        if node.op_type == "Transpose":
            axes = [axis % len(attribute.ints) for axis in attribute.ints]
            attribute.ints[:] = axes
    return node


def _exported(generator: Generator, given: dict[str, NDArray[Any]]) -> bytes:
    whole = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            One(generator).eval(),
            tuple(torch.from_numpy(values) for values in given.values()),
            whole,  # type: ignore[arg-type]
            input_names=[n if n == "truncation" else f"{n}_one" for n in given],
            output_names=["made"],
            opset_version=OPSET,
            dynamo=False,  # the other exporter needs minutes for many steps
        )
    return whole.getvalue()


def _tensor(
    name: str, dtype: Any, shape: tuple[int, ...], batch: str | None = "batch"
) -> Any:
    from onnx import helper

    sizes: list[str | int | None] = [*([batch] if batch else []), *shape]
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), sizes
    )
