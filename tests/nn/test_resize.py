"""Interpolation without PyTorch gives the numbers of PyTorch's."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_morphogen.nn.normalise import resized

SIZES = [
    ((13, 21), (13, 21)),
    ((13, 21), (20, 40)),
    ((40, 30), (7, 11)),
    ((40, 30), (7, 60)),
    ((1, 9), (1, 4)),
    ((9, 1), (18, 1)),
    ((6, 10, 12), (12, 20, 15)),
    ((6, 10, 12), (3, 7, 12)),
    ((6, 10, 12), (9, 5, 4)),
]


def theirs(image, size):
    x = torch.from_numpy(image)[None]
    smaller = any(n < m for n, m in zip(size, image.shape[1:], strict=True))
    if smaller and len(size) == 2:
        words = {"mode": "bilinear", "antialias": True}
    elif smaller:
        words = {"mode": "area"}
    else:
        words = {"mode": "bilinear" if len(size) == 2 else "trilinear"}
    return functional.interpolate(x, list(size), **words)[0].numpy()


@pytest.mark.parametrize("shape, size", SIZES)
def test_same_as_interpolate(shape, size):
    image = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    found = resized(image, size)
    assert found.dtype == np.float32 and found.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(found, theirs(image, size), atol=1e-5)
