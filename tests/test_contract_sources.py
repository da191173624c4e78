"""What holds for every method that makes an image from parameters alone."""

import inspect

import numpy as np
import pytest

from napari_morphogen import recipe, replay, run
from napari_morphogen.params import InputError, accepts, parameters
from napari_morphogen.pipeline import run_all
from napari_morphogen.registry import METHODS

SOURCES = [method for method in METHODS if not method.takes]
COMMON = ["height", "width", "depth"], ["seed", "pixel_size", "plane_distance"]
SIZES = [{"depth": 1}, {"depth": 5, "plane_distance": 3.0, "pixel_size": 0.5}]
SMALL = {"height": 40, "width": 50}

each = pytest.mark.parametrize("method", SOURCES, ids=lambda method: method.name)
sizes = pytest.mark.parametrize("size", SIZES, ids=["2-D", "3-D"])


def small(method):
    """Return parameters that fit a small image."""
    cells = {"count": 3, "radius": 5.0} if accepts(method.function, "count") else {}
    return SMALL | cells


def _extremes():
    """Every parameter but those of size at its limits, choices and truth values."""
    for method in SOURCES:
        for param in parameters(method.function):
            ends = [v for v in (param.low, param.high) if v is not None]
            values = [True, False] if param.kind is bool else param.choices or ends
            for value in values if param.name not in COMMON[0] else ():
                given = {param.name: value}
                yield pytest.param(method, given, id=f"{method.name}-{given}")


def test_there_are_sources():
    assert len(SOURCES) >= 4


@each
def test_parameters_that_all_have_stand_first_and_last(method):
    names = [param.name for param in parameters(method.function)]
    assert (names[:3], names[-3:]) == COMMON
    assert method.family == "generate"
    assert method.size is not None


@each
@sizes
def test_results_have_the_size_and_the_place_that_were_asked_for(method, size):
    made = run_all(method.name, **small(method), **size)
    shape = (40, 50) if size["depth"] == 1 else (5, 40, 50)
    for name, role in method.outputs.items():
        found = made[name]
        assert found.data.shape == shape
        expected = (0.5 if "pixel_size" in size else 1.0,) * 2
        assert found.scale[-2:] == expected
        assert found.scale[:-2] == ((3.0,) if len(shape) == 3 else ())
        assert found.data.dtype == (np.int32 if role == "labels" else np.float32)
        assert np.isfinite(found.data).all()
        assert found.data.any()


@each
@sizes
def test_same_seed_same_bits_and_another_seed_another_image(method, size):
    words = small(method) | size
    first, second, other = (
        run_all(method.name, **words, seed=seed) for seed in (7, 7, 8)
    )
    for name in method.outputs:
        np.testing.assert_array_equal(first[name].data, second[name].data)
        assert (first[name].data != other[name].data).any()


@each
def test_every_result_replays_from_its_recipe(method):
    for found in run_all(method.name, **small(method), seed=3).values():
        again = replay(found.metadata[recipe.KEY])
        np.testing.assert_array_equal(again.data, found.data)
        assert again.name == found.name


@each
def test_function_alone_makes_what_the_pipeline_makes(method):
    words = small(method) | SIZES[1]
    alone = method.function(**words)
    main = alone[0] if isinstance(alone, tuple) else alone
    np.testing.assert_array_equal(main, run(method.name, **words).data)


@each
def test_seed_does_not_touch_the_generators_of_others(method):
    np.random.seed(0)
    run(method.name, **small(method))
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()


@pytest.mark.parametrize(("method", "given"), list(_extremes()))
@sizes
@pytest.mark.filterwarnings("ignore::napari_morphogen.params.Remark")
def test_every_limit_and_choice_works(method, given, size):
    words = small(method) | size | given
    if words.get("radius", 0) > 20:
        with pytest.raises(InputError, match="`radius`"):
            run(method.name, **words)
        return
    result = run(method.name, **words)
    assert np.isfinite(result.data).all()


@each
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 9), (1, 9, 1), (3, 1, 1), (7, 2, 2)]
)
def test_tiny_images(method, shape):
    depth, height, width = shape
    words = {"depth": depth, "height": height, "width": width}
    if accepts(method.function, "radius"):
        words |= {"radius": 1.0, "count": 1}
        if min(height, width) < 2:
            with pytest.raises(InputError, match="`radius`"):
                run(method.name, **words)
            return
    result = run(method.name, **words)
    assert result.data.shape == (shape if depth > 1 else shape[1:])


@each
def test_image_too_large_for_the_memory_is_refused(method):
    with pytest.raises(InputError, match=r"GB of memory.*make it smaller"):
        run(method.name, height=16384, width=16384, depth=4096)
    with pytest.raises(InputError, match="GB of memory"):
        method.function(height=16384, width=16384, depth=4096)


def test_field_that_is_enlarged_for_its_margins_counts_them(monkeypatch):
    from napari_morphogen.generate import canvas

    words = {"height": 500, "width": 500, "spectrum": "power law"}
    monkeypatch.setattr(canvas, "_memory", lambda: 20 * 10**6)
    assert run("gaussian_field", **words, tiles=True).data.shape == (500, 500)
    with pytest.raises(InputError, match="image of 500 x 500 pixels needs about"):
        run("gaussian_field", **words)


@each
def test_no_argument_but_by_name(method):
    kinds = {p.kind for p in inspect.signature(method.function).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
