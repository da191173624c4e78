"""The command `morphogen generate`: new images from parameters or an example."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from napari_morphogen.cli_files import OK
from napari_morphogen.cli_parameters import add_parameters, given_values
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.learning import Files
from napari_morphogen.params import InputError, parameters
from napari_morphogen.registry import Method, family
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import remarks_to

FOLDERS = {"image": "images", "labels": "labels"}
DIGITS = 4  # of the numbers of files, at least


def add_parser(commands: Any) -> None:
    """Add the command to those of `morphogen`.

    Parameters
    ----------
    commands : subparsers
        Of the main parser.
    """
    parser = commands.add_parser("generate", help="make new images")
    names = parser.add_subparsers(required=True, metavar="METHOD")
    for method in family("generate"):
        _add_method(names, method)


def _add_method(names: Any, method: Method) -> None:
    parser = names.add_parser(method.name, help=method.title, description=method.title)
    what = "example and output" if method.takes else "output"
    paths = "without the output where --out-dir is given"
    parser.add_argument("paths", nargs="*", type=Path, help=f"{what}; {paths}")
    main, *others = _results(method)
    if others:
        text = f"which result goes to the output [{main}]"
        parser.add_argument("--output", choices=[main, *others], help=text)
    for name in others:
        parser.add_argument(
            f"--{name}-out",
            dest=f"out_{name}",
            type=Path,
            metavar="FILE",
            help=f"write the {name} of the same run, too",
        )
    folders = " and ".join(_folder(name) for name in (main, *others))
    parser.add_argument(
        "--out-dir", type=Path, help=f"folder for {folders}, each with its number"
    )
    parser.add_argument(
        "--images",
        type=int,
        default=1,
        metavar="N",
        help="how many images go to --out-dir, with seeds one after the other [1]",
    )
    parser.add_argument("--suffix", default=".tif", help="of files in --out-dir [.tif]")
    if method.function is synthetic_cells:
        parser.add_argument(
            "--like",
            type=Path,
            nargs=2,
            metavar=("IMAGES", "LABELS"),
            help="real images and their objects, to take all parameters from that "
            "are not given; several in turn",
        )
    if method.takes:
        parser.add_argument("--axes", help="of the example; a letter per axis")
        parser.add_argument("--channel", type=int, help="use this channel only")
    add_parameters(parser, method.function)
    parser.set_defaults(command=partial(_generate, method=method))


def _results(method: Method) -> list[str]:
    return [name for name, role in method.outputs.items() if role != "figures"]


def _folder(name: str) -> str:
    return FOLDERS.get(name, name)


def _generate(given: argparse.Namespace, method: Method) -> int:
    values = given_values(given, method.function)
    count = 1 if method.takes else 0
    if given.out_dir is None:
        if given.images != 1:
            raise InputError("Several images need a folder: give --out-dir FOLDER.")
        _check_paths(given, method, count + 1)
        targets = {
            getattr(given, "output", None) or _results(method)[0]: given.paths[-1]
        }
        others = {n: getattr(given, f"out_{n}") for n in _results(method)[1:]}
        targets |= {name: path for name, path in others.items() if path is not None}
        jobs = iter([(values, targets)])
    else:
        _check_paths(given, method, count)
        jobs = _numbered(given, method, values)
    jobs = _alike(jobs, given, method)
    image = _example(given, method, values)
    options = {"channel": given.channel} if method.takes else {}
    for chosen, paths in jobs:
        _write_one(method, image, chosen | options, paths)
    return OK


def _check_paths(given: argparse.Namespace, method: Method, count: int) -> None:
    if len(given.paths) == count:
        return
    example = "the example" if method.takes else "no image"
    output = "--out-dir" if given.out_dir is not None else "one output"
    raise InputError(
        f"{method.name} takes {example} and {output}, but got "
        f"{' '.join(map(str, given.paths)) or 'no path'}."
    )


def _numbered(
    given: argparse.Namespace, method: Method, values: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Path]]]:
    """Yield parameters and files of one image after the other."""
    if given.images < 1:
        raise InputError(f"Expected --images to be at least 1, but got {given.images}.")
    digits = max(DIGITS, len(str(given.images)))
    folders = {name: given.out_dir / _folder(name) for name in _results(method)}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    from tqdm import tqdm

    for number in tqdm(range(given.images), unit="image"):
        name = f"{number + 1:0{digits}d}{given.suffix}"
        targets = {result: folder / name for result, folder in folders.items()}
        yield {**values, "seed": values["seed"] + number}, targets


def _alike(
    jobs: Iterator[tuple[dict[str, Any], dict[str, Path]]],
    given: argparse.Namespace,
    method: Method,
) -> Iterator[tuple[dict[str, Any], dict[str, Path]]]:
    """Take parameters from real pairs, one after the other, where none are given."""
    if getattr(given, "like", None) is None:
        yield from jobs
        return
    from napari_morphogen.io.pairs import paired

    usual = {param.name: param.default for param in parameters(method.function)}
    pairs = paired(given.like[1], given.like[0]).found
    likes = [one for labels, image in pairs for one in _like(Files(image, labels))]
    if not likes:
        raise InputError(
            f"No object is labelled in {given.like[1]}; give labels of cells to copy."
        )
    for (values, targets), found in zip(jobs, cycle(likes), strict=False):
        chosen = {name: v for name, v in values.items() if v != usual[name]}
        yield values | found | chosen, targets


def _like(pair: Files) -> list[dict[str, Any]]:
    """Return the parameters of cells like those of a pair, one for each frame."""
    from napari_morphogen.generate.likeness import cells_like
    from napari_morphogen.helping.pairs import whole
    from napari_morphogen.io import read
    from napari_morphogen.io.units import micrometers

    found = whole(pair)
    image = read(pair.image)
    at = image.axes.index("x")
    size = micrometers(image.scale[at], image.units[at])
    sizes = {"pixel_size": round(size or 0.0, 3)}
    if len(found.spacing) == 3:
        sizes["plane_distance"] = found.spacing[0] / found.spacing[-1] * (size or 1.0)
    words = {"spacing": found.spacing}
    return [
        cells_like(one.image.mean(axis=0), one.labels, **words) | sizes
        for one in found.samples
    ]


def _example(
    given: argparse.Namespace, method: Method, values: dict[str, Any]
) -> SpatialArray | None:
    """Read the example, and the arrays among the parameters in their place."""
    from napari_morphogen.io import read

    for param in parameters(method.function):
        if param.role and values[param.name] is not None:
            values[param.name] = read(values[param.name])
    return read(given.paths[0], axes=given.axes) if method.takes else None


def _write_one(
    method: Method,
    image: SpatialArray | None,
    values: Mapping[str, Any],
    targets: Mapping[str, Path],
) -> None:
    from tqdm import tqdm

    from napari_morphogen.io import write
    from napari_morphogen.pipeline import run_all

    places = ", ".join(map(str, targets.values()))

    def remark(text: str) -> None:
        tqdm.write(f"morphogen: {places}: {text}", file=sys.stderr)

    with remarks_to(remark):
        made = run_all(method.name, image, **values)
    for name, target in targets.items():
        tqdm.write(str(write(target, made[name])))
