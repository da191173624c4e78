"""Forms are read from signatures: every parameter, its limits and its help."""

from typing import Annotated, Literal

import annotated_types as at
import numpy as np
import pytest
from magicgui import widgets

from napari_morphogen.params import Image, Labels, parameters
from napari_morphogen.plugin import forms
from napari_morphogen.registry import METHODS, Method


def example(
    image: Image,
    *,
    few: Annotated[int, at.Interval(ge=1, le=9)] = 3,
    many: Annotated[int, at.Interval(ge=0, le=10**6)] = 20,
    strength: Annotated[float, at.Interval(ge=0, le=2), at.MultipleOf(0.1)] = 1.0,
    mode: Literal["first", "second"] = "second",
    flag: bool = True,
    text: str = "words",
    markers: Labels | None = None,
) -> Image:
    """Show one of each.

    Parameters
    ----------
    few, many : int
        Counts.
    strength : float
        A number.
    mode : str
        A choice.
    flag : bool
        Yes or no.
    text : str
        Words.
    markers : ndarray or None
        A layer.
    """
    return np.zeros(few)


@pytest.fixture
def form(qtbot):
    return forms.form(Method(example, "edges", "image"), lambda role: [f"a {role}"])


@pytest.mark.parametrize(
    "name, kind",
    [
        ("few", widgets.Slider),
        ("many", widgets.SpinBox),
        ("strength", widgets.FloatSlider),
        ("mode", widgets.ComboBox),
        ("flag", widgets.CheckBox),
        ("text", widgets.LineEdit),
        ("markers", widgets.ComboBox),
    ],
)
def test_each_kind_of_parameter_has_its_widget(form, name, kind):
    assert type(form[name]) is kind
    assert form[name].tooltip


def test_limits_and_steps_are_those_of_the_signature(form):
    assert (form.few.min, form.few.max, form.few.step) == (1, 9, 1)
    assert (form.strength.min, form.strength.max) == (0, 2)
    assert form.strength.step == pytest.approx(0.1)
    with pytest.raises(ValueError, match="10"):
        form.few.value = 10


def test_values_of_an_untouched_form_are_the_defaults(form):
    expected = {p.name: p.default for p in parameters(example)}
    assert forms.values(form) == expected


def test_layer_is_returned_by_name(form):
    assert form.markers.choices == (forms.FOUND, "a labels")
    form.markers.value = "a labels"
    assert forms.values(form)["markers"] == "a labels"


def test_saved_values_that_do_not_fit_are_left_alone(form):
    forms.fill(form, {"few": 99, "mode": "gone", "strength": 0.5, "unknown": 1})
    found = forms.values(form)
    assert (found["few"], found["mode"], found["strength"]) == (3, "second", 0.5)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_form_of_every_method_builds_and_gives_the_defaults(method, qtbot):
    form = forms.form(method, lambda role: [])
    assert forms.values(form) == {
        p.name: p.default for p in parameters(method.function)
    }
    assert all(row.tooltip for row in form)
