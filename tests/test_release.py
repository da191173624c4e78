"""What a release says of itself agrees wherever it is said."""

import importlib.util
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
WHOLE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = WHOLE["project"]
RECIPE = (ROOT / ".github" / "conda" / "meta.yaml").read_text(encoding="utf-8")
CONDA_NAMES = {"dask[array]": "dask-core", "docstring-parser": "docstring_parser"}
NEEDED = re.compile(r"^([\w.\[\]-]+)(>=[\w.]+)")


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = re.search(r"^version: (\d+\.\d+\.\d+)$", citation, re.MULTILINE)[1]
    assert PROJECT["dynamic"] == ["version"] and "version" not in PROJECT
    assert WHOLE["tool"]["hatch"]["version"] == {
        "source": "vcs",
        "fallback-version": f"{version}.dev0",
    }
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


def test_a_release_has_absolute_links_and_addresses():
    path = ROOT / ".github" / "addresses.py"
    spec = importlib.util.spec_from_file_location("addresses", path)
    addresses = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(addresses)
    where = "https://example.org/owner/name", "v1.2.3"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", addresses.readme(readme, *where))
    assert linked and all(target.startswith("https://") for _, target in linked)
    base = "https://example.org/owner/name"
    ours = [(mark, one) for mark, one in linked if one.startswith(base)]
    for mark, target in ours:
        folder = f"{base}/{'raw' if mark else 'blob'}/v1.2.3/"
        assert (ROOT / target.removeprefix(folder).split("#")[0]).exists(), target
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    made = tomllib.loads(addresses.urls(text, *where))["project"]["urls"]
    assert made["Source Code"] == base and "urls" not in PROJECT


def test_the_metadata_say_what_the_hub_shows():
    manifest = yaml.safe_load((ROOT / "napari.yaml").read_text(encoding="utf-8"))
    assert manifest["name"] == PROJECT["name"] and manifest["categories"]
    assert manifest.get("visibility", "public") == "public"
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
