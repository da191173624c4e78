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

EXAMPLES = [
    path
    for path in sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
    if path.name != "run_onnx.py"  # it needs a model: tests/export/test_run.py
]
STORIES = [path for path in EXAMPLES if path.name != "demo.py"]
LONGEST = 40  # lines, for all but the demo
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
    demo = next(path for path in EXAMPLES if path.name == "demo.py")
    assert "contact_sheet.png" in run_example(demo, "--out", "results", "--no-viewer")


@of_stories
def test_example_is_a_short_story(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert re.match(r"# /// script\n(# .*\n)*# ///\n", text), "no PEP 723 header"
    assert ast.get_docstring(ast.parse(text)), "no docstring"


@of_stories
def test_only_the_last_statement_needs_a_viewer(path):
    *story, last = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(last, ast.If) and ast.unparse(last.test) == "'--show' in sys.argv"
    assert "napari.run()" in ast.unparse(last)
    for part in story:
        for node in ast.walk(part):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                rooms = (
                    {name.split(".")[0] for name in [*names, node.module or ""]}
                    if isinstance(node, ast.ImportFrom)
                    else set(names)
                )
                assert not rooms & {"napari", "qtpy", "magicgui"}
