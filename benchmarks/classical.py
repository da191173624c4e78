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
from importlib.util import find_spec
from typing import Any

os.environ["MORPHOGEN_NUMBA"] = "now"

import numpy as np
from scipy import ndimage
from skimage import (
    data,
    feature,
    filters,
    measure,
    morphology,
    segmentation,
    transform,
)

from napari_morphogen import fast, measurements
from napari_morphogen.segment.clustering import kmeans
from napari_morphogen.segment.edges import canny, sobel
from napari_morphogen.segment.watershed import watershed

Array = np.ndarray[Any, Any]
SPACING = (2.0, 1.0, 1.0)
FLAT, DEEP = (2048, 2048), (64, 512, 512)
SIGMA, H, MIN_SIZE = 2.0, 1.0, 20
GREYS, COLOURS = 4, 8  # classes of K-means
PROPERTIES = (
    "label",
    "num_pixels",
    "area",
    "centroid",
    "equivalent_diameter_area",
    "axis_major_length",
    "axis_minor_length",
    "intensity_mean",
    "intensity_std",
    "intensity_min",
    "intensity_max",
)


@dataclass(frozen=True)
class Step:
    name: str
    plain_name: str
    plain: Callable[[Any], Any]
    ours: Callable[[Any], Any]
    shape: tuple[int, ...]
    from_mask: bool = False
    own_oracle: bool = False  # compared with our plain way: details are not alike
    make: Callable[[tuple[int, ...]], Any] | None = None  # instead of `image_of`
    agree: Callable[[Any, Any, Any], str] | None = None  # theirs, ours, data
    needs: str = ""  # a package that is no dependency


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


def bytes_of(shape: tuple[int, ...]) -> Array:
    image = image_of(shape)
    return np.clip(image * 32 + 90, 0, 255).astype(np.uint8)


def photograph(shape: tuple[int, ...]) -> Array:
    """Return a photograph in colours with some noise, 8 bits."""
    large = transform.resize(data.astronaut(), shape, order=1, preserve_range=True)
    noise = np.random.default_rng(0).normal(0, 4, large.shape)
    return np.clip(large + noise, 0, 255).astype(np.uint8)


def plain_kmeans(image: Array, n_clusters: int) -> Array:
    from sklearn.cluster import KMeans

    points = image.reshape(-1, image.shape[2] if image.ndim > 2 else 1)
    model = KMeans(n_clusters, random_state=0)
    return model.fit(points.astype(np.float32)).labels_


def inertia(labels: Array, image: Array) -> float:
    points = image.reshape(labels.size, -1).astype(np.float64)
    of = labels.ravel() - labels.min()
    count = np.bincount(of)
    means = np.stack([np.bincount(of, p) / count for p in points.T], axis=1)
    return float(((points - means[of]) ** 2).sum())


def agree_in_inertia(plain: Array, ours: Array, image: Array) -> str:
    ratio = inertia(ours, image) / inertia(plain, image)
    return f"inertia {ratio:.5f} of theirs"


def plain_canny_3d(image: Array) -> Array:
    import SimpleITK

    given = SimpleITK.GetImageFromArray(image)
    found = SimpleITK.CannyEdgeDetection(given, 0.01, 0.05, [4.0] * 3)
    return SimpleITK.GetArrayFromImage(found) > 0


def objects(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return labels, about 4000 in four million pixels, and intensities."""
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 4.5)
    image /= image.std()
    return measure.label(image > 0.8).astype(np.int32), image


def plain_properties(given: tuple[Array, Array]) -> dict[str, Array]:
    return measure.regionprops_table(*given, properties=PROPERTIES)


def agree_in_columns(
    plain: dict[str, Array], ours: dict[str, Array], given: tuple[Array, Array]
) -> str:
    pairs = {
        "label": "label",
        "num_pixels": "pixels",
        "centroid-0": "y",
        "centroid-1": "x",
        "axis_major_length": "axis_major_length",
        "intensity_mean": "intensity_mean",
        "intensity_std": "intensity_std",
    }
    most = max(
        np.abs(plain[a] - ours[b]).max() / np.abs(plain[a]).max()
        for a, b in pairs.items()
    )
    return f"{len(plain['label'])} objects, within {most:.0e}"


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
        "Canny, sigma 2",
        "SimpleITK.CannyEdgeDetection",
        plain_canny_3d,
        lambda a: canny(a, sigma=2) > 0,
        DEEP,
        agree=lambda plain, ours, image: "another operator: zero crossings",
        needs="SimpleITK",
    ),
    Step(
        f"K-means, {GREYS} greys of 8 bits",
        "sklearn.cluster.KMeans",
        lambda a: plain_kmeans(a, GREYS),
        lambda a: kmeans(a, n_clusters=GREYS),
        FLAT,
        make=bytes_of,
        agree=agree_in_inertia,
    ),
    Step(
        f"K-means, {COLOURS} colours of 8 bits",
        "sklearn.cluster.KMeans",
        lambda a: plain_kmeans(a, COLOURS),
        lambda a: kmeans(a, n_clusters=COLOURS, channel_axis=2),
        FLAT,
        make=photograph,
        agree=agree_in_inertia,
    ),
    Step(
        "Properties of objects",
        "skimage.measure.regionprops_table",
        plain_properties,
        lambda given: measurements.measure(*given),
        FLAT,
        make=objects,
        agree=agree_in_columns,
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


def equality(step: Step, given: Any) -> str:
    ours = step.ours(given)
    if step.agree is not None:
        return step.agree(step.plain(given), ours, given)
    if step.own_oracle:
        os.environ["MORPHOGEN_NUMBA"] = "off"
        plain = step.ours(given)
        os.environ["MORPHOGEN_NUMBA"] = "now"
        return f"{np.count_nonzero(plain != ours)} pixels differ from our plain way"
    plain = step.plain(given)
    if plain.dtype.kind == "f":
        most = np.abs(plain - ours).max()
        return "identical" if most == 0 else f"within {most / np.abs(plain).max():.0e}"
    return f"{np.count_nonzero(plain != ours)} pixels differ"


def timed(function: Callable[[Any], Any], given: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function(given)
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
    parser.add_argument("--only", default="", help="part of the names of steps")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first is not None:
        step = STEPS[asked.first]
        print(timed(step.ours, data_of(step, quick=True))[0])
        return
    print("| step | instead of | size | ratio | results | first call, no cache / s |")
    print("|---|---|---|---|---|---|")
    for number, step in enumerate(STEPS):
        if asked.only not in step.name:
            continue
        if step.needs and find_spec(step.needs) is None:
            print(f"| {step.name} | left out: {step.needs} is not installed |")
            continue
        given = data_of(step, asked.quick)
        agree = equality(step, given)
        ratios = [
            timed(step.plain, given)[0] / timed(step.ours, given)[0]
            for _ in range(1 if asked.quick else 3)
        ]
        size = " x ".join(map(str, shape_of(step, asked.quick)))
        cells = [step.name, step.plain_name, size, f"{statistics.median(ratios):.1f}"]
        print("|", " | ".join([*cells, agree, f"{first_call(number):.1f}"]), "|")
        sys.stdout.flush()


def shape_of(step: Step, quick: bool) -> tuple[int, ...]:
    return tuple(n // 4 for n in step.shape) if quick else step.shape


def data_of(step: Step, quick: bool) -> Any:
    shape = shape_of(step, quick)
    if step.make is not None:
        return step.make(shape)
    image = image_of(shape)
    return mask_of(image) if step.from_mask else image


if __name__ == "__main__":
    main()
