import pytest

from napari_morphogen.nn.going_on import check_same_training
from napari_morphogen.params import InputError

WANTED = {
    "kind": "unfinished",
    "options": {"seed": 0, "patch": 32},
    "config": {"width": 8},
}


def test_the_same_training_goes_on():
    check_same_training("a.training", {**WANTED, "step": 3}, WANTED)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "generator"}, "is no interrupted training of a generator"),
        ({"options": {"seed": 0}}, "it says nothing of patch; go on with the version"),
        (
            {"options": {"seed": 0, "patch": 32, "old": 1}},
            "its old is not known here; go on with the version",
        ),
        ({"options": None}, "of this version of napari-morphogen; go on"),
        ({"options": {"seed": 0, "patch": 64}}, "its patch is 64, not 32"),
        ({"config": {"width": 16}}, "its width is 16, not 8"),
    ],
)
def test_why_another_training_cannot_go_on_is_said(changed, reason):
    with pytest.raises(InputError, match=reason):
        check_same_training("a.training", {**WANTED, **changed}, WANTED)
