"""The command `morphogen evaluate`: label images compared with a reference."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_morphogen.evaluations import Comparison, Options, compare, summary
from napari_morphogen.io.pairs import Pairs, paired
from napari_morphogen.params import InputError

OK, FAILED = 0, 1  # as of the other commands


def add_parser(commands: Any) -> None:
    """Add `evaluate` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "compare label images with a reference"
    parser = commands.add_parser("evaluate", help=about)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    labels = kinds.add_parser("labels", help=about, description=about)
    labels.add_argument("truth", type=Path, help="a label image, or a folder of them")
    labels.add_argument("prediction", type=Path, help="a label image, or a folder")
    labels.add_argument(
        "--classes", action="store_true", help="numbers are classes, not objects"
    )
    labels.add_argument(
        "--sparse", action="store_true", help="the reference is painted only in part"
    )
    labels.add_argument(
        "--tolerance",
        type=float,
        help="up to which distance a boundary is right, in the unit of the files "
        "[two pixels]",
    )
    labels.add_argument("--axes", help="one letter per axis, such as tyx")
    labels.add_argument("--json", metavar="FILE", help="all figures; - prints them")
    labels.add_argument("--csv", metavar="FILE", help="all figures, a row per image")
    labels.add_argument(
        "--markdown", action="store_true", help="print the tables as Markdown"
    )
    labels.set_defaults(command=evaluate_labels)


def evaluate_labels(given: argparse.Namespace) -> int:
    """Compare label images, print tables, write files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parser` read.
    """
    from napari_morphogen.io.disk import check_target

    for target in (given.json, given.csv):
        if target not in (None, "-"):
            check_target(Path(target), folder=False, overwrite=True)
    if given.tolerance is not None and not given.tolerance >= 0:
        raise InputError(f"Expected --tolerance of at least 0, got {given.tolerance}.")
    options = Options(given.classes, given.sparse, given.tolerance)
    pairs = paired(given.truth, given.prediction)
    if pairs.alone:
        names = ", ".join(map(str, pairs.alone))
        print(f"morphogen: without a partner, left out: {names}", file=sys.stderr)
    found, failures = _compared(pairs.found, options, given.axes)
    for failure in failures:
        print(f"morphogen: {failure}", file=sys.stderr)
    if found:
        _report(found, pairs, failures, given)
    return FAILED if failures else OK


def _compared(
    pairs: Sequence[tuple[Path, Path]], options: Options, axes: str | None
) -> tuple[list[Comparison], list[str]]:
    """Return a comparison per pair, and what went wrong with the others."""
    from tqdm import tqdm

    found, failures = [], []
    for truth, result in tqdm(pairs, unit="image", disable=len(pairs) == 1):
        try:
            found.append(_one(truth, result, options, axes))
        except InputError as error:
            failures.append(f"{result}: {error}")
        except MemoryError:
            failures.append(f"{result}: the memory is too small; try a smaller region.")
    return found, failures


def _one(truth: Path, result: Path, options: Options, axes: str | None) -> Comparison:
    from napari_morphogen.io import read

    images = read(truth, axes=axes), read(result, axes=axes)
    named = images[0].like(images[0].data, name=str(truth))
    ours = images[1].like(images[1].data, name=result.name)
    *_, last = compare(named, [ours], options)
    assert isinstance(last, Comparison)
    return last


def _report(
    found: Sequence[Comparison],
    pairs: Pairs,
    failures: Sequence[str],
    given: argparse.Namespace,
) -> None:
    from napari_morphogen import evaluation_tables as tables

    more = {"unpaired": [str(path) for path in pairs.alone], "failed": [*failures]}
    if given.json not in (None, "-"):
        _write(given.json, tables.as_json(found, **more))
    if given.csv is not None:
        _write(given.csv, tables.figures_csv(found))
    if given.json == "-":
        print(tables.as_json(found, **more), end="")
        return
    parts = [tables.figure_rows(found)]
    if len(found) > 1:
        rows = tables.summary_rows(summary(found), found[0].unit)
        parts = [tables.image_rows(found), rows]
    print("\n\n".join(tables.as_text(part, given.markdown) for part in parts))
    if given.sparse:
        print(f"\n{tables.SPARSE_NOTE}")


def _write(path: str, text: str) -> None:
    from napari_morphogen.io.disk import replacing

    try:
        with replacing(Path(path)) as aside:
            aside.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error
