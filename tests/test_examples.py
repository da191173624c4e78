"""Every example runs as it stands: headless, and with a viewer where there is a screen.

What stands before the last statement of an example is all it does without a viewer,
so that one run with a viewer shows both; where there is no screen it runs without.
"""

import ast
import importlib.util
import os
import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STORIES = [
    path
    for path in sorted((ROOT / "examples").glob("*.py"))
    if path.name != "run_onnx.py"  # it needs a model: tests/export/test_run.py
]
LONGEST = 40  # lines
VIEWER = {"napari", "qtpy", "magicgui"}
SCREEN = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY"))
SHOWN = SCREEN and importlib.util.find_spec("napari") is not None
of_stories = pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)


@pytest.fixture
def run_example(tmp_path, monkeypatch, capsys):
    """Run an example in a folder of its own and return what it prints."""

    def run(path, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        runpy.run_path(str(path), run_name="__main__")
        return capsys.readouterr().out.strip()

    return run


@pytest.fixture
def viewers(monkeypatch):
    """Let napari.run return at once; return its viewers, and close them at the end."""
    if not SHOWN:
        yield None
        return
    import napari

    opened = []
    monkeypatch.setattr(napari, "run", lambda: opened.append(napari.current_viewer()))
    monkeypatch.setenv("NAPARI_CONFIG", os.devnull)
    yield opened
    for viewer in opened:
        viewer.close()


@of_stories
def test_example_runs_and_shows_its_layers(path, run_example, viewers):
    printed = run_example(path, *(["--show"] if SHOWN else []))
    assert printed, f"{path.name} prints nothing"
    if viewers is not None:
        (viewer,) = viewers
        assert viewer.layers and all(layer.data is not None for layer in viewer.layers)


def test_the_demo_runs_without_a_viewer(run_example):
    told = "--out", "results", "--no-viewer"
    assert "contact_sheet.png" in run_example(ROOT / "docs" / "demo.py", *told)


def test_no_example_is_long_or_hidden():
    for path in (ROOT / "examples").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.parent == ROOT / "examples" and path.suffix == ".py"
            assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@of_stories
def test_example_is_a_short_story(path):
    text = path.read_text(encoding="utf-8")
    assert re.match(r"# /// script\n(# .*\n)*# ///\n", text), "no PEP 723 header"
    assert ast.get_docstring(ast.parse(text)), "no docstring"


@of_stories
def test_only_the_last_statement_needs_a_viewer(path):
    *story, last = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(last, ast.If) and ast.unparse(last.test) == "'--show' in sys.argv"
    assert "napari.run()" in ast.unparse(last)
    for node in (node for part in story for node in ast.walk(part)):
        imported = [alias.name for alias in getattr(node, "names", ())]
        imported.append(getattr(node, "module", None) or "")
        assert not {name.split(".")[0] for name in imported} & VIEWER
