"""The command `morphogen export`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from napari_morphogen.cli_files import OK
from napari_morphogen.export.formats import ENDINGS
from napari_morphogen.exports import Exported, export, export_all
from napari_morphogen.params import InputError


def add_parser(commands: Any) -> None:
    """Add `export` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "write a trained model for other programs"
    parser = commands.add_parser("export", help=about, description=about)
    parser.add_argument("model", type=Path, help="a .morphogen file")
    kinds = (*ENDINGS, "all")
    parser.add_argument("--to", choices=kinds, default="onnx", help="[onnx]")
    parser.add_argument(
        "--out", type=Path, help="file to write [the model's name with another ending]"
    )
    parser.add_argument(
        "--fp16", action="store_true", help="weights of ONNX in half precision"
    )
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="IMAGE",
        help="ONNX in 8 bits, fitted to an image as of the training",
    )
    parser.add_argument(
        "--cover",
        type=Path,
        metavar="IMAGE",
        help="of a bioimage.io package, for everybody to see [one made by code]",
    )
    parser.add_argument(
        "--author",
        action="append",
        default=[],
        help="of a bioimage.io package; may be given again",
    )
    parser.add_argument(
        "--license", default="CC-BY-4.0", help="of a bioimage.io package [CC-BY-4.0]"
    )
    parser.add_argument(
        "--cite",
        default="",
        metavar="TEXT",
        help="of a bioimage.io package: a publication with its DOI or address",
    )
    parser.set_defaults(command=run)


def run(given: argparse.Namespace) -> int:
    """Export a model and return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parser` read.
    """
    from napari_morphogen.io import read

    words: dict[str, Any] = {"authors": given.author, "licence": given.license}
    words["cite"] = given.cite
    if given.fp16 and given.int8:
        raise InputError("--fp16 and --int8 exclude each other; give one of them.")
    if given.to == "all" and (given.fp16 or given.int8):
        raise InputError("All formats come in full precision; leave out --fp16.")
    if given.cover:
        if given.to not in ("bioimageio", "all"):
            raise InputError("A cover belongs to a package: add --to bioimageio.")
        words["image"] = read(given.cover)
    if given.int8:
        words |= {"precision": "int8", "image": read(given.int8)}
    elif given.fp16:
        words["precision"] = "half"
    if given.to == "all":
        items = export_all(given.model, given.out or given.model, **words)
    else:
        out = given.out or given.model.with_suffix(ENDINGS[given.to])
        items = export(given.model, out, given.to, **words)
    for item in items:
        if isinstance(item, Exported):
            print(item.path)
            print(f"morphogen: {item.words}.", file=sys.stderr)
        else:
            print(f"morphogen: {item}", file=sys.stderr)
    return OK
