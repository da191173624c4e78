"""Comparisons with a reference as tables: text, Markdown, CSV, JSON."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from napari_morphogen.evaluate import Figure, meaning
from napari_morphogen.evaluations import CONFIDENCE, Comparison, summary

LENGTHS = ("tolerance", "hausdorff", "hausdorff95", "assd")
SPARSE_NOTE = (
    "The reference is sparse: only what is painted counts, and figures that need "
    "a whole reference are left out (-)."
)
OBJECTS = "f1@0.50 mean_ap seg missed extra split merged boundary_f hausdorff95"
CLASSES = "accuracy mean_dice mean_iou boundary_f hausdorff95"
IMAGES = "psnr ssim rmse"
SETS = "texture sharpness coverage copies"


def shown(figures: Iterable[str]) -> list[str]:
    """Return the names of those figures that a short table holds, the main first."""
    names = [name for name in figures if name not in ("sparse", "tn")]
    if "mean_ap" in names:
        kept = {n for n in names if n.endswith("@0.50") or "@" not in n}
        kept = (kept | {"f1@0.75"}) - {"rq@0.50"}
        names = [name for name in names if name in kept]
    first = [n for n in main_figures(names) if n in names]
    return first + [name for name in names if name not in first]


def main_figures(figures: Iterable[str]) -> list[str]:
    """Return the names of the few figures that say most."""
    known = {"mean_ap": OBJECTS, "psnr": IMAGES, "texture": SETS}
    return next((known[n] for n in known if n in figures), CLASSES).split()


def written(value: float) -> str:
    """Return a figure with four digits, or a dash where there is none."""
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def explained(name: str, unit: str) -> str:
    """Return the meaning of a figure; lengths with their unit."""
    return meaning(name).text + (f", in {unit}" if name in LENGTHS else "")


def source(name: str) -> str:
    """Return the paper that defines a figure; empty for plain counts."""
    doi = meaning(name).doi
    return f"DOI {doi}" if doi else ""


def figure_rows(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Return a table of the figures, its head first: one column per result."""
    names = shown(dict.fromkeys(n for one in comparisons for n in one.figures))
    head = ["figure", *(one.name for one in comparisons), "meaning", "source"]
    unit = comparisons[0].unit
    return [head] + [
        [
            name,
            *(written(one.figures.get(name, math.nan)) for one in comparisons),
            explained(name, unit),
            source(name),
        ]
        for name in names
    ]


def image_rows(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Return a table of the main figures, its head first: one row per image."""
    names = main_figures(comparisons[0].figures)
    rows = [
        [one.name, *(written(one.figures[n]) for n in names)] for one in comparisons
    ]
    return [["image", *names], *rows]


def summary_rows(figures: Mapping[str, Figure], unit: str) -> list[list[str]]:
    """Return a table of figures over several images, its head first."""
    head = ["figure", "mean", f"{CONFIDENCE:.0%} interval", "pooled"]
    rows = [
        [
            name,
            written(figures[name].mean),
            f"{written(figures[name].low)} to {written(figures[name].high)}",
            written(figures[name].pooled),
        ]
        for name in shown(figures)
    ]
    pooled = any(not math.isnan(figure.pooled) for figure in figures.values())
    last = 4 if pooled else 3  # nothing of images can be pooled
    texts = [[explained(row[0], unit), source(row[0])] for row in rows]
    return [[*head[:last], "meaning", "source"]] + [
        row[:last] + text for row, text in zip(rows, texts, strict=True)
    ]


def pair_rows(pairs: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return samples with the training patch most like each, a row per sample."""
    columns = (column.tolist() for column in pairs.values())
    return [dict(zip(pairs, row, strict=True)) for row in zip(*columns, strict=True)]


def as_text(rows: Sequence[Sequence[str]], markdown: bool = False) -> str:
    """Return a table, its head first, in columns or as Markdown."""
    if markdown:
        escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        lines = ["| " + " | ".join(row) + " |" for row in escaped]
        return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(line.rstrip() for line in padded)


def as_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue()


def figures_csv(comparisons: Sequence[Comparison]) -> str:
    """Return all figures as CSV: one row per result."""
    names = dict.fromkeys(name for one in comparisons for name in one.figures)
    columns: dict[str, list[Any]] = {"name": [one.name for one in comparisons]}
    for name in names:
        columns[name] = [one.figures.get(name, "") for one in comparisons]
    return as_csv(columns)


def as_json(
    comparisons: Sequence[Comparison], *, summed: bool = True, **more: Any
) -> str:
    """Return all figures as JSON; null where one is infinite or no number."""
    images = [
        {"name": one.name, "unit": one.unit, "figures": dict(one.figures)}
        for one in comparisons
    ]
    found: dict[str, Any] = {"images": images}
    names = dict.fromkeys(n for one in comparisons for n in one.figures)
    found["meanings"] = {
        name.partition("@")[0]: meaning(name)._asdict() for name in names
    }
    if summed and len(comparisons) > 1:
        figures = {n: f._asdict() for n, f in summary(comparisons).items()}
        found["summary"] = {"confidence": CONFIDENCE, "figures": figures}
    return json.dumps(_finite(found | more), indent=2, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    """Return the same with null for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    number = isinstance(value, float)
    return None if number and not math.isfinite(value) else value
