"""Trained networks, however they are stored: opened, and applied to any image."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.counting import counted
from napari_morphogen.export.foreign_files import USUAL, Told
from napari_morphogen.export.foreign_files import opened as opened_file
from napari_morphogen.intensity import broken_pixels
from napari_morphogen.nn.windows import Mirrored
from napari_morphogen.params import InputError

METHOD_OF = {
    "instances": "network_objects",
    "interiors": "network_objects",
    "semantic": "network_classes",
    "edges": "network_boundaries",
    "maps": "network_maps",
    "strokes": "stroke_classes",
}
MISSING = (
    "Networks need PyTorch, which is not installed; run: "
    'pip install "napari-morphogen[networks]".'
)
NO_ENGINE = (
    "onnxruntime and onnx, which it needs for this file, are not installed; run: "
    'pip install "napari-morphogen[export]", or choose torch.'
)
MODELS_KEPT = 4  # open at a time
FOREIGN = (".onnx", ".zip", ".pt")  # endings of what others may have made
Part = tuple[slice, ...]
Engine = Literal["auto", "onnxruntime", "torch"]


class Mapper(Protocol):
    """What makes maps of an image; `export.foreign.Foreign` is one."""

    @property
    def task(self) -> str:
        """What it was trained for: a key of `METHOD_OF`."""

    @property
    def ndim(self) -> int:
        """2 for planes, 3 for volumes."""

    def predict(
        self,
        image: NDArray[Any],
        *,
        channel_axis: int | None = ...,
        part: Part | None = ...,
        tile: int = ...,
    ) -> NDArray[np.float32]:
        """Return maps of shape (maps, [P,] M, N)."""


class Network(Mapper, Protocol):
    """A network trained here, however it is stored; `nn.segmenter.Segmenter` is one."""

    @property
    def in_channels(self) -> int:
        """Channels of the images that it takes."""

    @property
    def diameter(self) -> float:
        """To which images are scaled, in pixels; 0 is no scaling."""

    @property
    def scales(self) -> tuple[float, float]:
        """Least and greatest scale of the training images."""

    @property
    def strides(self) -> Sequence[int]:
        """Pixels that one of the coarsest level covers, per axis."""

    @property
    def reach(self) -> tuple[int, ...]:
        """How far away a pixel can change the prediction, per axis."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of what is predicted."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """With which objects are made."""

    def predict(
        self,
        image: NDArray[Any],
        *,
        channel_axis: int | None = ...,
        part: Part | None = ...,
        tile: int = ...,
        flips: bool = ...,
        device: str = ...,
    ) -> NDArray[np.float32]:
        """Return maps of shape (classes, [P,] M, N)."""

    def tiled(self, tile: int = ...) -> Mirrored:
        """Return what predicts a normalised image as it is, mirrored or not."""

    def with_thresholds(self, **thresholds: float) -> Self:
        """Return a copy with other thresholds."""


def maps_by(
    network: Mapper,
    image: NDArray[Any],
    *,
    channel_axis: int | None = None,
    part: Part | None = None,
    **words: Any,
) -> NDArray[np.float32]:
    """Return what a network predicts, plane by plane where it knows planes only.

    Parameters
    ----------
    network : Mapper
        Trained.
    image : ndarray of shape ([P,] M, N), channels anywhere
        As many channels as the network was trained on.
    channel_axis : int or None
        The axis that holds channels.
    part : tuple of slice or None
        Which part to predict; its intensities are seen as those of the whole.
    **words
        Passed on to `predict`.

    Returns
    -------
    maps : ndarray of float32, shape (maps, [P,] M, N)
        All 0 where a pixel is broken.
    """
    first = image[np.newaxis] if channel_axis is None else image
    first = np.moveaxis(first, channel_axis or 0, 0)
    place = part or (slice(None),) * (first.ndim - 1)
    words["channel_axis"] = 0
    if network.ndim == 2 and first.ndim == 4:
        planes = (first[:, i] for i in range(first.shape[1])[place[0]])
        words["part"] = place[1:]
        found = [network.predict(plane, **words) for plane in counted(planes)]
        maps = np.stack(found, axis=1)
    else:
        maps = network.predict(first, part=place, **words)
    broken = broken_pixels(first)
    if broken is not None:
        maps[:, np.any(broken, axis=0)[place]] = 0
    return maps


def opened(path: str | Path, told: Told = USUAL, engine: Engine = "auto") -> Mapper:
    """Return the network that a file holds; it is kept for the next call.

    Parameters
    ----------
    path : path
        Of a model file, from anyone; nothing of it is executed.
    told : Told
        What the user says of a network that was not trained here.
    engine : str
        What computes a ``.morphogen`` file: "onnxruntime", or "torch", on a graphics
        card where there is one. "auto" is torch where there is one, and else
        onnxruntime, which is faster on processors, where it is installed.

    Raises
    ------
    InputError
        When there is no usable model in it, or PyTorch is missing.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"There is no model file {path}; choose or train one.")
    state = path.stat()
    return _read(path, state.st_mtime_ns, state.st_size, told, engine)


def trained(path: str | Path, engine: Engine = "auto") -> Network:
    """Return the network in a file, which was trained here; see `opened`.

    Raises
    ------
    InputError
        As of `opened`, and when it is a network of somebody else.
    """
    network = opened(path, engine=engine)
    if network.task == "maps":
        raise InputError(
            f"Only its maps are known of the network in {path}; use network_maps."
        )
    return cast(Network, network)


def need_networks() -> None:
    """Raise InputError where what trains and applies networks is missing."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise InputError(MISSING)


@lru_cache(maxsize=MODELS_KEPT)
def _read(path: Path, changed: int, size: int, told: Told, engine: Engine) -> Mapper:
    if path.suffix.lower() == ".npz":
        raise InputError(f"{path} holds no network; use stroke_classes.")
    if path.suffix.lower() in FOREIGN:
        if engine != "auto":
            raise InputError(
                f"What computes {path.name} depends on its format; leave `engine` at "
                "auto."
            )
        return opened_file(path, told)
    if told != USUAL:
        raise InputError(f"{path} says itself what it takes; leave that to it.")
    need_networks()
    from napari_morphogen.nn.devices import device
    from napari_morphogen.nn.segmenter import Segmenter

    network = Segmenter.load(path)
    where = device("auto", network.ndim)
    there = find_spec("onnxruntime") is not None and find_spec("onnx") is not None
    if engine == "onnxruntime" and not there:
        raise InputError(NO_ENGINE)
    if engine == "torch" or (engine == "auto" and (where != "cpu" or not there)):
        return replace(network, device=where)
    from napari_morphogen.export.onnx_models import compiled

    return compiled(network, path)
