"""The documentation that travels with the package: the guide, and a page per method.

The guide's files are links to those in docs; the pages of methods are written from
their docstrings.
"""

import inspect
import re
from pathlib import Path

from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import METHODS, Method

HERE = Path(__file__).parent
METHOD_PAGES = "methods/"
INDEX = f"{METHOD_PAGES}index.md"
GUIDES = {  # beside the page on docks, by the family of a method
    "examples": ("Classes from strokes", "strokes.md"),
    "network": ("Train a network", "train.md"),
    "generate": ("Images from nothing", "random_images.md"),
}
TITLE = re.compile(r"^(\w.*)\n-{3,}\n", flags=re.MULTILINE)


def page(name: str) -> str:
    """Return a page of the documentation as Markdown, without pictures.

    Parameters
    ----------
    name : str
        Where it stands in the documentation: ``"train.md"``, or
        ``"methods/watershed.md"`` for the page of a method.

    Raises
    ------
    FileNotFoundError
        When there is no such page.

    Examples
    --------
    >>> page("methods/canny.md").splitlines()[0]
    '# canny'
    """
    if name == INDEX:
        return _index()
    if name.startswith(METHOD_PAGES):
        known = {method.name: method for method in METHODS}
        method = known.get(Path(name).stem)
        if method is None:
            raise FileNotFoundError(f"There is no method {Path(name).stem}.")
        return _method_page(method)
    path = HERE / name
    text = path.read_text(encoding="utf-8")
    if "\n" not in text.strip():  # a link, in a checkout that cannot hold links
        text = (path.parent / text.strip()).read_text(encoding="utf-8")
    return re.sub(r"^!\[[^\]]*\]\([^)]*\)\n*", "", text, flags=re.MULTILINE)


def _index() -> str:
    rows = [f"- [{m.name}]({m.name}.md): {m.title}" for m in METHODS]
    return "\n".join(["# Methods", "", *rows])


def _method_page(method: Method) -> str:
    told = _sections(method)
    rows = [_row(param) for param in parameters(method.function)]
    guides = [("How docks work", "docks.md"), ("When, and when not", "when.md")]
    guides += [GUIDES[method.family]] if method.family in GUIDES else []
    guide = ", ".join(f"[{title}](../{file})" for title, file in guides)
    parts = [f"# {method.name}", told[""], guide, "## Parameters", "\n".join(rows)]
    for title in ("Returns", "Raises", "Notes", "References"):
        if title in told:
            parts += [f"## {title}", _prose(told[title])]
    return "\n\n".join(parts)


def _sections(method: Method) -> dict[str, str]:
    """Return the parts of a docstring by their titles; the first has none."""
    words = TITLE.split(inspect.getdoc(method.function) or "")
    pairs = zip(words[1::2], words[2::2], strict=True)
    return {"": words[0].strip(), **{title: text.strip() for title, text in pairs}}


def _row(param: Param) -> str:
    if param.role:
        usual = "must be given" if param.required else "found automatically"
    else:
        usual = "must be given" if param.required else f"{param.default}"
    return f"- **{param.label}** ({usual}): {param.help}"


def _prose(text: str) -> str:
    """Return reStructuredText of the plain kind used in docstrings as Markdown."""
    text = re.sub(r"^\.\. \[(\d+)\] ", r"\n\\[\1] ", text, flags=re.MULTILINE)
    text = re.sub(r"\[(\d+)\]_", r"\\[\1]", text)
    text = re.sub(r"^(\S+) : (.+)$", r"**\1**: \2.", text, flags=re.MULTILINE)
    text = re.sub(r"^ +", "", text, flags=re.MULTILINE)
    return re.sub(r"``(.+?)``", r"`\1`", text)
