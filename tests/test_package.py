"""The wheel and the source distribution as a user gets them."""

import os
import subprocess
import sys
import typing
import venv
import zipfile
from pathlib import Path

import pytest

from napari_morphogen.registry import Family

ROOT = Path(__file__).parents[1]
OTHERS = ["Evaluate", "Export", "Measure", "Object classes", "Train", "Tune"]
OTHERS += ["Large images"]
OTHERS += ["Do synthetic pairs help", "Inside a VAE", "Start here", "Train a generator"]
FAMILIES = [family.capitalize() for family in typing.get_args(Family)]

CHECK = """
from npe2 import PluginManifest
manifest = PluginManifest.from_distribution("napari-morphogen")
print(*(widget.display_name for widget in manifest.contributions.widgets), sep="\\n")
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Build the source distribution and, from it, the wheel."""
    out = tmp_path_factory.mktemp("dist")
    call = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.suffix: path for path in out.iterdir()}


def test_wheel_holds_the_manifest_and_the_types_and_no_tests(distributions):
    with zipfile.ZipFile(distributions[".whl"]) as wheel:
        names = wheel.namelist()
        manifest = wheel.read("napari_morphogen/napari.yaml").decode()
        help_ = wheel.read("napari_morphogen/pages/train.md").decode()
        about = next(wheel.read(n).decode() for n in names if n.endswith("/METADATA"))
    assert manifest == (ROOT / "src" / "napari_morphogen" / "napari.yaml").read_text()
    assert "napari_morphogen/py.typed" in names
    assert help_ == (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    about_it = {name.split("/")[0] for name in names} - {"napari_morphogen"}
    assert len(about_it) == 1 and about_it.pop().endswith(".dist-info")
    code = [n for n in names if n.startswith("napari_morphogen/")]
    others = {n for n in code if not n.endswith((".py", ".md"))}
    assert others == {"napari_morphogen/napari.yaml", "napari_morphogen/py.typed"}
    sources = ROOT / "src" / "napari_morphogen"
    for kind in (".py", ".md"):
        inside = [n for n in code if n.endswith(kind)]
        assert len(inside) == len(list(sources.rglob(f"*{kind}")))
    for line in ("Framework :: napari", "License-Expression: BSD-3-Clause"):
        assert line in about
    needed = [line for line in about.splitlines() if line.startswith("Requires-Dist")]
    always = " ".join(line for line in needed if "extra ==" not in line).lower()
    assert "numpy" in always
    for word in ("pyqt", "pyside", "napari", "torch"):
        assert word not in always


def test_both_install_in_a_clean_environment_run_and_register(distributions, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    binaries = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def call(program, *words):
        done = subprocess.run(
            [str(binaries / program), *map(str, words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=clean,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    pip += ("--no-compile",)  # thousands of files that nobody imports
    limits = ("-c", ROOT / "constraints.txt")
    alone = ("--no-deps", "--force-reinstall")
    for words in [
        (*limits, distributions[".whl"], "npe2"),
        (*alone, distributions[".gz"]),
    ]:
        call("python", *pip, *words)
        assert "watershed" in call("morphogen", "methods")
        docks = call("python", "-c", CHECK).splitlines()
        assert sorted(docks) == sorted([*FAMILIES, *OTHERS])
