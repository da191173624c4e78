"""The command `morphogen train strokes`."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from napari_morphogen.cli_files import OK, partners
from napari_morphogen.cli_parameters import add_parameters, given_values
from napari_morphogen.learning.strokes import learn_strokes
from napari_morphogen.registry import METHODS, Method


def add_train(kinds: Any) -> None:
    """Add `strokes` to the parser of what can be trained.

    Parameters
    ----------
    kinds : argparse subparsers
        Of the command `morphogen train`.
    """
    about = "learn classes of pixels from strokes, without a network"
    parser = kinds.add_parser("strokes", help=about, description=about)
    names = parser.add_subparsers(required=True, metavar="METHOD")
    for method in METHODS:
        if method.fit is not None:
            text = method.title
            _add_options(
                names.add_parser(method.name, help=text, description=text), method
            )


def _add_options(parser: argparse.ArgumentParser, method: Method) -> None:
    option = parser.add_argument
    option("--images", type=Path, required=True, help="an image, or a folder of them")
    option("--model", type=Path, required=True, help="file to write: m.npz")
    option("--axes", help="one letter per axis, such as tyx")
    option("--channel", type=int, help="use this channel only")
    add_parameters(parser, method.function, without=("sigma",))
    parser.set_defaults(command=partial(_train, method))


def _train(method: Method, given: argparse.Namespace) -> int:
    from napari_morphogen.io import read
    from napari_morphogen.pipeline import plan

    values = given_values(given, method.function)
    pairs = partners(Path(values.pop("strokes")), given.images)
    plans = [
        plan(
            method.name,
            read(image, axes=given.axes),
            channel=given.channel,
            strokes=read(strokes),
            **values,
        )
        for strokes, image in pairs
    ]
    (path,) = learn_strokes(plans, given.model)
    print(path)
    return OK
