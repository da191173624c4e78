"""Exported classifiers of objects, applied without PyTorch."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.run import computing, session_of
from napari_morphogen.export.safety import checked_bytes, metadata
from napari_morphogen.nn.object_patches import KIND, Chunk, Located, Patches
from napari_morphogen.params import InputError


@dataclass(frozen=True, eq=False)
class OnnxClassifier:
    """A classifier of objects in an ONNX file.

    Attributes
    ----------
    session : InferenceSession
        Of onnxruntime.
    patches : Patches
        What it takes.
    classes : tuple of str
        Names, in the order of the probabilities.
    """

    session: Any
    patches: Patches
    classes: tuple[str, ...]

    def chunks(
        self,
        ready: NDArray[np.float32],
        labels: NDArray[Any],
        objects: Sequence[Located],
        spacing: Sequence[float] = (),
    ) -> Iterator[Chunk]:
        """Yield classified objects; see `nn.object_patches.Patches.chunks`."""
        given = (ready, labels, objects, spacing)
        return self.patches.chunks(self._probabilities, *given)

    def _probabilities(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        with computing(patches.shape):
            return np.asarray(self.session.run(None, {"patches": patches})[0])


def opened(path: Path) -> OnnxClassifier:
    """Return the classifier in an ONNX file that was exported here.

    Parameters
    ----------
    path : Path
        From anyone: a file that would run foreign code or read other files is
        refused.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    content = checked_bytes(path)
    given = metadata(content)
    if given.get("kind") != KIND:
        raise InputError(
            f"{path} tells no objects apart; choose a model of object classes."
        )
    session = session_of(content, path)
    try:
        return _described(session, given)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"The description in {path} does not fit its network; export the model "
            "again."
        ) from error


def _described(session: Any, given: Mapping[str, Any]) -> OnnxClassifier:
    """Return the classifier that a description is of; ValueError if it does not fit."""
    network = given["network"]
    ndim, channels, side = (int(network[k]) for k in ("ndim", "in_channels", "side"))
    taken = Patches(ndim, channels, side, float(given["diameter"]))
    classes = tuple(str(name) for name in given["classes"])
    (patches,), (found,) = session.get_inputs(), session.get_outputs()
    if list(patches.shape[1:]) != [channels + 1, *[side] * ndim]:
        raise ValueError("it takes other patches")
    if list(found.shape[1:]) != [len(classes)]:
        raise ValueError("it has other classes")
    if not (math.isfinite(taken.diameter) and taken.diameter > 0):
        raise ValueError("its diameter is no length")
    return OnnxClassifier(session, taken, classes)
