"""The command `morphogen evaluate`: labels or images compared with a reference."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_morphogen import cli_synthetic
from napari_morphogen import evaluation_tables as tables
from napari_morphogen.evaluate import ReportCard
from napari_morphogen.evaluate.report_card import PATCH_SIZE
from napari_morphogen.evaluations import Comparison, Options, compare, summary
from napari_morphogen.image_sets import ImageSet, SetOptions, compare_sets
from napari_morphogen.io.pairs import paired
from napari_morphogen.params import InputError

OK, FAILED = 0, 1  # as of the other commands


def add_parser(commands: Any) -> None:
    """Add `evaluate` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "compare labels or images with a reference"
    parser = commands.add_parser("evaluate", help=about)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    _add_labels(kinds)
    _add_images(kinds)
    cli_synthetic.add_parser(kinds)


def _add_labels(kinds: Any) -> None:
    about = "compare label images with a reference"
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
    _add_outputs(labels)
    labels.set_defaults(command=evaluate_labels)


def _add_images(kinds: Any) -> None:
    about = "compare images with true ones, or a generator's with real ones"
    images = kinds.add_parser("images", help=about, description=about)
    images.add_argument("truth", type=Path, help="an image, or a folder of them")
    images.add_argument("prediction", type=Path, help="an image, or a folder")
    images.add_argument(
        "--data-range",
        type=float,
        default=0.0,
        help="from the lowest to the highest intensity [those of the truth]",
    )
    card = images.add_argument_group("generated images")
    card.add_argument(
        "--report-card",
        action="store_true",
        help="compare both as sets: texture, sharpness, coverage, copies",
    )
    card.add_argument(
        "--held-out",
        type=Path,
        help="real images that the generator has not seen [half of the truth]",
    )
    card.add_argument(
        "--patch-size",
        type=int,
        default=PATCH_SIZE,
        help=f"pixels along every axis of what is compared [{PATCH_SIZE}]",
    )
    card.add_argument("--seed", type=int, default=0, help="same seed, same figures [0]")
    _add_outputs(images)
    images.set_defaults(command=evaluate_images)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--axes", help="one letter per axis, such as tyx")
    parser.add_argument("--json", metavar="FILE", help="all figures; - prints them")
    parser.add_argument("--csv", metavar="FILE", help="all figures, a row per image")
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables as Markdown"
    )


def evaluate_labels(given: argparse.Namespace) -> int:
    """Compare label images, print tables, write files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parser` read.
    """
    if given.tolerance is not None and not given.tolerance >= 0:
        raise InputError(f"Expected --tolerance of at least 0, got {given.tolerance}.")
    return _by_pairs(given, Options(given.classes, given.sparse, given.tolerance))


def evaluate_images(given: argparse.Namespace) -> int:
    """Compare images, print tables, write files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parser` read.
    """
    if given.report_card:
        return _by_sets(given)
    if given.held_out is not None:
        raise InputError("--held-out belongs to --report-card; give both or none.")
    if not 0 <= given.data_range < math.inf:
        raise InputError(
            f"Expected --data-range of at least 0, got {given.data_range}."
        )
    return _by_pairs(given, Options(images=True, data_range=given.data_range))


def _by_pairs(given: argparse.Namespace, options: Options) -> int:
    _check_targets(given)
    pairs = paired(given.truth, given.prediction)
    if pairs.alone:
        names = ", ".join(map(str, pairs.alone))
        print(f"morphogen: without a partner, left out: {names}", file=sys.stderr)
    found, failures = _compared(pairs.found, options, given.axes)
    for failure in failures:
        print(f"morphogen: {failure}", file=sys.stderr)
    if found:
        alone = [str(path) for path in pairs.alone]
        _report(found, given, unpaired=alone, failed=failures)
        if options.sparse and given.json != "-":
            print(f"\n{tables.SPARSE_NOTE}")
    return FAILED if failures else OK


def _check_targets(given: argparse.Namespace) -> None:
    from napari_morphogen.io.disk import check_target

    for target in (given.json, given.csv):
        if target not in (None, "-"):
            check_target(Path(target), folder=False, overwrite=True)


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


def _by_sets(given: argparse.Namespace) -> int:
    """Compare two sets of images, whatever their names."""
    _check_targets(given)
    real, made = (_set(path, given.axes) for path in (given.truth, given.prediction))
    unseen = None if given.held_out is None else _set(given.held_out, given.axes)
    options = SetOptions(given.patch_size, given.seed)
    items = compare_sets(real, [made], options, unseen)
    found = [one for one in items if isinstance(one, Comparison)]
    card = found[0].scores[0]
    assert isinstance(card, ReportCard)
    _report(
        found,
        given,
        summed=False,
        measured=card.measured,
        patches=card.patches,
        patch_shape=card.patch_shape,
        generated_images=[image.name for image in made.images],
        real_images=[image.name for image in real.images],
        pairs=tables.pair_rows(card.pairs),
    )
    if given.json != "-":
        sides = " x ".join(map(str, card.patch_shape))
        print(f"\n{card.patches} patches of {sides} pixels of every set.")
    return OK


def _set(path: Path, axes: str | None) -> ImageSet:
    from napari_morphogen.io import image_paths, read

    images = [read(one, axes=axes) for one in image_paths(path)]
    named = [one.like(one.data, name=one.name or path.name) for one in images]
    return ImageSet(path.name or str(path), named)


def _report(
    found: Sequence[Comparison],
    given: argparse.Namespace,
    *,
    summed: bool = True,
    **more: Any,
) -> None:
    """Print and write comparisons; a summary only of images that are alike."""
    from napari_morphogen.io.disk import write_text

    if given.csv is not None:
        write_text(Path(given.csv), tables.figures_csv(found))
    if given.json is not None:
        text = tables.as_json(found, summed=summed, **more)
        if given.json == "-":
            print(text, end="")
            return
        write_text(Path(given.json), text)
    parts = [tables.figure_rows(found)]
    if summed and len(found) > 1:
        rows = tables.summary_rows(summary(found), found[0].unit)
        parts = [tables.image_rows(found), rows]
    print("\n\n".join(tables.as_text(part, given.markdown) for part in parts))
