"""What stands on the pages of the methods: a sample, parameters, and the picture.

`SHOWN` chooses a sample and parameters where the coins and the defaults say too
little, `DETAIL` the pictures of which a part is shown enlarged.
"""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import draw
from skimage.color import label2rgb
from skimage.exposure import rescale_intensity
from skimage.util import img_as_ubyte

from napari_morphogen import SpatialArray, run, samples
from napari_morphogen.params import parameters
from napari_morphogen.registry import Method
from napari_morphogen.spatial import Vertices

SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "threshold": (
        "coins",
        {
            "rule": "local",
            "sigma": 2.0,
            "level": 15.0,
            "block_size": 101,
            "min_size": 150,
        },
    ),
    "multi_otsu": ("cell", {"classes": 4}),
    "laplacian": ("coins", {"sigma": 4.0}),
    "structure_tensor": ("coins", {"measure": "edge"}),
    "convolve": ("coins", {"kernel": "emboss"}),
    "zero_crossings": ("coins", {"sigma": 3.0}),
    "canny": ("coins", {"sigma": 2.0, "low_threshold": 0.8, "high_threshold": 0.9}),
    "edge_regions": (
        "coins",
        {
            "sigma": 2.5,
            "low_threshold": 0.75,
            "high_threshold": 0.85,
            "gap": 5.0,
            "border": False,
            "min_size": 300,
        },
    ),
    "chan_vese": ("cell", {"sigma": 2.0, "min_size": 150}),
    "geodesic_contour": ("coins", {"min_size": 300}),
    "hough_lines": ("bricks", {"min_length": 18.0, "max_gap": 5.0, "count": 500}),
    "hough_circles": ("coins", {}),
    "line_regions": (
        "bricks",
        {
            "low_threshold": 0.75,
            "high_threshold": 0.88,
            "min_length": 18.0,
            "max_gap": 5.0,
            "extend": 4.0,
        },
    ),
    "hierarchical_watershed": ("coins", {"sigma": 2.0, "merge": 30.0}),
    "kmeans": ("tissue", {"sigma": 1.0}),
    "superpixel_clusters": ("tissue", {}),
    "quantise_colours": ("tissue", {"colours": 6}),
    "gaussian_mixture": ("cell", {"n_components": 3}),
    "watershed": (
        "bricks",
        {
            "landscape": "intensity",
            "objects": "dark",
            "sigma": 2.5,
            "h": 8.0,
            "min_size": 150,
        },
    ),
    "gaussian": ("coins", {"sigma": 3.0}),
    "median": ("coins", {"radius": 3.0}),
    "denoise_nl_means": ("coins", {"strength": 3.0}),
    "denoise_tv": ("coins", {"strength": 3.0}),
    "denoise_wavelet": ("coins", {"strength": 3.0}),
    "richardson_lucy": ("coins", {"sigma": 1.0}),
    "wiener": ("coins", {"sigma": 1.0}),
    "smooth_labels": ("coin_labels", {"sigma": 3.0}),
    "random_noise": ("", {"distribution": "speckle", "looks": 4}),
    "perlin": ("", {"period": 64.0}),
    "gaussian_field": ("", {"correlation_length": 8.0}),
    "synthetic_cells": ("", {"seed": 1}),
    "shuffle_objects": ("coins", {}),
    "texture_forest": ("coins", {}),
    "texture_sgd": ("coins", {"steps": 4}),
    "subtract_background": ("coins", {"estimate": "top-hat", "radius": 40.0}),
}
DETAIL = (  # what is seen only near by: of their pictures, a part is shown enlarged
    *("canny", "zero_crossings", "fill_holes", "smooth_labels", "gaussian", "median"),
    *("denoise_nl_means", "denoise_tv", "denoise_wavelet", "richardson_lucy", "wiener"),
)
PART = (slice(0, 100), slice(256, 384))  # rows and columns
GAP = 8  # white pixels between the two halves of a picture
STEPS = 60  # that networks learn
WIDTH = 384  # a smaller half is enlarged


def example(method: Method) -> tuple[str, dict[str, Any]]:
    """Return the sample and the parameters that show what a method does."""
    usual = {"image": "coins", "labels": "coin_labels", "": ""}[method.takes]
    return SHOWN.get(method.name, (usual, {}))


def marks(method: Method) -> dict[str, str]:
    """Return the sample for every array that a method cannot do without."""
    required = [p.name for p in parameters(method.function) if p.required and p.role]
    return {name: f"coin_{name}" for name in required}


def models(method: Method) -> dict[str, str]:
    """Return the task for every trained network that a method cannot do without."""
    required = [p.name for p in parameters(method.function) if p.files]
    return dict.fromkeys(required, samples.TASKS.get(method.name, ""))


@lru_cache(maxsize=None)
def shown(method: Method) -> tuple[SpatialArray, SpatialArray]:
    """Return the sample and the method's result for it; without one, that alone."""
    sample, given = example(method)
    if not sample:
        made = run(method.name, **given)
        return made, made
    image = getattr(samples, sample)()
    needed = samples.needed(method.function, STEPS)
    return image, run(method.name, image, **given, **needed)


def picture(method: Method) -> bytes:
    """Return a PNG: one plane of the sample beside the same plane of the result.

    Where there is no sample, the result alone, with its labels beside it if it has any.

    Raises
    ------
    ValueError
        When the result has one value only, which shows nothing.
    """
    image, result = shown(method)
    left = _plane(image)
    shapes = isinstance(result, Vertices)
    right = _outlines(result, left.shape[:2]) if shapes else _plane(result)
    if method.name in DETAIL:
        left, right = left[PART], right[PART]
    if np.unique(right).size < 2:
        raise ValueError(
            f"{method.name}: its result for the sample {image.name} has one value "
            "only; choose a sample and parameters in SHOWN of docs/_pictures.py."
        )
    grey = rescale_intensity(left.astype(float), out_range=(0, 1))
    colour = grey if image.rgb else np.stack([grey] * 3, axis=-1)
    if method.takes == "labels":
        grey = np.zeros(left.shape)
        colour = _coloured(left, grey, method)
    halves = [colour, _coloured(right, grey, method)]
    if not method.takes:
        halves = [colour, *_labelled(method, grey)]
    return _png([_enlarged(half) for half in halves])


def _labelled(method: Method, grey: np.ndarray) -> list[np.ndarray]:
    """Return the labels that belong to an image from nothing, on that image."""
    if "labels" not in method.outputs:
        return []
    _, given = example(method)
    labels = run(method.name, **given, output="labels")
    return [label2rgb(_plane(labels), grey, alpha=0.5, bg_label=0)]


def _png(halves: list[np.ndarray]) -> bytes:
    """Return pictures side by side."""
    gap = np.ones((len(halves[0]), GAP, 3))
    both = np.concatenate([part for half in halves for part in (gap, half)][1:], axis=1)
    kept = io.BytesIO()
    shot = Image.fromarray(img_as_ubyte(np.clip(both, 0, 1)))
    shot.quantize(128, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _plane(array: SpatialArray) -> np.ndarray:
    """Return the middle of every axis that is neither y nor x nor colour."""
    whole = zip(array.axes, array.data.shape, strict=True)
    flat = "yxc" if array.rgb else "yx"
    return array.data[
        tuple(slice(None) if axis in flat else size // 2 for axis, size in whole)
    ]


def _outlines(shapes: Vertices, shape: tuple[int, int]) -> np.ndarray:
    """Return lines and ellipses of one plane as labels."""
    drawn = np.zeros(shape, np.int32)
    for number, corners in enumerate(shapes.data, 1):
        if len(corners) == 2:
            pixels = draw.line(*np.rint(corners).astype(int).ravel())
        else:
            centre = np.rint(corners.mean(axis=0)).astype(int)
            radius = round(np.ptp(corners[:, 0]) / 2)
            pixels = draw.circle_perimeter(*centre, radius)
        rows, columns = pixels
        kept = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        drawn[rows[kept], columns[kept]] = number
    return ndimage.grey_dilation(drawn, 2)


def _coloured(result: np.ndarray, grey: np.ndarray, method: Method) -> np.ndarray:
    if method.makes in ("labels", "shapes"):
        alpha = 0.5 if grey.any() else 1
        return label2rgb(result, grey, alpha=alpha, bg_label=0)
    if result.ndim == 3:
        return rescale_intensity(result.astype(float), out_range=(0, 1))
    bright = rescale_intensity(result.astype(float), out_range=(0, 1))
    return np.stack([bright] * 3, axis=-1)


def _enlarged(half: np.ndarray) -> np.ndarray:
    """Return small pictures in a whole multiple of their size."""
    times = max(1, WIDTH // half.shape[1])
    return half.repeat(times, axis=0).repeat(times, axis=1)
