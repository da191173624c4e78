"""What holds for every method that takes labels."""

import json

import dask.array as da
import numpy as np
import pytest

from napari_morphogen import pipeline, recipe
from napari_morphogen.params import InputError, parameters
from napari_morphogen.registry import METHODS
from napari_morphogen.spatial import SpatialArray, as_spatial

TAKERS = [method for method in METHODS if method.takes == "labels"]
INTEGERS = [
    "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4",
    "<u8", ">u8", "<i8", ">i8",
]  # fmt: skip
every_taker = pytest.mark.parametrize("method", TAKERS, ids=lambda m: m.name)
both_shapes = pytest.mark.parametrize(
    "shape", [(24, 20), (5, 14, 12)], ids=["2-D", "3-D"]
)


def _objects(shape, count=6, seed=0):
    """Return what lies nearest to each of some points, every other one left out."""
    rng = np.random.default_rng(seed)
    places = np.indices(shape)
    points = rng.uniform(0, shape, (2 * count, len(shape)))
    gaps = [places - p.reshape(-1, *[1] * len(shape)) for p in points]
    nearest = np.argmin([(g**2).sum(axis=0) for g in gaps], axis=0)
    return np.where(nearest < count, nearest + 1, 0)


def _lines(shape):
    """Return a line across the middle."""
    drawn = np.zeros(shape, np.uint8)
    drawn[..., shape[-2] // 2 :, :][..., :1, :] = 1
    return drawn


def _arrays(method, image, axes=None):
    """Return the arrays that the method cannot do without."""
    required = [p.name for p in parameters(method.function) if p.required]
    placed = as_spatial(image, axes)
    sizes = dict(zip(placed.axes, placed.data.shape, strict=True))
    shape = tuple(n for axis, n in sizes.items() if axis in "zyx")
    return {name: _lines(shape) for name in required}


def run(method, labels, axes=None, **given):
    arrays = _arrays(method, labels, axes)
    return pipeline.run(method.name, labels, axes=axes, **(arrays | given))


def _check(labels, result):
    assert isinstance(result, np.ndarray)
    assert result.shape == labels.shape
    assert result.dtype == np.int32
    assert result.dtype.isnative
    assert result.flags.writeable
    assert not np.shares_memory(result, labels)
    ids = np.unique(result[result != 0])
    np.testing.assert_array_equal(ids, np.arange(1, len(ids) + 1))


def _extremes():
    """Every parameter at each of its limits, choices and truth values."""
    for method in TAKERS:
        for param in parameters(method.function):
            ends = [v for v in (param.low, param.high) if v is not None]
            values = [True, False] if param.kind is bool else param.choices or ends
            for value in values:
                name = f"{method.name}-{param.name}-{value}"
                yield pytest.param(method, {param.name: value}, id=name)


# --- ids


@every_taker
@both_shapes
@pytest.mark.parametrize("dtype", INTEGERS)
def test_dtype_does_not_change_the_answer(method, shape, dtype):
    labels = _objects(shape).astype(dtype)
    result = run(method, labels)
    _check(labels, result)
    np.testing.assert_array_equal(result, run(method, labels.astype(np.int32)))
    assert result.any()


@every_taker
@both_shapes
def test_mask_is_one_object(method, shape):
    mask = _objects(shape) > 0
    result = run(method, mask)
    _check(mask, result)
    np.testing.assert_array_equal(result, run(method, mask.astype(np.int32)))


@every_taker
@pytest.mark.parametrize(
    ("dtype", "factor"),
    [("u4", 70_001), ("i8", 2**40), ("u8", 2**60), (">u8", 2**60), ("u1", 40)],
)
def test_size_of_the_ids_does_not_change_the_answer(method, dtype, factor):
    plain = _objects((24, 20))
    labels = plain.astype(dtype) * np.dtype(dtype).type(factor)
    result = run(method, labels)
    _check(labels, result)
    np.testing.assert_array_equal(result, run(method, plain))


@every_taker
@pytest.mark.parametrize("lowest", [-1, -(2**15), -(2**62)])
def test_negative_ids_are_background(method, lowest):
    plain = _objects((24, 20)).astype(np.int64)
    labels = np.where(plain == 0, lowest, plain)
    labels[::5][plain[::5] == 0] = 0
    np.testing.assert_array_equal(run(method, labels), run(method, plain))
    assert not run(method, np.full((6, 5), lowest)).any()


@every_taker
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8"])
def test_numbers_that_are_not_whole_are_refused(method, dtype):
    labels = _objects((12, 10)).astype(dtype)
    with pytest.raises(InputError, match="whole numbers"):
        run(method, labels)
    arrays = _arrays(method, labels)
    with pytest.raises(InputError, match="whole numbers"):
        method.function(labels, **arrays)


# --- the array


@every_taker
@both_shapes
def test_input_is_not_changed_and_may_be_read_only(method, shape):
    labels = _objects(shape)
    before = labels.copy()
    labels.flags.writeable = False
    _check(labels, run(method, labels))
    np.testing.assert_array_equal(labels, before)


@every_taker
@both_shapes
def test_given_arrays_are_not_changed(method, shape):
    names = [p.name for p in parameters(method.function) if p.role]
    given = {name: _lines(shape) for name in names}
    for array in given.values():
        array.flags.writeable = False
    _check(_objects(shape), run(method, _objects(shape), **given))
    for array in given.values():
        np.testing.assert_array_equal(array, _lines(shape))


@every_taker
@both_shapes
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda a: np.asfortranarray(a), id="fortran"),
        pytest.param(lambda a: np.repeat(a, 2, axis=-1)[..., ::2], id="strided"),
        pytest.param(lambda a: a[::-1].copy()[::-1], id="reversed"),
    ],
)
def test_memory_order_does_not_change_the_answer(method, shape, view):
    labels = _objects(shape)
    odd = view(labels)
    assert not odd.flags.c_contiguous
    np.testing.assert_array_equal(run(method, odd), run(method, labels))


@every_taker
@both_shapes
@pytest.mark.parametrize("value", [0, 1, 7, 2**31 - 1])
def test_one_value_gives_one_value(method, shape, value):
    labels = np.full(shape, value, np.int32)
    result = run(method, labels)
    _check(labels, result)
    assert np.unique(result).size == 1
    assert result.any() == (value > 0)


@every_taker
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (7, 1), (1, 1, 1), (1, 9, 8), (6, 1, 1), (2, 2, 2)]
)
@pytest.mark.parametrize("ramp", [False, True], ids=["zeros", "ramp"])
def test_tiny_labels(method, shape, ramp):
    labels = (np.arange(np.prod(shape)) * ramp).reshape(shape)
    _check(labels, run(method, labels))


@every_taker
@pytest.mark.parametrize(
    "shape",
    [(0, 5), (5, 0), (0, 0), (0, 5, 5), (3, 0, 4)],
    ids=lambda shape: "x".join(map(str, shape)),
)
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_empty_labels_give_an_empty_result(method, shape, lazy):
    labels = np.zeros(shape, np.uint16)
    result = run(method, da.from_array(labels) if lazy else labels)
    _check(labels, np.array(result))
    _check(labels, method.function(labels, **_arrays(method, labels)))


@pytest.mark.parametrize(("method", "given"), list(_extremes()))
@both_shapes
def test_every_limit_works(method, given, shape):
    for labels in (_objects(shape), np.zeros(shape, int), np.ones(shape, int)):
        _check(labels, run(method, labels, **given))


@every_taker
def test_single_plane_of_a_stack_is_a_plane(method):
    labels = _objects((40, 36), count=8)
    flat, stack = run(method, labels), run(method, labels[None])
    np.testing.assert_array_equal(stack[0], flat)


# --- axes and geometry


@every_taker
@pytest.mark.parametrize("axes", ["tyx", "tzyx"])
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_time_lapse_is_frame_by_frame(method, axes, lazy):
    shape = (5, 14, 12)[4 - len(axes) :]
    frames = [_objects(shape, seed=seed) for seed in range(3)]
    series = np.stack(frames)
    result = run(method, da.from_array(series) if lazy else series, axes=axes)
    expected = np.stack([run(method, frame) for frame in frames])
    np.testing.assert_array_equal(np.asarray(result), expected)


@every_taker
@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx"])
def test_result_lies_where_the_labels_lie(method, axes, placed):
    image = placed(axes)
    labels = image.like(_objects(image.data.shape))
    result = run(method, labels)
    assert result.axes == axes
    for name in ("scale", "translate", "units", "axis_labels"):
        assert getattr(result, name) == getattr(image, name), name
    for name in ("rotate", "shear", "affine"):
        np.testing.assert_array_equal(getattr(result, name), getattr(image, name))


@every_taker
@both_shapes
@pytest.mark.parametrize("chunks", [7, -1])
def test_blocks_give_the_whole_answer(method, shape, chunks):
    labels = _objects(shape)
    result = run(method, da.from_array(labels, chunks=chunks))
    assert isinstance(result, da.Array)
    assert result.dtype == np.int32
    computed = result.compute(scheduler="synchronous")
    np.testing.assert_array_equal(computed, run(method, labels))


# --- the recipe


@every_taker
@both_shapes
def test_recipe_replays_bit_for_bit(method, shape):
    labels = SpatialArray(_objects(shape), "zyx"[-len(shape) :], name="cells")
    arrays = _arrays(method, labels)
    result = run(method, labels)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    assert made["steps"][-1]["method"] == method.name
    again = recipe.replay(made, labels, **arrays)
    assert again.data.dtype == result.data.dtype
    np.testing.assert_array_equal(again.data, result.data)


@every_taker
def test_second_step_of_a_recipe_replays(method, discs):
    image = SpatialArray(discs, "yx", name="discs")
    labels = pipeline.run("threshold", image)
    result = run(method, labels)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    assert [step["method"] for step in made["steps"]] == ["threshold", method.name]
    again = recipe.replay(made, image, **_arrays(method, labels))
    np.testing.assert_array_equal(again.data, result.data)
