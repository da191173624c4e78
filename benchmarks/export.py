"""Exports against their models: python benchmarks/export.py.

First how far every kind of model is from its file in every format, on images of
several sizes and batches (of generators as a share of the range). Then how long
onnxruntime and torch take for the same image, one after the other in one process, as
the ratio of their processor seconds with one thread. Last what 8 bits change.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import time
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from napari_morphogen.export import making
from napari_morphogen.export.formats import FORMATS
from napari_morphogen.export.onnx_models import segmenter_model
from napari_morphogen.export.packages import Card
from napari_morphogen.export.proof import blobs
from napari_morphogen.export.quantised import quantised
from napari_morphogen.export.run import opened
from napari_morphogen.nn.generator import (
    MODULES,
    Generator,
    GeneratorConfig,
    family,
)
from napari_morphogen.nn.generator_patches import Range
from napari_morphogen.nn.networks import UNet, UNetConfig
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.nn.patchnet import PatchConfig, PatchNet
from napari_morphogen.nn.segmenter import CLASSES, Segmenter

TASKS = ("instances", "interiors", "edges", "semantic")
TIMES = 3
COLUMNS = (
    ("onnx", "full"),
    ("onnx", "half"),
    ("onnx", "int8"),
    ("torchscript", "full"),
    ("bioimageio", "full"),
)
SPEEDS = (  # network and image
    ({"width": 16}, (1, 512, 512)),
    ({"width": 16}, (1, 1024, 1024)),
    ({"width": 32, "factors": ((1, 1), (2, 2), (2, 2), (2, 2))}, (1, 512, 512)),
    ({"ndim": 3, "width": 16, "factors": ((2, 2, 2),) * 3}, (1, 64, 128, 128)),
    (
        {"ndim": 3, "width": 8, "factors": ((1, 1, 1),) + ((2, 2, 2),) * 2},
        (1, 32, 96, 96),
    ),
)


def main() -> None:
    warnings.simplefilter("ignore")
    print("| model | " + " | ".join(" ".join(pair) for pair in COLUMNS) + " |")
    print("|---|" + "--:|" * len(COLUMNS))
    for ndim, task in product((2, 3), TASKS):
        parity(f"{task}, {ndim}-D", segmenter(task, ndim=ndim))
    for ndim in (2, 3):
        parity(f"object classifier, {ndim}-D", classifier(ndim))
    for kind in MODULES:
        parity(f"generator, {kind}", generator(kind))
    print("\n| network | image | torch [s] | onnxruntime [s] | torch / onnxruntime |")
    print("|---|---|--:|--:|--:|")
    for words, shape in SPEEDS:
        speed(segmenter("instances", **words), shape)
    print("\n| network | image | full | 8 bits | Dice | full / 8 bits (time) |")
    print("|---|---|--:|--:|--:|--:|")
    for words, shape in SPEEDS:
        narrow(segmenter("instances", **words), shape)


def segmenter(task: Any, **words: Any) -> Segmenter:
    """Return a network whose normalisation has seen some images."""
    classes = CLASSES.get(task, ("sky", "sea", "land"))
    ndim = words.get("ndim", 2)
    words = {"width": 16, "factors": ((2,) * ndim,) * 3} | words
    config = UNetConfig(**words, out_channels=len(classes))
    torch.manual_seed(0)
    network = UNet(config)
    for _ in range(5):
        network(torch.randn(2, 1, *[32] * ndim))
    with torch.no_grad():
        network.head.weight.mul_(8)
    return Segmenter(config, network.state_dict(), task, classes)


def classifier(ndim: int) -> ObjectClassifier:
    config = PatchConfig(ndim, 1, 3, side=32 if ndim == 2 else 16)
    torch.manual_seed(0)
    weights = PatchNet(config).state_dict()
    return ObjectClassifier(config, weights, ("a", "b", "c"), 20.0)


def generator(kind: Any) -> Generator:
    """Return a generator whose layers that begin with nothing do something."""
    usual = family(kind)
    config = GeneratorConfig(
        kind,
        width=usual.width,
        latent=usual.latent,
        classes=("a", "b") if kind == "cvae" else (),
        maps=4 if kind == "painter" else 0,
    )
    torch.manual_seed(0)
    network = usual.build(config)
    with torch.no_grad():
        for value in network.parameters():
            if not value.any():
                value.normal_(0, 0.1)
        if hasattr(network, "ready"):
            network.ready.fill_(1)
    return Generator(config, network.state_dict(), Range((100.0,), (3000.0,)))


def parity(name: str, model: Any) -> None:
    """Print a row: how far every file of a model is from it, and its size."""
    cells, sizes = [], ()
    for to, precision in COLUMNS:
        if precision not in FORMATS[making.kind_of(model)].get(to, ()):
            cells.append("")
            continue
        if to == "bioimageio":
            made = making.packed(model, Card("model", ("Ada Example",)))
        else:
            made = making.made(model, to, precision=precision, image=seen(model))
        sizes = made.cases
        cells.append(f"{made.difference:.1e} ({len(made.content) / 1e6:.2f} MB)")
    print(f"| {name} | {' | '.join(cells)} |  <!-- {', '.join(sizes)} -->", flush=True)


def seen(model: Any) -> Any:
    """Return the image that 8 bits are fitted to."""
    ndim = getattr(model, "ndim", 2)
    return blobs(np.random.default_rng(0), (1, *((256, 256), (32, 64, 64))[ndim - 2]))


def speed(model: Segmenter, shape: tuple[int, ...]) -> None:
    torch.set_num_threads(1)
    image = np.random.default_rng(0).gamma(2, 300, shape).astype(np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.onnx")
        path.write_bytes(segmenter_model(model).SerializeToString())
        exported = opened(path)
    calls = [lambda: model.predict(image, channel_axis=0)]
    calls.append(lambda: exported.predict(image, channel_axis=0))
    one, two = least(calls)
    print(f"| {_named(model, shape)} | {one:.2f} | {two:.2f} | {one / two:.1f} |")


def narrow(model: Segmenter, shape: tuple[int, ...]) -> None:
    """Compare 8 bits with full precision on the image that they were fitted to."""
    whole = segmenter_model(model).SerializeToString()
    content, drift = quantised(model, blobs(np.random.default_rng(0), shape))
    sizes = " | ".join(f"{len(file) / 1e6:.2f} MB" for file in (whole, content))
    figures = f"{drift.dice:.4f} | {drift.speed:.1f}"
    print(f"| {_named(model, shape)} | {sizes} | {figures} |", flush=True)


def _named(model: Segmenter, shape: tuple[int, ...]) -> str:
    config = model.config
    name = f"{config.ndim}-D, width {config.width}, {config.factors[0][0]}-fold stem"
    return f"{name} | {' x '.join(map(str, shape[1:]))}"


def least(calls: list[Callable[[], object]]) -> list[float]:
    """Return the least processor seconds of each, taken in turns."""
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(TIMES):
        for call, seconds in zip(calls, found, strict=True):
            start = time.process_time()
            call()
            seconds.append(time.process_time() - start)
    return [min(seconds) for seconds in found]


if __name__ == "__main__":
    main()
