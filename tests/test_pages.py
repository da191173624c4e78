"""The documentation that travels with the package."""

import posixpath
import re
from pathlib import Path

import pytest

from napari_morphogen.pages import HERE, INDEX, page
from napari_morphogen.params import parameters
from napari_morphogen.registry import METHODS

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.md"))


def test_the_guide_is_there():
    guide = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")} - {
        "changelog.md"
    }
    missing = guide - set(PAGES)
    assert not missing, f"link them in {HERE}: ln -s ../../../docs/NAME"


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_a_title_and_no_pictures(name):
    text = page(name)
    assert text.startswith("# ") and "![" not in text


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages(name):
    found = re.findall(r"\]\(([^)#:]+\.md)", page(name))
    for link in found:
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(name), link))
        if whole != "changelog.md":
            assert page(whole), f"{name}: {link}"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_methods_have_pages(method):
    text = page(f"methods/{method.name}.md")
    for param in parameters(method.function):
        assert f"**{param.label}**" in text and param.help in text
    assert "## Notes" in text and "DOI" in text
    assert "]_" not in text and "----" not in text
    assert f"({method.name}.md)" in page(INDEX)


def test_no_such_page():
    with pytest.raises(FileNotFoundError, match="unheard"):
        page("methods/unheard.md")
