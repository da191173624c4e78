"""What holds for every method of the registry, whoever adds it."""

import inspect
import json
from pathlib import Path

import dask.array as da
import docstring_parser
import numpy as np
import pytest

from napari_morphogen import pipeline, recipe
from napari_morphogen.intensity import as_float
from napari_morphogen.params import InputError, accepts, iterates, parameters
from napari_morphogen.registry import METHODS as EVERY_METHOD
from napari_morphogen.registry import get
from napari_morphogen.spatial import SpatialArray, as_spatial

ROOT = Path(__file__).parents[1]
DTYPES = [
    "bool", "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4",
    "<u8", ">u8", "<i8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8",
]  # fmt: skip
SECTIONS = ("Parameters", "Returns", "Notes", "References", "Examples")
# those that take labels or make new images have their own contract, those that make
# shapes no pixels, and what is made by a model from a file was learnt
METHODS = [
    m
    for m in EVERY_METHOD
    if m.takes == "image"
    and m.makes != "shapes"
    and m.family != "generate"
    and not any(param.files for param in parameters(m.function))
]
FREE_OF_UNITS = {"normalise"}  # images on a scale of their own
FREE_OF_OFFSET = {"normalise", "subtract_background"}
SMALL = {"clahe": {"kernel_size": 8}}  # parameters that fit a small volume
# what learns from strokes learns from those on all frames together
FRAME_BY_FRAME = [method for method in METHODS if method.fit is None]
MAKERS_OF_LABELS = [method for method in METHODS if method.makes == "labels"]
FAMILIES = sorted({method.family for method in EVERY_METHOD})


def _name(method):
    return method.name


def run(name, image, **given):
    """Call `pipeline.run` with whatever arrays the method cannot do without."""
    needed = _needed(name, image, given.get("axes"))
    words = needed | given
    if get(name).fit is not None and _size(image) == 1:  # no room for two classes
        with pytest.raises(InputError, match="paint at least two classes"):
            pipeline.run(name, image, **words)
        return np.zeros(image.shape, np.int32)
    return pipeline.run(name, image, **words)


def _size(image):
    return (image.data if isinstance(image, SpatialArray) else image).size


def _needed(name, image, axes=None):
    required = [p.name for p in parameters(get(name).function) if p.required]
    return {word: _strokes(as_spatial(image, axes)) for word in required}


def _strokes(image):
    """Return two classes painted on the left and on the right of every frame."""
    sizes = dict(zip(image.axes, image.data.shape, strict=True))
    painted = np.zeros([n for axis, n in sizes.items() if axis in "zyx"], np.int32)
    width = painted.shape[-1] // 4 if painted.size else 0
    if width > 1:
        painted[..., 1:5, 1:width] = 1
        painted[..., 1:5, -width:-1] = 2
    elif painted.size:
        painted.flat[0], painted.flat[-1] = 1, 2
    return painted


def _plain(method):
    """Return the parameters that switch smoothing off."""
    names = {p.name for p in parameters(method.function) if p.low == 0}
    return {"sigma": 0} if "sigma" in names else {}


def _each(methods):
    return pytest.mark.parametrize("method", methods, ids=_name)


def _numbers():
    return [
        pytest.param(method, param, id=f"{method.name}-{param.name}")
        for method in EVERY_METHOD
        for param in parameters(method.function)
        if param.kind in (int, float)
    ]


def _extremes():
    """Every parameter at each of its limits, choices and truth values."""
    for method in METHODS:
        for param in parameters(method.function):
            ends = [v for v in (param.low, param.high) if v is not None]
            values = [True, False] if param.kind is bool else param.choices or ends
            for value in values:
                pair = accepts(method.function, "high_threshold")
                partner = {"high_threshold": 1.0} if pair else {}
                if param.name == "high_threshold":
                    partner = {"low_threshold": 0.0}
                given = partner | {param.name: value}
                yield pytest.param(
                    method, given, id=f"{method.name}-{param.name}-{value}"
                )


def _check(method, image, result, spatial=None):
    """Assert what every result is, whatever the image held."""
    assert isinstance(result, np.ndarray)
    assert result.shape == (image.shape if spatial is None else spatial)
    if method.makes != "labels":
        assert result.dtype == as_float(image).dtype
        return
    assert result.dtype == np.int32
    assert result.dtype.isnative
    ids = np.unique(result[result != 0])
    if method.fit is not None:  # the classes that were painted
        assert set(ids) <= {1, 2}
        return
    np.testing.assert_array_equal(ids, np.arange(1, len(ids) + 1))


# --- the array


@_each(METHODS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_does_not_change_the_answer(method, dtype, discs):
    image = (discs // 2 > 40 if dtype == "bool" else discs // 2).astype(dtype)
    result = run(method.name, image)
    _check(method, image, result)
    plain = as_float(image)
    assert plain.dtype.isnative
    np.testing.assert_array_equal(plain, image)
    np.testing.assert_array_equal(result, run(method.name, plain))


@_each(METHODS)
@pytest.mark.parametrize("dtype", ["bool", "u1", ">u2", ">f4", "f8"])
def test_volume_of_any_dtype(method, dtype, volume):
    image = volume.data.astype(dtype)
    _check(method, image, run(method.name, image))


@_each(METHODS)
@pytest.mark.parametrize("dtype", ["bool", "u1", ">u2", "i8", "f4", ">f8"])
def test_input_is_not_changed_and_may_be_read_only(method, dtype, discs):
    image = discs.astype(dtype)
    if image.dtype.kind == "f":
        image[3, 4] = np.nan
    before = image.copy()
    image.flags.writeable = False
    result = run(method.name, image, **_plain(method))
    np.testing.assert_array_equal(image, before)
    assert result.flags.writeable
    assert not np.shares_memory(result, image)


@_each(METHODS)
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda a: np.asfortranarray(a), id="fortran"),
        pytest.param(lambda a: np.repeat(a, 2, axis=1)[:, ::2], id="strided"),
        pytest.param(lambda a: a[::-1].copy()[::-1], id="reversed"),
    ],
)
def test_memory_order_does_not_change_the_answer(method, view, discs):
    image = view(discs)
    assert not image.flags.c_contiguous
    np.testing.assert_array_equal(run(method.name, image), run(method.name, discs))


@_each(METHODS)
@pytest.mark.parametrize("shape", [(24, 20), (5, 14, 12)], ids=["2-D", "3-D"])
def test_same_seed_same_result(method, shape, blobs):
    image = blobs(shape)
    seed = {"seed": 7} if accepts(method.function, "seed") else {}
    first, second = (run(method.name, image, **seed) for _ in range(2))
    np.testing.assert_array_equal(first, second)


# --- hostile values


@_each(METHODS)
@pytest.mark.parametrize("shape", [(24, 20), (5, 14, 12)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("value", [0, -3.5, 1e30, 1e-40], ids=str)
def test_constant_image_has_no_shapes(method, shape, value):
    image = np.full(shape, value, np.float32)
    result = run(method.name, image)
    _check(method, image, result)
    assert np.unique(result).size == 1


@_each(METHODS)
@pytest.mark.parametrize("shape", [(24, 20), (5, 14, 12)], ids=["2-D", "3-D"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_broken_pixels_are_nothing(method, shape, dtype, blobs):
    image = blobs(shape).astype(dtype)
    image[..., 2:5, 3] = np.nan
    image[..., 9, 7] = np.inf
    image[..., 0, 0] = -np.inf
    result = run(method.name, image)
    _check(method, image, result)
    assert np.isfinite(result).all()
    assert not result[~np.isfinite(image)].any()
    assert result.any()


@_each(METHODS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_wholly_broken_image_gives_nothing(method, value):
    image = np.full((9, 8), value, np.float32)
    result = run(method.name, image)
    _check(method, image, result)
    assert not result.any()


@_each(METHODS)
@pytest.mark.parametrize(
    "shape",
    [(0, 5), (5, 0), (0, 0), (0, 5, 5), (3, 0, 4)],
    ids=lambda shape: "x".join(map(str, shape)),
)
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_empty_image_gives_an_empty_result(method, shape, lazy):
    image = np.zeros(shape, np.uint16)
    result = run(method.name, da.from_array(image) if lazy else image)
    _check(method, image, np.asarray(result))


@_each(METHODS)
@pytest.mark.parametrize("axes", ["tyx", "cyx", "tcyx"])
@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_no_frame_gives_an_empty_result(method, axes, lazy):
    data = np.zeros((0,) * (len(axes) - 2) + (6, 5), np.float32)
    result = run(method.name, da.from_array(data) if lazy else data, axes=axes)
    assert result.shape[-2:] == (6, 5)
    assert not np.asarray(result).any()


@_each(METHODS)
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (7, 1), (1, 1, 1), (1, 9, 8), (6, 1, 1), (2, 2, 2)]
)
@pytest.mark.parametrize("ramp", [False, True], ids=["zeros", "ramp"])
def test_tiny_image(method, shape, ramp):
    image = (np.arange(np.prod(shape)) * ramp).reshape(shape).astype(np.float32)
    _check(method, image, run(method.name, image))


@_each(METHODS)
def test_shift_below_zero_does_not_change_the_answer(method, discs):
    image, given = discs.astype(np.int16), _plain(method)
    shifted, plain = (run(method.name, i, **given) for i in (image - 1000, image))
    still = method.makes == "labels" or method.family == "edges"
    shifts = method.name == "convolve"  # its usual weights sum to 1
    if (still and not shifts) or method.name in FREE_OF_OFFSET:
        np.testing.assert_array_equal(shifted, plain)
    else:
        np.testing.assert_allclose(shifted, plain - 1000, atol=0.01)


@_each(METHODS)
@pytest.mark.parametrize(
    ("dtype", "power"),
    [("f4", 100), ("f4", -100), ("f8", 900), ("f8", -900)],
)
def test_unit_of_intensity_does_not_change_the_answer(method, dtype, power, blobs):
    image = blobs((24, 20)).astype(dtype) + 1
    factor = np.dtype(dtype).type(2.0**power)
    plain, scaled = (run(method.name, i) for i in (image, image * factor))
    if method.makes != "labels" and method.name not in FREE_OF_UNITS:
        plain = plain * factor
    np.testing.assert_array_equal(scaled, plain)
    assert plain.any()


@_each(METHODS)
@pytest.mark.parametrize(
    "dtype", ["u4", "u8", "i4", "i8", "f2", "f4", "f8"], ids=lambda dtype: dtype
)
@pytest.mark.parametrize("shape", [(24, 20), (5, 14, 12)], ids=["2-D", "3-D"])
def test_largest_and_smallest_numbers(method, dtype, shape, blobs):
    limits = np.finfo(dtype) if dtype[0] == "f" else np.iinfo(dtype)
    image = np.where(blobs(shape) > 0.5, limits.max, limits.min).astype(dtype)
    _check(method, image, run(method.name, image))


@_each(METHODS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("levels", [5, 3000])
@pytest.mark.parametrize("base", [1.0, 1e4, -1.0, 0.0], ids=str)
def test_values_as_close_as_the_dtype_allows(method, dtype, levels, base):
    steps = np.random.default_rng(0).integers(0, levels, (60, 60))
    image = np.full(steps.shape, base, dtype)
    image += (steps * np.spacing(np.dtype(dtype).type(base))).astype(dtype)
    _check(method, image, run(method.name, image, **_plain(method)))


@_each(METHODS)
@pytest.mark.parametrize("peak", [1e6, 1e12, 1e30], ids=str)
def test_one_hot_pixel(method, peak, blobs):
    image = blobs((40, 40))
    image[7, 9] = peak
    _check(method, image, run(method.name, image, **_plain(method)))


@pytest.mark.parametrize(("method", "given"), list(_extremes()))
@pytest.mark.parametrize("kind", ["ordinary", "3-D", "constant", "broken", "one pixel"])
def test_every_limit_and_choice_works(method, given, kind, blobs):
    image = blobs((5, 14, 12) if kind == "3-D" else (24, 20))
    if kind == "constant":
        image[:] = 4
    elif kind == "broken":
        image[:, 5:12] = np.nan
    elif kind == "one pixel":
        image = image[:1, :1]
    _check(method, image, run(method.name, image, **given))


# --- axes, channels, geometry


@_each(FRAME_BY_FRAME)
@pytest.mark.parametrize("axes", ["tyx", "tzyx", "tcyx"])
def test_time_lapse_is_frame_by_frame(method, axes, placed):
    image = placed(axes)
    result = run(method.name, image)
    at = result.axes.index("t")
    for t in range(image.data.shape[0]):
        frame = image.like(image.data[t], axes[1:])
        one = run(method.name, frame)
        np.testing.assert_array_equal(np.take(result.data, t, axis=at), one.data)
        assert result.data.dtype == one.data.dtype


@_each(FRAME_BY_FRAME)
@pytest.mark.parametrize("axes", ["ytx", "yxt", "zytx"])
def test_looped_axis_may_stand_anywhere(method, axes, placed):
    image = placed(axes)
    at = axes.index("t")
    ordered = image.like(np.moveaxis(image.data, at, 0), "t" + axes.replace("t", ""))
    result = run(method.name, image)
    assert result.axes == axes
    np.testing.assert_array_equal(
        np.moveaxis(result.data, at, 0), run(method.name, ordered).data
    )


@_each(METHODS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_channels_are_used_together_or_one_by_one(method, place, placed):
    image = placed("cyx").data
    moved = np.moveaxis(image, 0, place)
    axes = "yx"[:place] + "c" + "yx"[place:]
    result = run(method.name, SpatialArray(moved, axes)).data
    if method.makes == "colours":
        expected = method.function(image, channel_axis=0).image
        expected = np.moveaxis(expected, 0, place)
    elif method.makes == "image":
        expected = np.stack([run(method.name, one) for one in image], axis=place)
    elif method.takes_channels:
        needed = _needed(method.name, SpatialArray(image, "cyx"))
        expected = method.function(image, channel_axis=0, spacing=(1.0, 1.0), **needed)
        expected = expected[0] if isinstance(expected, tuple) else expected
    else:
        expected = run(method.name, image.mean(axis=0))
    np.testing.assert_array_equal(result, expected)


@_each(METHODS)
def test_chosen_channel_is_the_only_one_used(method, placed):
    image = placed("tcyx")
    result = run(method.name, image, channel=2)
    alone = run(method.name, image.like(image.data[:, 2], "tyx"))
    assert result.axes == "tyx"
    np.testing.assert_array_equal(result.data, alone.data)


@_each(METHODS)
@pytest.mark.parametrize("samples", [3, 4], ids=["rgb", "rgba"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_colours_give_one_plane(method, samples, dtype, rgb):
    image = np.concatenate([rgb, rgb[..., :1]], axis=-1)[..., :samples].astype(dtype)
    result = run(method.name, image)
    if method.colours == "each" or method.makes == "colours":
        assert result.shape == image.shape
        assert result.dtype == dtype
    else:
        _check(method, image, result, spatial=image.shape[:2])
    assert result.any()


@_each(METHODS)
@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.full((8, 8, 3), np.nan, "f4"), id="nan"),
        pytest.param(np.full((8, 8, 3), (np.inf, -np.inf, 0), "f4"), id="inf"),
        pytest.param(np.full((8, 8, 3), 3e38, "f4"), id="huge"),
        pytest.param(np.full((8, 8, 3), (1e30, 1, 1e-30), "f4"), id="mixed"),
    ],
)
@pytest.mark.parametrize("axes", ["yxc", "ytc"], ids=["colours", "channels"])
def test_hostile_colours(method, image, axes):
    spatial = SpatialArray(
        image if axes == "yxc" else np.moveaxis(image, -1, 0),
        "yxc" if axes == "yxc" else "cyx",
        rgb=axes == "yxc",
    )
    result = run(method.name, spatial)
    assert np.isfinite(result.data).all()
    assert np.unique(result.data).size <= 3


@_each(MAKERS_OF_LABELS)
def test_single_plane_of_a_stack_is_a_plane(method, discs):
    flat, stack = run(method.name, discs), run(method.name, discs[None])
    np.testing.assert_array_equal(stack[0], flat)


@_each(METHODS)
@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "cyx", "tczyx"])
def test_result_lies_where_the_image_lies(method, axes, placed):
    image = placed(axes)
    result = run(method.name, image)
    kept = [axes.index(axis) for axis in result.axes]
    assert result.data.shape == tuple(image.data.shape[i] for i in kept)
    for name in ("scale", "translate", "units", "axis_labels"):
        expected = tuple(getattr(image, name)[i] for i in kept)
        assert getattr(result, name) == expected, name
    for name in ("rotate", "shear"):
        expected = getattr(image, name)[kept][:, kept]
        np.testing.assert_array_equal(getattr(result, name), expected, name)
    rows = [*kept, len(axes)]
    np.testing.assert_array_equal(result.affine, image.affine[rows][:, rows])


@_each([m for m in METHODS if accepts(m.function, "spacing") and not m.planar])
def test_spacing_of_the_image_is_used(method, volume):
    given = {"sigma": 1.5} if accepts(method.function, "sigma") else {}
    given |= SMALL.get(method.name, {})
    told = run(method.name, volume, **given)
    plain = run(method.name, volume.data, **given, spacing=(2, 1, 1))
    cubic = run(method.name, volume.data, **given)
    np.testing.assert_array_equal(told.data, plain)
    assert not np.array_equal(told.data, cubic)


@_each(METHODS)
def test_only_the_proportions_of_the_spacing_count(method, volume):
    small = volume.like(volume.data, scale=(2e-9, 1e-9, 1e-9))
    np.testing.assert_allclose(
        run(method.name, volume).data, run(method.name, small).data, rtol=1e-5
    )


# --- the recipe


@_each(METHODS)
@pytest.mark.parametrize("axes", ["yx", "zyx", "tcyx"])
def test_recipe_replays_bit_for_bit(method, axes, placed):
    image = placed(axes)
    given = {"sigma": 1.3} if accepts(method.function, "sigma") else {}
    result = run(method.name, image, **given)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    assert made == result.metadata[recipe.KEY]
    assert made["steps"][-1]["method"] == method.name
    assert made["input"] == {
        "name": "cells",
        "path": "",
        "shape": list(image.data.shape),
        "dtype": "float32",
        "axes": axes,
    }
    needed = _needed(method.name, image)
    for source in (image, image.data):
        again = recipe.replay(made, source, **needed)
        assert again.axes == result.axes
        assert again.data.dtype == result.data.dtype
        np.testing.assert_array_equal(again.data, result.data)


@_each(METHODS)
def test_recipe_of_one_channel_replays_bit_for_bit(method, placed):
    image = placed("tcyx")
    result = run(method.name, image, channel=1)
    made = json.loads(json.dumps(result.metadata[recipe.KEY]))
    assert made["input"]["shape"] == list(image.data.shape)
    assert made["input"]["axes"] == "tcyx"
    needed = _needed(method.name, image)
    for source in (image, image.data):
        again = recipe.replay(made, source, **needed)
        assert again.axes == "tyx"
        np.testing.assert_array_equal(again.data, result.data)


# --- images larger than memory


@_each(METHODS)
@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "cyx", "tcyx", "yxc"])
def test_blocks_give_the_whole_answer(method, axes, placed, rgb):
    image = SpatialArray(rgb, "yxc", rgb=True) if axes == "yxc" else placed(axes)
    lazy = image.like(da.from_array(image.data, chunks=7))
    result = run(method.name, lazy)
    assert isinstance(result.data, da.Array)
    whole = run(method.name, image)
    assert result.axes == whole.axes
    assert result.data.dtype == whole.data.dtype
    computed = result.data.compute(scheduler="synchronous")
    assert computed.dtype == whole.data.dtype
    np.testing.assert_array_equal(computed, whole.data)


@_each(METHODS)
def test_nothing_is_loaded_before_it_is_asked_for(method):
    def refuse(block):
        raise AssertionError("computed too early")

    image = da.zeros((8, 16, 16), chunks=(4, 8, 8), dtype="f4")
    image = image.map_blocks(refuse, dtype="f4", meta=np.empty((0, 0, 0), "f4"))
    result = run(method.name, image)
    with pytest.raises(AssertionError, match="too early"):
        result.compute(scheduler="synchronous")


# --- signature and docstring


@_each(EVERY_METHOD)
def test_docstring_names_every_argument(method):
    signature = inspect.signature(method.function)
    doc = docstring_parser.parse(
        inspect.getdoc(method.function), docstring_parser.DocstringStyle.NUMPYDOC
    )
    assert [param.arg_name for param in doc.params] == list(signature.parameters)
    for param in doc.params:
        assert param.description, f"{param.arg_name} has no help"
        assert param.type_name, f"{param.arg_name} has no type"


@_each(EVERY_METHOD)
@pytest.mark.parametrize("section", SECTIONS)
def test_docstring_has_every_section(method, section):
    doc = inspect.getdoc(method.function)
    if iterates(method.function):
        doc = doc.replace("Yields\n------", "Returns\n-------")
    assert f"\n{section}\n{'-' * len(section)}\n" in doc


@_each(EVERY_METHOD)
def test_docstring_cites_and_shows(method):
    doc = inspect.getdoc(method.function)
    assert "DOI 10." in doc.split("\nReferences\n")[1]
    assert f">>> {method.name}(" in doc or f"{method.name}(" in doc.split(">>>", 1)[1]
    assert method.title.endswith(".")
    assert len(method.title) <= 80


@_each(EVERY_METHOD)
def test_array_comes_first_and_the_rest_by_name(method):
    rest = list(inspect.signature(method.function).parameters.values())
    if method.takes:
        first = rest.pop(0)
        assert first.name == method.takes
        assert first.kind is first.POSITIONAL_OR_KEYWORD
    assert all(param.kind is param.KEYWORD_ONLY for param in rest)


@_each(EVERY_METHOD)
def test_every_parameter_has_help_and_a_fitting_default(method):
    for param in parameters(method.function):
        assert param.help, f"{param.name} has no help"
        if param.files:
            assert param.required and param.default is None
        elif not param.role:
            checked = param.check(param.default)
            assert checked == param.default, param.name
            assert type(checked) is type(param.default), param.name


@pytest.mark.parametrize(("method", "param"), _numbers())
def test_number_has_limits(method, param):
    assert param.low is not None, f"{param.name} has no lower limit"
    assert param.high is not None, f"{param.name} has no upper limit"
    assert param.low <= param.default <= param.high


@pytest.mark.parametrize(("method", "param"), _numbers())
@pytest.mark.parametrize("which", ["low", "high", "word", "nothing", "nan", "true"])
def test_wrong_number_is_named(method, param, which, discs):
    wrong = {
        "low": param.low - 1,
        "high": param.high + 1,
        "word": "much",
        "nothing": None,
        "nan": np.nan,
        "true": True,
    }[which]
    image = discs > 99 if method.takes == "labels" else discs
    with pytest.raises(InputError, match=f"`{param.name}`") as caught:
        run(method.name, image, **{param.name: wrong})
    assert repr(wrong) in str(caught.value)


@_each(EVERY_METHOD)
def test_unknown_parameter_is_named(method, discs):
    image = discs > 99 if method.takes == "labels" else discs
    with pytest.raises(InputError, match=f"{method.name} has no parameter `sigmaa`"):
        run(method.name, image, sigmaa=1)


# --- what stands beside the code


@pytest.mark.parametrize("family", FAMILIES)
def test_family_has_an_example(family):
    path = ROOT / "examples" / f"{family}.py"
    assert path.is_file(), f"add examples/{family}.py, a short story that runs"
