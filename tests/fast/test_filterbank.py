"""The compiled features and forests, against the plain way and scikit-learn."""

import numpy as np
import pytest

from napari_morphogen import fast
from napari_morphogen.fast.modules import SWITCH
from napari_morphogen.features import eigenvalues, multiscale

ALL = ("intensity", "gradient", "hessian", "structure")
SHAPES = [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3), (4, 130), (140, 37)]
VOLUMES = [(6, 1, 1), (2, 2, 2), (2, 5, 4), (5, 1, 9), (12, 30, 41), (3, 150, 9)]


def _noise(shape, power=0):
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return np.ldexp(image, power)


@pytest.mark.parametrize("shape", SHAPES + VOLUMES, ids=str)
@pytest.mark.parametrize("spacing", [(), (2.5, 1.0, 1.3)], ids=str)
def test_features_are_those_of_the_plain_way(both, shape, spacing):
    given = {"sigmas": (0, 1.3), "kinds": ALL, "spacing": spacing[-len(shape) :]}
    found, expected = both(multiscale, _noise(shape), **given)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(20, 24), (6, 10, 11)], ids=str)
@pytest.mark.parametrize("power", [-100, -60, 60, 110])
@pytest.mark.parametrize("kinds", [("gradient", "hessian"), ("hessian",)], ids=str)
def test_squares_neither_overflow_nor_vanish(both, shape, power, kinds):
    image = _noise(shape, power)
    found, expected = both(multiscale, image, sigmas=(0,), kinds=kinds)
    np.testing.assert_array_equal(found, expected)
    plain = multiscale(_noise(shape), sigmas=(0,), kinds=kinds)
    np.testing.assert_array_equal(found, np.ldexp(plain, power))


@pytest.mark.parametrize("number", [3, 6])
def test_eigenvalues_are_those_of_the_plain_way(compiled, number):
    elements = _noise((number, 200, 101))
    elements[:, 5] = 0
    elements[:, 6] = np.reshape([1, 0, 1, 0, 0, 1][:number], (number, 1))
    if number == 6:
        elements[:, 6] = np.reshape([1, 0, 0, 1, 0, 1], (6, 1))
    found = fast.eigenvalues(elements)
    expected = eigenvalues([element.astype(float) for element in elements])
    np.testing.assert_array_equal(found, np.stack(expected).astype(np.float32))


def test_other_types_go_the_plain_way(compiled):
    assert fast.local_shape(np.ones((5, 5)), ()) is None
    assert fast.local_shape(np.ones((0, 5), np.float32), ()) is None
    assert fast.eigenvalues(np.ones((3, 5))) is None


@pytest.fixture(params=["now", "off"])
def either_way(request, compiled, monkeypatch):
    """Compiled, and where there are no kernels."""
    monkeypatch.setenv(SWITCH, request.param)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("depth", [1, 4, None])
def test_forest_says_what_that_of_scikit_learn_says(either_way, classes, depth):
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 3000)).astype(np.float32).round(2)
    answer = (values[0] * 2 + values[1] ** 2).astype(int) % classes
    model = RandomForestClassifier(7, max_depth=depth, random_state=0)
    model.fit(values[:, :400].T, answer[:400])
    trees = fast.Trees.of(model)
    expected = model.predict_proba(values.T).T
    np.testing.assert_array_equal(trees.predict(values), expected)
    far = np.array([[1e30, -1e30, 0]] * 5, np.float32)
    np.testing.assert_array_equal(trees.predict(far), model.predict_proba(far.T).T)
    np.testing.assert_array_equal(trees.predict(values[:, ::2]), expected[:, ::2])


def test_forest_of_stumps_without_a_question(either_way):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(3, random_state=0)
    model.fit(np.zeros((6, 2)), [0, 1, 0, 1, 1, 1])
    values = np.ones((2, 5), np.float32)
    found = fast.Trees.of(model).predict(values)
    np.testing.assert_array_equal(found, model.predict_proba(values.T).T)
