"""What learning and classifying share."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.classifier import opened
from napari_morphogen.nn.object_patches import made_ready
from napari_morphogen.object_classes.frames import Frames
from napari_morphogen.segment.models import need_networks
from napari_morphogen.spatial import SpatialArray


class Progress(NamedTuple):
    """How far a part of the work is; the parts follow each other."""

    words: str
    done: int
    total: int


def networks() -> ModuleType:
    """Return what trains classifiers of objects.

    Raises
    ------
    InputError
        When PyTorch is not installed.
    """
    need_networks()
    from napari_morphogen.nn import object_classifier

    return object_classifier


def classifier(path: Path) -> Any:
    """Return the classifier of objects in a file.

    Raises
    ------
    InputError
        When there is none, or what runs it is not installed.
    """
    if path.suffix.lower() == ".onnx":
        return opened(path)
    return networks().ObjectClassifier.load(path)


def prepare() -> Iterator[None]:
    """Load what trains classifiers, so that the first training begins at once."""
    networks()
    yield


def ready(
    image: SpatialArray, frames: Frames, number: int
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Return the objects of a frame, and its pixels as a network takes them."""
    found = frames.labels(number)
    pixels, axis = frames.pixels(image, number)
    return found, made_ready(pixels, found, axis)
