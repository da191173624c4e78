"""Scores of the methods on labelled images, as a Markdown table.

DATA is a folder of data sets, each a folder of its own. Of every data set the first
images by name are for tuning: a seeded random search over a grid, the defaults among
the candidates. All figures are of other images.

    python benchmarks/scores.py DATA [--only NAME] [--jobs 2]
"""

import argparse
import functools
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_morphogen import run
from napari_morphogen.evaluate import (
    boundary_scores,
    class_scores,
    object_scores,
    overlap,
    summarise,
)
from napari_morphogen.registry import METHODS

Array = np.ndarray[Any, Any]
LARGE = 300_000  # pixels; larger planes are halved until they have fewer
TOLERANCE = 2.0  # pixels
STROKES, LENGTH = 3, 31  # per class, pixels
SEED = 0


@dataclass(frozen=True)
class Item:
    """One image: its files and its pixel sizes."""

    image: Path
    truth: Path
    spacing: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Data:
    """A data set: how many images are for tuning, how many others count at most."""

    name: str
    tuning: int
    most: int
    images: str = "images/*.tif"
    truth: str = "labels/{}.tif"
    leave_out: tuple[str, ...] = ()
    spacings: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def items(self, root: Path) -> list[Item]:
        found = []
        for path in sorted((root / self.name).glob(self.images)):
            stem = path.stem.removesuffix("_img")
            truth = root / self.name / self.truth.format(stem)
            if stem not in self.leave_out:
                found.append(Item(path, truth, self.spacings.get(stem)))
        return found

    def split(self, root: Path) -> tuple[list[Item], list[Item]]:
        """Return the images for tuning, and every n-th of the others."""
        items = self.items(root)
        others = items[self.tuning :]
        return items[: self.tuning], others[:: -(-len(others) // self.most) or 1]


@dataclass(frozen=True)
class Entry:
    """A method on a data set: what the task dictates, and what may be tuned."""

    data: str
    method: str
    score: str
    given: Mapping[str, Any] = field(default_factory=dict)
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    draws: int = 20

    def candidates(self) -> Iterator[dict[str, Any]]:
        """Yield the defaults, then random choices from the grid."""
        rng = np.random.default_rng(SEED)
        yield {}
        for _ in range(self.draws):
            yield {k: v[rng.integers(len(v))] for k, v in self.grid.items()}


DATA = {
    data.name: data
    for data in (
        Data("dsb2018_fluo", 5, 40),
        Data("dsb2018_he", 4, 18),
        Data("dsb2018_brightfield", 3, 8),
        Data("axon_sem", 2, 3),
        Data("pyimsegm/ovary", 2, 3, truth="struct_labels/{}.tif"),
        Data("pyimsegm/disc", 3, 4),
        Data(
            "small3d_labelled",
            3,
            4,
            images="*_img.tif",
            truth="{}_label.tif",
            leave_out=("plantseg_sample_ovule",),  # membranes
            spacings={"qcanet_mouse_embryo_8cell": (1.75, 0.8, 0.8)},
        ),
        Data(
            "pyradiomics3d",
            1,
            2,
            images="*_img.tif",
            truth="{}_label.tif",
            spacings={
                "brain1": (6.5, 0.78, 0.78),
                "brain2": (6.5, 0.78, 0.78),
                "breast1": (2.1, 0.66, 0.66),
            },
        ),
    )
}

AP, DICE, EDGES = "AP@0.5", "mean Dice", "boundary F"
SIGMAS = {"sigma": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)}
SIZES = {"min_size": (0, 10, 20, 50, 100, 200)}
RULES = {"rule": ("otsu", "li", "triangle", "isodata", "local")}
FLOODS = {
    "foreground": RULES["rule"],
    "landscape": ("distance", "intensity"),
    "h": (0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
}
BLOCKS = {"block_size": (31, 51, 101, 201)}
DARK = {"objects": "dark"}
MIXED = {"texture": (0.0, 0.5, 1.0, 2.0), "position": (0.0, 0.1, 0.5), **SIGMAS}
LEARNED = {"scales": (3, 4, 5, 6), "sigma": (0.0, 1.0, 2.0, 4.0)}


def _objects(data: str, **given: Any) -> list[Entry]:
    """Return the rows of a data set of objects."""
    threshold = {**RULES, **BLOCKS, **SIGMAS, **SIZES}
    return [
        Entry(data, "threshold", AP, given, threshold),
        Entry(data, "watershed", AP, given, {**FLOODS, **SIGMAS, **SIZES}),
    ]


def _classes(data: str, count: int) -> list[Entry]:
    """Return the rows of a data set of `count` classes."""
    clusters = {"n_clusters": count}
    few = {"draws": 4}
    return [
        Entry(data, "multi_otsu", DICE, {"classes": min(count, 5)}, SIGMAS),
        Entry(data, "kmeans", DICE, clusters, MIXED, **few),
        Entry(data, "gaussian_mixture", DICE, {"n_components": count}, SIGMAS, **few),
        Entry(
            data,
            "nearest_class",
            DICE,
            grid={"covariance": ("own", "shared"), **LEARNED},
            **few,
        ),
        Entry(
            data,
            "random_forest",
            DICE,
            grid={"max_depth": (5, 10, 20), **LEARNED},
            **few,
        ),
    ]


CONTOURS = {"smoothing": (0, 1, 2), **SIGMAS, **SIZES}
EDGE_GRID = {
    "low_threshold": (0.7, 0.8, 0.85, 0.9),
    "high_threshold": (0.9, 0.95, 0.98),
    **SIGMAS,
}
ZEROS = {"threshold": (0.6, 0.7, 0.8, 0.9, 0.95), **SIGMAS}
ENTRIES = [
    *_objects("dsb2018_fluo"),
    Entry("dsb2018_fluo", "chan_vese", AP, grid=CONTOURS, draws=8),
    Entry(
        "dsb2018_fluo",
        "geodesic_contour",
        AP,
        grid={"edge_share": (0.2, 0.4, 0.6), **CONTOURS},
        draws=8,
    ),
    Entry(
        "dsb2018_fluo",
        "dbscan",
        AP,
        grid={"eps": (1.5, 2.5, 4.0), "contrast": (2.0, 4.0, 8.0, 16.0), **SIZES},
        draws=8,
    ),
    Entry("dsb2018_fluo", "canny", EDGES, grid=EDGE_GRID),
    Entry("dsb2018_fluo", "zero_crossings", EDGES, grid=ZEROS),
    Entry("dsb2018_fluo", "edge_regions", AP, grid={**EDGE_GRID, **SIZES}),
    *_objects("dsb2018_he", **DARK),
    *_objects("dsb2018_brightfield", **DARK),
    *_objects("small3d_labelled"),
    *_classes("axon_sem", 3),
    Entry("axon_sem", "canny", EDGES, grid=EDGE_GRID),
    *_classes("pyimsegm/ovary", 4),
    *_classes("pyimsegm/disc", 8),
    Entry(
        "pyradiomics3d",
        "random_forest",
        DICE,
        grid={"max_depth": (5, 10, 20), **LEARNED},
    ),
]


# ---- one image


@functools.lru_cache(maxsize=64)
def read(item: Item) -> tuple[Array, Array]:
    image, truth = tifffile.imread(item.image), tifffile.imread(item.truth)
    while truth.ndim == 2 and truth.size > LARGE:
        image, truth = _half(image), truth[::2, ::2]
    return image, truth


def _half(image: Array) -> Array:
    """Return the mean of every two by two pixels."""
    odd = [(0, image.shape[0] % 2), (0, image.shape[1] % 2)]
    whole = np.pad(image, odd + [(0, 0)] * (image.ndim - 2), mode="edge")
    parts = [whole[i::2, j::2].astype(np.float32) for i in (0, 1) for j in (0, 1)]
    return np.rint(sum(parts) / 4).astype(image.dtype)


def strokes_in(classes: Array) -> Array:
    """Paint straight strokes, three pixels wide, on every class of the truth."""
    rng = np.random.default_rng(SEED)
    painted = np.zeros(classes.shape, np.int32)
    steps = np.arange(LENGTH) - LENGTH // 2
    for number in np.unique(classes):
        there = np.argwhere(classes == number)
        for start in there[rng.integers(len(there), size=STROKES)]:
            angle = rng.uniform(0, np.pi)
            for side in (-1, 0, 1):
                y = start[-2] + np.rint(steps * np.sin(angle) + side * np.cos(angle))
                x = start[-1] + np.rint(steps * np.cos(angle) - side * np.sin(angle))
                inside = (y >= 0) & (x >= 0)
                inside &= (y < classes.shape[-2]) & (x < classes.shape[-1])
                at = (*start[:-2], y[inside].astype(int), x[inside].astype(int))
                painted[at] = np.where(classes[at] == number, number, painted[at])
    return painted


def named(labels: Array, truth: Array) -> Array:
    """Give every cluster the number of the class it shares most pixels with."""
    table = overlap(labels, truth)
    order = np.argsort(table.pixels, kind="stable")
    names = np.zeros(table.label_ids.size, truth.dtype)
    names[table.label_of[order]] = table.truth_ids[table.truth_of[order]]
    return names[np.searchsorted(table.label_ids, labels)]


def scored(entry: Entry, item: Item, values: Mapping[str, Any]) -> Any:
    image, truth = read(item)
    options = {**entry.given, **values}
    if item.spacing:
        options["spacing"] = tuple(np.array(item.spacing) / min(item.spacing))
    if entry.score != DICE:
        labels = run(entry.method, image, **options)
        if entry.score == EDGES:
            return boundary_scores(labels, truth, tolerance=TOLERANCE, lines=True)
        return object_scores(labels, truth, thresholds=[0.5])
    classes = truth.astype(np.int32) + 1  # the background is a class: none is 0
    if family(entry) == "examples":
        strokes = strokes_in(classes)
        labels = run(entry.method, image, strokes=strokes, **options)
        labels = np.unique(strokes)[labels]  # class k is the k-th painted number
        classes[strokes > 0] = 0  # what was painted does not count
        return class_scores(labels, classes, sparse=True)
    return class_scores(named(run(entry.method, image, **options), classes), classes)


# ---- the table


def family(entry: Entry) -> str:
    found = [m.family for m in METHODS if m.name == entry.method]
    return found[0] if found else ""


FIGURE = {AP: "ap@0.50", DICE: "mean_dice", EDGES: "boundary_f"}


def row(root: Path, entry: Entry) -> tuple[str, str]:
    """Return a row of the table, and what was chosen and how long it took."""
    start = time.monotonic()
    tuning, others = DATA[entry.data].split(root)

    def mean(values: Mapping[str, Any]) -> float:
        found = [scored(entry, item, values) for item in tuning]
        return summarise(found, resamples=1).figures[FIGURE[entry.score]].mean

    best = max(entry.candidates(), key=mean)
    cells = []
    for values in ({}, best):
        found = summarise([scored(entry, item, values) for item in others])
        figure = found.figures[FIGURE[entry.score]]
        cells.append(f"{figure.mean:.2f} ({figure.low:.2f} to {figure.high:.2f})")
    given = ", ".join(f"{name} {value}" for name, value in entry.given.items())
    method = f"`{entry.method}`" + (f" ({given})" if given else "")
    parts = [entry.data, method, entry.score, *cells, str(len(others))]
    note = f"{entry.data} {entry.method}: {best}, {time.monotonic() - start:.0f} s"
    return "| " + " | ".join(parts) + " |", note


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--only", default="", help="part of a method's or set's name")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    entries = [e for e in ENTRIES if args.only in f"{e.data} {e.method}" and family(e)]
    entries = [e for e in entries if DATA[e.data].items(args.data)]
    print("| data set | method | score | default | tuned | held-out images |")
    print("|---|---|---|---|---|---|")
    with ProcessPoolExecutor(args.jobs) as pool:
        for line, note in pool.map(functools.partial(row, args.data), entries):
            print(line, flush=True)
            print(note, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
