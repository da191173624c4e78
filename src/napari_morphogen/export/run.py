"""Exported networks applied to images: ONNX without PyTorch, and TorchScript."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.counting import counted
from napari_morphogen.export.safety import checked_bytes, metadata
from napari_morphogen.nn.normalise import ready
from napari_morphogen.nn.scale import at_known_scale
from napari_morphogen.nn.tiles import TILE, margins_of, tiles, widened
from napari_morphogen.nn.windows import Mirrored
from napari_morphogen.params import InputError

Compute = Callable[[NDArray[np.float32]], NDArray[np.float32]]
TASKS = ("instances", "interiors", "edges", "semantic")
PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
QUIET = 4  # of the log: errors are raised as well
MISSING = (
    "ONNX files need onnxruntime, which is not installed; run: "
    'pip install "napari-morphogen[onnx]".'
)


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """An exported network, applied as it was in training.

    Attributes
    ----------
    compute : callable
        From a normalised image (channels, [P,] M, N) to (classes, [P,] M, N).
    ndim, in_channels : int
        Of the images that it takes.
    task : str
        As of `nn.segmenter.Segmenter`.
    classes : tuple of str
        Names of what is predicted.
    strides, reach : tuple of int
        Pixels that one of the coarsest level covers, and how far away a pixel can
        change the prediction, per axis.
    diameter : float
        To which images are scaled, in pixels; 0 is no scaling.
    scales : tuple of float
        Least and greatest scale of the training images.
    spacing : tuple of float
        Pixel size per axis in training, the finest 1.
    thresholds : mapping of str to float
        With which objects are made.
    """

    compute: Compute
    ndim: int
    in_channels: int
    task: str
    classes: tuple[str, ...]
    strides: tuple[int, ...]
    reach: tuple[int, ...]
    diameter: float = 0.0
    scales: tuple[float, float] = (1.0, 1.0)
    spacing: tuple[float, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def predict(
        self,
        image: NDArray[Any],
        *,
        channel_axis: int | None = None,
        part: tuple[slice, ...] | None = None,
        scale: float = 0.0,
        tile: int = 0,
        flips: bool = False,
        device: str = "cpu",
    ) -> NDArray[np.float32]:
        """Return what the network makes of an image.

        Parameters
        ----------
        image : ndarray of shape ([P,] M, N), channels anywhere
            With the number of channels of the training.
        channel_axis : int or None
            The axis that holds channels.
        part : tuple of slice or None
            Which part to predict; its intensities are seen as those of the whole.
        scale : float
            By which the image is enlarged before; 0 finds it from the size of
            the objects when the network was trained on objects of one size.
        tile : int
            Pixels along each axis predicted at once; 0 chooses.
        flips : bool
            Whether to average over all mirrored images.
        device : str
            Where it computes is chosen by the installed onnxruntime.

        Returns
        -------
        probabilities : ndarray of float32, shape (classes, [P,] M, N)
            As those of the model that was exported, within 1e-4.
        """
        sizes = {"ndim": self.ndim, "channels": self.in_channels}
        whole = ready(image, channel_axis, **sizes)
        seen = whole[(slice(None), *(part or ()))]
        if seen.size == 0:
            return np.zeros((len(self.classes), *seen.shape[1:]), np.float32)

        return at_known_scale(
            self.tiled(tile),
            seen,
            diameter=self.diameter,
            scales=self.scales,
            scale=scale,
            flips=flips,
        )

    def tiled(self, tile: int = 0) -> Mirrored:
        """Return what predicts an image as it is, mirrored or not.

        Parameters
        ----------
        tile : int
            Pixels along each axis predicted at once; 0 chooses.
        """

        def tiled(values: NDArray[np.float32], mirrored: bool) -> NDArray[np.float32]:
            found = self._mirrored if mirrored else self._at
            return found(values, tile)

        return tiled

    def with_thresholds(self, **thresholds: float) -> Self:
        """Return a copy that makes objects with other thresholds."""
        return replace(self, thresholds={**self.thresholds, **thresholds})

    def _at(self, image: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
        shape = image.shape[1:]
        out = np.empty((len(self.classes), *shape), np.float32)
        margins = margins_of(self.reach, self.strides)
        for place in counted(tiles(shape, tile or TILE[self.ndim], self.strides)):
            wide, inside = widened(place, margins, shape)
            found = self.compute(np.ascontiguousarray(image[(slice(None), *wide)]))
            out[(slice(None), *place)] = found[(slice(None), *inside)]
        return out

    def _mirrored(self, image: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
        """Return the mean over all mirrored images, which pool the same pixels."""
        shape, axes = image.shape[1:], range(1, image.ndim)
        ends = [-n % s for n, s in zip(shape, self.strides, strict=True)]
        padded = np.pad(image, [(0, 0), *((0, end) for end in ends)], mode="edge")
        shape_of_all = (len(self.classes), *padded.shape[1:])
        total: NDArray[np.float32] = np.zeros(shape_of_all, np.float32)
        for choice in counted(product((False, True), repeat=self.ndim)):
            pairs = zip(axes, choice, strict=True)
            turned = tuple(axis for axis, chosen in pairs if chosen)
            total += np.flip(self._at(np.flip(padded, turned), tile), turned)
        inside = tuple(slice(n) for n in shape)
        return np.asarray(total[(slice(None), *inside)] / 2**self.ndim, np.float32)


def opened(path: str | Path) -> ExportedModel:
    """Return the model in an ONNX file that was exported here.

    Parameters
    ----------
    path : path
        From anyone: a file that would run foreign code or read other files is
        refused.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    path = Path(path).expanduser()
    content = checked_bytes(path)
    return by_onnx(session_of(content, path), metadata(content), path)


def by_onnx(session: Any, given: Mapping[str, Any], path: Path) -> ExportedModel:
    """Return the model that a description of an ONNX file is of.

    Parameters
    ----------
    session : InferenceSession
        Of onnxruntime.
    given, path
        As of `as_described`.

    Raises
    ------
    InputError
        When it does not fit the network.
    """
    raw = any(one.name == "range" for one in session.get_overridable_initializers())

    def compute(image: NDArray[np.float32]) -> NDArray[np.float32]:
        words = {"image": image[np.newaxis]}
        if raw:  # pixels go in: this is what they become
            words["range"] = as_it_is(len(image))
        with computing(image.shape[1:]):
            return np.asarray(session.run(None, words)[0][0])

    model = as_described(compute, given, path)
    ends = (session.get_inputs(), session.get_outputs())
    shapes = [one.shape for side in ends for one in side]
    wanted = [(model.ndim + 2, model.in_channels), (model.ndim + 2, len(model.classes))]
    if [(len(shape), (*shape, 0, 0)[1]) for shape in shapes] != wanted:
        raise _does_not_fit(path)
    return model


def as_it_is(channels: int) -> NDArray[np.float32]:
    """Return the range of a normalised image: 0 becomes 0 and 1 becomes 1."""
    return np.tile(np.array([0, 1], np.float32), (1, channels, 1))


@contextmanager
def computing(shape: Sequence[int]) -> Iterator[None]:
    """Turn what onnxruntime raises while it computes into a clear sentence.

    Parameters
    ----------
    shape : sequence of int
        Of what it is given.

    Raises
    ------
    InputError
        When it could not.
    """
    try:
        yield
    except _refusals() as error:
        size = " x ".join(map(str, shape))
        raise InputError(
            f"onnxruntime could not compute an array of {size}: it does not fit the "
            "network, or memory is short; give a smaller tile or other axes."
        ) from error


def session_of(content: bytes, path: Path, threads: int = 0) -> Any:
    """Return a session of onnxruntime for the content of a file.

    Parameters
    ----------
    content : bytes
        That `checked_bytes` let pass.
    path : Path
        Named in messages.
    threads : int
        That compute; 0 is as many as there are, or as the environment says.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise InputError(MISSING) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    usual = int(os.environ.get("OMP_NUM_THREADS") or 0)
    options.intra_op_num_threads = threads or usual
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=_providers(onnxruntime)
        )
    except _refusals() as error:
        raise InputError(
            f"onnxruntime cannot use {path}; export the model again."
        ) from error


def _refusals() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises; its errors have no common class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = (
        "Fail",
        "InvalidArgument",
        "InvalidProtobuf",
        "InvalidGraph",
        "NotImplemented",
        "RuntimeException",
    )
    return (MemoryError, *(getattr(state, name) for name in names))


def _providers(onnxruntime: Any) -> list[str]:
    """Return where to compute: on a graphics card where this build knows one."""
    there = onnxruntime.get_available_providers()
    return [name for name in PROVIDERS if name in there]


def as_described(
    compute: Compute, given: Mapping[str, Any], path: Path
) -> ExportedModel:
    """Return the model that a description is of, every value of it checked.

    Parameters
    ----------
    compute : callable
        That of `ExportedModel`.
    given : mapping
        What an exported file says of itself.
    path : Path
        Named in messages.

    Raises
    ------
    InputError
        When it is none.
    """
    if given.get("kind") != "segmenter":
        raise InputError(
            f"{path} holds no network that segments images and was exported here; "
            "choose another file."
        )
    try:
        model = ExportedModel(
            compute,
            len(given["axes"]) - 2,
            int(given["in_channels"]),
            str(given["task"]),
            tuple(str(name) for name in given["classes"]),
            tuple(int(s) for s in given["strides"]),
            tuple(int(r) for r in given["reach"]),
            float(given["diameter"]),
            (float(given["scales"][0]), float(given["scales"][1])),
            tuple(float(s) for s in given["spacing"]),
            {str(k): float(v) for k, v in given["thresholds"].items()},
        )
        _check(model)
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _does_not_fit(path) from error
    return model


def _does_not_fit(path: Path) -> InputError:
    return InputError(
        f"The description in {path} does not fit its network; export the model again."
    )


def _check(model: ExportedModel) -> None:
    """Raise ValueError unless the description is possible."""
    sizes = (*model.strides, *model.reach)
    lengths = (*model.scales, *model.spacing)
    fits = (
        model.ndim in (2, 3)
        and model.task in TASKS
        and len(model.strides) == len(model.reach) == model.ndim
        and all(1 <= size <= 4096 for size in sizes)
        and all(math.isfinite(s) and s > 0 for s in lengths)
        and math.isfinite(model.diameter)
        and model.diameter >= 0
    )
    if not fits or model.in_channels < 1 or not model.classes:
        raise ValueError("its description is none that is known")
