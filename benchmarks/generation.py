"""How good are generators that learnt for some minutes?

    python benchmarks/generation.py FOLDER [--kinds vae flow] [--budget 300] [--seeds 0]
        [--patch 32] [--steps 0] [--threads 0] [--cpu] [--picture PATH] [--keep FOLDER]
        [--anchor]

FOLDER holds images. A fifth of them is not learnt from. Of every kind 500 samples are
compared with 500 patches of the unseen images by the report card, and so are 500
patches of the images learnt from ("real"). All of that three times, with other samples
and other patches of the same images, and the mean is printed, since which 500 they are
changes a figure by a tenth or more; copies are looked for among the first 500.

`--cpu` counts the seconds of this process instead of those of the clock, for machines
that do other work at the same time; `--steps` ends after so many steps instead.
`--picture` shows real patches on the left and samples on the right, of the last kind
and seed; `--keep` is a folder that the generators are written to.

Printed for every kind and seed: steps; the sliced Wasserstein distance as a multiple of
that of real patches (1 is best), the difference of the spectra in decibels, the covered
share of unseen patches and that which real ones cover, and the share of copies.
"""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.evaluate.report_card import ReportCard, report_card
from napari_morphogen.io import image_paths, read
from napari_morphogen.nn.generator import MODULES
from napari_morphogen.nn.generator_patches import Pool, seen_in
from napari_morphogen.nn.generator_training import GeneratorOptions, GeneratorTraining
from napari_morphogen.nn.train import Budget

Array = np.ndarray[Any, Any]
SAMPLES, TRAINING = 500, 4000
DRAWS = 3  # of samples and patches
SIDE = 8  # samples along each side of the picture


def main() -> None:
    """Train, compare, print."""
    given = parsed()
    images = [first(read(path)) for path in image_paths([given.folder])]
    if given.anchor:
        for seed in given.seeds:
            print(
                f"seed {seed}: {anchor(images, seed, given):.3f} of the last quarters"
            )
        return
    shown = np.zeros((0, 0))
    print(f"{given.folder.name}: {len(images)} images, patches of {given.patch}")
    print("| kind | seed | steps | texture | spectrum | coverage | real | copies |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind in given.kinds:
        for seed in given.seeds:
            training = trained(kind, seed, images, given)
            if given.keep is not None:
                name = f"{kind}_{given.patch}_{seed}.morphogen"
                training.generator().save(given.keep / name)
            cards = [card(training, seed, draw) for draw in range(DRAWS)]
            print(row(kind, seed, training, cards), flush=True)
            samples = training.generator().sample(SIDE**2, seed=seed)
            shown = np.concatenate(
                [tiled(training.patches(SIDE**2)), tiled(samples)], axis=1
            )
    if given.picture is not None:
        save(given.picture, shown)


def parsed() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kinds", nargs="+", default=["vae", "flow"], choices=MODULES)
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--patch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--anchor", action="store_true")
    return parser.parse_args()


def first(image: Any) -> Array:
    """Return an image with its channels, if any, in front."""
    data = np.asarray(image.data)
    axis = image.axes.find("c")
    return data[np.newaxis] if axis < 0 else np.moveaxis(data, axis, 0)


def begun(
    kind: Any, seed: int, images: list[Array], given: argparse.Namespace
) -> GeneratorTraining:
    """Return a training that has not begun to learn."""
    options = GeneratorOptions(
        kind, given.patch, seed=seed, threads=given.threads, batch=32
    )
    return GeneratorTraining(images, options=options)


def anchor(images: list[Array], seed: int, given: argparse.Namespace) -> float:
    """Return how much of unseen parts of the images learnt from counts as copies."""
    training = begun("flow", seed, images, given)
    rest, quarters = [], []
    for one in training.kept:
        cut = one.values.shape[-1] * 3 // 4
        rest.append(one._replace(values=one.values[..., : cut - given.patch // 2]))
        quarters.append(one._replace(values=one.values[..., cut:]))
    foreground = training.options.foreground
    pool = Pool(quarters, training.config.shape, foreground)
    ours, _ = pool.draw(SAMPLES, np.random.default_rng(seed))
    searched = seen_in(rest, training.range)
    found = report_card(
        searched,
        list(training.range.outside(ours)),
        list(training.patches(SAMPLES, unseen=True)),
        patch_size=given.patch,
        channel_axis=0,
    )
    return found.copies


def trained(
    kind: Any, seed: int, images: list[Array], given: argparse.Namespace
) -> GeneratorTraining:
    """Return a training that has ended."""
    training = begun(kind, seed, images, given)
    budget = Budget(math.inf if given.steps else given.budget, given.steps)
    clock = time.process_time if given.cpu else time.monotonic
    for _ in training.run(budget, every=100, clock=clock):
        pass
    training.finish()
    return training


def card(training: GeneratorTraining, seed: int, draw: int) -> ReportCard:
    """Return how samples compare with patches that were not learnt from."""
    samples = training.generator().sample(SAMPLES, seed=seed + 1000 * draw)
    seen = training.patches(TRAINING, seed=draw)
    unseen = training.patches(SAMPLES, unseen=True, seed=draw)
    everywhere = None if draw else seen_in(training.kept, training.range)
    return report_card(
        list(seen),
        list(samples),
        list(unseen),
        searched=everywhere,
        patch_size=training.config.shape[-1],
        channel_axis=0,
        seed=draw,
    )


def row(
    kind: str, seed: int, training: GeneratorTraining, cards: list[ReportCard]
) -> str:
    """Return a row of the table."""

    def mean(of: str, figure: str) -> float:
        return float(np.mean([one.measured[of][figure] for one in cards]))

    copies = cards[0].measured["generated"]["copies"]
    return (
        f"| {kind} | {seed} | {training.position[0]} "
        f"| {mean('generated', 'texture') / mean('real', 'texture'):.1f} "
        f"| {mean('generated', 'sharpness'):.1f} ({mean('real', 'sharpness'):.1f}) "
        f"| {mean('generated', 'coverage'):.2f} | {mean('real', 'coverage'):.2f} "
        f"| {copies:.3f} |"
    )


def tiled(images: Array) -> Array:
    """Return the first channel of images side by side."""
    planes = images[:, 0].reshape(SIDE, SIDE, *images.shape[-2:])
    return np.concatenate(np.concatenate(planes, axis=1), axis=1)


def save(path: Path, picture: Array) -> None:
    """Write a picture from its darkest to its brightest percent."""
    from PIL import Image

    low, high = np.percentile(picture[:, : picture.shape[1] // 2], (1, 99.5))
    grey = np.clip((picture - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    Image.fromarray(grey).resize((grey.shape[1] * 2, grey.shape[0] * 2)).save(path)


if __name__ == "__main__":
    main()
