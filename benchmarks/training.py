"""Objects found by a network trained on 16 images, on images it has not seen.

    python benchmarks/training.py DATA [--quick] [--seconds 300] [--cpu] [--flips]

DATA holds `images` and `labels`, pairs of TIFF files of one name. Where it holds an
`index.csv` with the columns id, split and mosaic_group, training images come from the
split "train" and those scored from the others. Else half of the groups of images that
continue each other at their borders are set aside, and scored. Training and scored
images never share a group. The seconds include the choice of thresholds, which uses
the training images only. `--cpu` counts the seconds of this process instead of those
of the clock, for machines that do other work at the same time.

Printed: pooled TP / (TP + FP + FN) at three intersections over union, for three seeds
(of the weights, the patches and the choice of the 16 images) and their mean; Otsu's
threshold with a distance watershed on the same images for comparison. `--flips`
adds predictions averaged over mirrored images, four times as slow.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_morphogen.evaluate import object_scores
from napari_morphogen.nn.options import Options
from napari_morphogen.nn.train import Budget
from napari_morphogen.nn.training import train_segmenter
from napari_morphogen.segment.network import tuned
from napari_morphogen.segment.trained import objects_by
from napari_morphogen.segment.watershed import watershed

Array = np.ndarray[Any, Any]
IMAGES, JUDGED = 16, (0.5, 0.7, 0.8)
TRAINING = 0.85  # of the seconds; the rest is for the thresholds
CONTINUED = 0.95  # correlation of the borders of two images that are one


def groups_of(images: dict[str, Array]) -> dict[str, str]:
    """Return one name for all images that continue each other at their borders."""
    parent = {name: name for name in images}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for one, a in images.items():
        for two, b in images.items():
            if one == two or a.shape != b.shape:
                continue
            for before, after in ((a[:, -1], b[:, 0]), (a[-1], b[0])):
                plain = min(before.std(), after.std()) <= 2
                if not plain and np.corrcoef(before, after)[0, 1] > CONTINUED:
                    parent[root(one)] = root(two)
    return {name: root(name) for name in images}


def split(folder: Path, images: dict[str, Array], seed: int) -> tuple[list[str], ...]:
    """Return the names of 16 training images and of those that are scored."""
    index = folder / "index.csv"
    if index.exists():
        with index.open(newline="") as file:
            rows = {row["id"]: row for row in csv.DictReader(file)}
        groups = {name: rows[name]["mosaic_group"] or name for name in images}
        pool = {groups[name] for name in images if rows[name]["split"] == "train"}
    else:
        groups = groups_of(images)
        names = sorted(set(groups.values()))
        np.random.default_rng(0).shuffle(names)
        counts = np.cumsum([list(groups.values()).count(name) for name in names])
        pool = set(names[: int(np.searchsorted(counts, len(images) / 2)) + 1])
    unseen = [name for name in images if groups[name] not in pool]
    chosen: dict[str, str] = {}
    inside = [name for name in images if groups[name] in pool]
    for name in np.random.default_rng(100 + seed).permutation(inside):
        chosen.setdefault(groups[name], str(name))
    return list(chosen.values())[:IMAGES], unseen


def scored(pairs: Iterable[tuple[Array, Array]]) -> list[float]:
    counts = np.zeros((len(JUDGED), 3))
    for labels, truth in pairs:
        found = object_scores(labels, truth, thresholds=JUDGED).detections
        counts += [(d.tp, d.fp, d.fn) for d in found]
    return [float(tp / max(tp + fp + fn, 1)) for tp, fp, fn in counts]


def show(name: str, scores: list[float], *rest: str) -> None:
    print(f"{name:<24}", *(f"{s:.3f}" for s in scores), *rest, sep="  ", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--flips", action="store_true", help="mirrored images, too")
    given = parser.parse_args()
    clock: Callable[[], float] = time.process_time if given.cpu else time.monotonic
    images, labels = (
        {path.stem: tifffile.imread(path) for path in sorted(folder.glob("*.tif"))}
        for folder in (given.data / "images", given.data / "labels")
    )
    labels = {name: label.astype(np.int32) for name, label in labels.items()}
    print(f"{'':<24}", *(f"@{t:<4}" for t in JUDGED), "seconds  steps", sep="  ")
    _, unseen = split(given.data, images, 0)
    pairs = ((watershed(images[n]), labels[n]) for n in unseen)
    show("Otsu, watershed", scored(pairs))
    means = []
    for seed in given.seeds[:1] if given.quick else given.seeds:
        learnt, unseen = split(given.data, images, seed)
        shown = [images[n] for n in learnt], [labels[n] for n in learnt]
        start = clock()
        steps = train_segmenter(
            *shown,
            budget=Budget(TRAINING * given.seconds),
            options=Options(seed=seed),
            clock=clock,
        )
        *_, trained = steps
        model = tuned(trained.segmenter(), *shown)
        seconds = f"{clock() - start:7.0f}  {trained.progress.step}"
        for flips in (False, True)[: 1 + given.flips]:
            pairs = (
                (objects_by(model, images[n], flips=flips).labels, labels[n])
                for n in unseen
            )
            scores = scored(pairs)
            means.append((flips, scores))
            show(f"seed {seed}{', flips' if flips else ''}", scores, seconds)
        print(f"  {len(learnt)} learnt, {len(unseen)} unseen,", dict(model.thresholds))
    for flips in (False, True)[: 1 + given.flips]:
        mean = np.mean([s for f, s in means if f == flips], axis=0)
        show(f"mean{', flips' if flips else ''}", list(mean))


if __name__ == "__main__":
    main()
