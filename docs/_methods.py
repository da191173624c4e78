"""Write one page and one picture per method: an MkDocs hook.

Everything is read from the registry: a new row of METHODS has its page, its
picture and its place in the navigation without a change here.
"""

import inspect
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_morphogen import METHODS
from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import Method

sys.path.insert(0, str(Path(__file__).parent))  # a hook is loaded by its path
from _pictures import DETAIL, STEPS, example, marks, models, picture

SECTIONS = ("Parameters", "Returns", "Notes", "References", "Examples")
UNITS = {
    "px": "pixels of the finest axis",
    "px^n": "pixels (2-D) or voxels (3-D)",
    "um": "micrometres",
}
MENUS = {
    "examples": "Layers > Classify",
    "network": "Layers > Classify",
    "enhance": "Layers > Filter",
    "generate": "File > New Layer",
}


# ---- what MkDocs calls


def on_config(config: Any) -> Any:
    """Put every method into the navigation, below the entry "Methods"."""
    for entry in config.nav or ():
        if isinstance(entry, dict) and "Methods" in entry:
            names = [f"methods/{method.name}.md" for method in METHODS]
            entry["Methods"] = [*entry["Methods"], *names]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages and pictures to the files of the site."""
    from mkdocs.structure.files import File

    made: dict[str, str | bytes] = {"methods/index.md": index()}
    for method in METHODS:
        made[f"methods/{method.name}.md"] = page(method)
        made[f"methods/{method.name}.png"] = picture(method)
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


# ---- pages


def index() -> str:
    """Return the page that lists the methods."""
    rows = [
        f"| [`{method.name}`]({method.name}.md) | {dock(method)} | {method.makes} "
        f"| {method.title} |"
        for method in METHODS
    ]
    return "\n".join(
        [
            "# Methods",
            "",
            "Each method is a function of the library, an entry of a dock and a",
            "command. All three have the same parameters and give the same result.",
            "",
            "| Method | Dock | Makes | What it does |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "Labels are 32-bit integers; 0 is background or, where a page says so,",
            "the first class. [Images and axes](../images.md) tells how time points,",
            "channels and pixel sizes are treated.",
            "",
        ]
    )


def page(method: Method) -> str:
    """Return the page of a method as Markdown."""
    texts = sections(method)
    sample, given = example(method)
    seen, written = f"{sample} and the result", f", with {_written(sample)}"
    legend = f"*Left: the sample `{sample}`. Right: the result of the calls below.*"
    if method.name in DETAIL:
        legend = legend.replace("the sample", "a part of the sample")
    if not method.takes:
        seen, written = "The result", ""
        legend = "*The result of the calls below.*"
    parts = [
        f"# {method.name}",
        method.title,
        f"![{seen} of {method.name}]({method.name}.png)",
        legend,
        "## How to call it",
        f"In napari: **Plugins > Morphogen > {dock(method)}** or "
        f"**{MENUS.get(method.family, 'Layers > Segment')} > {dock(method)}**, "
        f"method **{method.name}**.",
        "In Python:",
        _fence("python", _python(method, sample, given)),
        f"On the command line{written}:",
        _fence("sh", _command(method, sample, given)),
        "## Parameters",
        _table(method),
        "## When",
        when(method),
        "## Returns",
        _returned(texts["Returns"]),
        "## Theory",
        formula(method),
        _prose(texts["Notes"]),
        "## References",
        _references(texts["References"]),
        "## Example",
        _fence("pycon", f"{_import(method)}\n{texts['Examples']}"),
        f"Family: {dock(method)}. See [all methods](index.md).",
    ]
    return "\n\n".join(parts) + "\n"


def _import(method: Method) -> str:
    return f">>> from {method.function.__module__} import {method.name}"


def _written(sample: str) -> str:
    return (
        f"the sample written to `{sample}.tif` as in the [quickstart](../quickstart.md)"
    )


def sections(method: Method) -> dict[str, str]:
    """Return the sections of the docstring by name.

    Raises
    ------
    ValueError
        When one is missing; the message says which and where.
    """
    doc = inspect.getdoc(method.function) or ""
    doc = doc.replace("\nYields\n------\n", "\nReturns\n-------\n")
    parts = re.split(r"^(\w+)\n-{3,}\n", doc, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], map(str.rstrip, parts[2::2]), strict=True))
    missing = [name for name in SECTIONS if not found.get(name, "").strip()]
    if missing:
        raise ValueError(
            f"{method.name} ({method.function.__module__}): its docstring lacks "
            f"the section {' and '.join(missing)}; its page needs it."
        )
    return found


def dock(method: Method) -> str:
    """Return the name of the dock that a method stands in."""
    return method.family.capitalize()


def when(method: Method) -> str:
    """Return when to take a method and when not, as docs/when.md has it.

    Raises
    ------
    ValueError
        When it has no row there.
    """
    text = (Path(__file__).parent / "when.md").read_text(encoding="utf-8")
    row = rf"^\| \[{method.name}\]\(\S+\) \| (.+) \| (.+) \|$"
    found = re.search(row, text, flags=re.MULTILINE)
    if found is None:
        raise ValueError(
            f"{method.name} has no row in docs/when.md; its page needs it."
        )
    good, other = found.groups()
    return f"Take it when {good}.\n\nTake another when {other}."


def formula(method: Method) -> str:
    """Return the formula of a method and its symbols, as docs/formulas.md has them.

    Raises
    ------
    ValueError
        When it has none there.
    """
    text = (Path(__file__).parent / "formulas.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {method.name}\n(.+?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(
            f"{method.name} has no formula in docs/formulas.md; its page needs one."
        )
    symbols = " [Symbols](../formulas.md) are the same on all pages."
    return found[1].strip().replace("](methods/", "](") + "\n\n" + symbols.strip()


def _table(method: Method) -> str:
    rows = [
        f"| `{p.name}` | {_kind(p)} | {_limits(p)} | {UNITS.get(p.unit, '')} "
        f"| {_default(p)} | {p.help.replace('|', chr(92) + '|')} |"
        for p in parameters(method.function)
    ]
    head = ["| Name | Type | Limits | Unit | Default | Meaning |", "| --- " * 6 + "|"]
    return "\n".join([*head, *rows])


def _kind(param: Param) -> str:
    if param.role:
        return f"{param.role} layer or array"
    return "choice" if param.choices else param.kind.__name__


def _limits(param: Param) -> str:
    if param.choices:
        return ", ".join(f"`{choice}`" for choice in param.choices)
    if param.low is None or param.high is None:
        return ""
    step = f", step {param.step:g}" if param.step else ""
    return f"{_number(param.low)} to {_number(param.high)}{step}"


def _number(value: float) -> str:
    return f"{value:g}" if value != int(value) or abs(value) >= 1e12 else f"{value:.0f}"


def _default(param: Param) -> str:
    if param.required:
        return "must be given"
    return "none" if param.role else f"`{param.default}`"


def _returned(text: str) -> str:
    """Return numpydoc's Returns as Markdown: what it is, then what it means."""
    what, *rest = text.split("\n")
    name, _, kind = what.partition(" : ")
    meaning = inspect.cleandoc("\n".join(rest))
    return f"`{name}`: {kind}.\n{_prose(meaning)}"


def _prose(text: str) -> str:
    """Return reStructuredText of the plain kind used in docstrings as Markdown."""
    marked = re.sub(r"``(.+?)``", r"`\1`", text)
    return re.sub(r"\[(\d+)\]_", r"[[\1]](#ref-\1)", marked)


def _references(text: str) -> str:
    entries = re.findall(r"^\.\. \[(\d+)\] (.+(?:\n   .+)*)", text, flags=re.MULTILINE)
    return "\n\n".join(
        f'<span id="ref-{number}">[{number}]</span> '
        + re.sub(r"DOI (10\.\S+[^\s.,;])", _link, " ".join(entry.split()))
        for number, entry in entries
    )


def _link(found: re.Match[str]) -> str:
    doi = found[1]
    escaped = doi.replace("(", "%28").replace(")", "%29")
    return f"DOI [{doi}](https://doi.org/{escaped})"


def _python(method: Method, sample: str, given: Mapping[str, Any]) -> str:
    drawn = marks(method)
    shown = {name: repr(value) for name, value in given.items()}
    shown |= {name: f"{maker}()" for name, maker in drawn.items()}
    for name, task in models(method).items():
        shown[name] = f'trained_model("{task}", {STEPS})'
    words = [f'"{method.name}"', *[f"{sample}()"] * bool(sample)]
    words += [f"{name}={value}" for name, value in shown.items()]
    call = f"{method.makes} = run({', '.join(words)})"
    if len(call) > 88:
        inner = "".join(f"\n    {word}," for word in words)
        call = f"{method.makes} = run({inner}\n)"
    imports = "from napari_morphogen import run"
    trained = ["trained_model"] * bool(models(method))
    used = ", ".join(sorted({sample, *drawn.values(), *trained} - {""}))
    imports += f"\nfrom napari_morphogen.samples import {used}" * bool(used)
    return f"{imports}\n\n{call}".replace("'", '"')


def _command(method: Method, sample: str, given: Mapping[str, Any]) -> str:
    ending = "csv" if method.makes == "shapes" else "tif"
    paths = [f"{sample}.tif", f"{sample}_{method.name}.{ending}"]
    if not sample:
        paths = [f"{method.name}.{ending}"]
    verb = "generate" if method.family == "generate" else "segment"
    words = [f"morphogen {verb} {method.name} {' '.join(paths)}"]
    if "labels" in list(method.outputs)[1:] and verb == "generate":
        words.append(f"--labels-out {method.name}_labels.tif")
    words += [f"--{name} {maker}.tif" for name, maker in marks(method).items()]
    words += [f"--{n} {task}.morphogen" for n, task in models(method).items()]
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = f"{value:g}" if isinstance(value, float) else shlex.quote(str(value))
            words.append(f"--{flag} {text}")
    return " ".join(words)


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
