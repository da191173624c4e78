"""The methods of the product, in one tuple: its table of contents."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.enhance.background import subtract_background
from napari_morphogen.enhance.contrast import clahe, normalise
from napari_morphogen.enhance.deconvolution import richardson_lucy, wiener
from napari_morphogen.enhance.denoise import (
    denoise_nl_means,
    denoise_tv,
    gaussian,
    median,
)
from napari_morphogen.enhance.wavelets import denoise_wavelet
from napari_morphogen.generate.canvas import source_shape
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.fields import gaussian_field
from napari_morphogen.generate.forest import texture_forest
from napari_morphogen.generate.noise import perlin, random_noise
from napari_morphogen.generate.shuffle import shuffle_objects
from napari_morphogen.generate.texture import textured_shape
from napari_morphogen.generate.texture_sgd import texture_sgd
from napari_morphogen.params import InputError, accepts, outputs, summary, takes
from napari_morphogen.segment.circles import hough_circles
from napari_morphogen.segment.cleanup import (
    expand_labels,
    fill_holes,
    filter_objects,
    relabel,
    smooth_labels,
)
from napari_morphogen.segment.clustering import kmeans
from napari_morphogen.segment.contours import chan_vese, geodesic_contour
from napari_morphogen.segment.convolution import convolve, reach
from napari_morphogen.segment.dbscan import dbscan
from napari_morphogen.segment.edge_regions import edge_regions
from napari_morphogen.segment.edges import canny
from napari_morphogen.segment.examples import (
    fit_forest,
    fit_nearest,
    nearest_class,
    random_forest,
)
from napari_morphogen.segment.flows import ambrosio_tortorelli, smooth_flow
from napari_morphogen.segment.gradients import LEAST_SIGMA, gradient
from napari_morphogen.segment.hierarchy import hierarchical_watershed
from napari_morphogen.segment.hough import hough_lines
from napari_morphogen.segment.laplacian import laplacian, zero_crossings
from napari_morphogen.segment.line_regions import line_regions
from napari_morphogen.segment.mixture import gaussian_mixture
from napari_morphogen.segment.models import Engine, trained
from napari_morphogen.segment.parts import Survey, no_survey, number_large
from napari_morphogen.segment.quantise import quantise_colours
from napari_morphogen.segment.snakes import snake
from napari_morphogen.segment.splitting import merge_objects, split_objects
from napari_morphogen.segment.stroke_classes import halo as stroke_halo
from napari_morphogen.segment.stroke_classes import stroke_classes
from napari_morphogen.segment.structure import structure_tensor
from napari_morphogen.segment.superpixels import slic, superpixel_clusters
from napari_morphogen.segment.threshold import (
    LOCAL_SIZE,
    multi_otsu,
    survey_threshold,
    threshold,
    threshold_parts,
)
from napari_morphogen.segment.trained import (
    network_boundaries,
    network_classes,
    network_maps,
    network_objects,
)
from napari_morphogen.segment.trained_parts import (
    network_boundaries_parts,
    network_classes_parts,
    network_objects_parts,
    number_network_objects,
    survey_network,
)
from napari_morphogen.segment.watershed import (
    survey_watershed,
    watershed,
    watershed_parts,
)

Family = Literal[
    "threshold",
    "edges",
    "contours",
    "clustering",
    "examples",
    "network",
    "watershed",
    "cleanup",
    "enhance",
    "generate",
]


class Halo(NamedTuple):
    """How far a result depends on what surrounds it.

    Attributes
    ----------
    distance : float
        In pixels of the finest axis.
    pixels : int
        Beyond that, along every axis.
    """

    distance: float
    pixels: int


@dataclass(frozen=True)
class Blocks:
    """How a method finds the objects of an image that is larger than memory.

    Attributes
    ----------
    parts : callable
        The method's function for one part of the image; takes its parameters and
        what `survey` returned.
    halo : callable
        From the parameters and the survey to how far the pixels of a part must see
        beyond its border; objects are given as much more as they need.
    survey : callable
        ``survey(**parameters)`` asks all parts what depends on the whole image.
    number : callable
        ``number(sizes, **parameters)`` returns the final number of every object.
    joins : str
        What parts are made of: "objects", which are seen as a whole; "regions" that
        are connected, of which any piece is found anywhere; or "pixels", which need
        no joining: then `parts` returns them.
    """

    parts: Callable[..., Any]
    halo: Callable[..., Halo]
    survey: Callable[..., Survey[dict[str, Any]]] = no_survey
    number: Callable[..., NDArray[np.int64]] = number_large
    joins: Literal["objects", "regions", "pixels"] = "objects"


@dataclass(frozen=True)
class Method:
    """One row: a function and what the rest of the product must know of it.

    Attributes
    ----------
    function : callable
        The array first, parameters keyword-only; without an array where the
        method makes its image from parameters alone.
    family : str
        The dock it stands in.
    halo : callable or None
        From the parameters to how far a block must see beyond its border; None
        when it needs the whole array.
    blocks : Blocks or None
        How objects are found block by block; None where that is impossible.
    fit : callable or None
        Learns from the frames that the user has painted on, once for all
        frames: ``fit(samples, **parameters)``, where a sample holds a frame and
        its arrays by the names of the function's arguments. What it returns
        reaches the function as ``model``.
    planar : bool
        Whether the function takes one plane; volumes are looped over.
    colours : str
        What an image of colours means to a method that takes one channel:
        ``"brightness"``, or ``"each"`` colour in its turn.
    size : callable or None
        ``size(shape, **parameters)`` returns the spatial shape of what is made,
        from that of the image, which is ``()`` where there is none; None when the
        result is as large as the image.
    """

    function: Callable[..., Any]
    family: Family
    halo: Callable[..., Halo] | None = None
    blocks: Blocks | None = None
    fit: Callable[..., Any] | None = None
    planar: bool = False
    colours: Literal["brightness", "each"] = "brightness"
    size: Callable[..., tuple[int, ...]] | None = None

    @property
    def name(self) -> str:
        """The function's name: what users call the method everywhere."""
        return self.function.__name__

    @property
    def title(self) -> str:
        """One line of help."""
        return summary(self.function)

    @property
    def takes(self) -> str:
        """What it works on: ``"image"``, ``"labels"`` or, by ``""``, nothing."""
        return takes(self.function)

    @property
    def outputs(self) -> Mapping[str, str]:
        """The role of every result by its name, the main one first."""
        return outputs(self.function)

    @property
    def makes(self) -> str:
        """The role of the main result."""
        return next(iter(self.outputs.values()))

    @property
    def takes_channels(self) -> bool:
        """Whether all channels are used together."""
        return accepts(self.function, "channel_axis")


def _gaussian_halo(sigma: float) -> Halo:
    return Halo(4 * sigma, 1)  # where SciPy cuts its Gaussian


def _gradient_halo(operator: str, sigma: float) -> Halo:
    least = LEAST_SIGMA if operator == "gaussian" else 0
    return Halo(4 * (sigma or least), 2)  # the widest operator reaches two pixels


def _laplacian_halo(sigma: float) -> Halo:
    return Halo(4 * sigma, 1)


def _structure_halo(measure: str, sigma: float, window: float) -> Halo:
    return Halo(4 * (sigma + window), 2)  # two Gaussians, rounded up, and a difference


def _stroke_halo(model: str, sigma: float) -> Halo:
    return Halo(*stroke_halo(model, sigma))


def _kernel_halo(kernel: str) -> Halo:
    return Halo(0, reach(kernel))


def _median_halo(radius: float) -> Halo:
    return Halo(radius, 1)


def _threshold_halo(rule: str, sigma: float, block_size: int, **_: Any) -> Halo:
    around = sigma + block_size / 6 * (rule == "local")
    return Halo(4 * around, 2)


def _watershed_halo(foreground: str, sigma: float, **_: Any) -> Halo:
    around = sigma + LOCAL_SIZE / 6 * (foreground == "local")
    return Halo(4 * around, 3)  # a gradient reaches one pixel farther


THRESHOLD_BLOCKS = Blocks(
    threshold_parts, _threshold_halo, survey_threshold, joins="regions"
)


def _network_halo(model: str, engine: Engine, scale: float = 1.0, **_: Any) -> Halo:
    network = trained(model, engine)
    seen = max(map(sum, zip(network.reach, network.strides, strict=True))) + 4
    return Halo(0, math.ceil(seen / scale))


WATERSHED_BLOCKS = Blocks(watershed_parts, _watershed_halo, survey_watershed)
NETWORK_OBJECTS = Blocks(
    network_objects_parts, _network_halo, survey_network, number_network_objects
)
NETWORK_CLASSES = Blocks(
    network_classes_parts, _network_halo, survey_network, joins="pixels"
)
NETWORK_BOUNDARIES = replace(NETWORK_CLASSES, parts=network_boundaries_parts)

METHODS: tuple[Method, ...] = (
    Method(threshold, "threshold", blocks=THRESHOLD_BLOCKS),
    Method(multi_otsu, "threshold"),
    Method(gradient, "edges", halo=_gradient_halo),
    Method(laplacian, "edges", halo=_laplacian_halo),
    Method(structure_tensor, "edges", halo=_structure_halo),
    Method(convolve, "edges", halo=_kernel_halo),
    Method(zero_crossings, "edges"),
    Method(canny, "edges"),  # hysteresis follows whole edges: no halo serves
    Method(edge_regions, "edges"),
    Method(hough_lines, "edges", planar=True),
    Method(hough_circles, "edges", planar=True),
    Method(ambrosio_tortorelli, "contours"),
    Method(smooth_flow, "contours"),
    Method(chan_vese, "contours"),
    Method(geodesic_contour, "contours"),
    Method(snake, "contours"),
    Method(kmeans, "clustering"),
    Method(gaussian_mixture, "clustering"),
    Method(dbscan, "clustering"),
    Method(slic, "clustering"),
    Method(superpixel_clusters, "clustering"),
    Method(quantise_colours, "clustering"),
    Method(nearest_class, "examples", fit=fit_nearest),
    Method(random_forest, "examples", fit=fit_forest),
    Method(stroke_classes, "examples", halo=_stroke_halo),
    Method(network_objects, "network", blocks=NETWORK_OBJECTS),
    Method(network_classes, "network", blocks=NETWORK_CLASSES),
    Method(network_boundaries, "network", blocks=NETWORK_BOUNDARIES),
    Method(network_maps, "network"),
    Method(watershed, "watershed", blocks=WATERSHED_BLOCKS),
    Method(hierarchical_watershed, "watershed"),
    Method(line_regions, "watershed", planar=True),
    Method(filter_objects, "cleanup"),
    Method(fill_holes, "cleanup"),
    Method(smooth_labels, "cleanup"),
    Method(expand_labels, "cleanup"),
    Method(relabel, "cleanup"),
    Method(split_objects, "cleanup"),
    Method(merge_objects, "cleanup"),
    Method(gaussian, "enhance", halo=_gaussian_halo, colours="each"),
    Method(median, "enhance", halo=_median_halo, colours="each"),
    Method(denoise_nl_means, "enhance", colours="each"),
    Method(denoise_tv, "enhance", colours="each"),
    Method(denoise_wavelet, "enhance", colours="each"),
    Method(subtract_background, "enhance", colours="each"),
    Method(clahe, "enhance", colours="each"),
    Method(normalise, "enhance", colours="each"),
    Method(richardson_lucy, "enhance", colours="each"),
    Method(wiener, "enhance", colours="each"),
    Method(random_noise, "generate", size=source_shape),
    Method(perlin, "generate", size=source_shape),
    Method(gaussian_field, "generate", size=source_shape),
    Method(synthetic_cells, "generate", size=source_shape),
    Method(shuffle_objects, "generate"),
    Method(texture_forest, "generate", size=textured_shape),
    Method(texture_sgd, "generate", size=textured_shape),
)


def get(name: str) -> Method:
    """Return the method called `name`.

    Raises
    ------
    InputError
        When there is none; the message lists them all.

    Examples
    --------
    >>> get("gradient").makes
    'image'
    """
    for method in METHODS:
        if method.name == name:
            return method
    known = ", ".join(method.name for method in METHODS)
    raise InputError(f'There is no method "{name}"; the methods are {known}.')


def family(name: str) -> tuple[Method, ...]:
    """Return the methods of one family, in the order of the registry."""
    return tuple(method for method in METHODS if method.family == name)
