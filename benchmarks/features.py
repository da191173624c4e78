"""Features of pixels, and classes learned from them, on a 1024 x 1024 image.

Ours and `skimage.feature.multiscale_basic_features` are called in turn in one process;
printed are the median ratio of their times and how far their results are apart. The
gradient is not compared: there scikit-image takes Sobel's, we central differences.

    python benchmarks/features.py [--quick]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ["MORPHOGEN_NUMBA"] = "now"

import numpy as np
from scipy import ndimage
from skimage.feature import multiscale_basic_features

from napari_morphogen import features
from napari_morphogen.segment.examples import nearest_class, random_forest

Array = np.ndarray[Any, Any]
SETS: dict[str, tuple[features.Kind, ...]] = {
    "intensity, gradient, Hessian": ("intensity", "gradient", "hessian"),
    "intensity, Hessian": ("intensity", "hessian"),
}


def image_of(side: int) -> Array:
    """Return bright blobs in noise from 0 to 1, float32."""
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=(side, side)), 6)
    image = blobs / blobs.std() + 0.2 * rng.normal(size=(side, side))
    return ((image - image.min()) / np.ptp(image)).astype(np.float32)


def strokes_of(image: Array) -> Array:
    """Return a stroke on each of three shares of brightness."""
    smooth = ndimage.gaussian_filter(image, 4)
    classes = np.digitize(smooth, np.quantile(smooth, [1 / 3, 2 / 3])) + 1
    strokes = np.zeros(image.shape, np.int32)
    rows = slice(len(image) // 2, len(image) // 2 + 4)
    strokes[rows] = classes[rows]
    return strokes


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(name: str, image: Array, repeats: int) -> None:
    kinds = SETS[name]

    def theirs() -> Array:
        return multiscale_basic_features(image, edges="gradient" in kinds)

    def ours() -> Array:
        return features.multiscale(image, kinds=kinds)

    plain, quick = np.moveaxis(theirs(), -1, 0), ours()
    names = features.kinds_of(features.SIGMAS, kinds, image.shape)
    alike = [kind != "gradient" for kind in names]
    most = np.abs(plain[alike]).max(axis=(1, 2), keepdims=True)
    apart = (np.abs(plain[alike] - quick[alike]) / most).max()  # of each feature's size
    pairs = [(seconds(theirs), seconds(ours)) for _ in range(repeats)]
    ratio = statistics.median(plain / quick for plain, quick in pairs)
    took = statistics.median(quick for _, quick in pairs)
    print(f"| {name} ({len(quick)}) | {took:.3f} | {ratio:.1f} | within {apart:.0e} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small image, one repeat")
    quick = parser.parse_args().quick
    image, repeats = image_of(256 if quick else 1024), 1 if quick else 7
    print("| features | seconds | ratio | results |\n|---|---|---|---|")
    for name in SETS:
        compare(name, image, repeats)
    print("\n| method | first seconds | seconds after a new stroke |\n|---|---|---|")
    strokes = strokes_of(image)
    for method in (nearest_class, random_forest):
        method(image, strokes=strokes)  # compiles

        def call(method: Callable[..., Any] = method) -> Any:
            return method(image, strokes=strokes)

        first, later = [], []
        for _ in range(repeats):
            features.clear()
            first.append(seconds(call))
            later.append(seconds(call))
        medians = [statistics.median(times) for times in (first, later)]
        print(f"| {method.__name__} | {medians[0]:.2f} | {medians[1]:.2f} |")


if __name__ == "__main__":
    main()
