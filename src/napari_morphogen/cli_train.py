"""The commands `morphogen train` and `morphogen predict`."""

import argparse
import math
import os
import re
import sys
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from napari_morphogen import cli_generators, cli_objects, cli_strokes
from napari_morphogen.cli_files import OK, add_files, each, partners
from napari_morphogen.cli_large import Where, add_where, compute_to
from napari_morphogen.export.foreign_files import Activation, Intensities, Layout
from napari_morphogen.learning import (
    Files,
    Settings,
    learn,
    unfinished,
)
from napari_morphogen.learning.messages import Task
from napari_morphogen.params import InputError, parameters
from napari_morphogen.segment.models import Engine

UNITS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}
SPECIAL = {  # options of `predict` that not all models have, and their defaults
    "tile": 0,
    "engine": "auto",
    "min_size": 0,
    "flips": False,
    "model_axes": "auto",
    "intensities": "auto",
    "activation": "auto",
}
USUAL = Settings(task="instances", seconds=300.0)


def add_parsers(commands: Any) -> None:
    """Add `train` and `predict` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    train = commands.add_parser("train", help="train a model on images and labels")
    kinds = train.add_subparsers(required=True, metavar="KIND")
    about = "a U-Net that segments images"
    _add_unet(kinds.add_parser("unet", help=about, description=about))
    cli_strokes.add_train(kinds)
    cli_objects.add_train(kinds)
    cli_generators.add_train(kinds, seconds)
    cli_generators.add_sample(commands)
    cli_generators.add_paint(commands)
    about = "apply a trained model to images"
    predict = commands.add_parser("predict", help=about, description=about)
    _add_predict(predict)


def _add_unet(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument
    option("--images", type=Path, required=True, help="an image, or a folder of them")
    option("--labels", type=Path, required=True, help="its labels, of the same names")
    option("--model", type=Path, required=True, help="file to write: m.morphogen")
    option(
        "--task",
        choices=get_args(Task),
        default=USUAL.task,
        help=f"what the labels mean [{USUAL.task}]",
    )
    option(
        "--sparse",
        action="store_true",
        help="0 unlabelled, 1 background, objects from 2",
    )
    option("--budget", default="300s", help='"60s", "5min" or "until-best" [300s]')
    option("--held-out", type=float, default=0.0, help="share that is measured [0]")
    option("--start", type=Path, help="a model to go on from")
    option("--resume", action="store_true", help="go on with an interrupted training")
    option("--planes", action="store_true", help="learn volumes plane by plane")
    option("--axes", help="one letter per axis, such as tyx")
    option("--channel", type=int, help="use this channel only")
    group = parser.add_argument_group("network")
    for name in ("width", "levels", "convolutions", "patch", "seed"):
        usual = getattr(USUAL, name)
        group.add_argument(f"--{name}", type=int, default=usual, help=f"[{usual}]")
    group.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="cores used [all]"
    )
    group.add_argument("--pooling", choices=("max", "average"), default=USUAL.pooling)
    group.add_argument(
        "--augment", action=argparse.BooleanOptionalAction, default=USUAL.augment
    )
    group.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default=USUAL.device
    )
    parser.set_defaults(command=train_unet)


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="file of a trained model")
    add_files(parser)
    parser.add_argument(
        "--labels", type=Path, help="for classes of objects: the objects of the image"
    )
    parser.add_argument("--axes", help="one letter per axis, such as tyx")
    parser.add_argument("--channel", type=int, help="use this channel only")
    parser.add_argument("--output", help="which result to write, such as probability")
    parser.add_argument("--min-size", type=int, default=0, help="of objects [0]")
    parser.add_argument("--tile", type=int, default=0, help="pixels at once [chosen]")
    parser.add_argument(
        "--flips", action="store_true", help="average over mirrored images"
    )
    parser.add_argument(
        "--engine",
        choices=get_args(Engine),
        default="auto",
        help="what computes a .morphogen file [the fastest there is]",
    )
    group = parser.add_argument_group("networks of others: ONNX, bioimage.io")
    for name, choices in (
        ("model_axes", Layout),
        ("intensities", Intensities),
        ("activation", Activation),
    ):
        flag = "--" + name.replace("_", "-")
        group.add_argument(flag, choices=get_args(choices), default="auto")
    add_where(parser)
    parser.set_defaults(command=predict)


def train_unet(given: argparse.Namespace) -> int:
    """Train a U-Net and write its model; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parsers` read.
    """
    from napari_morphogen.io.disk import check_target

    check_target(given.model, folder=False, overwrite=True)
    settings = _settings(given)
    lessons = _files(given)
    start = given.start or ""
    if given.resume:
        start = unfinished(given.model)
        if not start.is_file():
            raise InputError(
                f"There is no interrupted training {start}; check the name of the "
                "model, or leave out --resume."
            )
    _follow(lessons, settings, given.model, start)
    print(given.model)
    return OK


def _settings(given: argparse.Namespace) -> Settings:
    names = set(vars(given)) & set(Settings.__dataclass_fields__)
    chosen = {name: getattr(given, name) for name in names}
    settings = Settings(**chosen, seconds=seconds(given.budget))
    settings.check()
    return settings


def seconds(budget: str) -> float:
    """Return how long a budget is; infinity for "until-best".

    Parameters
    ----------
    budget : str
        Such as "60s", "5min", "1h" or a plain number of seconds.

    Raises
    ------
    InputError
        When it is none of these.

    Examples
    --------
    >>> seconds("90s"), seconds("5min"), seconds("until-best")
    (90.0, 300.0, inf)
    """
    if budget == "until-best":
        return math.inf
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|min|m|h|)", budget.strip())
    if not found or not float(found[1]) > 0:
        raise InputError(
            f"Expected --budget such as 60s, 5min or until-best, but got {budget!r}."
        )
    return float(found[1]) * UNITS[found[2]]


def _files(given: argparse.Namespace) -> list[Files]:
    pairs = partners(given.labels, given.images)
    return [Files(image, labels, given.axes, given.channel) for labels, image in pairs]


def _follow(
    lessons: list[Files], settings: Settings, model: Path, start: str | Path
) -> None:
    """Train with a bar that shows how it goes."""
    from tqdm import tqdm

    course = learn(lessons, settings, model, start=start)
    first = next(course)  # what is wrong is said before there is a bar
    total = settings.seconds if math.isfinite(settings.seconds) else None
    form = None if total is None else "{desc} {percentage:3.0f}%|{bar}| {remaining}"
    with tqdm(total=total, unit="s", bar_format=form) as bar:
        for report in chain([first], course):
            measured = (
                "" if math.isnan(report.held_out) else f" ({report.held_out:.3f})"
            )
            bar.set_description_str(
                f"step {report.step}, loss {report.loss:.3f}{measured}"
            )
            bar.update(min(report.seconds, settings.seconds) - bar.n)
            if report.note:
                bar.write(report.note, file=sys.stderr)


def predict(given: argparse.Namespace) -> int:
    """Apply a trained model to files; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parsers` read.
    """
    from napari_morphogen.model_files import description, task_of
    from napari_morphogen.segment.models import METHOD_OF

    if description(given.model).get("kind") == "object classifier":
        return _predict_classes(given)
    method = METHOD_OF[task_of(given.model)]
    options = _options(given, method)
    task = partial(_predict_file, method, given.axes, options, Where.of(given))
    return each(task, given, method)


def _options(given: argparse.Namespace, method: str) -> dict[str, Any]:
    from napari_morphogen.registry import get

    known = {p.name for p in parameters(get(method).function)}
    names = ["channel", "output"]
    for name, usual in SPECIAL.items():
        if name in known:
            names.append(name)
        elif getattr(given, name) != usual:
            raise InputError(
                f"--{name.replace('_', '-')} says nothing to the model in "
                f"{given.model.name}; leave it out."
            )
    options = {name: getattr(given, name) for name in names}
    return options | {"model": str(given.model.absolute())}


def _predict_classes(given: argparse.Namespace) -> int:
    if given.labels is None:
        raise InputError(
            f"{given.model} tells objects apart; give the objects of the image with "
            "--labels FILE."
        )
    if len(given.paths) != 2:
        raise InputError("Give one image and one output, a .csv or a .tif file.")
    cli_objects.predict_objects(
        given.model, given.paths[0], given.labels, given.paths[1]
    )
    print(given.paths[1])
    return OK


def _predict_file(
    method: str,
    axes: str | None,
    options: dict[str, Any],
    where: Where,
    source: Path,
    target: Path,
) -> None:
    from napari_morphogen.io import read

    compute_to(target, method, read(source, axes=axes), where, **options)
