"""The documentation: every method has its page, every block of code runs."""

import contextlib
import importlib.util
import io
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_morphogen import recipe, run, write
from napari_morphogen.cli import main
from napari_morphogen.params import parameters
from napari_morphogen.registry import METHODS, Method
from napari_morphogen.samples import (
    MARKS,
    SAMPLES,
    coin_labels,
    coins,
    trained_model,
)

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| \[?`(\w+)`\]?\S* \| (\w+) \| (\w+) \| (.+) \|$", re.MULTILINE)


def _hook():
    spec = importlib.util.spec_from_file_location(
        "docs_methods", ROOT / "docs" / "_methods.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


methods = _hook()
pictures = sys.modules["_pictures"]  # found beside the hook
each = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


# ---- one page per method


@each
def test_page_has_every_parameter(method):
    rows = [row.split(" | ") for row in methods.page(method).splitlines()]
    found = {row[0].strip("| `"): row for row in rows if len(row) == 6}
    for param in parameters(method.function):
        row = found.get(param.name)
        assert row, f"the page of {method.name} has no row for `{param.name}`"
        assert param.help.replace("|", "\\|") in row[5]
        assert all(choice in row[2] for choice in param.choices)
        assert param.role or param.required or f"`{param.default}`" == row[4]


@each
def test_page_has_its_parts(method):
    page = methods.page(method)
    assert page.startswith(f"# {method.name}\n\n{method.title}\n")
    for heading in (
        "How to call it",
        "Parameters",
        "When",
        "Returns",
        "Theory",
        "References",
    ):
        assert f"\n## {heading}\n" in page, f"{method.name}: no {heading}"
    theory = page.split("\n## Theory\n")[1].split("\n## ")[0]
    assert re.search(r"^```text\n.+[=~⇔⇒].+\n```$", theory, re.M | re.S), "no formula"
    assert re.search(r"\[\[\d\]\]\(#ref-\d\)", theory), "the theory names no reference"
    assert "Take it when" in page and "Take another when" in page
    assert re.search(r"\(https://doi\.org/10\.\d{4,9}/\S+\)", page), "no DOI link"
    assert f"({method.name}.png)" in page
    assert "]_" not in page and "``" not in page.replace("```", "")
    named = set(re.findall(r'id="ref-(\d+)"', page))
    assert set(re.findall(r"\(#ref-(\d+)\)", page)) <= named


@each
def test_picture_shows_something(method):
    picture = Image.open(io.BytesIO(pictures.picture(method)))
    picture.load()
    image, result = pictures.shown(method)
    assert picture.width > 2 * min(image.data.shape[-1], 100)
    values = np.unique(result.data)
    assert values.size >= 2, f"the picture of {method.name} shows one value only"
    right = np.asarray(picture.convert("RGB"))[:, picture.width // 2 + 8 :]
    assert len(np.unique(right.reshape(-1, 3), axis=0)) >= 2


@each
def test_calls_on_a_page_make_its_picture(method, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image, expected = pictures.shown(method)
    if method.takes:
        write(f"{image.name}.tif", image)
    for sample in MARKS:
        write(f"{sample.__name__}.tif", sample())
    for task in pictures.models(method).values():
        trained = Path(trained_model(task, pictures.STEPS))
        Path(f"{task}.morphogen").write_bytes(trained.read_bytes())
    (_, code), (_, command) = BLOCK.findall(methods.page(method))
    namespace = {}
    exec(code, namespace)
    np.testing.assert_array_equal(namespace[method.makes].data, expected.data)
    assert main(shlex.split(command)[1:]) == 0
    ending = "csv" if method.makes == "shapes" else "tif"
    source = f"{image.name}_" if method.takes else ""
    assert Path(f"{source}{method.name}.{ending}").is_file()


def _undocumented(image):
    """Do something.

    Parameters
    ----------
    image : ndarray
        Values.
    """
    return np.ones(image.shape, np.int32)


def test_when_has_a_row_for_every_method_in_their_order():
    text = (ROOT / "docs" / "when.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]", text, flags=re.MULTILINE)
    assert rows == [method.name for method in METHODS]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text))
    assert named <= {method.name for method in METHODS}


def test_formulas_are_those_of_the_methods_in_their_order():
    text = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [m.name for m in METHODS]


def test_a_method_without_a_formula_is_named():
    with pytest.raises(ValueError, match=r"_undocumented has no formula in docs/form"):
        methods.formula(Method(_undocumented, "edges"))


def test_a_method_without_advice_is_named():
    with pytest.raises(ValueError, match=r"_undocumented has no row in docs/when.md"):
        methods.when(Method(_undocumented, "edges"))


def test_missing_section_is_named():
    with pytest.raises(ValueError, match=r"_undocumented .*lacks the section Returns"):
        methods.page(Method(_undocumented, "edges"))


def test_picture_of_nothing_is_refused(monkeypatch):
    row = replace(METHODS[0])
    image = coins()
    result = run(row.name, image).like(np.ones_like(image.data))
    monkeypatch.setattr(pictures, "shown", lambda method: (image, result))
    with pytest.raises(ValueError, match="one value only"):
        pictures.picture(row)


def test_site_has_every_method_in_its_navigation():
    config = pytest.importorskip("mkdocs.config").load_config(str(ROOT / "mkdocs.yml"))
    nav = methods.on_config(config).nav
    entries = next(e["Methods"] for e in nav if "Methods" in e)
    assert [Path(entry).stem for entry in entries] == [
        "index",
        *(method.name for method in METHODS),
    ]
    listed = [row[0] for row in ROW.findall(methods.index())]
    assert listed == [method.name for method in METHODS]


# ---- README and guide


def test_readme_names_every_dock_of_methods():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("\n## Methods\n")[1].split("\n## ")[0]
    named = {
        word
        for row in re.findall(r"^\| ([^|]+) \|", table, re.M)
        for word in row.strip().split(", ")
    }
    assert {methods.dock(method) for method in METHODS} <= named
    assert "more than fifty methods" in text and len(METHODS) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        generated = re.search(r"methods/(\w+)\.md$", target)
        if generated:
            known = {"index", *(method.name for method in METHODS)}
            assert generated[1] in known, target
        else:
            assert (page.parent / target).exists(), f"{page.name} names {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_of_a_page_run(page, files):
    namespace = {}
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(code, namespace)
            _check_output(code, printed.getvalue())
            continue
        for line in code.replace("\\\n", " ").splitlines():
            if line.startswith("morphogen "):
                assert _command(line) == 0, line


@pytest.mark.parametrize("page", ["concepts.md", "networks.md"])
def test_mathematics_are_tied_to_code_that_exists(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    ties = re.findall(r"\*In the code:\* (.+?)(?=\n\n|\Z)", text, re.DOTALL)
    assert len(ties) >= len(re.findall(r"^## ", text, re.MULTILINE))
    for tie in ties:
        names = []
        for word in re.findall(r"`([^`]+)`", tie):
            if not word.endswith(".py"):
                names.append(word)
                continue
            code = (ROOT / "src" / "napari_morphogen" / word).read_text("utf-8")
            for name in names:
                made = rf"^(def|class) {name}\b|^{name}\b.*=|{re.escape(name)}$"
                assert re.search(made, code, re.MULTILINE), f"{word} has no {name}"
            names = []


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the pages take for given."""
    monkeypatch.chdir(tmp_path)
    for sample in SAMPLES:
        if sample.__name__ != "retina":
            write(f"{sample.__name__}.tif", sample())
    for sample in MARKS:
        write(f"{sample.__name__}.tif", sample())
    write("big.ome.zarr", coins())
    for made in (coins, coin_labels):
        folder = tmp_path / ("images" if made is coins else "labels")
        folder.mkdir()
        for name in "ab":
            write(folder / f"{name}.tif", made())
    markers = np.zeros(coins().data.shape, np.int32)
    markers[60, 60], markers[200, 200] = 1, 2
    write("markers.tif", markers)
    sizes = np.bincount(coin_labels().data.ravel())
    order = np.argsort(sizes)[:-1]  # the background is the largest
    rows = [f"{n},crumb" for n in order[:5]] + [f"{n},coin" for n in order[-5:]]
    Path("classes.csv").write_text("object,class\n" + "\n".join(rows) + "\n")
    Path("coins.morphogen").write_bytes(Path(trained_model("semantic")).read_bytes())
    write("series.tif", coins().data[:100].reshape(10, 40, 96))
    made = run("kmeans", coins(), sigma=1).metadata["morphogen"]
    recipe.save("recipe.json", made)
    return tmp_path


def _check_output(code, printed):
    """Compare what is printed with the comments behind the calls of print."""
    said = re.findall(r"^print\(.+\)  # (.+)$", code, flags=re.MULTILINE)
    if said:
        assert printed.splitlines() == said


def _command(line):
    """Run a line of a shell: patterns are expanded, images come one at a time."""
    words = [
        path
        for word in shlex.split(line, comments=True)[1:]
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    if "--jobs" in words:
        words[words.index("--jobs") + 1] = "1"
    try:
        return main(words)
    except SystemExit as end:  # --help and --version end like this
        return end.code
