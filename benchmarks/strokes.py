"""Classes learnt from a few strokes on one image, found on images not seen.

    python benchmarks/strokes.py DATA [--only NAME] [--seconds 60] [--seeds 0] [--cpu]

DATA is the folder with the data sets. For every seed one image is painted: random
walks in every class of its labels, thin and as long for each, 1 % of its pixels at
most. A network, a random forest and the nearest class (Mahalanobis distance) learn
from the same strokes. `--cpu` counts the seconds of this process instead of those of
the clock, for machines that do other work at the same time.

Printed: the Dice coefficient, mean over the classes and then over the other images,
for every seed and their mean; and the seconds until the network's first prediction
of 512 by 512 pixels, those of reading the images not counted.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile

from napari_morphogen.evaluate import class_scores
from napari_morphogen.nn.options import Options
from napari_morphogen.nn.train import Budget
from napari_morphogen.nn.training import train_segmenter
from napari_morphogen.segment.examples import (
    fit_forest,
    fit_nearest,
    nearest_class,
    random_forest,
)
from napari_morphogen.segment.trained import classes_by

Array = np.ndarray[Any, Any]
SHARE = 0.01  # of the pixels of an image that may be painted
WALK, TURN = 60, 0.3  # steps of a stroke; radians that it turns at each
MOST = 8  # images that are scored
FIRST = 5  # steps before the first prediction


class Data(NamedTuple):
    """Where a data set lies, and whether its labels are classes or objects."""

    folder: str
    labels: str = "labels"
    classes: bool = False


SETS = (
    Data("axon_sem", classes=True),
    Data("dsb2018_fluo"),
    Data("dsb2018_he"),
    Data("dsb2018_brightfield"),
    Data("pyimsegm/ovary", "struct_labels", classes=True),
)
Sample = tuple[Array, Array]
Predict = Callable[[Array], Array]


def read(root: Path, data: Data, name: str) -> Sample:
    """Return an image and its classes from 1; background is one of them."""
    image = tifffile.imread(root / data.folder / "images" / name)
    labels = tifffile.imread(root / data.folder / data.labels / name)
    return image, (labels if data.classes else labels > 0).astype(np.int32) + 1


def strokes_on(classes: Array, rng: np.random.Generator) -> Array:
    """Paint thin random walks of every class."""
    painted = np.zeros_like(classes)
    names = np.unique(classes)
    for name in names:
        there = np.argwhere(classes == name)
        left = min(SHARE * classes.size / len(names), len(there) / 4)
        while left >= 1:
            here = _walk(classes, there[rng.integers(len(there))], rng)
            fresh = here[painted[tuple(here.T)] == 0][: int(left)]
            painted[tuple(fresh.T)] = name
            left -= max(len(fresh), 1)
    return painted


def _walk(classes: Array, start: Array, rng: np.random.Generator) -> Array:
    """Return the pixels of a walk, until it leaves the class it began in."""
    turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, TURN, WALK))
    steps = np.cumsum(np.stack([np.sin(turns), np.cos(turns)], 1), 0)
    places = np.rint(np.vstack([start, start + steps])).astype(int)
    inside = ((places >= 0) & (places < classes.shape)).all(1)
    places = places[: len(places) if inside.all() else int(inside.argmin())]
    own = classes[tuple(places.T)] == classes[tuple(start)]
    places = places[: len(places) if own.all() else int(own.argmin())]
    return np.unique(places, axis=0)


def learners(
    image: Array, strokes: Array, seconds: float, seed: int, clock: Callable[[], float]
) -> Iterator[tuple[str, Predict]]:
    """Yield every method, ready to classify other images."""
    axis = -1 if image.ndim == 3 else None
    sample = {"image": image, "strokes": strokes, "spacing": (), "channel_axis": axis}
    *_, trained = train_segmenter(
        [image],
        [strokes],
        budget=Budget(seconds),
        options=Options(task="semantic", seed=seed),
        channel_axis=axis,
        clock=clock,
    )
    model = trained.segmenter()
    yield "network", lambda one: classes_by(model, one, channel_axis=axis).labels
    fitted = (fit_forest([sample], seed=seed), fit_nearest([sample]))
    for method, learned in zip((random_forest, nearest_class), fitted, strict=True):
        given = {"strokes": strokes, "model": learned, "channel_axis": axis}
        yield method.__name__, partial(_labels, method, given)


def _labels(method: Callable[..., Any], given: dict[str, Any], image: Array) -> Array:
    return np.asarray(method(image, **given).labels)


def first_prediction(image: Array, strokes: Array) -> float:
    """Return the seconds until a network that has just begun predicts."""
    axis, start = (-1 if image.ndim == 3 else None), time.monotonic()
    *_, trained = train_segmenter(
        [image],
        [strokes],
        budget=Budget(steps=FIRST),
        options=Options(task="semantic"),
        channel_axis=axis,
    )
    trained.segmenter().predict(image[:512, :512], channel_axis=axis)
    return time.monotonic() - start


def compare(root: Path, data: Data, given: argparse.Namespace) -> None:
    """Print the rows of one data set."""
    names = sorted(p.name for p in (root / data.folder / "images").glob("*.tif"))
    found: dict[str, list[float]] = {}
    clock = time.process_time if given.cpu else time.monotonic
    for seed in given.seeds:
        rng = np.random.default_rng(seed)
        order = [str(name) for name in rng.permutation(names)]
        image, classes = read(root, data, order[0])
        strokes = strokes_on(classes, rng)
        others = [read(root, data, name) for name in order[1 : 1 + MOST]]
        ways = learners(image, strokes, given.seconds, seed, clock)
        for method, predict in ways:
            dice = [
                class_scores(predict(one), truth).mean_dice for one, truth in others
            ]
            found.setdefault(method, []).append(float(np.mean(dice)))
    wait = f"first prediction {first_prediction(image, strokes):.1f} s"
    for method, scores in found.items():
        cells = (f"{score:.3f}" for score in (*scores, np.mean(scores)))
        rest = (wait,) if method == "network" else ()
        print(
            f"{data.folder:<20}", f"{method:<14}", *cells, *rest, sep="  ", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="", help="part of a data set's name")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--cpu", action="store_true")
    given = parser.parse_args()
    heads = (f"seed {seed}" for seed in given.seeds)
    print(f"{'':<20}", f"{'':<14}", *heads, "mean", sep="  ", flush=True)
    for data in SETS:
        if given.only in data.folder:
            compare(given.data, data, given)


if __name__ == "__main__":
    main()
