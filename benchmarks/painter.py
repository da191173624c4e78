"""Do paintings follow their labels?

    python benchmarks/painter.py FOLDER [--train 16] [--held-out 14] [--budget 200]
        [--patch 64] [--seed 0] [--cpu] [--picture PATH]

FOLDER holds the folders images and labels. A painter learns from some images, drawn at
random, and paints the labels of others and of synthetic cells. Painted and real images
are segmented by Otsu's threshold and compared with the labels: printed are the means of
Dice's coefficient. `--cpu` counts the seconds of this process instead of those of the
clock. `--picture` shows labels, their painting and the real image, side by side.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen import run
from napari_morphogen.generating import Settings, learn, paint
from napari_morphogen.io import read
from napari_morphogen.io.pairs import paired
from napari_morphogen.segment.threshold import threshold
from napari_morphogen.spatial import SpatialArray

Array = np.ndarray[Any, Any]
SIDE, SHOWN = 256, 3  # pixels and rows of the picture
CELLS: dict[str, Any] = {"height": SIDE, "width": SIDE, "count": 30, "radius": 10.0}
CELLS["output"] = "labels"


def main() -> None:
    """Train, paint, compare, print."""
    given = parsed()
    pairs = paired(given.folder / "images", given.folder / "labels").found
    order = np.random.default_rng(given.seed).permutation(len(pairs))
    taught = [pairs[i] for i in order[: given.train]]
    others = [pairs[i] for i in order[given.train : given.train + given.held_out]]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "painter.morphogen")
        steps = train(model, taught, given)
        unseen = [(read(image), read(labels)) for image, labels in others]
        painted = [paint(model, labels, seed=given.seed) for _, labels in unseen]
        cells = [run("synthetic_cells", seed=i, **CELLS) for i in (0, 1)]
        drawn = [paint(model, labels, seed=given.seed) for labels in cells]
    labels = [one for _, one in unseen]
    print(
        f"{given.folder.name}: {steps} steps, Dice of Otsu's threshold with the labels"
    )
    print(f"| real images | {agreement([one for one, _ in unseen], labels)} |")
    print(f"| painted labels of unseen images | {agreement(painted, labels)} |")
    print(f"| painted synthetic cells | {agreement(drawn, cells)} |")
    if given.picture is not None:
        rows = [
            [shaded(two), made.data, one.data]
            for (one, two), made in zip(unseen, painted, strict=True)
        ]
        save(given.picture, rows[:SHOWN])


def parsed() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name, usual in (("train", 16), ("held-out", 14), ("patch", 64), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--budget", type=float, default=200.0)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--picture", type=Path)
    return parser.parse_args()


def train(
    model: Path, pairs: list[tuple[Path, Path]], given: argparse.Namespace
) -> int:
    """Train a painter and return the steps it took."""
    settings = Settings(
        "painter", given.patch, seconds=given.budget, seed=given.seed, threads=1
    )
    images, labels = ([pair[side] for pair in pairs] for side in (0, 1))
    clock = time.process_time if given.cpu else time.monotonic
    words: dict[str, Any] = {"labels": labels, "looks": False, "clock": clock}
    *_, last = learn(images, settings, model, **words)
    return last.step


def agreement(images: list[SpatialArray], labels: list[SpatialArray]) -> str:
    """Return mean and least of Dice's coefficient."""
    found = []
    for image, truth in zip(images, labels, strict=True):
        bright = threshold(np.asarray(image.data)) > 0
        inside = np.asarray(truth.data) > 0
        found.append(2 * (bright & inside).sum() / (bright.sum() + inside.sum()))
    return f"{np.mean(found):.2f} ({np.min(found):.2f})"


def save(path: Path, rows: list[list[Array]]) -> None:
    """Write a picture; every part from its darkest to its brightest."""
    from PIL import Image

    grey = np.vstack([np.hstack([scaled(one) for one in row]) for row in rows])
    Image.fromarray(grey).save(path)


def shaded(labels: SpatialArray) -> Array:
    """Return labels in a few greys, all of them seen."""
    found = np.asarray(labels.data)
    return np.where(found > 0, found % 7 + 4, 0)


def scaled(image: Array) -> Array:
    """Return the middle of an image in grey."""
    rows, columns = ((n - SIDE) // 2 for n in image.shape)
    part = np.asarray(image, float)[rows : rows + SIDE, columns : columns + SIDE]
    low, high = np.percentile(part, (0.5, 99.8))
    return (np.clip((part - low) / max(high - low, 1e-9), 0, 1) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
