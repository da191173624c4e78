"""What a network makes of a window is what it makes of the whole there."""

import numpy as np
import pytest

from napari_morphogen.nn.networks import UNet, UNetConfig
from napari_morphogen.nn.normalise import resized
from napari_morphogen.nn.resize import resize_axis, resize_part, whole_pixels
from napari_morphogen.nn.scale import at_known_scale
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.nn.windows import predicted_window

WAYS = [{"area": False, "smooth": s} for s in (False, True)]
WAYS.append({"area": True, "smooth": True})


@pytest.mark.parametrize("ways", WAYS, ids=str)
@pytest.mark.parametrize("size", [7, 23, 40, 41, 77])
def test_part_of_an_axis_is_that_of_the_whole(ways, size):
    values = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
    whole = resize_axis(values, 1, size, **ways)
    lengths = {"length": 40, "size": size}
    for there in (slice(0, 40), slice(0, 25), slice(11, 33), slice(30, 40)):
        wanted = whole_pixels(there, **lengths, **ways)
        part = resize_part(values[:, there], 1, there, wanted, **lengths, **ways)
        np.testing.assert_array_equal(part, whole[:, wanted])
        assert wanted.stop > wanted.start
        if there == slice(0, 40):
            assert wanted == slice(0, size)


@pytest.mark.parametrize("scale", [1.0, 0.37, 0.5, 1.6])
@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("ndim", [2, 3])
def test_window_is_that_of_the_whole(scale, flips, ndim):
    factors = ((2,) * ndim, (2,) * ndim)
    config = UNetConfig(ndim=ndim, factors=factors, convolutions=1, width=4)
    model = Segmenter(config, UNet(config).state_dict())
    shape = (150, 170) if ndim == 2 else (90, 40, 50)
    image = np.random.default_rng(1).normal(size=(1, *shape)).astype(np.float32)
    known = {"diameter": 9.0, "scales": (scale, scale), "scale": scale}
    predict = model.tiled()
    whole = at_known_scale(predict, image, flips=flips, **known)
    near = int(np.ceil((max(model.reach) + max(model.strides) + 4) / scale))
    start = 5
    window = (slice(start, shape[0]), *(slice(0, n) for n in shape[1:]))
    found = predicted_window(
        predict, image[(slice(None), *window)], window, shape,
        scale=scale, strides=model.strides, flips=flips,
    )  # fmt: skip
    assert found.shape == (2, shape[0] - start, *shape[1:])
    right = slice(start + near, shape[0])
    assert right.start < right.stop
    np.testing.assert_allclose(found[:, near:], whole[:, right], atol=2e-6)
    np.testing.assert_array_equal(resized(image, shape), image)
