"""Every example runs as it stands, without a screen."""

import ast
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
ARGUMENTS = {"demo.py": ["--out", "results", "--no-viewer"]}
LONGEST = 40  # lines, for all but the demo


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), *ARGUMENTS.get(path.name, [])])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip(), f"{path.name} prints nothing"


@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if p.name not in ARGUMENTS], ids=lambda path: path.stem
)
def test_example_is_a_short_story(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert re.match(r"# /// script\n(# .*\n)*# ///\n", text), "no PEP 723 header"
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert '"--show"' in text
