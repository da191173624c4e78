"""The commands `morphogen train vae|flow|…`, `morphogen sample` and `paint`."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from napari_morphogen.cli_classes import class_images, image_classes
from napari_morphogen.cli_files import OK
from napari_morphogen.evaluate.meanings import meaning
from napari_morphogen.generating import (
    Pair,
    Settings,
    Wanted,
    learn,
    new_pair,
    paint,
    sample,
)
from napari_morphogen.generating.messages import MEANINGS
from napari_morphogen.io.pairs import paired, stem
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.worker import remarks_to

TABLE = ".csv"
USUAL, FEW = Settings(), Wanted()
PAINTED = 64  # pixels of a painter's patches: objects and what is around them


def add_train(kinds: Any, seconds: Callable[[str], float]) -> None:
    """Add every kind of generator to the parser of `morphogen train`.

    Parameters
    ----------
    kinds : argparse subparsers
        Of the command `morphogen train`.
    seconds : callable
        Reads a budget.
    """
    for kind, about in MEANINGS.items():
        parser = kinds.add_parser(kind, help=about, description=about)
        _add_options(parser, kind)
        parser.set_defaults(
            command=lambda given, kind=kind: train(given, kind, seconds)
        )


def _add_options(parser: argparse.ArgumentParser, kind: str) -> None:
    option = parser.add_argument
    about = "images, or a folder of them"
    option("--images", type=Path, nargs="+", required=True, help=about)
    option("--model", type=Path, required=True, help="file to write: m.morphogen")
    about = "a CSV file with the columns file,class; one with object,class, and file "
    about += "for several images, beside --labels; or label images of class numbers"
    if kind == "painter":  # is told labels
        parser.set_defaults(classes=None)
    else:
        option("--classes", type=Path, help=about)
    about = "their labels, of the same names, or a folder of them"
    option("--labels", type=Path, required=kind == "painter", help=about)
    patch = PAINTED if kind == "painter" else USUAL.patch
    option("--patch", type=int, default=patch, help=f"pixels [{patch}]")
    option("--budget", default="5min", help='"60s", "5min" or "1h" [5min]')
    usual = USUAL.held_out
    option("--held-out", type=float, default=usual, help=f"share [{usual}]")
    option("--resume", action="store_true", help="go on with an interrupted training")
    option("--planes", action="store_true", help="learn volumes plane by plane")
    option("--channel", type=int, help="use this channel only")
    for name, text in (
        ("rotations", "turned and mirrored patches are as good"),
        ("each", "bring every image to the same brightness first"),
    ):
        flag = argparse.BooleanOptionalAction
        option(f"--{name}", action=flag, default=getattr(USUAL, name), help=text)
    for name in ("width", "latent", "seed"):
        option(f"--{name}", type=int, default=getattr(USUAL, name), help="[0]")
    option("--threads", type=int, default=os.cpu_count() or 1, help="cores used [all]")
    option("--device", choices=("auto", "cpu", "cuda", "mps"), default=USUAL.device)


def add_sample(commands: Any) -> None:
    """Add `sample` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "make new images with a trained generator"
    parser = commands.add_parser("sample", help=about, description=about)
    option = parser.add_argument
    option("model", type=Path, help="file of a trained generator")
    option("out", type=Path, help="image to write, or a folder for one file each")
    option("--count", type=int, default=FEW.count, help=f"how many [{FEW.count}]")
    option("--seed", type=int, default=FEW.seed, help="same seed, same images [0]")
    option("--truncation", type=float, default=FEW.truncation, help="0..2 [1]")
    option("--condition", default="", help="name of the class, if it knows classes")
    option("--steps", type=int, default=FEW.steps, help="0 chooses [0]")
    option("--montage", action="store_true", help="side by side in one image")
    parser.set_defaults(command=make)


def add_paint(commands: Any) -> None:
    """Add `paint` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "make an image for labels with a trained painter"
    parser = commands.add_parser("paint", help=about, description=about)
    option = parser.add_argument
    option("model", type=Path, help="file of a trained painter")
    option("labels", type=Path, help="labels, or a folder of them")
    about = "image to write, or a folder for images and labels, ready to train on"
    option("out", type=Path, help=about)
    option("--seed", type=int, default=0, help="same labels and seed, same image [0]")
    option("--steps", type=int, default=0, help="0 chooses [0]")
    about = "so many new pairs each, with the objects of the labels placed anew"
    option("--new", type=int, default=0, metavar="N", help=about)
    option("--axes", help="one letter per axis of the labels, such as tyx")
    parser.set_defaults(command=paint_files)


def train(given: argparse.Namespace, kind: str, seconds: Callable[[str], float]) -> int:
    """Train a generator and write it; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_train` read.
    kind : str
        Of the generator.
    seconds : callable
        Reads a budget.
    """
    from napari_morphogen.io.disk import check_target

    check_target(given.model, folder=False, overwrite=True)
    names = set(vars(given)) & set(Settings.__dataclass_fields__)
    chosen: dict[str, Any] = {name: getattr(given, name) for name in names}
    settings = Settings(**chosen | {"kind": kind, "seconds": seconds(given.budget)})
    paths, told = _told(given)
    words = {"channel": given.channel, "resume": given.resume} | told
    card = _follow(learn(paths, settings, given.model, looks=False, **words), settings)
    print(given.model)
    for name in ("texture", "sharpness", "coverage", "copies"):
        if name in card:
            print(f"{name:<10} {card[name]:.2f}  {meaning(name).text}")
    return OK


def _told(given: argparse.Namespace) -> tuple[list[Path], dict[str, Any]]:
    """Return the images, and what is told of them: classes or labels."""
    from napari_morphogen.io import image_paths

    paths, labels = image_paths(given.images), None
    if given.labels is not None:
        paths, labels = _labelled(given.images, given.labels)
    if given.classes is None:
        return paths, {"labels": labels}
    if given.classes.suffix.lower() != TABLE:
        paths, classes = _labelled(given.images, given.classes)
        return paths, {"classes": classes, "labels": labels}
    if labels is None:
        return paths, {"classes": image_classes(given.classes, paths)}
    shown, names = class_images(given.classes, paths, labels)
    return paths, {"classes": shown, "class_names": names}


def _labelled(images: list[Path], labels: Path) -> tuple[list[Path], list[Path]]:
    """Return images and their labels, both in one order."""
    if len(images) > 1:
        raise InputError("Give one image and its labels, or a folder of each.")
    pairs = paired(images[0], labels)
    for path in pairs.alone:
        print(f"{path}: has no partner and is left out.", file=sys.stderr)
    found = zip(*pairs.found, strict=True)
    return tuple(list(side) for side in found)  # type: ignore[return-value]


def _follow(course: Any, settings: Settings) -> dict[str, Any]:
    """Train with a bar that shows how it goes; return the report card."""
    from tqdm import tqdm

    first = next(course)  # what is wrong is said before there is a bar
    form = "{desc} {percentage:3.0f}%|{bar}| {remaining}"
    with tqdm(total=settings.seconds, bar_format=form) as bar:
        for report in chain([first], course):
            losses = ", ".join(f"{k} {v:.3f}" for k, v in report.losses.items())
            bar.set_description_str(f"step {report.step}, {losses}")
            bar.update(min(report.seconds, settings.seconds) - bar.n)
            if report.note:
                bar.write(report.note, file=sys.stderr)
    return dict(report.card or {})


def make(given: argparse.Namespace) -> int:
    """Write new images; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_sample` read.
    """
    from napari_morphogen.io import write

    if given.out.is_file() and not given.out.suffix:
        raise InputError(f"{given.out} is a file; give a folder, or a name with .tif.")
    names = Wanted.__dataclass_fields__
    wanted = Wanted(**{name: getattr(given, name) for name in names})
    found = sample(given.model, wanted)
    if given.montage or (given.out.suffix and not given.out.is_dir()):
        write(given.out, found)
        print(given.out)
        return OK
    given.out.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(found.data):
        path = given.out / f"{given.model.stem}_{given.seed}_{number:04d}.tif"
        write(path, found.like(data, found.axes[1:]))
    print(given.out)
    return OK


def paint_files(given: argparse.Namespace) -> int:
    """Write images of labels; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_paint` read.
    """
    from napari_morphogen.io import image_paths, read, write

    single = given.labels.is_file() and given.out.suffix and not given.out.is_dir()
    if given.new < 0:
        raise InputError(f"Expected --new to be at least 1, but got {given.new}.")
    if (given.out.is_file() and not single) or (single and given.new):
        raise InputError(f"{given.out} is a file; give a folder for several images.")
    for path in image_paths([given.labels]):
        labels = read(path, axes=given.axes)
        for name, pair in _pairs(path, labels, given):
            if single:
                write(given.out, pair.image)
                continue
            for folder, found in zip(("images", "labels"), pair, strict=True):
                (given.out / folder).mkdir(parents=True, exist_ok=True)
                write(given.out / folder / f"{name}.tif", found)
    print(given.out)
    return OK


def _pairs(
    path: Path, labels: SpatialArray, given: argparse.Namespace
) -> Iterator[tuple[str, Pair]]:
    """Yield names of files, and labels with an image painted for them."""
    words = {"seed": given.seed, "steps": given.steps}
    with remarks_to(partial(_remark, path)):
        if not given.new:
            yield stem(path), Pair(paint(given.model, labels, **words), labels)
        for number in range(given.new):
            words["seed"] = given.seed + number
            yield f"{stem(path)}_{number}", new_pair(given.model, labels, **words)


def _remark(path: Path, text: str) -> None:
    print(f"{path}: {text}", file=sys.stderr)
