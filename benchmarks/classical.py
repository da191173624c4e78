"""The compiled steps of the classical methods against the calls a user would write.

Both are called in turn in one process; printed are median ratios of their times, how
far their results are apart, and the first call in a new process without a cache.

    python benchmarks/classical.py [--quick]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

os.environ["MORPHOGEN_NUMBA"] = "now"

import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, morphology, segmentation

from napari_morphogen import fast
from napari_morphogen.segment.edges import canny, sobel
from napari_morphogen.segment.watershed import watershed

Array = np.ndarray[Any, Any]
SPACING = (2.0, 1.0, 1.0)
FLAT, DEEP = (2048, 2048), (64, 512, 512)
SIGMA, H, MIN_SIZE = 2.0, 1.0, 20


@dataclass(frozen=True)
class Step:
    name: str
    plain_name: str
    plain: Callable[[Array], Any]
    ours: Callable[[Array], Any]
    shape: tuple[int, ...]
    from_mask: bool = False
    own_oracle: bool = False  # compared with our plain way: details are not alike


def image_of(shape: tuple[int, ...]) -> Array:
    """Return bright blobs in noise, float32."""
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 6)
    noise = rng.normal(size=shape).astype(np.float32)
    return blobs / blobs.std() + 0.2 * noise


def mask_of(image: Array) -> Array:
    return ndimage.gaussian_filter(image, 2) > 0.5


def domes(mask: Array) -> tuple[Array, Array]:
    height = ndimage.distance_transform_edt(mask).astype(np.float32)
    ceiling = np.where(mask, height, -H - 1)
    return np.where(mask, ceiling - H, ceiling), ceiling


@lru_cache(maxsize=1)
def flooding(side: int) -> tuple[Array, Array, Array]:
    """Return landscape, markers and mask; no two markers equally high."""
    image = ndimage.gaussian_filter(image_of((side, side)), SIGMA)
    minima = morphology.local_minima(-image)
    mask = image > 0.5
    return -image, measure.label(minima & mask).astype(np.int32), mask


def plain_flood(image: Array) -> Array:
    landscape, markers, mask = flooding(len(image))
    return segmentation.watershed(landscape, markers, mask=mask)


def our_flood(image: Array) -> Array | None:
    return fast.flood(*flooding(len(image)))


def plain_chain(image: Array) -> Array:
    """Smooth, threshold, distance, markers, flood, clean: by the book."""
    smooth = filters.gaussian(image, SIGMA, preserve_range=True)
    mask = smooth > filters.threshold_otsu(smooth)
    distance = ndimage.distance_transform_edt(mask)
    raised = morphology.reconstruction(distance - H, distance)
    peaks = morphology.local_maxima(raised) & mask
    markers = measure.label(peaks, connectivity=image.ndim)
    labels = segmentation.watershed(-distance, markers, mask=mask)
    return morphology.remove_small_objects(labels, max_size=MIN_SIZE - 1)


def our_chain(image: Array) -> Array:
    return watershed(image, sigma=SIGMA, h=H, min_size=MIN_SIZE)


STEPS = (
    *(
        Step(
            f"Gaussian, sigma {sigma:g}",
            "skimage.filters.gaussian",
            lambda a, s=sigma: filters.gaussian(a, s, preserve_range=True),
            lambda a, s=sigma: fast.gaussian(a, [s] * a.ndim),
            shape,
        )
        for shape, sigma in ((FLAT, 2.0), (FLAT, 8.0), (DEEP, 2.0))
    ),
    *(
        Step("Sobel magnitude", "skimage.filters.sobel", filters.sobel, sobel, shape)
        for shape in (FLAT, DEEP)
    ),
    Step(
        "Canny, sigma 2",
        "skimage.feature.canny",
        lambda a: feature.canny(a, 2, 0.85, 0.95, mode="nearest", use_quantiles=True),
        lambda a: canny(a, sigma=2) > 0,
        FLAT,
    ),
    Step(
        "Distance transform",
        "scipy.ndimage.distance_transform_edt",
        ndimage.distance_transform_edt,
        lambda mask: fast.distance(mask, ()),
        FLAT,
        from_mask=True,
    ),
    Step(
        "Distance transform, spacing 2, 1, 1",
        "scipy.ndimage.distance_transform_edt",
        lambda mask: ndimage.distance_transform_edt(mask, sampling=SPACING),
        lambda mask: fast.distance(mask, SPACING),
        DEEP,
        from_mask=True,
    ),
    Step(
        "Reconstruction of domes (with its input)",
        "skimage.morphology.reconstruction",
        lambda mask: morphology.reconstruction(*domes(mask)),
        lambda mask: fast.reconstruction(*domes(mask), mask),
        FLAT,
        from_mask=True,
    ),
    Step(
        "Flooding from markers",
        "skimage.segmentation.watershed",
        plain_flood,
        our_flood,
        FLAT,
    ),
    Step(
        "Watershed chain",
        "scikit-image, SciPy",
        plain_chain,
        our_chain,
        FLAT,
        own_oracle=True,
    ),
)


def equality(step: Step, data: Array) -> str:
    ours = step.ours(data)
    if step.own_oracle:
        os.environ["MORPHOGEN_NUMBA"] = "off"
        plain = step.ours(data)
        os.environ["MORPHOGEN_NUMBA"] = "now"
        return f"{np.count_nonzero(plain != ours)} pixels differ from our plain way"
    plain = step.plain(data)
    if plain.dtype.kind == "f":
        most = np.abs(plain - ours).max()
        return "identical" if most == 0 else f"within {most / np.abs(plain).max():.0e}"
    return f"{np.count_nonzero(plain != ours)} pixels differ"


def timed(function: Callable[[Array], Any], data: Array) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function(data)
    return time.perf_counter() - start, result


def first_call(number: int) -> float:
    """Return the seconds of one step's first call, compiling included."""
    with tempfile.TemporaryDirectory() as cache:
        found = subprocess.run(
            [sys.executable, __file__, "--first", str(number)],
            env=os.environ | {"NUMBA_CACHE_DIR": cache},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(found.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images, one repeat")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first is not None:
        step = STEPS[asked.first]
        print(timed(step.ours, data_of(step, quick=True))[0])
        return
    print("| step | instead of | size | ratio | results | first call, no cache / s |")
    print("|---|---|---|---|---|---|")
    for number, step in enumerate(STEPS):
        data = data_of(step, asked.quick)
        agree = equality(step, data)
        ratios = [
            timed(step.plain, data)[0] / timed(step.ours, data)[0]
            for _ in range(1 if asked.quick else 3)
        ]
        size = " x ".join(map(str, data.shape))
        cells = [step.name, step.plain_name, size, f"{statistics.median(ratios):.1f}"]
        print("|", " | ".join([*cells, agree, f"{first_call(number):.1f}"]), "|")
        sys.stdout.flush()


def data_of(step: Step, quick: bool) -> Array:
    shape = tuple(n // 4 for n in step.shape) if quick else step.shape
    image = image_of(shape)
    return mask_of(image) if step.from_mask else image


if __name__ == "__main__":
    main()
