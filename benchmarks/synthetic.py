"""Do synthetic pairs help a network that has five labelled images, or none?

    python benchmarks/synthetic.py DATA [--quick] [--steps 250] [--seeds 0 1 2]

DATA holds `images` and `labels`, pairs of TIFF files of one name, of which half of the
groups of images that continue each other at their borders are set aside; 20 of those
are scored, the same for all. Each seed chooses five other images to learn from, and
makes synthetic pairs of what is known of these five alone:

- cells: `synthetic_cells` with the parameters that `cells_like` reads from each;
- shuffled: `shuffle_objects`, the objects of each placed anew.

`--real N` chooses N images instead of five, `--kinds` one of both sets, `--not-alone`
leaves out networks that learn from synthetic pairs alone. `--painter SECONDS` adds a
set: a generator learns to paint the chosen images from their labels, and paints labels
of `synthetic_cells`. All networks take equally many steps with the same augmentation.
Printed: every row, means with standard deviations, and what the differences say.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from training import groups_of

from napari_morphogen.evaluation_tables import as_text
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.likeness import cells_like
from napari_morphogen.generate.shuffle import shuffle_objects
from napari_morphogen.helping import Row, Settings, does_it_help, verdict
from napari_morphogen.helping.tables import summary_rows, table_rows
from napari_morphogen.learning import Lesson, lesson
from napari_morphogen.learning import Settings as Learning

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]
OBJECTS = Learning(task="instances")
UNSEEN, MADE = 20, 20  # images that are scored, and synthetic ones of each kind


def split(images: dict[str, Array]) -> tuple[dict[str, str], list[str]]:
    """Return the group of every image to learn from, and the images to score."""
    groups = groups_of(images)
    names = sorted(set(groups.values()))
    np.random.default_rng(0).shuffle(names)
    learnt = set(names[: len(names) // 2])
    pool = {name: group for name, group in groups.items() if group in learnt}
    unseen = [name for name in images if name not in pool]
    return pool, sorted(np.random.default_rng(1).permutation(unseen)[:UNSEEN])


def chosen(pool: dict[str, str], seed: int, count: int) -> list[str]:
    """Return images of different groups."""
    found: dict[str, str] = {}
    for name in np.random.default_rng(100 + seed).permutation(list(pool)):
        found.setdefault(pool[name], str(name))
    return list(found.values())[:count]


def seeds_of(pairs: list[Pair], seed: int) -> range:
    """Return a seed for every synthetic image that is made like one of the pairs."""
    return range(1000 * seed, 1000 * seed + MADE // len(pairs))


def cells(pairs: list[Pair], seed: int) -> list[Pair]:
    """Return synthetic cells like those of each pair."""
    likes = [cells_like(*pair) for pair in pairs]
    seeds = seeds_of(pairs, seed)
    return [tuple(synthetic_cells(**like, seed=s)) for like in likes for s in seeds]


def shuffled(pairs: list[Pair], seed: int) -> list[Pair]:
    """Return the objects of each pair placed anew."""
    seeds = seeds_of(pairs, seed)
    made = [shuffle_objects(i, labels=t, seed=s) for i, t in pairs for s in seeds]
    return [(one.image, one.labels) for one in made]


def painted(pairs: list[Pair], seed: int, seconds: float) -> list[Pair]:
    """Return labels of synthetic cells, painted like the pairs."""
    from napari_morphogen.generating import Settings as Generating
    from napari_morphogen.generating import learn
    from napari_morphogen.generating.painting import paint
    from napari_morphogen.spatial import as_spatial

    images = [as_spatial(image) for image, _ in pairs]
    truths = [as_spatial(labels) for _, labels in pairs]
    settings = Generating("painter", seconds=seconds, seed=seed, held_out=0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "painter.morphogen")
        for _ in learn(images, settings, path, labels=truths, looks=False):
            pass
        layouts = [labels for _, labels in cells(pairs, seed)]
        made = [paint(path, as_spatial(labels), seed=seed) for labels in layouts]
    return [(np.asarray(i.data), t) for i, t in zip(made, layouts, strict=True)]


KINDS = {"cells": cells, "shuffled": shuffled}


def lessons(pairs: list[Pair]) -> list[Lesson]:
    return [lesson(image, labels, OBJECTS, "none") for image, labels in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="one seed, 100 steps")
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--real", type=int, default=5, help="labelled images")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--not-alone", action="store_true", help="real ones always")
    parser.add_argument("--painter", type=float, default=0.0, metavar="SECONDS")
    given = parser.parse_args()
    images, labels = (
        {path.stem: tifffile.imread(path) for path in sorted(folder.glob("*.tif"))}
        for folder in (given.data / "images", given.data / "labels")
    )
    pool, unseen = split(images)
    truth = {name: label.astype(np.int32) for name, label in labels.items()}
    scored = lessons([(images[name], truth[name]) for name in unseen])
    rows: list[Row] = []
    for seed in given.seeds[:1] if given.quick else given.seeds:
        pairs = [(images[name], truth[name]) for name in chosen(pool, seed, given.real)]
        sets = {kind: KINDS[kind](pairs, seed) for kind in given.kinds}
        if given.painter:
            sets["painted"] = painted(pairs, seed, given.painter)
        steps = min(given.steps, 100) if given.quick else given.steps
        alone = not given.not_alone
        settings = Settings(steps, 1, seed=seed, threads=1, alone=alone)
        extra = {name: lessons(made) for name, made in sets.items()}
        course = does_it_help(lessons(pairs), extra, settings, unseen=scored)
        known = 0
        for report in course:
            for row in table_rows(report.rows[known:])[1:]:
                print(*row, sep="  ", flush=True)
            known = len(report.rows)
        rows += report.rows
    print(as_text(summary_rows(rows), markdown=True))
    print(verdict(rows))


if __name__ == "__main__":
    main()
