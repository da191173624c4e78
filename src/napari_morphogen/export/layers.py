"""Our networks in terms of ONNX operators."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.graph import Graph
from napari_morphogen.nn.networks import UNet, folded
from napari_morphogen.nn.patchnet import PatchNet

POOL = {"max": "MaxPool", "average": "AveragePool"}


def unet(graph: Graph, network: UNet, image: str) -> str:
    """Add a U-Net and return the name of its values.

    Parameters
    ----------
    graph : Graph
        Grows.
    network : UNet
        Trained.
    image : str
        What goes in: normalised, (batch, channels, [P,] M, N), any size.

    Notes
    -----
    Folding an image into blocks and convolving the blocks is one convolution with
    strides, whose kernel holds the same weights in another order; unfolding is a
    transposed convolution with ones. So no shape has to be computed in between.
    """
    quick, config = folded(network), network.config
    x = _padded(graph, image, config.strides[-1])
    skips: list[str] = []
    for level, factors in zip(quick.encoder, config.factors, strict=True):
        stem = () if skips else factors
        if skips:
            x = _pooled(graph, x, config.pooling, factors)
        x = _level(graph, level, x, stem)
        skips.append(x)
    pairs = zip(quick.decoder, skips[-2::-1], config.factors[:0:-1], strict=True)
    for level, skip, factors in pairs:
        x = graph.add("Concat", _enlarged(graph, x, factors), skip, axis=1)
        x = _level(graph, level, x, ())
    x = _convolution(graph, quick.head, x)
    return _cropped(graph, _unfolded(graph, x, config), image, config.ndim)


def patch_network(graph: Graph, network: PatchNet, patches: str) -> str:
    """Add a network that classifies patches and return the name of its values.

    Parameters
    ----------
    graph : Graph
        Grows.
    network : PatchNet
        Trained.
    patches : str
        What goes in.
    """
    from torch import nn

    x, ndim = patches, network.config.ndim
    blocks: Any = network.convolutions
    for convolution, normalisation, _ in blocks:
        quick = nn.utils.fusion.fuse_conv_bn_eval(convolution, normalisation)
        x = graph.add("Relu", _convolution(graph, quick, x))
        x = _pooled(graph, x, network.config.pooling, (2,) * ndim)
    x = graph.add("Flatten", x, axis=1)
    first, last = (layer for layer in network.head if isinstance(layer, nn.Linear))
    x = graph.add("Relu", _linear(graph, first, x))
    return _linear(graph, last, x)


def _level(graph: Graph, level: Any, x: str, stem: Sequence[int]) -> str:
    for i in range(0, len(level), 3):
        x = graph.add("Relu", _convolution(graph, level[i], x, () if i else stem))
    return x


def _convolution(graph: Graph, layer: Any, x: str, stem: Sequence[int] = ()) -> str:
    """Add a convolution, of blocks of `stem` pixels where these are given."""
    weights, ndim = _numbers(layer.weight), layer.weight.ndim - 2
    factors = tuple(stem) or (1,) * ndim
    pads = [p * f for p, f in zip(layer.padding, factors, strict=True)]
    inputs = [x, graph.weights(_of_blocks(weights, factors))]
    if layer.bias is not None:
        inputs.append(graph.constant(_numbers(layer.bias)))
    return graph.add("Conv", *inputs, strides=factors, pads=[*pads, *pads])


def _of_blocks(
    weights: NDArray[np.float32], factors: Sequence[int]
) -> NDArray[np.float32]:
    """Return a kernel on pixels that equals one on blocks of pixels."""
    n, (outputs, _, *kernel) = len(factors), weights.shape
    split = weights.reshape(outputs, -1, *factors, *kernel)
    order = [axis for i in range(n) for axis in (2 + n + i, 2 + i)]
    size = [k * f for k, f in zip(kernel, factors, strict=True)]
    return split.transpose(0, 1, *order).reshape(outputs, -1, *size)


def _unfolded(graph: Graph, x: str, config: Any) -> str:
    """Turn channels into blocks of pixels."""
    factors = config.factors[0]
    block = int(np.prod(factors))
    if block == 1:
        return x
    ones = np.eye(config.out_channels * block, dtype=np.float32)
    split = ones.reshape(-1, config.out_channels, *factors)
    kernel = graph.constant(split)
    return graph.add("ConvTranspose", x, kernel, strides=factors)


def _linear(graph: Graph, layer: Any, x: str) -> str:
    weights = graph.weights(_numbers(layer.weight))
    return graph.add("Gemm", x, weights, graph.constant(_numbers(layer.bias)), transB=1)


def _pooled(graph: Graph, x: str, kind: str, factors: Sequence[int]) -> str:
    return graph.add(POOL[kind], x, kernel_shape=factors, strides=factors)


def _enlarged(graph: Graph, x: str, factors: Sequence[int]) -> str:
    scales = graph.constant([1, 1, *factors], np.float32)
    words: dict[str, Any] = {"mode": "nearest", "nearest_mode": "floor"}
    words["coordinate_transformation_mode"] = "asymmetric"
    return graph.add("Resize", x, "", scales, **words)


def _padded(graph: Graph, x: str, strides: Sequence[int]) -> str:
    """Repeat the last pixels until every spatial axis is a multiple."""
    size = graph.add("Shape", x, start=2)
    ends = graph.add("Mod", graph.add("Neg", size), graph.integers(*strides))
    none = graph.integers(*[0] * (4 + len(strides)))
    return graph.add("Pad", x, graph.add("Concat", none, ends, axis=0), mode="edge")


def _cropped(graph: Graph, x: str, like: str, ndim: int) -> str:
    size = graph.add("Shape", like, start=2)
    axes = graph.integers(*range(2, 2 + ndim))
    return graph.add("Slice", x, graph.integers(*[0] * ndim), size, axes)


def _numbers(values: Any) -> NDArray[np.float32]:
    return np.asarray(values.detach().cpu().contiguous().numpy())
