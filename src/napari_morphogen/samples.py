"""Images to try things on: from scikit-image's wheel, or made by code."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from napari_morphogen.params import parameters
from napari_morphogen.spatial import SpatialArray

TASKS = {  # of the trained models that methods apply
    "network_objects": "instances",
    "network_classes": "semantic",
    "network_boundaries": "edges",
    "network_maps": "semantic",
    "stroke_classes": "strokes",
}


def coins() -> SpatialArray:
    """Return Greek coins on uneven background, 303 x 384, grey."""
    from skimage import data

    return SpatialArray(data.coins(), "yx", name="coins")


def tissue() -> SpatialArray:
    """Return stained colon tissue, 512 x 512, RGB."""
    from skimage import data

    return SpatialArray(data.immunohistochemistry(), "yxc", rgb=True, name="tissue")


def retina() -> SpatialArray:
    """Return the vessels of a retina, 1411 x 1411, RGB."""
    from skimage import data

    return SpatialArray(data.retina(), "yxc", rgb=True, name="retina")


def cell() -> SpatialArray:
    """Return a cell under the microscope, 660 x 550, grey."""
    from skimage import data

    return SpatialArray(data.cell(), "yx", name="cell")


def bricks() -> SpatialArray:
    """Return a wall of bricks, 512 x 512, grey."""
    from skimage import data

    return SpatialArray(data.brick(), "yx", name="bricks")


def spheres(seed: int = 0) -> SpatialArray:
    """Return touching bright spheres in noise, made by code.

    Parameters
    ----------
    seed : int
        Start of the random numbers.

    Returns
    -------
    volume : SpatialArray of shape (24, 128, 128)
        Planes 2 µm apart, pixels of 0.5 µm.

    Examples
    --------
    >>> spheres().spacing
    (2.0, 0.5, 0.5)
    """
    rng = np.random.default_rng(seed)
    scale = (2.0, 0.5, 0.5)
    centres = rng.uniform((8, 8, 8), (40, 56, 56), (40, 3))  # in micrometres
    data = _spheres(centres, rng.uniform(4, 7, 40), (24, 128, 128), scale)
    noisy = rng.poisson(ndimage.gaussian_filter(data, (0.5, 1, 1)) + 10)
    return SpatialArray(
        noisy.astype(np.uint16),
        "zyx",
        scale=scale,
        units=("micrometer",) * 3,
        axis_labels=("z", "y", "x"),
        name="spheres",
    )


def drifting(seed: int = 0) -> SpatialArray:
    """Return discs that drift over time, two channels, made by code.

    Parameters
    ----------
    seed : int
        Start of the random numbers.

    Returns
    -------
    series : SpatialArray of shape (12, 2, 128, 128)
        Axes t, c, y, x; pixels of 0.65 µm, a frame every 5 s.

    Examples
    --------
    >>> drifting().axes
    'tcyx'
    """
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(15, 110, (2, 12, 2)), rng.normal(0, 1.5, (2, 12, 2))
    radii = rng.uniform(6, 11, (2, 12))
    frames = [
        [
            _spheres(start[c] + t * speed[c], radii[c], (128, 128), (1, 1))
            for c in (0, 1)
        ]
        for t in range(12)
    ]
    noisy = rng.poisson(np.array(frames) + 10).astype(np.uint16)
    return SpatialArray(
        noisy,
        "tcyx",
        scale=(5.0, 1.0, 0.65, 0.65),
        units=("second", "pixel", "micrometer", "micrometer"),
        axis_labels=("time", "channel", "y", "x"),
        name="drifting",
    )


def membranes(seed: int = 0) -> SpatialArray:
    """Return cells between dark membranes, as in electron microscopy, made by code.

    Parameters
    ----------
    seed : int
        Start of the random numbers.

    Returns
    -------
    image : SpatialArray of shape (256, 256)
        Bytes; pixels of 0.01 µm. `membrane_cells` are its true labels.

    Notes
    -----
    Dark bodies within the cells look like pieces of membrane, so that no threshold
    tells the two apart.

    Examples
    --------
    >>> membranes().data.shape
    (256, 256)
    """
    cells = _tiles(seed)
    rng = np.random.default_rng(seed + 1)
    deep = np.argwhere(ndimage.distance_transform_edt(cells) > 5)
    bodies = np.ones(cells.shape)
    bodies[tuple(rng.permutation(deep)[:90].T)] = 0
    far = ndimage.distance_transform_edt(bodies)
    dark = np.where(far <= 2.5, 35, np.where(far < 4, 70, 0)) * (cells > 0)
    light = ndimage.gaussian_filter(170.0 - 90 * (cells == 0) - dark, 0.8)
    noisy = np.clip(light + rng.normal(0, 14, cells.shape), 0, 255)
    return _in_nanometres(noisy.astype(np.uint8), "membranes")


def membrane_cells(seed: int = 0) -> SpatialArray:
    """Return the true labels of `membranes`: a number per cell, 0 on membranes.

    Parameters
    ----------
    seed : int
        The one of `membranes`.
    """
    return _in_nanometres(_tiles(seed), "membrane_cells")


def membrane_strokes() -> SpatialArray:
    """Return strokes on `membranes`: 2 inside some cells, 3 on some membranes."""
    cells = _tiles(0)
    painted = np.zeros(cells.shape, np.int32)
    chosen = range(1, cells.max() + 1, 6)
    for row, column in ndimage.center_of_mass(cells > 0, cells, chosen):
        y, x = int(row), int(column)
        painted[max(y - 1, 0) : y + 2, max(x - 6, 0) : x + 7] = 2
    painted[cells == 0] = 0
    for y, x in ((60, 60), (60, 180), (150, 110), (200, 200), (220, 40)):
        window = np.s_[y : y + 14, x : x + 14]
        painted[window][cells[window] == 0] = 3
    return _in_nanometres(painted, "membrane_strokes")


def coin_labels() -> SpatialArray:
    """Return the coins as untidy labels: holes, crumbs, coins that hang together."""
    smooth = ndimage.gaussian_filter(coins().data.astype(np.float32), 1)
    uneven = ndimage.gaussian_filter(smooth, 30)
    labels, _ = ndimage.label(smooth > uneven + 12)
    return coins().like(labels.astype(np.int32), name="coin_labels")


def coin_strokes() -> SpatialArray:
    """Return strokes on the coins: 1 on three coins, 2 on the background."""
    painted = np.zeros((303, 384), np.int32)
    for row, column in ((126, 100), (196, 272), (267, 355)):
        painted[row - 12 : row + 12, column - 1 : column + 2] = 1
    for row, column in ((88, 150), (160, 60), (230, 250)):
        painted[row - 1 : row + 2, column - 30 : column + 30] = 2
    return coins().like(painted, name="coin_strokes")


def coin_initial() -> SpatialArray:
    """Return discs drawn loosely around four coins, one label each."""
    drawn = np.zeros((303, 384), np.int32)
    y, x = np.ogrid[:303, :384]
    centres = ((125, 102), (125, 206), (197, 43), (196, 274))
    for number, (row, column) in enumerate(centres, 1):
        drawn[(y - row) ** 2 + (x - column) ** 2 <= 29**2] = number
    return coins().like(drawn, name="coin_initial")


def coin_lines() -> SpatialArray:
    """Return two lines drawn across neighbouring coins, one label each."""
    drawn = np.zeros((303, 384), np.int32)
    drawn[126, 100:207] = 1
    drawn[195:198, 100:155] = 2
    return coins().like(drawn, name="coin_lines")


def needed(function: Callable[..., Any], steps: int = 2) -> dict[str, Any]:
    """Return what a method cannot do without, for the coins.

    Parameters
    ----------
    function : callable
        Of the method.
    steps : int
        Batches that a network, if it is one, learns from.

    Examples
    --------
    >>> from napari_morphogen.segment.examples import nearest_class
    >>> list(needed(nearest_class))
    ['strokes']
    """
    marks = {made.__name__: made for made in MARKS}
    names = [p.name for p in parameters(function) if p.required]
    return {
        name: trained_model(TASKS[function.__name__], steps)
        if name == "model"
        else marks[f"coin_{name}"]()
        for name in names
    }


@lru_cache(maxsize=None)
def trained_model(task: str = "semantic", steps: int = 2) -> str:
    """Return the file of a model trained on the coins, kept while Python runs.

    Parameters
    ----------
    task : str
        "instances" and "edges" learn from the coins as objects, "semantic" from
        the strokes; "strokes" is no network.
    steps : int
        Batches that a network learns from; a hundred give a usable one.

    Returns
    -------
    path : str
        Of the model file.
    """
    if task == "strokes":
        return _stroke_classifier()
    from napari_morphogen.nn.options import Options
    from napari_morphogen.nn.train import Budget
    from napari_morphogen.nn.training import train_segmenter

    labels = coin_strokes() if task == "semantic" else coin_labels()
    options = Options(task=task, width=8, levels=3)  # type: ignore[arg-type]
    *_, trained = train_segmenter(
        [coins().data], [labels.data], budget=Budget(steps=steps), options=options
    )
    path = Path(_folder().name) / f"coins_{task}_{steps}.morphogen"
    trained.segmenter().save(path)
    return str(path)


def _stroke_classifier() -> str:
    from napari_morphogen.segment import stroke_files
    from napari_morphogen.segment.examples import fit_nearest

    sample = {"image": coins().data, "strokes": coin_strokes().data}
    path = Path(_folder().name, f"coin_strokes{stroke_files.SUFFIX}")
    model = fit_nearest([sample | {"spacing": (), "channel_axis": None}])
    assert model is not None
    stroke_files.save(model, path)
    return str(path)


@lru_cache(maxsize=None)
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="morphogen-")


SAMPLES = (coins, cell, tissue, retina, bricks, membranes, spheres, drifting)
MARKS = (coin_labels, coin_strokes, coin_initial, coin_lines)


def _spheres(
    centres: NDArray[np.float64],
    radii: NDArray[np.float64],
    shape: tuple[int, ...],
    scale: tuple[float, ...],
) -> NDArray[np.float64]:
    """Return the brightness of balls with centres and radii in units of `scale`."""
    axes = [np.arange(n) * s for n, s in zip(shape, scale, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    data = np.zeros(shape)
    for centre, radius in zip(centres, radii, strict=True):
        inside = ((place - centre) ** 2).sum(axis=-1) < radius**2
        data[inside] = 100
    return data


@lru_cache(maxsize=8)
def _tiles(seed: int) -> NDArray[np.int32]:
    """Return irregular cells, numbered, with walls of two pixels between them."""
    size, rng = 256, np.random.default_rng(seed)
    bend = ndimage.gaussian_filter(rng.normal(size=(2, size, size)), (0, 9, 9))
    place = np.moveaxis(np.mgrid[:size, :size] + bend * (5 / bend.std()), 0, -1)
    middle = np.moveaxis(np.mgrid[12:size:27, 12:size:27], 0, -1)
    centres = (middle + rng.uniform(-9, 9, middle.shape)).reshape(-1, 2)
    nearest = KDTree(centres).query(place)[1]
    inside = ndimage.maximum_filter(nearest, 3) == ndimage.minimum_filter(nearest, 3)
    cells = np.asarray(ndimage.label(inside)[0], np.int32)
    cells.setflags(write=False)
    return cells


def _in_nanometres(data: NDArray[Any], name: str) -> SpatialArray:
    """Return an image of membranes with pixels of 10 nanometres."""
    units = ("micrometer", "micrometer")
    return SpatialArray(data, "yx", scale=(0.01, 0.01), units=units, name=name)
