"""Networks in whole numbers of 8 bits, fitted to the values of a user's image."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.onnx_models import segmenter_model
from napari_morphogen.export.proof import dice
from napari_morphogen.export.run import QUIET, by_onnx, session_of
from napari_morphogen.export.safety import metadata
from napari_morphogen.nn.normalise import ready, rescaled
from napari_morphogen.nn.scale import scale_of
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.nn.tiles import tiles

QUANTISED = ("Conv", "ConvTranspose", "MaxPool", "Concat", "Resize", "Add", "Relu")
TILE = {2: 256, 3: 64}  # pixels along each axis of the parts that are looked at
MOST = 16  # parts
ROUNDS = 5  # of which the fastest counts


class Drift(NamedTuple):
    """What 8 bits change on an image.

    Attributes
    ----------
    dice : float
        Of what lies above one half in both, over all maps.
    speed : float
        Time with full precision over time with 8 bits, one thread.
    """

    dice: float
    speed: float


def quantised(segmenter: Segmenter, image: NDArray[Any]) -> tuple[bytes, Drift]:
    """Return a segmenter as an ONNX file of 8 bits, and what that changes.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    image : ndarray of shape (channels, [P,] M, N)
        Whose values decide which numbers 8 bits stand for. Nothing of it is kept
        but the ranges of what the network's layers make of it.

    Raises
    ------
    InputError
        When the image does not fit the network.

    Notes
    -----
    Activations are unsigned, weights signed with a scale per channel [1]_. The
    first and the last convolution stay as they are: they hold few of the weights,
    and the ranges of raw intensities and of logits are wide.

    References
    ----------
    .. [1] B. Jacob et al., CVPR 2018, 2704-2713, DOI 10.1109/CVPR.2018.00286
    """
    ndim, channels = segmenter.config.ndim, segmenter.config.in_channels
    normal = ready(image, 0, ndim=ndim, channels=channels)
    scale = 1.0
    if segmenter.diameter > 0:
        known: dict[str, Any] = {"diameter": segmenter.diameter}
        known["scales"] = segmenter.scales
        scale = scale_of(segmenter.tiled(), normal, **known)
    scaled = rescaled(normal, (scale,) * ndim)
    proto = segmenter_model(segmenter)
    whole = bytes(proto.SerializeToString())
    content = _narrowed(proto, [_given(part) for part in _parts(scaled)])
    return content, _drift(whole, content, scaled)


def _parts(image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    shape = image.shape[1:]
    places = list(tiles(shape, TILE[len(shape)], (1,) * len(shape)))
    step = math.ceil(len(places) / MOST)
    return [image[(slice(None), *place)] for place in places[::step]]


def _given(values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    usual = np.array([0, 1], np.float32)
    return {
        "image": np.ascontiguousarray(values)[np.newaxis],
        "range": np.tile(usual, (1, len(values), 1)),
    }


def _narrowed(proto: Any, feeds: list[dict[str, NDArray[np.float32]]]) -> bytes:
    from onnxruntime import quantization as tools
    from onnxruntime import set_default_logger_severity

    set_default_logger_severity(QUIET)  # of sessions that the tools open
    for number, node in enumerate(proto.graph.node):
        node.name = f"n{number}"
    kinds = ("Conv", "ConvTranspose")
    folded = [node.name for node in proto.graph.node if node.op_type in kinds]

    class Reader(tools.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._feeds = iter(feeds)

        def get_next(self) -> Any:
            return next(self._feeds, None)

    with TemporaryDirectory(prefix="morphogen-") as folder, _quiet():
        whole, narrow = Path(folder, "whole.onnx"), Path(folder, "narrow.onnx")
        whole.write_bytes(proto.SerializeToString())
        tools.quantize_static(
            str(whole),
            str(narrow),
            Reader(),
            quant_format=tools.QuantFormat.QDQ,
            activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=[folded[0], folded[-1]],
        )
        return narrow.read_bytes()


def _drift(whole: bytes, narrow: bytes, image: NDArray[np.float32]) -> Drift:
    """Return what two files make of an image, in turns with one thread."""
    path = Path("model.onnx")
    models = {
        name: by_onnx(session_of(content, path, 1), metadata(content), path)
        for name, content in (("whole", whole), ("narrow", narrow))
    }
    spent: dict[str, list[float]] = {name: [] for name in models}
    maps = {}
    for _ in range(ROUNDS):
        for name, model in models.items():
            begun = time.perf_counter()
            maps[name] = model.tiled()(image, False)
            spent[name].append(time.perf_counter() - begun)
    fastest = {name: min(seconds) for name, seconds in spent.items()}
    found, wanted = ({"": maps[name]} for name in ("narrow", "whole"))
    return Drift(dice(found, wanted), fastest["whole"] / fastest["narrow"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the tools tell of their work from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(before)
