"""What a release says of itself agrees wherever it is said."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
RECIPE = (ROOT / ".github" / "conda" / "meta.yaml").read_text(encoding="utf-8")
CONDA_NAMES = {"dask[array]": "dask-core", "docstring-parser": "docstring_parser"}
NEEDED = re.compile(r"^([\w.\[\]-]+)(>=[\w.]+)")


def test_the_version_is_the_same_everywhere():
    version = PROJECT["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert re.search(rf"^## {re.escape(version)} ", changes, re.MULTILINE)
    assert f'{{% set version = "{version}" %}}' in RECIPE


def test_the_conda_recipe_needs_what_the_project_needs():
    run = RECIPE.split("  run:\n")[1].split("  run_constrained:")[0]
    listed = {line.strip("- ").strip() for line in run.splitlines() if line.strip()}
    found = [NEEDED.match(one).groups() for one in PROJECT["dependencies"]]
    expected = {f"{CONDA_NAMES.get(name, name)} {least}" for name, least in found}
    assert listed == {*expected, f"python {PROJECT['requires-python']}"}
    constrained = RECIPE.split("run_constrained:\n")[1]
    extras = PROJECT["optional-dependencies"]
    for name, conda in (("napari", "napari"), ("torch", "pytorch")):
        wanted = [n for extra in extras.values() for n in extra if NEEDED.match(n)]
        least = next(m[2] for n in wanted if (m := NEEDED.match(n)) and m[1] == name)
        assert f"- {conda} {least}\n" in constrained


def test_the_metadata_say_what_the_hub_shows():
    for field in ("description", "readme", "license", "authors", "keywords"):
        assert PROJECT[field]
    assert len(PROJECT["description"]) <= 160
    assert "Framework :: napari" in PROJECT["classifiers"]
    least = PROJECT["requires-python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {least}" in PROJECT["classifiers"]


def test_extras_never_bring_a_qt_binding_but_the_one_for_viewers():
    extras = PROJECT["optional-dependencies"]
    for name, needed in extras.items():
        binding = re.search(r"pyqt|pyside", " ".join(needed).lower())
        assert (name == "viewer") == bool(binding), name
