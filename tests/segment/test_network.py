"""Objects of predicted maps: touching ones apart, thresholds that fit."""

import numpy as np
import pytest
from skimage import segmentation

from napari_morphogen.evaluate import object_scores
from napari_morphogen.params import InputError
from napari_morphogen.segment.network import (
    flood_objects,
    foreground_and_centre,
    painted_objects,
    tuned_thresholds,
)
from napari_morphogen.segment.trained import classes_by, objects_by


def touching():
    """Return two touching disks, their foreground and distance to the border."""
    y, x = np.mgrid[:40, :70]
    one, two = (np.clip(1 - np.hypot(y - 20, x - c) / 16, 0, 1) for c in (20, 48))
    labels = np.where(one > 0, np.where(two > one, 2, 1), np.where(two > 0, 2, 0))
    maps = np.stack([labels > 0, np.maximum(one, two)]).astype(np.float32)
    return maps, labels


def test_touching_objects_are_apart():
    maps, labels = touching()
    assert object_scores(flood_objects(*maps), labels).at(0.9).tp == 2


def test_same_as_a_watershed_of_the_seeds():
    maps, _ = touching()
    seeds = np.zeros(maps[0].shape, int)
    seeds[20, 20], seeds[20, 48] = 1, 2
    expected = segmentation.watershed(-maps[1], seeds, mask=maps[0] > 0.5)
    assert (flood_objects(*maps) == expected).mean() > 0.99


def test_volumes():
    maps, labels = touching()
    deep = np.stack([maps] * 3, axis=1)
    found = flood_objects(*deep)
    assert found.shape == (3, 40, 70) and found.max() == labels.max()


def test_small_objects_are_removed():
    maps, _ = touching()
    maps[:, 2:5, 2:5] = 1
    assert flood_objects(*maps).max() == 2
    assert flood_objects(*maps, least_share=0).max() == 3
    assert flood_objects(*maps, least_share=0, min_size=10).max() == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2, 2)])
@pytest.mark.parametrize("value", [0, 1])
def test_constant_maps(shape, value):
    maps = np.full((2, *shape), value, np.float32)
    found = flood_objects(*maps)
    assert found.dtype == np.int32 and (found == value).all()


def test_tuning_finds_thresholds_that_separate():
    maps, labels = touching()
    weak = maps * np.float32(0.45)  # foreground never reaches one half
    found = tuned_thresholds([weak], [labels])
    assert object_scores(flood_objects(*weak, **found), labels).at(0.8).tp == 2


def test_tuning_keeps_the_middle_where_nothing_matters():
    choices = {"foreground_threshold": (0.4, 0.5, 0.6), "h": (0.05, 0.1, 0.2)}
    maps, labels = touching()
    found = tuned_thresholds([maps], [labels], choices=choices)
    assert found["foreground_threshold"] == 0.5 and found["h"] == 0.1
    with pytest.raises(InputError, match="truth"):
        tuned_thresholds([maps], [])


class Known:
    """A network that predicts the same maps whatever it sees."""

    ndim = 2
    thresholds = {"h": 0.1}  # noqa: RUF012

    def __init__(self, maps):
        self.maps = maps

    def predict(self, image, **words):
        return self.maps.copy()


def test_classes_of_a_network_count_from_one():
    maps = np.zeros((3, 2, 2), np.float32)
    maps[2, 0, 0] = maps[1, 1, 1] = maps[0, 0, 1] = maps[0, 1, 0] = 1
    found = classes_by(Known(maps), np.zeros((2, 2)))
    assert found.labels.tolist() == [[3, 1], [1, 2]]


def test_objects_of_a_network():
    maps, labels = touching()
    found = objects_by(Known(maps), labels)
    assert object_scores(found.labels, labels).at(0.9).tp == 2


def test_interiors_and_borders_make_objects():
    maps, labels = touching()
    inside = np.clip(maps[1] * 1.5 - 0.25, 0, maps[0])
    three = np.stack([1 - maps[0], inside, maps[0] - inside])
    found = flood_objects(*foreground_and_centre(three))
    assert object_scores(found, labels).at(0.9).tp == 2
    painted = np.where(labels == 0, 1, np.where(inside > 0.2, 2, 3))
    assert object_scores(painted_objects(painted), labels).at(0.9).tp == 2
    assert not painted_objects(np.ones((3, 3), int)).any()
