"""Losses count painted pixels only; targets keep touching objects apart."""

import numpy as np
import pytest
import torch
from skimage import segmentation

from napari_morphogen.nn.losses import (
    binary_loss,
    masked_cross_entropy,
    masked_dice,
    semantic_loss,
)
from napari_morphogen.nn.targets import (
    border_distance,
    boundary_targets,
    instance_targets,
    typical_diameter,
)


def case(seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 8, 9, generator=generator, requires_grad=True)
    classes = torch.randint(0, 4, (2, 1, 8, 9), generator=generator).float()
    return logits, classes


def test_no_gradient_through_unpainted_pixels():
    logits, classes = case()
    semantic_loss(logits, classes).backward()
    painted = (classes > 0).expand_as(logits)
    assert (logits.grad[~painted] == 0).all()
    assert (logits.grad[painted] != 0).any()


def test_prediction_of_unpainted_pixels_leaves_the_loss_unchanged():
    logits, classes = case()
    loss = semantic_loss(logits, classes)
    other = torch.where(classes > 0, logits, logits + 7)
    assert torch.equal(semantic_loss(other, classes), loss)


def test_unpainted_target_of_instances_leaves_the_loss_unchanged():
    logits = case()[0][:, :2]
    targets = torch.stack([torch.randint(0, 3, (2, 8, 9)), torch.rand(2, 8, 9)], 1)
    loss = binary_loss(logits, targets)
    changed = targets.clone()
    changed[:, 1][targets[:, 0] == 0] = 0.123
    assert torch.equal(binary_loss(logits, changed), loss)


def test_cross_entropy_and_dice_of_painted_pixels_by_hand():
    logits, classes = case()
    log = logits.detach().log_softmax(1).numpy()
    known = classes[:, 0].numpy().astype(int)
    values = [-log[b, k - 1, y, x] for (b, y, x), k in np.ndenumerate(known) if k]
    found = masked_cross_entropy(logits.detach(), classes[:, 0])
    assert float(found) == pytest.approx(np.mean(values), rel=1e-5)
    sure = torch.nn.functional.one_hot(classes[:, 0].long(), 4).movedim(-1, 1)[:, 1:]
    assert float(masked_dice(sure.float(), classes[:, 0])) == pytest.approx(0)


def test_weights_of_classes_count():
    logits, classes = case()
    weights = torch.tensor([1.0, 0.0, 0.0])
    only = torch.where(classes == 1, classes, 0)
    found = masked_cross_entropy(logits, classes[:, 0], weights)
    assert torch.allclose(found, masked_cross_entropy(logits, only[:, 0]))


def test_distance_is_low_where_objects_touch_and_one_in_every_centre():
    labels = np.zeros((20, 30), int)
    labels[3:17, 2:12], labels[3:17, 12:28] = 1, 2
    distance = border_distance(labels)
    assert distance[labels == 0].max() == 0
    for number in (1, 2):
        assert distance[labels == number].max() == 1
    assert distance[10, 11] < 0.3 and distance[10, 12] < 0.3


def test_distance_of_one_object_is_the_distance_transform():
    from scipy import ndimage

    disk = np.hypot(*np.mgrid[-20:21, -20:21]) < 15
    expected = ndimage.distance_transform_edt(disk)
    assert np.allclose(border_distance(disk.astype(int)), expected / expected.max(),
                       atol=0.05)  # fmt: skip


def test_strokes_leave_the_rest_unknown():
    labels = np.array([[0, 0, 1, 2, 2, 0, 3]])
    assert instance_targets(labels, sparse=True)[0].tolist() == [[0, 0, 1, 2, 2, 0, 2]]
    dense = instance_targets(labels)[0]
    assert dense.tolist() == [[1, 1, 2, 2, 2, 1, 2]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (1, 1, 1), (2, 2, 2), (1, 6, 6)])
def test_small_label_images(shape):
    for value in (0, 1):
        targets = instance_targets(np.full(shape, value))
        assert targets.shape == (2, *shape)
        assert np.isfinite(targets).all()


def test_diameter_counts_physical_size():
    ball = (np.hypot(*np.mgrid[-12:13, -12:13]) < 10).astype(int)
    assert typical_diameter(ball) == pytest.approx(20, rel=0.03)
    assert typical_diameter(ball[::2], (2, 1)) == pytest.approx(20, rel=0.06)
    assert typical_diameter(ball * 0) == 0


def test_boundaries_are_those_of_scikit_image():
    labels = np.random.default_rng(0).integers(0, 3, (9, 9)).repeat(4, 0).repeat(4, 1)
    expected = segmentation.find_boundaries(labels, connectivity=1, mode="thick")
    assert np.array_equal(boundary_targets(labels)[0] == 2, expected)


def test_boundaries_are_known_near_painted_objects_only():
    painted = np.array([[0, 0, 2, 2, 2, 3, 3, 3, 0, 0, 1, 1, 0]])
    found = boundary_targets(painted, sparse=True)[0, 0].tolist()
    assert found == [0, 2, 2, 1, 2, 2, 1, 2, 2, 0, 1, 1, 0]
