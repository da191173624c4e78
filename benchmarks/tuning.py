"""Tuning on labelled images: tuned against default on images held out, in Markdown.

DATA is a folder of data sets, each a folder of its own. The first three images of
each by name are the references that are tuned on; all figures are of other images.

    python benchmarks/tuning.py DATA [--only NAME] [--budget 60] [--long 1800]

Budgets are processor seconds of the tuning process. --long adds a search of that many
seconds, of candidates by chance and without early ends, and how much of the gap between
default and long search the tuned one closes. --optuna searches the same space for the
same time with Optuna's TPE, where that is installed.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_morphogen import SpatialArray
from napari_morphogen.params import InputError
from napari_morphogen.tuning import (
    Candidate,
    Options,
    applied,
    searchable,
    step,
    taught,
    tune,
)
from napari_morphogen.tuning.folds import Folds
from napari_morphogen.tuning.scenes import Scene, scenes
from napari_morphogen.tuning.scoring import Judge, Tally
from napari_morphogen.tuning.search import _Search
from napari_morphogen.tuning.space import Space
from napari_morphogen.tuning.trials import Bench

REFERENCES = 3
Pair = tuple[SpatialArray, SpatialArray]


@dataclass(frozen=True)
class Data:
    """A data set and how many of its other images count at most."""

    name: str
    kind: str
    most: int
    images: str = "images/*.tif"
    truth: str = "labels/{}.tif"
    leave_out: tuple[str, ...] = ()
    spacing: tuple[tuple[str, tuple[float, ...]], ...] = ()


DATA = (
    Data("dsb2018_fluo", "objects", 20),
    Data("dsb2018_brightfield", "objects", 8),
    Data("dsb2018_he", "objects", 18),
    Data("axon_sem", "classes", 2),
    Data("pyimsegm/ovary", "classes", 2, truth="struct_labels/{}.tif"),
    Data(
        "small3d_labelled",
        "objects",
        4,
        images="*_img.tif",
        truth="{}_label.tif",
        leave_out=("plantseg_sample_ovule",),  # membranes
        spacing=(("qcanet_mouse_embryo_8cell", (1.75, 0.8, 0.8)),),
    ),
)


def pairs(root: Path, data: Data) -> tuple[list[Pair], list[Pair]]:
    """Return the references, and every n-th of the other images."""
    found = []
    for path in sorted((root / data.name).glob(data.images)):
        stem = path.stem.removesuffix("_img")
        if stem not in data.leave_out:
            truth = root / data.name / data.truth.format(stem)
            found.append(_read(path, truth, dict(data.spacing).get(stem, ())))
    others = found[REFERENCES:]
    return found[:REFERENCES], others[:: -(-len(others) // data.most) or 1]


def _read(path: Path, truth: Path, spacing: tuple[float, ...]) -> Pair:
    pixels, labels = tifffile.imread(path), tifffile.imread(truth)
    rgb = pixels.ndim > labels.ndim
    axes = "zyx"[-labels.ndim :]
    name = path.stem
    scale = spacing + (1.0,) * rgb if spacing else ()
    image = SpatialArray(pixels, axes + "c" * rgb, scale=scale, rgb=rgb, name=name)
    return image, SpatialArray(labels, axes, scale=spacing, name=name)


# ---- scores of images that were held out


def held_out(
    candidate: Candidate, references: Sequence[Pair], others: Sequence[Pair], kind: str
) -> np.ndarray[Any, Any]:
    """Return the score of every image held out.

    What the numbers of classes stand for is learned on the references.
    """
    learned = _tallies(candidate, references, kind) if kind == "classes" else []
    found = []
    for pair in others:
        judge, tallies = _tallied(candidate, [pair], kind)
        if kind == "objects":
            found.append(float(judge.scores(tallies)[0]))
            continue
        rows = [np.c_[np.full(len(t.counts), 1), t.counts[:, 1:]] for t in learned]
        rows += [np.c_[np.full(len(t.counts), 0), t.counts[:, 1:]] for t in tallies]
        both = Judge([], kind, False, Folds(2, (), np.ones(2), 0, ""))
        found.append(float(both.scores([Tally(np.concatenate(rows), 0.0)])[0]))
    return np.array(found)


def _tallies(candidate: Candidate, some: Sequence[Pair], kind: str) -> list[Tally]:
    return list(itertools.chain(*(_tallied(candidate, [p], kind)[1] for p in some)))


def _tallied(
    candidate: Candidate, some: Sequence[Pair], kind: str
) -> tuple[Judge, list[Tally]]:
    """Compare whole images."""

    (image, truth), *_ = some
    place = tuple((0, size) for size in truth.data.shape)
    judge = Judge(
        [Scene(image, image, truth.data, place, 0)],
        kind,
        False,
        Folds(1, (0,), np.ones(1), 0, ""),
    )
    try:
        labels = applied(candidate, image).data
    except InputError:
        labels = np.zeros(truth.data.shape, np.int32)
    return judge, [judge.tally(0, labels)]


# ---- searches


def tuned(
    references: Sequence[Pair], kind: str, budget: float, seed: int
) -> tuple[Candidate, float, int]:
    """Return what tuning chooses, the score it shows and how many it tried."""
    images, truths = zip(*references, strict=True)
    options = Options(kind=kind, budget=budget, seed=seed)
    *_, last = tune(images, truths, options, clock=time.process_time)
    return last.rows[0].candidate, last.rows[0].score, last.tried


def usable(candidate: Candidate, references: Sequence[Pair], kind: str) -> Candidate:
    """Return a candidate that can be applied, taught first where it learns."""
    if not candidate.learns:
        return candidate
    images, truths = zip(*references, strict=True)
    path = Path(tempfile.mkdtemp(prefix="tuning-"), "classes.npz")
    return taught(candidate, images, truths, path, Options(kind=kind))


def searched_long(
    references: Sequence[Pair], kind: str, budget: float
) -> tuple[Candidate, float, int]:
    """Return the best of candidates by chance and near the best, none ended early."""
    search, spaces = _space(references, kind, budget)
    rng, best, tried = np.random.default_rng(0), {}, 0
    begin = [(n, c) for n, space in spaces.items() for c in space.begin()]
    while search.elapsed < budget:
        if tried < len(begin):
            name, candidate = begin[tried]
        else:
            name = list(spaces)[int(rng.integers(len(spaces)))]
            near = name in best and rng.random() < 0.6
            candidate = (
                spaces[name].near(best[name].candidate, rng, 0.5)
                if near
                else spaces[name].drawn(rng)
            )
        trial = search.bench.tried(candidate, budget / 20)
        tried += 1
        if name not in best or trial.mean > best[name].mean:
            best[name] = trial
    winner = max(best.values(), key=lambda trial: trial.mean)
    return winner.candidate, winner.mean, tried


def _space(
    references: Sequence[Pair], kind: str, budget: float
) -> tuple[_Search, dict[str, Space]]:
    images, truths = zip(*references, strict=True)
    judge = Judge.of(scenes(images, truths, kind), kind, False)
    bench = Bench(judge, time.process_time)
    search = _Search(bench, Options(budget=budget), kind, time.process_time())
    return search, search.spaces


def with_optuna(
    references: Sequence[Pair], kind: str, budget: float, seed: int
) -> tuple[Candidate, float, int]:
    """Return what Optuna's TPE finds in the same space (without further steps)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search, spaces = _space(references, kind, budget)
    kept: dict[int, Any] = {}

    def objective(trial: Any) -> float:
        candidate = _asked(trial, spaces)
        kept[trial.number] = search.bench.tried(candidate, budget / 15)
        return kept[trial.number].mean

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True),
    )
    for name in spaces:
        study.enqueue_trial({"method": name})
    while search.elapsed < budget:
        study.optimize(objective, n_trials=1)
    winner = kept[study.best_trial.number]
    return winner.candidate, winner.mean, len(kept)


def _asked(trial: Any, spaces: dict[str, Space]) -> Candidate:
    from napari_morphogen.tuning.space import (
        AFTER,
        BEFORE,
        GIVEN,
        fitted,
        logarithmic,
        varied,
    )

    method = trial.suggest_categorical("method", list(spaces))
    space = spaces[method]

    def asked(name: str) -> Any:
        values = dict(GIVEN[space.kind].get(name, {}))
        for param in varied(name):
            label = f"{name}.{param.name}"
            if param.name in values:
                continue
            if param.choices:
                usable = [c for c in param.choices if c != "manual"]
                values[param.name] = trial.suggest_categorical(label, usable)
            elif param.kind is bool:
                values[param.name] = trial.suggest_categorical(label, [False, True])
            else:
                low, high, _ = space.limits(param)
                log = logarithmic(param)
                number = trial.suggest_float(label, low, high, log=log)
                values[param.name] = fitted(param, number)
        return step(name, values)

    steps = [asked(method)]
    before = trial.suggest_categorical("before", ["", *BEFORE])
    if before:
        steps.insert(0, asked(before))
    if space.kind == "objects":
        after = trial.suggest_categorical("after", ["", *AFTER])
        if after:
            steps.append(asked(after))
    channel = None
    if space.channels > 1:
        choice = trial.suggest_int("channel", -1, space.channels - 1)
        channel = None if choice < 0 else choice
    return Candidate(tuple(steps), channel)


# ---- the table


def defaults(kind: str) -> Iterator[tuple[Candidate, bool]]:
    """Yield every method as it is, and told where it can be that objects are dark."""
    for name in searchable(kind):
        if Candidate((step(name),)).learns:
            continue
        for number, candidate in enumerate(Space(name, kind).begin()):
            yield candidate, number > 0


def row(root: Path, data: Data, given: argparse.Namespace) -> tuple[str, str]:
    references, others = pairs(root, data)
    kind = data.kind

    def scored(candidate: Candidate) -> float:
        return float(held_out(candidate, references, others, kind).mean())

    # looks at the held-out images: no way of choosing a default is stricter
    ready = [(scored(one), told, one) for one, told in defaults(kind)]
    default, _, best = max((r for r in ready if not r[1]), key=itemgetter(0))
    given_polarity, _, told_best = max(ready, key=itemgetter(0))
    chosen, shown, tried = tuned(references, kind, given.budget, given.seed)
    score = scored(usable(chosen, references, kind))
    cells = [data.name, str(len(others)), f"`{best.main.method}`", f"{default:.3f}"]
    cells += [f"`{told_best.main.method}`", f"{given_polarity:.3f}"]
    cells += [
        f"`{chosen.text}`",
        f"{score:.3f}",
        f"{shown:.3f}",
        f"{shown - score:+.3f}",
    ]
    notes = [f"{data.name}: tried {tried}"]
    finders: list[tuple[str, Callable[[], tuple[Candidate, float, int]]]] = []
    if given.optuna:
        finders.append(
            ("optuna", lambda: with_optuna(references, kind, given.budget, given.seed))
        )
    if given.long:
        finders.append(("long", lambda: searched_long(references, kind, given.long)))
    for name, find in finders:
        other, theirs, count = find()
        found = scored(usable(other, references, kind))
        cells.append(f"{found:.3f}")
        notes.append(f"{name}: {other.text}, tuned on {theirs:.3f}, tried {count}")
        if name == "long":
            gap = found - default
            cells.append(
                f"{(score - default) / gap:.2f}" if gap > 0 else "none to close"
            )
    return "| " + " | ".join(cells) + " |", "; ".join(notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--only", default="", help="part of a data set's name")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds [60]")
    parser.add_argument("--long", type=float, default=0.0, help="seconds [none]")
    parser.add_argument("--optuna", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    head = "data set|held out|best default|its score|told dark or bright|its score"
    head += "|tuned|its score|shown|gap"
    head += "|Optuna" * given.optuna + "|long|closed" * bool(given.long)
    names = head.split("|")
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    wanted = [data for data in DATA if given.only in data.name]
    with ProcessPoolExecutor(given.jobs) as pool:
        futures = [pool.submit(row, given.data, data, given) for data in wanted]
        for future in futures:
            line, note = future.result()
            print(line, flush=True)
            print(note, file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
