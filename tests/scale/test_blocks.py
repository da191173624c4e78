"""Blocks give the answer of the whole image, bit for bit, on hard images."""

import dask.array as da
import numpy as np
import pytest
import zarr
from skimage import data

from napari_morphogen.params import parameters
from napari_morphogen.pipeline import run
from napari_morphogen.registry import METHODS, get
from napari_morphogen.samples import needed
from napari_morphogen.scale.blocks import as_lazy
from napari_morphogen.spatial import SpatialArray


def _fading_edge():
    """One edge through many blocks that fades from strong to very weak."""
    image = np.zeros((60, 200), np.float32)
    image[30:] = np.linspace(200, 1, 200)
    return image


def _ramp():
    """A big smooth gradient, where a wrong border of a block would show."""
    y, x = np.mgrid[:90, :110]
    return np.sin(y / 40) * 1000 + (x / 10.0) ** 3


def _holed():
    """Noise with missing regions of every size, across the blocks."""
    image = np.random.default_rng(0).normal(size=(90, 110))
    image[20:50, 10:60] = np.nan
    image[np.random.default_rng(1).random(image.shape) < 0.05] = np.nan
    image[70, 100] = np.inf
    return image


IMAGES = {
    "fading edge": _fading_edge,
    "ramp": _ramp,
    "holed": _holed,
    "coins": lambda: data.coins()[:100, :120],
    "large numbers": lambda: data.coins()[:70, :70].astype(np.uint32) * 2**24,
}
# the others see whole frames; what that gives is in the contract of all methods
OPERATORS = ("scharr", "farid", "roberts", "gaussian")
CASES = [(m, {}) for m in METHODS if m.halo is not None]  # and what they need
CASES += [(get("gradient"), {"operator": operator}) for operator in OPERATORS]
CASES += [(get("convolve"), {"kernel": "1 2 3 4 5 6 7 8"})]
cases = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: "-".join([case[0].name, *case[1].values()])
)


# those that need no strokes and make pixels of images
PLAIN = [
    method
    for method in METHODS
    if method.takes == "image"
    and method.size is None
    and method.makes != "shapes"
    and not any(param.required for param in parameters(method.function))
]
every = pytest.mark.parametrize("method", PLAIN, ids=lambda method: method.name)


def _lengths(method, sigma):
    """Return the parameters that say how far a method reaches."""
    most = {param.name: param.high for param in parameters(method.function)}
    given = {"sigma": sigma, "radius": max(1, min(sigma, 8))}
    found = {name: min(v, most[name]) for name, v in given.items() if name in most}
    return found | needed(method.function)


def _assert_same(method, image, lazy, **given):
    result = run(method, lazy, **given)
    assert isinstance(result, da.Array)
    whole = run(method, image, **given)
    found = result.compute(scheduler="synchronous")
    assert result.dtype == found.dtype == whole.dtype
    np.testing.assert_array_equal(found, whole)


@cases
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("sigma", [0.0, 1.0, 2.3, 50.0])
def test_image_in_small_blocks(case, name, sigma):
    (method, given), image = case, IMAGES[name]()
    lazy = da.from_array(image, chunks=(17, 23))
    _assert_same(method.name, image, lazy, **given, **_lengths(method, sigma))


def test_weak_edge_is_followed_through_all_blocks():
    image = _fading_edge()
    given = {"low_threshold": 0.9, "high_threshold": 0.98}
    edges = run("canny", da.from_array(image, chunks=20), **given).compute()
    assert edges[28:33, 1:-3].any(axis=0).all()


# 4 * sigma / spacing ends in a half, where SciPy rounds the reach of its filter up
@cases
@pytest.mark.parametrize(
    ("sigma", "spacing"),
    [
        (1.9, (3.04, 1.0, 1.0)),
        (1.0, (1.0, 1.6, 1.0)),
        (0.7, (10.0, 1.0, 1.0)),
        (0.0, (5.0, 1.0, 2.0)),
        (20.0, (2.0, 1.0, 1.0)),
    ],
    ids=str,
)
@pytest.mark.parametrize("holes", [False, True], ids=["whole", "holed"])
def test_anisotropic_volume_in_small_blocks(case, sigma, spacing, holes):
    method, given = case
    image = np.random.default_rng(3).normal(size=(14, 30, 26))
    if holes:
        image[5:9, 4:20, 6:22] = np.nan
    lazy = da.from_array(image, chunks=(4, 7, 6))
    given = given | _lengths(method, sigma)
    _assert_same(method.name, image, lazy, spacing=spacing, **given)


@pytest.mark.parametrize("sigma", [0.0, 0.4, 0.6, 1.1, 1.9, 2.5])
def test_local_method_needs_few_neighbours(sigma):
    """A task must not load the whole image: blocks far away stay untouched."""
    loaded = set()

    def note(block, block_info=None):
        loaded.add(block_info[0]["chunk-location"])
        return block

    image = da.zeros((200, 200), chunks=20, dtype="u2")
    noted = image.map_blocks(note, dtype="u2", meta=np.empty((0, 0), "u2"))
    result = run("gradient", noted, sigma=sigma)
    loaded.clear()
    result[:20, :20].compute(scheduler="synchronous")
    assert loaded == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("axes", ["tyx", "ytx", "tcyx"])
@every
def test_blocks_of_looped_axes_hold_one_frame(method, axes):
    image = da.zeros((4,) * len(axes), chunks=4, dtype="f4")
    result = run(method.name, SpatialArray(image, axes))
    for axis, chunks in zip(result.axes, result.data.chunks, strict=True):
        if axis == "t":
            assert chunks == (1,) * 4


@every
@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (2, 0, 8, 8), (2, 3, 0, 8)])
def test_nothing_in_blocks(method, shape):
    image = np.zeros(shape, np.float32)
    lazy = SpatialArray(da.from_array(image), "tcyx")
    result = run(method.name, lazy).data
    whole = run(method.name, SpatialArray(image, "tcyx")).data
    assert result.shape == whole.shape
    assert result.dtype == whole.dtype
    np.testing.assert_array_equal(result.compute(), whole)


def test_markers_meet_their_frames(discs):
    image = np.stack([discs, discs[:, ::-1]])
    markers = np.zeros(image.shape, np.int32)
    markers[0, 16, 16], markers[1, 16, 20] = 1, 1
    given = {"axes": "tyx", "min_size": 0}
    for marked in (markers, da.from_array(markers, chunks=(1, 9, 9))):
        lazy = da.from_array(image, chunks=(1, 20, 20))
        result = run("watershed", lazy, markers=marked, **given)
        whole = run("watershed", image, markers=markers, **given)
        np.testing.assert_array_equal(result.compute(), whole)


def test_zarr_array_is_read_in_blocks(discs):
    stored = zarr.array(discs, chunks=(16, 16))
    lazy = as_lazy(stored)
    assert isinstance(lazy, da.Array)
    assert as_lazy(lazy) is lazy
    np.testing.assert_array_equal(run("gradient", stored), run("gradient", discs))
    np.testing.assert_array_equal(as_lazy([[1, 2]]), [[1, 2]])
