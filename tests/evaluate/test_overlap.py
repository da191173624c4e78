import numpy as np
import pytest

from napari_morphogen.evaluate import class_scores, object_scores, overlap
from napari_morphogen.params import InputError


def _dense(labels, truth):
    """Every pair and its pixels, by brute force."""
    pairs = zip(truth.ravel().tolist(), labels.ravel().tolist(), strict=True)
    found = {}
    for pair in pairs:
        found[pair] = found.get(pair, 0) + 1
    return found


def _listed(table):
    truth, labels = table.truth_ids[table.truth_of], table.label_ids[table.label_of]
    keys = zip(truth.tolist(), labels.tolist(), strict=True)
    return dict(zip(keys, table.pixels.tolist(), strict=True))


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", ">i2", "u2", "i4", ">u4", "i8", "u8"]
)
@pytest.mark.parametrize("shape", [(40,), (9, 13), (4, 5, 6), (2, 3, 4, 3)])
def test_table_counts_every_pair(dtype, shape):
    rng = np.random.default_rng(0)
    labels, truth = rng.integers(0, 6, (2, *shape)).astype(dtype)
    assert _listed(overlap(labels, truth)) == _dense(labels, truth)


def test_large_and_negative_numbers():
    labels = np.array([2**64 - 1, 0, 7, 7], np.uint64)
    truth = np.array([-1, -(2**63), 0, 2**62])
    assert _listed(overlap(labels, truth)) == _dense(labels, truth)


def test_sizes_and_memory_order():
    rng = np.random.default_rng(1)
    labels, truth = rng.integers(0, 4, (2, 12, 17))
    plain = overlap(labels, truth)
    other = overlap(np.asfortranarray(labels), truth[:, ::-1].copy()[:, ::-1])
    assert _listed(plain) == _listed(other)
    assert plain.label_pixels.tolist() == np.bincount(labels.ravel()).tolist()
    assert plain.truth_pixels.tolist() == np.bincount(truth.ravel()).tolist()


def test_read_only_inputs_and_lists():
    labels = np.ones((3, 3), int)
    labels.setflags(write=False)
    assert _listed(overlap(labels, labels.tolist())) == {(1, 1): 9}


def test_nothing_is_an_empty_table():
    assert overlap(np.zeros((0, 4), int), np.zeros((0, 4), int)).pixels.size == 0


@pytest.mark.parametrize("function", [overlap, object_scores, class_scores])
def test_wrong_inputs_are_named(function):
    with pytest.raises(InputError, match=r"\(2, 3\).*\(3, 2\)"):
        function(np.ones((2, 3), int), np.ones((3, 2), int))
    with pytest.raises(InputError, match=r"`truth`.*float64"):
        function(np.ones((2, 3), int), np.ones((2, 3)))
