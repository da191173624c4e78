"""Images of cells as a microscope sees them, and the labels that are exactly right."""

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Annotated, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.generate.canvas import (
    Depth,
    Height,
    PixelSize,
    PlaneDistance,
    Width,
    source_shape,
    source_spacing,
)
from napari_morphogen.generate.fields import field
from napari_morphogen.generate.placing import Ground, place
from napari_morphogen.generate.shapes import drawn_shape
from napari_morphogen.params import Image, InputError, Labels, Remark, Seed, Unit

Count = Annotated[int, at.Interval(ge=0, le=10_000)]
Radius = Annotated[float, at.Interval(ge=1, le=200), at.MultipleOf(0.5), Unit("px")]
Share = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]
Spread = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)]
Irregularity = Annotated[float, at.Interval(ge=0, le=0.4), at.MultipleOf(0.01)]
Elongation = Annotated[float, at.Interval(ge=1, le=5), at.MultipleOf(0.1)]
Photons = Annotated[float, at.Interval(ge=0, le=100_000), at.MultipleOf(1)]
Noise = Annotated[float, at.Interval(ge=0, le=1000), at.MultipleOf(0.1)]
Blur = Annotated[float, at.Interval(ge=0, le=20), at.MultipleOf(0.1), Unit("px")]
AXIAL = 3.0  # how much farther a microscope blurs along its axis than across
GRAIN = 0.2  # size of the chromatin's grains, as a share of the radius
DEFOCUS = 0.3  # blur of cells out of focus, as a share of the radius
HILLS = 4  # waves that make the background uneven
DIMMEST = 0.2  # of a cell's brightness that chance leaves


class Cells(NamedTuple):
    """An image and what is in it."""

    image: Image
    labels: Labels


@dataclass(frozen=True)
class _Scene:
    """Where everything lies, before light and camera.

    Attributes
    ----------
    labels : ndarray of int32
    spacing : tuple of float
    radius : float
    rng : Generator
    """

    labels: NDArray[np.int32]
    spacing: tuple[float, ...]
    radius: float
    rng: np.random.Generator

    def field(self, length: float) -> NDArray[np.float32]:
        """Return smooth noise of mean 0 and standard deviation 1."""
        return field(self.rng, self.labels.shape, self.spacing, length=length)


def synthetic_cells(
    *,
    height: Height = 256,
    width: Width = 256,
    depth: Depth = 1,
    count: Count = 40,
    radius: Radius = 12.0,
    radius_spread: Spread = 0.2,
    elongation: Elongation = 1.3,
    irregularity: Irregularity = 0.08,
    touching: Share = 0.3,
    photons: Photons = 200.0,
    brightness_spread: Spread = 0.2,
    texture: Spread = 0.3,
    background: Photons = 20.0,
    unevenness: Share = 0.3,
    blur: Blur = 1.5,
    out_of_focus: Share = 0.1,
    shot_noise: bool = True,
    read_noise: Noise = 3.0,
    seed: Seed = 0,
    pixel_size: PixelSize = 0.0,
    plane_distance: PlaneDistance = 0.0,
) -> Cells:
    """Cells as a fluorescence microscope sees them, with exact labels.

    Parameters
    ----------
    height : int
        Rows of the image.
    width : int
        Columns of the image.
    depth : int
        Planes; 1 makes an image of two axes.
    count : int
        Number of cells. Where fewer find room, a remark says how many.
    radius : float
        Mean radius of the cells.
    radius_spread : float
        Standard deviation of the radius, as a share of it.
    elongation : float
        Long axis of the cells relative to the others.
    irregularity : float
        How far outlines depart from ellipses, as a share of the radius.
    touching : float
        Share of the cells that touch another one.
    photons : float
        Mean brightness of the cells above the background, in photons per pixel.
    brightness_spread : float
        Standard deviation of the brightness from cell to cell, as a share of it.
    texture : float
        Contrast of the grains within the cells, as of chromatin.
    background : float
        Mean brightness between the cells, in photons per pixel.
    unevenness : float
        How far the background departs from its mean over the image, as a share.
    blur : float
        Sigma of the microscope's blur; along planes it is three times as wide.
    out_of_focus : float
        Share of the cells that are blurred more, because they lie deeper.
    shot_noise : bool
        Count photons, which come by chance, instead of giving their mean number.
    read_noise : float
        Standard deviation of the camera's own noise, in photons.
    seed : int
        Start of the random numbers; the same one gives the same image.
    pixel_size : float
        Micrometres from pixel to pixel; 0 leaves pixels without a unit.
    plane_distance : float
        Micrometres from plane to plane; 0 takes the pixel size.

    Returns
    -------
    image : ndarray of float32, shape ([P,] M, N)
        Photons. `labels` are the pixels of every cell before the blur, 1, 2, …; no
        two cells share a pixel, and each is in one piece.

    Notes
    -----
    Outlines are ellipses whose radius changes smoothly with the direction. Cells that
    touch are pressed on one another, so that they share a border; all others have a
    pixel of background around them. Then come texture, blur, background, photons and
    the camera's noise, in the order of nature [1]_. Lengths are in pixels of the
    finest axis.

    References
    ----------
    .. [1] A. Lehmussola, P. Ruusuvuori, J. Selinummi, H. Huttunen and O. Yli-Harja,
       "Computational framework for simulating fluorescence microscope images with
       cell populations," IEEE Transactions on Medical Imaging, vol. 26, no. 7,
       pp. 1010-1016, 2007. DOI 10.1109/TMI.2007.896925

    Examples
    --------
    >>> image, labels = synthetic_cells(count=30)
    >>> image.shape, int(labels.max())
    ((256, 256), 30)
    """
    shape = source_shape(height=height, width=width, depth=depth)
    _check_room(radius, height, width)
    rng = np.random.default_rng(seed)
    spacing = source_spacing(len(shape), pixel_size, plane_distance)
    outlines = {"elongation": elongation, "irregularity": irregularity}
    sizes = {"radius": radius, "spread": radius_spread}
    draw = partial(drawn_shape, rng, spacing, **sizes, **outlines)
    ground = Ground(shape, spacing, rng)
    place(ground, draw, rng, count=count, touching=touching)
    _tell_missing(count, ground.count)
    scene = _Scene(ground.labels, spacing, radius, rng)
    light = _glow(scene, brightness_spread, texture) * np.float32(photons)
    seen = _focused(scene, light, blur, out_of_focus)
    seen += _uneven(scene, unevenness) * np.float32(background)
    if shot_noise:
        seen = rng.poisson(seen).astype(np.float32)
    if read_noise:
        camera = rng.standard_normal(shape, dtype=np.float32)
        seen += camera * np.float32(read_noise)
    return Cells(seen, ground.labels)


def _check_room(radius: float, height: int, width: int) -> None:
    if 2 * radius > min(height, width):
        raise InputError(
            f"Expected `radius` to be at most {min(height, width) / 2:g}, half of the "
            f"image's shorter side, but got {radius:g}; make the image larger."
        )


def _tell_missing(asked: int, there: int) -> None:
    if there < asked:
        text = (
            f"Only {there} of {asked} cells found room: "
            "ask for fewer or smaller ones, or a larger image."
        )
        warnings.warn(text, Remark, stacklevel=3)


def _glow(scene: _Scene, spread: float, texture: float) -> NDArray[np.float32]:
    """Return the light of the cells, 1 in the mean."""
    labels = scene.labels
    chance = 1 + spread * scene.rng.standard_normal(int(labels.max(initial=0)))
    each = np.concatenate([[0], np.maximum(chance, DIMMEST)]).astype(np.float32)
    light = each[labels]
    if texture:
        grains = 1 + np.float32(texture) * scene.field(max(GRAIN * scene.radius, 0.5))
        light *= np.maximum(grains, 0)
    return light


def _focused(
    scene: _Scene, light: NDArray[np.float32], blur: float, share: float
) -> NDArray[np.float32]:
    """Return the light as it falls on the camera."""
    count = int(scene.labels.max(initial=0))
    chosen = scene.rng.permutation(count)[: round(share * count)] + 1
    if not chosen.size:
        return _blurred(light, scene.spacing, blur)
    deeper = np.zeros(count + 1, bool)
    deeper[chosen] = True
    deep = light * deeper[scene.labels]
    wide = np.hypot(blur, DEFOCUS * scene.radius)
    sharp = _blurred(light - deep, scene.spacing, blur)
    return sharp + _blurred(deep, scene.spacing, float(wide))


def _blurred(
    light: NDArray[np.float32], spacing: tuple[float, ...], sigma: float
) -> NDArray[np.float32]:
    if not sigma:
        return light
    far = [AXIAL if axis == light.ndim - 3 else 1 for axis in range(light.ndim)]
    sigmas = [sigma * f / size for f, size in zip(far, spacing, strict=True)]
    return np.asarray(ndimage.gaussian_filter(light, sigmas, mode="nearest"))


def _uneven(scene: _Scene, unevenness: float) -> NDArray[np.float32] | np.float32:
    """Return the background, 1 in the mean."""
    if not unevenness:
        return np.float32(1)
    hills = _hills(scene)
    hills -= hills.mean()
    hills *= np.float32(unevenness / max(float(np.abs(hills).max()), 1e-6))
    return hills + np.float32(1)


def _hills(scene: _Scene) -> NDArray[np.float32]:
    """Return waves as long as the image or longer."""
    sizes = list(zip(scene.labels.shape, scene.spacing, strict=True))
    extent = max(n * size for n, size in sizes)
    lines = [np.arange(n, dtype=np.float32) * (size / extent) for n, size in sizes]
    grid = np.meshgrid(*lines, indexing="ij", sparse=True)
    total = np.zeros(scene.labels.shape, np.float32)
    for _ in range(HILLS):
        way = scene.rng.standard_normal(total.ndim)
        way *= 2 * np.pi * scene.rng.uniform(0.3, 1.0) / np.linalg.norm(way)
        turns = zip(grid, way.tolist(), strict=True)
        phase = scene.rng.uniform(0, 2 * np.pi)
        total += np.cos(sum((line * w for line, w in turns), np.float32(phase)))
    return total
