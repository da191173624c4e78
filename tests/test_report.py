"""The report of a problem, without a viewer."""

import platform

import numpy as np

from napari_morphogen import SpatialArray, run, write
from napari_morphogen.cli import main
from napari_morphogen.report import Part, report
from napari_morphogen.samples import coins


def test_it_says_where_it_ran():
    text = report(more=["Qt 1.2"])
    for words in (platform.platform(), platform.python_version(), np.__version__):
        assert words in text
    assert "\nQt 1.2\n" in text


def test_words_of_a_recipe_are_told_only_when_they_are_choices():
    step = {"method": "threshold", "parameters": {"rule": "li", "level": 2.0}}
    step["parameters"] |= {"image": "Ada.tif", "note": "Ada", "where": "/home/Ada"}
    text = report([Part("Image", {"format": 1, "steps": [step]})])
    assert '"rule": "li"' in text and '"level": 2.0' in text
    assert "Ada" not in text


def test_a_recipe_that_is_none_is_no_error():
    assert "No recipe." in report([Part("Image", "of another program")])


def test_the_command_tells_of_files_without_their_names(tmp_path, capsys):
    labels = run("threshold", coins(), rule="li", sigma=2)
    path = write(tmp_path / "Ada.tif", labels)
    plain = write(tmp_path / "Bert.tif", SpatialArray(np.zeros((3, 4)), "yx"))
    assert main(["report", str(path), str(plain)]) == 0
    text = capsys.readouterr().out
    assert "(303, 384) int32" in text and '"rule": "li"' in text
    assert "(3, 4) float64" in text and "No recipe." in text
    assert "Ada" not in text and "Bert" not in text
