"""Numbering and neighbours against NumPy and loops over all pairs."""

from itertools import combinations

import numpy as np
import pytest

from napari_morphogen.params import InputError
from napari_morphogen.segment.ids import (
    joined,
    neighbours,
    numbered,
    renumbered,
    touching,
)

shapes = pytest.mark.parametrize("shape", [(7,), (6, 5), (4, 3, 5), (1, 4), (1, 1, 3)])


@shapes
@pytest.mark.parametrize("dtype", ["i1", ">i4", "i8"])
@pytest.mark.parametrize("spread", [1, 9])
def test_numbers_keep_the_order_of_ids(shape, dtype, spread):
    labels = np.random.default_rng(0).integers(-3, 9, shape) * spread
    found = numbered(labels.astype(dtype))
    expected = np.unique(np.maximum(labels, 0), return_inverse=True)[1].reshape(shape)
    if labels.min() > 0:
        expected += 1
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int32


def test_sparse_and_dense_ids_are_numbered_alike():
    labels = np.random.default_rng(1).integers(-5, 30, (20, 20))
    np.testing.assert_array_equal(numbered(labels * 2**50), numbered(labels))


def test_numbers_that_are_not_whole_are_refused():
    with pytest.raises(InputError, match="float64"):
        numbered(np.zeros((2, 2)))


def test_kept_ids_close_the_gaps():
    kept = np.array([True, False, True, True])
    found = renumbered(np.array([[0, 1], [2, 3]]), kept)
    np.testing.assert_array_equal(found, [[0, 0], [1, 2]])


@shapes
@pytest.mark.parametrize("diagonal", [True, False])
def test_every_pair_of_neighbours_comes_once(shape, diagonal):
    place = np.arange(np.prod(shape)).reshape(shape)
    found = [
        tuple(sorted(pair))
        for a, b in neighbours(shape, diagonal=diagonal)
        for pair in zip(place[a].ravel(), place[b].ravel(), strict=True)
    ]
    expected = set()
    for p, q in combinations(np.ndindex(shape), 2):
        step = np.abs(np.subtract(p, q))
        if step.max() == 1 and (diagonal or step.sum() == 1):
            expected.add((place[p], place[q]))
    assert len(found) == len(set(found))
    assert set(found) == expected


@shapes
def test_touching_objects_are_found(shape):
    ids = np.random.default_rng(3).integers(0, 4, shape)
    expected = set()
    for p, q in combinations(np.ndindex(shape), 2):
        near = np.abs(np.subtract(p, q)).max() == 1
        if near and ids[p] and ids[q] and ids[p] != ids[q]:
            expected.add(tuple(sorted((int(ids[p]), int(ids[q])))))
    assert {tuple(pair) for pair in touching(ids).tolist()} == expected


def test_joined_numbers_follow_chains():
    pairs = np.array([[9, 7], [7, 8], [2, 5], [5, 2]])
    np.testing.assert_array_equal(joined(10, pairs), [0, 1, 2, 3, 4, 2, 6, 7, 7, 7])
    np.testing.assert_array_equal(joined(3, np.zeros((0, 2), int)), [0, 1, 2])
