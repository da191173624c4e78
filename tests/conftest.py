"""Images made by code, for every test."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen.spatial import SpatialArray

GEOMETRY = {
    "t": (30.0, 5.0, "second", "time"),
    "c": (1.0, 0.0, "pixel", "channel"),
    "z": (2.0, -7.0, "micrometer", "depth"),
    "y": (0.5, 3.5, "micrometer", "row"),
    "x": (0.5, 11.0, "micrometer", "column"),
}
LENGTHS = {"t": 2, "c": 3, "z": 5, "y": 24, "x": 20}

BLOCKED = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "safetensors", "onnx", "napari", "qtpy"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refusing())
from napari_morphogen.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.fixture
def without_torch():
    """Run the command in a process that has neither torch nor onnx nor napari."""

    def run(*arguments):
        command = [sys.executable, "-W", "error", "-c", BLOCKED, *map(str, arguments)]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr

    return run


@pytest.fixture
def discs():
    """Two touching bright discs and a single one in faint noise, 48 x 64, uint8."""
    y, x = np.ogrid[:48, :64]
    centres = ((16, 16), (16, 33), (34, 52))
    inside = np.any([(y - r) ** 2 + (x - c) ** 2 <= 81 for r, c in centres], axis=0)
    noise = np.random.default_rng(0).integers(0, 30, inside.shape)
    return (inside * 150 + noise).astype(np.uint8)


@pytest.fixture
def volume():
    """Two bright balls on planes two pixels apart, 12 x 24 x 40."""
    z, y, x = np.ogrid[:12, :24, :40]
    balls = [(2 * z - 12) ** 2 + (y - 12) ** 2 + (x - c) ** 2 <= 49 for c in (10, 28)]
    noise = np.random.default_rng(1).integers(0, 30, (12, 24, 40))
    data = (np.any(balls, axis=0) * 150 + noise).astype(np.uint16)
    return SpatialArray(data, "zyx", scale=(2, 1, 1))


@pytest.fixture
def rgb():
    """Blobs of four colours, 24 x 20 x 3, uint8."""
    return (_blobs((24, 20, 3), seed=2) * 255).astype(np.uint8)


@pytest.fixture
def blobs():
    """Return a maker of smooth random images between 0 and 1."""
    return _blobs


@pytest.fixture
def placed():
    """Return a maker of images with the given axes and every kind of geometry."""
    return _placed


def _blobs(shape, seed=0):
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = ndimage.gaussian_filter(noise, 1.5, mode="nearest")
    return (smooth - smooth.min()) / np.ptp(smooth)


def _placed(axes, **changes):
    ndim = len(axes)
    scale, translate, units, labels = zip(*(GEOMETRY[a] for a in axes), strict=True)
    matrix = np.arange((ndim + 1) ** 2, dtype=float).reshape(ndim + 1, ndim + 1)
    fields = {
        "scale": scale,
        "translate": translate,
        "units": units,
        "axis_labels": labels,
        "rotate": matrix[:ndim, :ndim],
        "shear": matrix[:ndim, :ndim] + 100,
        "affine": matrix + 1000,
        "name": "cells",
    }
    data = _blobs([LENGTHS[axis] for axis in axes]).astype(np.float32)
    return SpatialArray(data, axes, **(fields | changes))
