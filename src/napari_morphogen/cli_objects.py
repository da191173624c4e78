"""Commands on classes of objects: `morphogen train objects`, and their prediction."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from napari_morphogen.cli_classes import object_classes
from napari_morphogen.object_classes import (
    Accuracy,
    Classified,
    Options,
    Progress,
    classification,
    training,
)
from napari_morphogen.params import InputError

OK = 0  # as of the other commands
TABLE = ".csv"


def add_train(kinds: Any) -> None:
    """Add `objects` to the parser of what can be trained.

    Parameters
    ----------
    kinds : argparse subparsers
        Of the command `morphogen train`.
    """
    about = "learn classes of objects from a few examples"
    parser = kinds.add_parser("objects", help=about, description=about)
    parser.add_argument("image", type=Path, help="what the objects are seen in")
    parser.add_argument("labels", type=Path, help="the objects, one number each")
    parser.add_argument(
        "classes", type=Path, help="a CSV file with the columns object,class[,frame]"
    )
    parser.add_argument("--model", type=Path, required=True, help="file to write")
    parser.add_argument("--axes", help="of the image: one letter each, such as tyx")
    default = Options()
    parser.add_argument(
        "--pooling",
        choices=("max", "average"),
        default=default.pooling,
        help=f"how the network shrinks patches [{default.pooling}]",
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=default.steps,
        help=f"how long is learnt [{default.steps}]",
    )
    parser.add_argument("--seed", type=int, default=default.seed, help="[0]")
    parser.add_argument(
        "--check",
        action=argparse.BooleanOptionalAction,
        default=default.check,
        help="find the accuracy by cross-validation [yes]",
    )
    parser.set_defaults(command=train_objects)


def train_objects(given: argparse.Namespace) -> int:
    """Train a classifier of objects and write it; return the exit status.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_train` read.
    """
    from napari_morphogen.io import read
    from napari_morphogen.io.disk import check_target

    check_target(given.model, folder=False, overwrite=True)
    if given.steps < 1:
        raise InputError(f"Expected --steps of at least 1, but got {given.steps}.")
    if given.seed < 0:
        raise InputError(f"Expected --seed of at least 0, but got {given.seed}.")
    classes = object_classes(given.classes)
    image, labels = read(given.image, axes=given.axes), read(given.labels)
    options = Options(given.pooling, given.steps, given.seed, given.check)
    names = list(dict.fromkeys(classes.values()))
    items = training(image, labels, classes, names, given.model, options)
    for item in _followed(items):
        if isinstance(item, Accuracy):
            print(item.words)
    print(given.model)
    return OK


def predict_objects(
    model: Path, image: Path, labels: Path, target: Path, axes: str | None = None
) -> None:
    """Give every object of a label image a class, and write them.

    Parameters
    ----------
    model, image, labels : path
        A trained classifier, what the objects are seen in, and the objects.
    target : path
        Ending in ``.csv`` a table with the probability of every class, else an
        image with the number of the class at every pixel.
    axes : str, optional
        One letter per axis of the image.

    Raises
    ------
    InputError
        When a file cannot be read or written, or they do not fit together.
    """
    from napari_morphogen.io import read, write
    from napari_morphogen.io.disk import check_target

    if target.suffix.lower() == TABLE:
        check_target(target, folder=False, overwrite=True)
    items = classification(model, read(image, axes=axes), read(labels))
    (found,) = (one for one in _followed(items) if isinstance(one, Classified))
    if target.suffix.lower() == TABLE:
        _write_table(target, found)
    else:
        write(target, found.labels)


def _followed(items: Iterable[Any]) -> Iterator[Any]:
    """Pass on what comes back, and show how far it is on standard error."""
    from tqdm import tqdm

    with tqdm(bar_format="{desc}: {percentage:3.0f}% {bar}", leave=False) as bar:
        for item in items:
            if not isinstance(item, Progress):
                yield item
            elif item.total:
                bar.set_description_str(item.words, refresh=False)
                bar.total, bar.n = item.total, item.done
                bar.refresh()


def _write_table(target: Path, found: Classified) -> None:
    from napari_morphogen.measurements import save_csv

    try:
        save_csv(target, found.table)
    except OSError as error:
        raise InputError(
            f"Cannot write {target}: {error.strerror}; choose another name or folder."
        ) from error
