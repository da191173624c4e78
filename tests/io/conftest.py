"""Images to write and read."""

import numpy as np
import pytest

from napari_morphogen.spatial import SpatialArray

RECIPE = {
    "steps": [{"method": "watershed", "parameters": {"sigma": 1.5, "note": 'µ<&"é'}}]
}
SIZES = {"t": 2, "c": 3, "z": 4, "y": 24, "x": 20}
UNITS = {"t": "second", "c": "pixel"}


@pytest.fixture
def an_image():
    """Return a maker of images with geometry and a recipe."""
    return _image


def _image(axes, dtype="uint16", rgb=False, **changes):
    shape = [SIZES[axis] for axis in axes]
    data = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    scales = {"t": 30.0, "c": 1.0, "z": 2.0, "y": 0.25, "x": 0.2}
    origin = {"z": 7.0, "y": -3.0, "x": 11.5}
    geometry = {
        "scale": tuple(scales[axis] for axis in axes),
        "translate": tuple(origin.get(axis, 0.0) for axis in axes),
        "units": tuple(UNITS.get(axis, "micrometer") for axis in axes),
        "metadata": {"morphogen": RECIPE},
    }
    return SpatialArray(data, axes, rgb=rgb, **(geometry | changes))
