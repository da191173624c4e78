"""The command `morphogen evaluate synthetic`: whether such pairs help a network."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from napari_morphogen.cli_files import OK
from napari_morphogen.evaluation_tables import as_text
from napari_morphogen.helping import (
    Report,
    Row,
    Settings,
    differences,
    does_it_help,
    verdict,
)
from napari_morphogen.helping.tables import summary_rows, table_rows
from napari_morphogen.io.pairs import paired
from napari_morphogen.learning import Files
from napari_morphogen.params import InputError

USUAL = Settings()
PARTS = 1000  # of the bar


def add_parser(kinds: Any) -> None:
    """Add `synthetic` to the parser of `morphogen evaluate`.

    Parameters
    ----------
    kinds : argparse subparsers
        Of the command `morphogen evaluate`.
    """
    about = "train with and without synthetic pairs, and compare on held-out images"
    parser = kinds.add_parser("synthetic", help=about, description=about)
    _add_pairs(parser)
    option = parser.add_argument
    for name, text in (
        ("steps", "batches that every network learns from"),
        ("seeds", "how often all is repeated"),
        ("width", "of the U-Net"),
        ("levels", "of the U-Net"),
        ("patch", "pixels learnt from at once, 0 chooses"),
        ("seed", "the first seed"),
    ):
        usual = getattr(USUAL, name)
        option(f"--{name}", type=int, default=usual, help=f"{text} [{usual}]")
    usual = USUAL.held_out
    text = f"share of the images that nobody learns from [{usual}]"
    option("--held-out", type=float, default=usual, help=text)
    text = "do not train on synthetic pairs alone"
    option("--not-alone", dest="alone", action="store_false", help=text)
    option("--planes", action="store_true", help="take volumes plane by plane")
    option("--axes", help="of all images; one letter per axis, such as tyx")
    option("--channel", type=int, help="use this channel of all images only")
    option("--threads", type=int, default=os.cpu_count() or 1, help="cores used [all]")
    option("--device", choices=("auto", "cpu", "cuda", "mps"), default=USUAL.device)
    option("--json", metavar="FILE", help="all rows and differences; - prints them")
    option("--markdown", action="store_true", help="print the tables as Markdown")
    parser.set_defaults(command=evaluate_synthetic)


def _add_pairs(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument_group("pairs").add_argument
    option("--images", type=Path, help="real images, or a folder of them")
    option("--labels", type=Path, help="their objects, of the same names")
    text = "synthetic images; several folders are compared one by one"
    option("--extra-images", type=Path, nargs="+", required=True, help=text)
    text = "their objects, a folder for each of --extra-images"
    option("--extra-labels", type=Path, nargs="+", required=True, help=text)
    text = "real images that are only scored, instead of a share of --images"
    option("--test-images", type=Path, help=text)
    option("--test-labels", type=Path, help="their objects, of the same names")


def evaluate_synthetic(given: argparse.Namespace) -> int:
    """Compare trainings, print tables, write files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parser` read.
    """
    from napari_morphogen.io.disk import check_target, write_text

    if given.json not in (None, "-"):
        check_target(Path(given.json), folder=False, overwrite=True)
    names = set(vars(given)) & set(Settings.__dataclass_fields__)
    settings = Settings(**{name: getattr(given, name) for name in names})
    real = _pairs(given, given.images, given.labels, "")
    unseen = _pairs(given, given.test_images, given.test_labels, "test-")
    course = does_it_help(real, _extras(given), settings, unseen=unseen)
    rows = _follow(course)
    text = _as_json(rows, settings)
    if given.json == "-":
        print(text, end="")
        return OK
    if given.json is not None:
        write_text(Path(given.json), text)
    tables = (table_rows(rows), summary_rows(rows))
    print("\n\n".join(as_text(table, given.markdown) for table in tables))
    print(f"\n{verdict(rows)}")
    return OK


def _pairs(
    given: argparse.Namespace, images: Path | None, labels: Path | None, kind: str
) -> list[Files]:
    """Return the files of two options that go together, or none without them."""
    if (images is None) != (labels is None):
        raise InputError(
            f"--{kind}images and --{kind}labels belong together; give both or none."
        )
    if images is None or labels is None:
        return []
    found = paired(labels, images)
    if found.alone:
        names = ", ".join(map(str, found.alone))
        print(f"morphogen: without a partner, left out: {names}", file=sys.stderr)
    return [Files(image, one, given.axes, given.channel) for one, image in found.found]


def _extras(given: argparse.Namespace) -> dict[str, list[Files]]:
    """Return the synthetic pairs by the names of their folders."""
    folders: list[Path] = given.extra_images
    if len(folders) != len(given.extra_labels):
        raise InputError(
            f"Expected --extra-labels for each of {len(folders)} --extra-images, but "
            f"got {len(given.extra_labels)}."
        )
    pairs = zip(folders, given.extra_labels, strict=True)
    names = _names(folders)
    return {
        name: _pairs(given, images, labels, "extra-")
        for name, (images, labels) in zip(names, pairs, strict=True)
    }


def _names(folders: Sequence[Path]) -> list[str]:
    """Return a name for every set: "synthetic", or what tells several apart."""
    if len(folders) == 1:
        return ["synthetic"]
    names = [folder.absolute().parent.name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise InputError("A folder of --extra-images is named twice; name it once.")
    return names


def _follow(course: Any) -> tuple[Row, ...]:
    """Train with a bar that shows how it goes; what is done is kept on Ctrl+C."""
    from tqdm import tqdm

    last: Report = next(course)  # what is wrong is said before there is a bar
    first: Report = next(course)
    form = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=PARTS, bar_format=form) as bar:
        try:
            for last in chain([first], course):
                bar.set_description_str(last.doing)
                bar.update(round(PARTS * last.share) - bar.n)
        except KeyboardInterrupt:
            if not last.rows:
                raise
            bar.write("morphogen: interrupted; what is done counts.", file=sys.stderr)
    return last.rows


def _as_json(rows: Sequence[Row], settings: Settings) -> str:
    """Return all that is known; null where a figure is infinite."""
    found = [one._asdict() | {"words": one.words} for one in differences(rows)]
    for one in found:
        if one["seeds"] < 2:
            one["low"] = one["high"] = None
    whole = {
        "settings": asdict(settings),
        "rows": [asdict(row) for row in rows],
        "differences": found,
        "verdict": verdict(rows),
    }
    return json.dumps(whole, indent=2, allow_nan=False) + "\n"
