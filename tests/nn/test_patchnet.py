"""Patches around objects, and the network that looks at them."""

import numpy as np
import pytest
import torch

from napari_morphogen.nn.object_classifier import laid_out
from napari_morphogen.nn.object_patches import located, object_patches
from napari_morphogen.nn.patchnet import (
    PatchNet,
    probabilities,
)


def test_numbers_and_boxes_of_any_labels():
    labels = np.zeros((9, 9), np.int64)
    labels[0, 0], labels[4:6, 3:9], labels[8, 8] = 7, 2**40, -3
    found = located(labels)
    assert [one.number for one in found] == [-3, 7, 2**40]
    assert found[2].box == (slice(4, 6), slice(3, 9))
    assert located(labels * 0) == []
    assert [one.number for one in located(labels != 0)] == [1]


@pytest.mark.parametrize("shape", [(40, 40), (30, 40, 40)])
def test_a_patch_shows_the_object_in_its_middle_at_a_fixed_scale(shape):
    labels = np.zeros(shape, np.int32)
    middle = tuple(slice(n // 2 - 4, n // 2 + 4) for n in shape)
    labels[middle], labels[(0,) * len(shape)] = 5, 9
    image = (labels == 5)[np.newaxis].astype(np.float32)
    patches = object_patches(image, labels, located(labels), 16, 16)
    seen = np.zeros((16,) * len(shape), np.float32)
    seen[(slice(4, 12),) * len(shape)] = 1
    np.testing.assert_array_equal(patches[0], [seen, seen])
    assert patches[1, 0].max() == 0 and patches[1, 1].sum() == 1  # at the border
    twice = object_patches(image, labels, located(labels), 16, 32)[0, 1]
    np.testing.assert_allclose(twice.sum(), 4 ** len(shape), rtol=0.1)


def test_long_pixels_are_cut_short():
    labels = np.zeros((12, 32, 32), np.uint8)
    labels[4:8, 8:24, 8:24] = 1  # a cube where planes are four pixels apart
    (patch,) = object_patches(
        labels[np.newaxis].astype("f4"), labels, located(labels), 16, 32, (4, 1, 1)
    )
    inside = np.argwhere(patch[1] > 0.5)
    np.testing.assert_array_equal(inside.min(axis=0), 4)
    np.testing.assert_array_equal(inside.max(axis=0), 11)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_network_gives_probabilities_and_every_weight_learns(ndim, pooling):
    torch.manual_seed(0)
    config = laid_out(ndim, 3, 4, pooling)
    network = PatchNet(config).train()
    patches = torch.rand(5, 4, *[config.side] * ndim)
    network(patches)[:, 0].sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())
    found = probabilities(network.eval(), patches)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert probabilities(network, patches[:0]).shape == (0, 4)
