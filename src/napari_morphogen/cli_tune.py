"""The commands `morphogen tune` and `morphogen suggest`: which settings."""

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_morphogen.io.pairs import paired
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import (
    Candidate,
    Options,
    Ranking,
    Row,
    recipe_of,
    suggest,
    taught,
    tune,
)

OK = 0  # as of the other commands
UNITS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}  # seconds


def add_parsers(commands: Any) -> None:
    """Add `tune` and `suggest` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "find the method and parameters that make labels like a reference"
    parser = commands.add_parser("tune", help=about, description=about)
    parser.add_argument("image", type=Path, help="an image, or a folder of them")
    parser.add_argument("reference", type=Path, help="its labels, or a folder of them")
    parser.add_argument(
        "--kind",
        choices=("objects", "classes"),
        help="what a number of the reference is [found out]",
    )
    parser.add_argument(
        "--sparse", action="store_true", help="the reference is painted only in part"
    )
    parser.add_argument("--budget", default="60s", help="such as 90, 60s or 5min [60s]")
    parser.add_argument(
        "--methods", nargs="+", default=(), metavar="METHOD", help="only these [all]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the search [0]")
    parser.add_argument("--axes", help="one letter per axis of the images, such as tyx")
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE", help="the table; - prints it"
    )
    parser.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="the best, for `morphogen replay`; what it learned goes beside it",
    )
    parser.set_defaults(command=tune_files)

    about = "say what an image shows, and which parameters to start from"
    parser = commands.add_parser("suggest", help=about, description=about)
    parser.add_argument("image", type=Path)
    parser.add_argument("--axes", help="one letter per axis, such as tyx")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=suggest_file)


def tune_files(given: argparse.Namespace) -> int:
    """Search, print the table, write files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parsers` read.
    """
    from napari_morphogen.io.disk import check_target

    options = Options(
        kind=given.kind,
        sparse=given.sparse,
        budget=seconds(given.budget),
        methods=tuple(given.methods),
        seed=given.seed,
    )
    for target in (given.json, given.recipe):
        if target not in (None, "-"):
            check_target(Path(target), folder=False, overwrite=True)
    images, references = _read(given)
    last = _searched(images, references, options)
    if last.best is None:
        reasons = "; ".join(f"{name}: {why}" for name, why in last.skipped.items())
        raise InputError(
            "No method made labels in time; give a longer --budget"
            + (f". Left out: {reasons}." if reasons else ".")
        )
    best = last.best.candidate
    if best.learns and given.recipe is not None:
        best = taught(best, images, references, _beside(given.recipe), options)
    _report(last, best, images[0], given)
    return OK


def _beside(recipe: Path) -> Path:
    """Return the file for what was learned; one that is not ours is kept."""
    from napari_morphogen.io.disk import check_target

    path = recipe.with_suffix(".npz")
    check_target(path, folder=False, overwrite=recipe.exists())
    return path


def suggest_file(given: argparse.Namespace) -> int:
    """Print what an image says about itself; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parsers` read.
    """
    from napari_morphogen.io import read

    found = suggest(read(given.image, axes=given.axes))
    if given.json:
        print(json.dumps(found._asdict(), indent=2))
        return OK
    print(f"noise    {found.noise:.3g}")
    print(f"size     {found.size:.3g} px" if found.size else "size     unknown")
    print(f"objects  {found.objects}")
    for name, values in found.parameters.items():
        words = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in values.items())
        print(f"{name:<24}{words}")
    return OK


def seconds(text: str) -> float:
    """Return a time such as ``"90"``, ``"60s"`` or ``"5min"`` in seconds.

    Raises
    ------
    InputError
        When the text is none.

    Examples
    --------
    >>> seconds("5min")
    300.0
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|)\s*", text)
    if match is None or float(match[1]) <= 0:
        raise InputError(f"Expected a time such as 60s or 5min, but got {text!r}.")
    return float(match[1]) * UNITS[match[2]]


def _read(given: argparse.Namespace) -> tuple[list[SpatialArray], list[SpatialArray]]:
    from napari_morphogen.io import read

    pairs = paired(given.image, given.reference)
    if pairs.alone:
        names = ", ".join(map(str, pairs.alone))
        print(f"morphogen: without a partner, left out: {names}", file=sys.stderr)
    images = [read(image, axes=given.axes) for image, _ in pairs.found]
    references = []
    for image, (_, path) in zip(images, pairs.found, strict=True):
        axes = image.axes.replace("c", "")
        found = read(path)
        fits = len(axes) == found.data.ndim
        references.append(SpatialArray(found.data, axes) if fits else found)
    return images, references


def _searched(
    images: Sequence[SpatialArray],
    references: Sequence[SpatialArray],
    options: Options,
) -> Ranking:
    from tqdm import tqdm

    last = None
    layout = (
        "{percentage:3.0f}% |{bar}| {elapsed} of at most " + f"{options.budget:g} s"
    )
    try:
        with tqdm(total=options.budget, bar_format=layout + "{postfix}") as bar:
            for last in tune(images, references, options):
                bar.n = min(last.elapsed, options.budget)
                if last.best is not None:
                    best = f"{last.best.candidate.main.method} {last.best.score:.3f}"
                    bar.set_postfix_str(f"{last.tried} tried, best {best}")
    except KeyboardInterrupt:
        if last is None:
            raise
        print("morphogen: interrupted; this is the table so far.", file=sys.stderr)
    assert last is not None
    return last


def _report(
    last: Ranking, best: Candidate, image: SpatialArray, given: argparse.Namespace
) -> None:
    from napari_morphogen import recipe

    if given.recipe is not None:
        try:
            recipe.save(given.recipe, recipe_of(best, image))
        except OSError as error:
            raise InputError(
                f"Cannot write {given.recipe}: {error.strerror}; choose another name."
            ) from error
    elif best.learns:
        print(
            f"morphogen: {best.main.method} learns from the reference; "
            "give --recipe FILE to keep what it learned.",
            file=sys.stderr,
        )
    text = json.dumps(as_json(last, best, image), indent=2) + "\n"
    if given.json == "-":
        print(text, end="")
        return
    if given.json is not None:
        _write(Path(given.json), text)
    print(as_text(last))


def as_json(last: Ranking, best: Candidate, image: SpatialArray) -> dict[str, Any]:
    """Return a ranking as plain values.

    Parameters
    ----------
    last : Ranking
        What tuning yielded last.
    best : Candidate
        That of the first row, perhaps `taught`. Other rows that learn have no
        recipe.
    image : SpatialArray
        What the recipes are for.
    """
    return {
        "kind": last.kind,
        "score": _number(last.score),
        "error": _number(last.error),
        "folds": last.folds,
        "units": last.units,
        "note": last.note,
        "tried": last.tried,
        "seconds": round(last.elapsed, 2),
        "skipped": dict(last.skipped),
        "rows": [
            _row(row, best if row is last.best else row.candidate, image)
            for row in last.rows
        ],
    }


def _row(row: Row, ready: Candidate, image: SpatialArray) -> dict[str, Any]:
    return {
        "method": row.candidate.main.method,
        "text": row.candidate.text,
        "score": _number(row.score),
        "error": _number(row.error),
        "folds": [_number(score) for score in row.folds],
        "tied": row.tied,
        "whole": row.whole,
        "classes": {str(number): value for number, value in row.classes.items()},
        "seconds_per_megapixel": _number(row.seconds),
        "recipe": None if ready.learns else recipe_of(ready, image),
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def as_text(last: Ranking) -> str:
    """Return a ranking as a table to read.

    Parameters
    ----------
    last : Ranking
        What tuning yielded last.
    """
    lines = [f"{'score':<16}{'s/Mpx':>7}  method and what is not as by default"]
    for row in last.rows:
        error = f" ± {row.error:.3f}" if math.isfinite(row.error) else ""
        mark = " =" if row.tied and len(last.rows) > 1 else ""
        score = f"{row.score:.3f}{error}{mark}"
        lines.append(f"{score:<16}{row.seconds:>7.2g}  {row.candidate.text}")
    lines += [f"{name}: {why}" for name, why in last.skipped.items()]
    what = "F1 of objects" if last.kind == "objects" else "Dice of classes"
    lines.append(
        f"\nScores are {what}, cross-validated over {last.folds} folds; "
        "= is as good as the best within the standard error."
    )
    return "\n".join([*lines, *([last.note] if last.note else [])])


def _write(path: Path, text: str) -> None:
    from napari_morphogen.io.disk import replacing

    try:
        with replacing(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error
