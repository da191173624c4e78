"""New images like an example, and cells from nothing: how long, how alike, how copied.

    python benchmarks/textures.py [--size 256] [--picture PATH]

Every example is one of the samples of the package, cut to a square; a new image as
large is made by each method. Printed: seconds of the clock; the sliced Wasserstein
distance of a Laplacian pyramid between 32 x 32 patches of the new image and of the
example, relative to that of the example's pixels in random order; and the share of
patches that stand in the example. `--picture` shows examples above new images.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from napari_morphogen import samples
from napari_morphogen.evaluate.textures import texture_distance
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.forest import texture_forest
from napari_morphogen.generate.texture_sgd import texture_sgd
from napari_morphogen.params import last

Array = np.ndarray[Any, Any]
PATCH, PATCHES = 32, 400


def main() -> None:
    """Make, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    size = given.size
    print("| example | method | seconds | distance | copied [%] |")
    print("|---|---|--:|--:|--:|")
    columns = []
    for name, example in examples(size).items():
        made = [example]
        for method in ("texture_forest", "texture_sgd"):
            start = time.perf_counter()
            new = textured(method, example)
            seconds = time.perf_counter() - start
            made.append(new.image)
            far = relative(new.image, example)
            copied = new.figures["copied [%]"]
            print(f"| {name} | `{method}` | {seconds:.1f} | {far:.2f} | {copied:.0f} |")
        columns.append(np.concatenate([shown(one, example) for one in made]))
    start = time.perf_counter()
    synthetic_cells(height=512, width=512, count=150)
    print(f"\n150 cells in 512 x 512 pixels: {time.perf_counter() - start:.2f} s")
    if given.picture is not None:
        Image.fromarray(np.concatenate(columns, axis=1)).save(given.picture)


def examples(size: int) -> dict[str, Array]:
    """Return squares of samples."""
    cells = synthetic_cells(height=size, width=size, count=size // 4, seed=1).image
    found = {"bricks": samples.bricks().data, "coins": samples.coins().data}
    found |= {"tissue": samples.tissue().data[..., 1], "cells": cells}
    return {name: np.asarray(data[:size, :size]) for name, data in found.items()}


def textured(method: str, example: Array) -> Any:
    """Return what a method makes like the example."""
    if method == "texture_forest":
        return texture_forest(example, seed=1)
    return last(texture_sgd(example, seed=1))


def relative(made: Array, example: Array) -> float:
    """Return the distance of patches, that of shuffled pixels being 1."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(example.ravel()).reshape(example.shape)
    target, near, far = (patches(one) for one in (example, made, shuffled))
    return texture_distance(near, target, 0) / texture_distance(far, target, 0)


def patches(image: Array) -> Array:
    """Return patches from places of a fixed seed, as single channels."""
    rng = np.random.default_rng(1)
    rows, columns = (rng.integers(n - PATCH + 1, size=PATCHES) for n in image.shape)
    places = zip(rows, columns, strict=True)
    found = [image[y : y + PATCH, x : x + PATCH] for y, x in places]
    return np.asarray(found, np.float32)[:, None]


def shown(image: Array, example: Array) -> Array:
    """Return an image in the brightness of the example, 0 to 255."""
    low, high = np.percentile(example, (0.5, 99.5))
    grey = np.clip((image - low) / (high - low) * 255, 0, 255)
    return grey.astype(np.uint8)


if __name__ == "__main__":
    main()
