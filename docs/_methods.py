"""Write one page and one picture per method: an MkDocs hook.

Everything is read from the registry: a new row of METHODS has its page, its
picture and its place in the navigation without a change here. `SHOWN` chooses a
sample and parameters where the coins and the defaults say too little.
"""

import inspect
import io
import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import draw
from skimage.color import label2rgb
from skimage.exposure import rescale_intensity
from skimage.util import img_as_ubyte

from napari_morphogen import METHODS, SpatialArray, run, samples
from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import Method
from napari_morphogen.spatial import Vertices

SECTIONS = ("Parameters", "Returns", "Notes", "References", "Examples")
SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "threshold": (
        "coins",
        {
            "rule": "local",
            "sigma": 2.0,
            "level": 15.0,
            "block_size": 101,
            "min_size": 150,
        },
    ),
    "multi_otsu": ("cell", {"classes": 4}),
    "laplacian": ("coins", {"sigma": 4.0}),
    "structure_tensor": ("coins", {"measure": "edge"}),
    "convolve": ("coins", {"kernel": "emboss"}),
    "zero_crossings": ("coins", {"sigma": 3.0}),
    "canny": ("coins", {"sigma": 2.0, "low_threshold": 0.8, "high_threshold": 0.9}),
    "edge_regions": (
        "coins",
        {
            "sigma": 2.5,
            "low_threshold": 0.75,
            "high_threshold": 0.85,
            "gap": 5.0,
            "border": False,
            "min_size": 300,
        },
    ),
    "chan_vese": ("cell", {"sigma": 2.0, "min_size": 150}),
    "geodesic_contour": ("coins", {"min_size": 300}),
    "hough_lines": ("bricks", {"min_length": 18.0, "max_gap": 5.0, "count": 500}),
    "hough_circles": ("coins", {}),
    "line_regions": (
        "bricks",
        {
            "low_threshold": 0.75,
            "high_threshold": 0.88,
            "min_length": 18.0,
            "max_gap": 5.0,
            "extend": 4.0,
        },
    ),
    "hierarchical_watershed": ("coins", {"sigma": 2.0, "merge": 30.0}),
    "kmeans": ("tissue", {"sigma": 1.0}),
    "superpixel_clusters": ("tissue", {}),
    "quantise_colours": ("tissue", {"colours": 6}),
    "gaussian_mixture": ("cell", {"n_components": 3}),
    "watershed": (
        "bricks",
        {
            "landscape": "intensity",
            "objects": "dark",
            "sigma": 2.5,
            "h": 8.0,
            "min_size": 150,
        },
    ),
    "gaussian": ("coins", {"sigma": 3.0}),
    "median": ("coins", {"radius": 3.0}),
    "denoise_nl_means": ("coins", {"strength": 3.0}),
    "denoise_tv": ("coins", {"strength": 3.0}),
    "denoise_wavelet": ("coins", {"strength": 3.0}),
    "richardson_lucy": ("coins", {"sigma": 1.0}),
    "wiener": ("coins", {"sigma": 1.0}),
    "smooth_labels": ("coin_labels", {"sigma": 3.0}),
    "random_noise": ("", {"distribution": "speckle", "looks": 4}),
    "perlin": ("", {"period": 64.0}),
    "gaussian_field": ("", {"correlation_length": 8.0}),
    "synthetic_cells": ("", {"seed": 1}),
    "shuffle_objects": ("coins", {}),
    "texture_forest": ("coins", {}),
    "texture_sgd": ("coins", {"steps": 4}),
    "subtract_background": ("coins", {"estimate": "top-hat", "radius": 40.0}),
}
DETAIL = (  # what is seen only near by: of their pictures, a part is shown enlarged
    *("canny", "zero_crossings", "fill_holes", "smooth_labels", "gaussian", "median"),
    *("denoise_nl_means", "denoise_tv", "denoise_wavelet", "richardson_lucy", "wiener"),
)
PART = (slice(0, 100), slice(256, 384))  # rows and columns
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
GAP = 8  # white pixels between the two halves of a picture
STEPS = 60  # that networks learn
WIDTH = 384  # a smaller half is enlarged


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


# ---- pictures


def example(method: Method) -> tuple[str, dict[str, Any]]:
    """Return the sample and the parameters that show what a method does."""
    usual = {"image": "coins", "labels": "coin_labels", "": ""}[method.takes]
    return SHOWN.get(method.name, (usual, {}))


def marks(method: Method) -> dict[str, str]:
    """Return the sample for every array that a method cannot do without."""
    required = [p.name for p in parameters(method.function) if p.required and p.role]
    return {name: f"coin_{name}" for name in required}


def models(method: Method) -> dict[str, str]:
    """Return the task for every trained network that a method cannot do without."""
    required = [p.name for p in parameters(method.function) if p.files]
    return dict.fromkeys(required, samples.TASKS.get(method.name, ""))


@lru_cache(maxsize=None)
def shown(method: Method) -> tuple[SpatialArray, SpatialArray]:
    """Return the sample and the method's result for it; without one, that alone."""
    sample, given = example(method)
    if not sample:
        made = run(method.name, **given)
        return made, made
    image = getattr(samples, sample)()
    needed = samples.needed(method.function, STEPS)
    return image, run(method.name, image, **given, **needed)


def picture(method: Method) -> bytes:
    """Return a PNG: one plane of the sample beside the same plane of the result.

    Where there is no sample, the result alone, with its labels beside it if it has any.

    Raises
    ------
    ValueError
        When the result has one value only, which shows nothing.
    """
    image, result = shown(method)
    left = _plane(image)
    shapes = isinstance(result, Vertices)
    right = _outlines(result, left.shape[:2]) if shapes else _plane(result)
    if method.name in DETAIL:
        left, right = left[PART], right[PART]
    if np.unique(right).size < 2:
        raise ValueError(
            f"{method.name}: its result for the sample {image.name} has one value "
            "only; choose a sample and parameters in SHOWN of docs/_methods.py."
        )
    grey = rescale_intensity(left.astype(float), out_range=(0, 1))
    colour = grey if image.rgb else np.stack([grey] * 3, axis=-1)
    if method.takes == "labels":
        grey = np.zeros(left.shape)
        colour = _coloured(left, grey, method)
    halves = [colour, _coloured(right, grey, method)]
    if not method.takes:
        halves = [colour, *_labelled(method, grey)]
    return _png([_enlarged(half) for half in halves])


def _labelled(method: Method, grey: np.ndarray) -> list[np.ndarray]:
    """Return the labels that belong to an image from nothing, on that image."""
    if "labels" not in method.outputs:
        return []
    _, given = example(method)
    labels = run(method.name, **given, output="labels")
    return [label2rgb(_plane(labels), grey, alpha=0.5, bg_label=0)]


def _png(halves: list[np.ndarray]) -> bytes:
    """Return pictures side by side."""
    gap = np.ones((len(halves[0]), GAP, 3))
    both = np.concatenate([part for half in halves for part in (gap, half)][1:], axis=1)
    kept = io.BytesIO()
    shot = Image.fromarray(img_as_ubyte(np.clip(both, 0, 1)))
    shot.quantize(128, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _plane(array: SpatialArray) -> np.ndarray:
    """Return the middle of every axis that is neither y nor x nor colour."""
    whole = zip(array.axes, array.data.shape, strict=True)
    flat = "yxc" if array.rgb else "yx"
    return array.data[
        tuple(slice(None) if axis in flat else size // 2 for axis, size in whole)
    ]


def _outlines(shapes: Vertices, shape: tuple[int, int]) -> np.ndarray:
    """Return lines and ellipses of one plane as labels."""
    drawn = np.zeros(shape, np.int32)
    for number, corners in enumerate(shapes.data, 1):
        if len(corners) == 2:
            pixels = draw.line(*np.rint(corners).astype(int).ravel())
        else:
            centre = np.rint(corners.mean(axis=0)).astype(int)
            radius = round(np.ptp(corners[:, 0]) / 2)
            pixels = draw.circle_perimeter(*centre, radius)
        rows, columns = pixels
        kept = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        drawn[rows[kept], columns[kept]] = number
    return ndimage.grey_dilation(drawn, 2)


def _coloured(result: np.ndarray, grey: np.ndarray, method: Method) -> np.ndarray:
    if method.makes in ("labels", "shapes"):
        alpha = 0.5 if grey.any() else 1
        return label2rgb(result, grey, alpha=alpha, bg_label=0)
    if result.ndim == 3:
        return rescale_intensity(result.astype(float), out_range=(0, 1))
    bright = rescale_intensity(result.astype(float), out_range=(0, 1))
    return np.stack([bright] * 3, axis=-1)


def _enlarged(half: np.ndarray) -> np.ndarray:
    """Return small pictures in a whole multiple of their size."""
    times = max(1, WIDTH // half.shape[1])
    return half.repeat(times, axis=0).repeat(times, axis=1)
