"""The command `morphogen`: the methods on files, with parsers read from them."""

import argparse
import inspect
import logging
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari_morphogen import (
    cli_evaluate,
    cli_export,
    cli_generate,
    cli_latent,
    cli_train,
    cli_tune,
    recipe,
)
from napari_morphogen.cli_files import OK, add_files, each
from napari_morphogen.cli_large import Where, add_where, compute_to
from napari_morphogen.cli_parameters import add_parameters, given_values
from napari_morphogen.params import InputError, parameters
from napari_morphogen.recipe import KEY
from napari_morphogen.registry import METHODS, Method, get
from napari_morphogen.report import Part, report

MISUSED, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        ``sys.argv[1:]`` by default.

    Returns
    -------
    status : int
        0 when all went well, 1 when a file failed, 2 when the call was wrong.

    Examples
    --------
    >>> main(["help", "gradient"])  # doctest: +ELLIPSIS
    gradient: Edge strength: the length of the gradient, by a choice of filters.
    ...
    """
    given = _parser().parse_args(arguments)
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # we say it in our words
    try:
        return int(given.command(given))
    except InputError as error:
        print(f"morphogen: {error}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("morphogen: interrupted; finished files are kept.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "morphogen", description="Find shapes in images and make new ones."
    )
    version = f"morphogen {recipe.product_version()}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    methods = commands.add_parser("methods", help="list the methods")
    methods.set_defaults(command=_methods)

    explain = commands.add_parser("help", help="explain a method and its parameters")
    explain.add_argument("method")
    explain.set_defaults(command=_help)

    segment = commands.add_parser("segment", help="apply a method to images")
    names = segment.add_subparsers(required=True, metavar="METHOD")
    for method in METHODS:
        if method.family != "generate":
            _add_method(names, method)
    cli_generate.add_parser(commands)

    table = commands.add_parser("measure", help="measure the objects of label images")
    add_files(table, suffix=".csv")
    table.add_argument("--image", type=Path, help="intensities, for one label image")
    table.set_defaults(command=_measure)

    cli_evaluate.add_parser(commands)
    cli_tune.add_parsers(commands)
    cli_train.add_parsers(commands)
    cli_latent.add_parser(commands)
    cli_export.add_parser(commands)

    _add_replay(commands)
    text = "print what the report of a problem needs: versions and settings, no names"
    tell = commands.add_parser("report", help=text)
    tell.add_argument("files", type=Path, nargs="*", help="images it happened with")
    tell.set_defaults(command=_report)
    return parser


def _add_replay(commands: Any) -> None:
    again = commands.add_parser("replay", help="apply a recipe to images")
    again.add_argument("recipe", type=Path, help="a recipe saved as JSON")
    add_files(again)
    again.add_argument(
        "--with",
        dest="arrays",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="labels that the recipe took from a layer painted by hand",
    )
    again.add_argument(
        "--own-spacing",
        action="store_true",
        help="use each image's own pixel size instead of the recorded one",
    )
    add_where(again)
    again.set_defaults(command=_replay)


def _add_method(names: Any, method: Method) -> None:
    parser = names.add_parser(method.name, help=method.title, description=method.title)
    add_files(parser, suffix=".csv" if method.makes == "shapes" else ".tif")
    parser.add_argument("--axes", help="one letter per axis, such as tyx")
    parser.add_argument("--channel", type=int, help="use this channel only")
    names_of_results = [n for n, role in method.outputs.items() if role != "figures"]
    if len(names_of_results) > 1:
        text = f"which result to write [{names_of_results[0]}]"
        parser.add_argument("--output", choices=names_of_results, help=text)
    add_parameters(parser, method.function)
    add_where(parser)
    parser.set_defaults(command=partial(_segment, method=method))


def _methods(given: argparse.Namespace) -> int:
    width = max(len(method.name) for method in METHODS)
    for method in METHODS:
        print(f"{method.name:<{width}}  {method.family:<10}  {method.title}")
    return OK


def _help(given: argparse.Namespace) -> int:
    method = get(given.method)
    print(f"{method.name}: {inspect.getdoc(method.function)}")
    return OK


def _report(given: argparse.Namespace) -> int:
    from napari_morphogen.io import read

    parts = []
    for number, path in enumerate(given.files, 1):
        image = read(path)
        words = f"File {number}: {image.data.shape} {image.data.dtype} {image.axes}"
        parts.append(Part(f"{words} scale {image.scale}", image.metadata.get(KEY)))
    print(report(parts), end="")
    return OK


def _segment(given: argparse.Namespace, method: Method) -> int:
    values = given_values(given, method.function)
    options = {"axes": given.axes, "channel": given.channel}
    options["output"] = getattr(given, "output", None)
    task = partial(_run_file, method.name, options, values, Where.of(given))
    return each(task, given, method.name)


def _replay(given: argparse.Namespace) -> int:
    steps = recipe.load(given.recipe)
    pairs = [text.partition("=") for text in given.arrays]
    for name, equals, path in pairs:
        if not (name and equals and path):
            raise InputError(
                f"Expected --with NAME=FILE, but got {name}{equals}{path}."
            )
    arrays = {name: path for name, _, path in pairs}
    if recipe.makes_its_image(steps):
        return _replay_source(steps, arrays, given)
    task = partial(_replay_file, steps, arrays, given.own_spacing, Where.of(given))
    return each(task, given, given.recipe.stem)


def _replay_source(
    steps: dict[str, Any], arrays: dict[str, str], given: argparse.Namespace
) -> int:
    from napari_morphogen.io import read, write

    if len(given.paths) != 1 or given.out_dir is not None:
        raise InputError("The recipe makes its own image: give the output only.")
    layers: dict[str, Any] = {name: read(path) for name, path in arrays.items()}
    print(write(given.paths[0], recipe.replay(steps, **layers)))
    return OK


def _measure(given: argparse.Namespace) -> int:
    if given.image is not None and given.out_dir is not None:
        raise InputError("--image belongs to one label image; leave out --out-dir.")
    return each(partial(_measure_file, given.image), given, "objects")


def _run_file(
    name: str,
    options: dict[str, Any],
    values: dict[str, Any],
    where: Where,
    source: Path,
    target: Path,
) -> None:
    from napari_morphogen.io import read

    image = read(source, axes=options["axes"])
    roles = {p.name for p in parameters(get(name).function) if p.role}
    arrays = {key: read(values[key]) for key in roles if values[key] is not None}
    compute_to(target, name, image, where, **(options | values | arrays))


def _replay_file(
    steps: dict[str, Any],
    arrays: dict[str, str],
    own_spacing: bool,
    where: Where,
    source: Path,
    target: Path,
) -> None:
    from napari_morphogen.io import read

    given: dict[str, Any] = {name: read(path) for name, path in arrays.items()}
    method, image, words = recipe.last_step(
        steps, read(source), own_spacing=own_spacing, **given
    )
    compute_to(target, method, image, where, **words)


def _measure_file(image: Path | None, source: Path, target: Path) -> None:
    from napari_morphogen.io import read
    from napari_morphogen.measurements import measure, save_csv

    intensities = None if image is None else read(image)
    save_csv(target, measure(read(source), intensities))


if __name__ == "__main__":
    raise SystemExit(main())
