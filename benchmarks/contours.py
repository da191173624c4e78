"""Morphological contours against scikit-image's, equal pixels checked.

Ten iterations from one start, both called in turn in one process; printed are median
ratios of their times and how many pixels differ. Ours includes the energies of all
iterations and the numbered objects; the time of the map of edges, made by the same
function, is counted for both.

    python benchmarks/contours.py [--quick]
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

os.environ["MORPHOGEN_NUMBA"] = "now"

import numpy as np
from scipy import ndimage
from skimage.segmentation import morphsnakes

from napari_morphogen.intensity import unit_range
from napari_morphogen.params import last
from napari_morphogen.segment import contours

Array = np.ndarray[Any, Any]
SHAPES = ((1024, 1024), (32, 256, 256))
ITERATIONS, SIGMA, ALPHA = 10, 1.0, 1000.0


def image_of(shape: tuple[int, ...]) -> Array:
    """Return bright blobs in noise from 0 to 1, float32."""
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 6)
    noisy = blobs / blobs.std() + 0.2 * rng.normal(size=shape).astype(np.float32)
    return (noisy - noisy.min()) / np.ptp(noisy)


def plain(function: Callable[..., Array], image: Array, **given: Any) -> Array:
    # scikit-image counts the orders of its two operators on from call to call
    ways = (
        lambda u: morphsnakes.sup_inf(morphsnakes.inf_sup(u)),
        lambda u: morphsnakes.inf_sup(morphsnakes.sup_inf(u)),
    )
    morphsnakes._curvop.funcs = cycle(ways)
    return function(image, ITERATIONS, **given) > 0


def chan_vese_of(image: Array, start: Array) -> tuple[Callable[[], Array], ...]:
    wide = contours._greys(image).astype(np.float64)

    def theirs() -> Array:
        function = morphsnakes.morphological_chan_vese
        inside = plain(function, wide, init_level_set=start)
        return contours._oriented(inside, wide, True)

    def ours() -> Array:
        steps = contours.chan_vese(image, sigma=0, iterations=ITERATIONS, initial=start)
        return last(steps) > 0

    return theirs, ours


def geodesic_of(image: Array, start: Array) -> tuple[Callable[[], Array], ...]:
    values = unit_range(image).values

    def theirs() -> Array:
        g = contours.edge_map(values, SIGMA, ALPHA, ())
        function = morphsnakes.morphological_geodesic_active_contour
        return plain(function, g, init_level_set=start, balloon=-1)

    def ours() -> Array:
        steps = contours.geodesic_contour(
            image, sigma=SIGMA, alpha=ALPHA, iterations=ITERATIONS, initial=start
        )
        return last(steps) > 0

    return theirs, ours


def timed(function: Callable[[], Array]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images, one repeat")
    quick = parser.parse_args().quick
    print("| method | size | ratio | pixels that differ |")
    print("|---|---|---|---|")
    for shape in SHAPES:
        small = tuple(max(n // 4, 16) for n in shape) if quick else shape
        image = image_of(small)
        start = ndimage.gaussian_filter(image, 2) > image.mean()
        for name, pair in (("chan_vese", chan_vese_of), ("geodesic", geodesic_of)):
            theirs, ours = pair(image, start)
            differ = np.count_nonzero(theirs() != ours())
            repeats = 1 if quick else 5
            ratios = [timed(theirs) / timed(ours) for _ in range(repeats)]
            size = " x ".join(map(str, small))
            print(f"| {name} | {size} | {statistics.median(ratios):.1f} | {differ} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
