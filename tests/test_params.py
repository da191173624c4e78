"""Parameters read from a signature, and the sentences for wrong values."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import annotated_types as at
import numpy as np
import pytest

from napari_morphogen.params import (
    Filled,
    Image,
    InputError,
    Labels,
    MinSize,
    Param,
    Sigma,
    Spacing,
    accepts,
    check,
    parameters,
    summary,
)


def method(
    image: Image,
    *,
    sigma: Sigma = 1.0,
    rounds: Annotated[int, at.Interval(ge=1, le=9), at.MultipleOf(2)] = 3,
    rule: Literal["otsu", "li"] = "otsu",
    invert: bool = False,
    note: str = "",
    min_size: MinSize = 20,
    markers: Labels | None = None,
    other: Image | None = None,
    spacing: Spacing = (),
    hidden: Annotated[int | None, Filled()] = None,
) -> Labels:
    """Do nothing.

    Parameters
    ----------
    image : ndarray
        Intensities.
    sigma, rounds : float
        Two in
        one.
    rule : str
        Which.
    markers : ndarray or None
        Labels.
    """
    return image


def plain(image):
    return image


def test_signature_is_the_description():
    read = {param.name: param for param in parameters(method)}
    assert list(read) == [
        "sigma", "rounds", "rule", "invert", "note", "min_size", "markers", "other",
    ]  # fmt: skip
    assert read["sigma"] == Param(
        "sigma", float, 1.0, 0, 50, 0.1, unit="px", help="Two in one."
    )
    assert read["rounds"] == Param("rounds", int, 3, 1, 9, 2, help="Two in one.")
    assert read["rule"] == Param(
        "rule", str, "otsu", choices=("otsu", "li"), help="Which."
    )
    assert read["invert"] == Param("invert", bool, False)
    assert read["note"] == Param("note", str, "")
    assert read["min_size"] == Param("min_size", int, 20, 0, 1_000_000, unit="px^n")
    assert read["markers"] == Param(
        "markers", np.ndarray, None, role="labels", help="Labels."
    )
    assert read["other"] == Param("other", np.ndarray, None, role="image")
    assert read["min_size"].label == "min size"


def test_function_without_annotations_has_no_parameters():
    assert parameters(plain) == ()
    assert summary(plain) == ""
    assert summary(method) == "Do nothing."


def test_filled_arguments_are_accepted_but_not_set_by_users():
    assert accepts(method, "spacing")
    assert not accepts(method, "radius")
    with pytest.raises(InputError, match="method has no parameter `spacing`; it has"):
        check(method, {"spacing": (1, 1)})


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError) as caught:
        check(method, {"radius": 3})
    assert str(caught.value) == (
        "method has no parameter `radius`; it has sigma, rounds, rule, invert, note, "
        "min_size, markers, other."
    )
    with pytest.raises(
        InputError, match="plain has no parameter `radius`; it has none"
    ):
        check(plain, {"radius": 3})


def test_defaults_are_filled_in():
    assert check(method, {"sigma": 3, "rule": "li"}) == {
        "sigma": 3.0,
        "rounds": 3,
        "rule": "li",
        "invert": False,
        "note": "",
        "min_size": 20,
        "markers": None,
        "other": None,
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sigma", 2, 2.0),
        ("sigma", 0, 0.0),
        ("sigma", 50, 50.0),
        ("sigma", np.float32(0.5), 0.5),
        ("sigma", np.uint8(7), 7.0),
        ("sigma", np.array(1.5), 1.5),
        ("sigma", Fraction(1, 4), 0.25),
        ("sigma", Decimal("0.5"), 0.5),
        ("rounds", 5.0, 5),
        ("rounds", np.int64(9), 9),
        ("rounds", np.float64(1), 1),
        ("rule", "li", "li"),
        ("rule", np.str_("li"), "li"),
        ("invert", np.True_, True),
        ("note", "µ", "µ"),
    ],
)
def test_value_becomes_the_type_of_its_parameter(name, value, expected):
    found = check(method, {name: value})[name]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sigma", -0.1, "between 0 and 50"),
        ("sigma", 50.1, "between 0 and 50"),
        ("sigma", "1", "a number"),
        ("sigma", b"1", "a number"),
        ("sigma", None, "a number"),
        ("sigma", True, "a number"),
        ("sigma", np.True_, "a number"),
        ("sigma", 1j, "a number"),
        ("sigma", [1], "a number"),
        ("sigma", np.array([1.0]), "a number"),
        ("sigma", np.nan, "a number"),
        ("sigma", np.inf, "a number"),
        pytest.param("sigma", 10**400, "a number", id="too-large-for-float"),
        ("rounds", 2.5, "a whole number"),
        ("rounds", "2", "a whole number"),
        ("rounds", False, "a whole number"),
        ("rounds", 0, "between 1 and 9"),
        ("rounds", 10, "between 1 and 9"),
        ("min_size", 1_000_001, "between 0 and 1000000"),
        ("rule", "Otsu", "one of otsu, li"),
        ("rule", None, "one of otsu, li"),
        ("rule", ["otsu"], "one of otsu, li"),
        ("rule", np.array(["otsu", "li"]), "one of otsu, li"),
        ("invert", 1, "True or False"),
        ("invert", "yes", "True or False"),
        ("invert", None, "True or False"),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(name, value, expected):
    with pytest.raises(InputError) as caught:
        check(method, {name: value})
    assert str(caught.value) == (
        f"Expected `{name}` to be {expected}, but got {value!r}."
    )


def test_arrays_are_left_to_the_pipeline():
    markers = np.zeros((2, 2))
    assert check(method, {"markers": markers})["markers"] is markers


def test_number_without_limits_may_be_any():
    assert Param("level", float, 0.0).check(-1e300) == -1e300


def test_input_error_is_a_value_error():
    assert issubclass(InputError, ValueError)
