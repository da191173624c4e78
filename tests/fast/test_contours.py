"""The compiled moves of a region, and the contours made of them, both ways."""

import numpy as np
import pytest

from napari_morphogen import fast
from napari_morphogen.params import last
from napari_morphogen.segment.contours import chan_vese, geodesic_contour
from napari_morphogen.segment.regions import Region

SHAPES = [(1, 7), (7, 1), (3, 63), (5, 64), (9, 65), (40, 200), (6, 1, 1), (5, 9, 130)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def _pair(shape, share=0.5):
    mask = np.random.default_rng(0).random(shape) < share
    found = fast.region(mask)
    assert found is not None
    return found, Region(mask)


@every_shape
def test_mask_comes_back(compiled, shape):
    quick, plain = _pair(shape)
    np.testing.assert_array_equal(quick.mask(), plain.mask())


@every_shape
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("grow", [True, False])
def test_smoothing_and_balloon(compiled, shape, share, grow):
    quick, plain = _pair(shape, share)
    allowed = np.random.default_rng(1).random(shape) < 0.7
    for region in (quick, plain):
        region.bend(grow)
        region.swell(not grow, region.pack(allowed))
        region.bend(not grow)
    np.testing.assert_array_equal(quick.mask(), plain.mask())


@every_shape
def test_pull_of_the_image(compiled, shape):
    quick, plain = _pair(shape)
    slopes = np.random.default_rng(1).normal(size=(*shape, len(shape)))
    image = np.random.default_rng(2).integers(0, 2**24, shape) / np.float32(2**24)
    image = image.astype(np.float32)
    for _ in range(3):
        for region in (quick, plain):
            region.attach(slopes)
            region.compete(image, (0.4, 0.6), (1.0, 1.5))
        np.testing.assert_array_equal(quick.mask(), plain.mask())
        assert quick.moments(image) == pytest.approx(plain.moments(image))
        assert quick.moments(image)[:2] == plain.moments(image)[:2]
        assert quick.faces(image) == plain.faces(image)


@pytest.mark.parametrize("shape", [(90, 140), (1, 60, 60), (10, 40, 70)], ids=str)
@pytest.mark.parametrize("smoothing", [0, 1, 2])
@pytest.mark.parametrize("method", [chan_vese, geodesic_contour])
def test_contours_are_those_of_the_plain_way(both, blobs, shape, smoothing, method):
    image = blobs(shape).astype(np.float32)
    spacing = (2.0, 1.0, 1.0)[-len(shape) :]

    def call():
        steps = method(image, smoothing=smoothing, iterations=12, spacing=spacing)
        return [(step.number, step.energy, step.result()) for step in steps]

    found, expected = both(call)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[1] == pytest.approx(theirs[1])
        np.testing.assert_array_equal(ours[2], theirs[2])


def test_many_tasks_give_one_answer(compiled, blobs, monkeypatch):
    image = blobs((12, 40, 70))
    whole = last(chan_vese(image))
    monkeypatch.setattr("napari_morphogen.fast.regions.TASK", 300)
    np.testing.assert_array_equal(last(chan_vese(image)), whole)


def test_unusual_arrays_go_the_plain_way(compiled):
    assert fast.region(np.ones(5, bool)) is None
    assert fast.region(np.ones((0, 5), bool)) is None
