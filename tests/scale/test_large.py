"""Images larger than memory: the same objects as of the whole, whatever happens."""

import errno
import warnings
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import zarr
from scipy import ndimage

from napari_morphogen import SpatialArray, read, run, write
from napari_morphogen.io.ngff import read_zarr
from napari_morphogen.params import InputError, Remark
from napari_morphogen.pipeline import plan
from napari_morphogen.registry import METHODS
from napari_morphogen.samples import coins, needed, trained_model
from napari_morphogen.scale import joining, large
from napari_morphogen.scale.estimate import why_whole
from napari_morphogen.scale.joining import Found
from napari_morphogen.scale.large import in_blocks
from napari_morphogen.scale.sizes import SIDES, block_sides
from napari_morphogen.scale.unfinished import Unfinished
from napari_morphogen.segment.models import METHOD_OF


def smooth_noise(shape, sigma=5, seed=0):
    noise = np.random.default_rng(seed).normal(size=shape)
    smoothed = ndimage.gaussian_filter(noise, sigma)
    return ((smoothed - smoothed.min()) / np.ptp(smoothed)).astype(np.float32)


def planted():
    """Discs on borders and corners of blocks of 64, and one larger than three."""
    image = np.zeros((300, 340), np.float32)
    rows, columns = np.indices(image.shape)
    discs = [(64, 64, 12), (128, 64, 9), (10, 128, 8), (64, 300, 14), (33, 192, 10)]
    for row, column, radius in [*discs, (200, 200, 95)]:
        image[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = 100
    return image


def in_small_blocks(tmp_path, method, image, sides=(64,), **values):
    target = tmp_path / "out.ome.zarr"
    lazy = image if isinstance(image, SpatialArray) else da.from_array(image, 50)
    for _ in in_blocks(plan(method, lazy, **values), target, sides=sides):
        pass
    return read(target)


def same_objects(found, whole):
    """Return whether the numbers of one are those of the other, renamed."""
    pairs = np.unique(np.stack([found.ravel(), whole.ravel()]), axis=1)
    once = len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    return once and ((pairs[0] == 0) == (pairs[1] == 0)).all()


@pytest.mark.parametrize(
    "given",
    [
        {"rule": "otsu"},
        {"rule": "yen", "objects": "dark"},
        {"rule": "isodata", "separate": False},
        {"rule": "mean", "sigma": 0.0},
        {"rule": "local", "block_size": 31},
        {"rule": "manual", "level": 0.5, "min_size": 200},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["u1", ">u2", "f4", "f8"])
def test_regions_are_those_of_the_whole(tmp_path, given, dtype):
    image = smooth_noise((190, 230))
    image = image if np.dtype(dtype).kind == "f" else image * 200
    image = image.astype(dtype)
    found = in_small_blocks(tmp_path, "threshold", image, **given)
    np.testing.assert_array_equal(found.data, run("threshold", image, **given))


@pytest.mark.parametrize(
    "given",
    [
        {"h": 2.0},
        {"h": 0.3, "min_size": 40},
        {"landscape": "intensity", "h": 2.0},
        {"landscape": "gradient", "lines": True},
        {"foreground": "all", "landscape": "intensity", "objects": "dark"},
        {"foreground": "local", "compactness": 0.5},
    ],
    ids=str,
)
def test_watershed_is_that_of_the_whole(tmp_path, given):
    image = smooth_noise((260, 310), 4, seed=1)
    image[40:60, 100:140] = np.nan
    found = in_small_blocks(tmp_path, "watershed", image, **given)
    whole = run("watershed", image, **given)
    assert len(np.unique(whole)) > 20
    assert same_objects(np.asarray(found.data), whole)


@pytest.mark.parametrize("landscape", ["distance", "gradient"])
def test_no_object_is_cut(tmp_path, landscape):
    image = planted()
    given = {"landscape": landscape, "h": 5.0}
    found = np.asarray(in_small_blocks(tmp_path, "watershed", image, **given).data)
    assert found.max() == 6
    assert same_objects(found, run("watershed", image, **given))
    np.testing.assert_array_equal(ndimage.label(found)[0] > 0, found > 0)
    for label in range(1, 7):
        assert ndimage.label(found == label)[1] == 1


def test_what_is_larger_than_can_be_seen_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "LARGEST", 150**2)
    with pytest.warns(Remark, match=r"In \d+ of 30 blocks .* try larger blocks"):
        in_small_blocks(tmp_path, "watershed", planted(), h=5.0)


@pytest.mark.parametrize("method", ["threshold", "watershed"])
def test_anisotropic_volume(tmp_path, method):
    image = SpatialArray(smooth_noise((30, 90, 110), 4), "zyx", scale=(2, 1, 1))
    lazy = image.like(da.from_array(image.data, 20))
    found = in_small_blocks(tmp_path, method, lazy, sides=(16, 32, 48))
    whole = run(method, image)
    assert whole.data.max() > 3
    assert same_objects(np.asarray(found.data), whole.data)
    assert found.scale == (2, 1, 1)


def test_every_time_point_is_its_own(tmp_path):
    frames = np.stack([smooth_noise((100, 90), 4, seed=i) * (i + 1) for i in range(3)])
    lazy = SpatialArray(da.from_array(frames, 40), "tyx")
    found = in_small_blocks(tmp_path, "threshold", lazy)
    whole = run("threshold", SpatialArray(frames, "tyx"))
    np.testing.assert_array_equal(found.data, whole.data)
    assert found.axes == "tyx"


def test_channels_and_colours(tmp_path):
    colours = np.stack([smooth_noise((90, 100), 3, i) for i in range(3)], -1) * 255
    colours = colours.astype("u1")
    given = {"axes": "yxc"}
    lazy = da.from_array(colours, 40)
    target = tmp_path / "out.ome.zarr"
    for method in ("threshold", "gradient", "gaussian"):
        todo = plan(method, lazy, **given)
        list(in_blocks(todo, target, sides=(32,)))
        whole = run(method, colours, **given)
        stored = read(target)
        np.testing.assert_array_equal(stored.data, whole)
        assert stored.axes == ("yxc" if whole.ndim == 3 else "yx")


def test_layers_of_the_user_are_cut_along(tmp_path):
    image = smooth_noise((130, 150), 4)
    markers = np.zeros(image.shape, np.int64)
    markers[20::40, 20::40] = 2**40 + np.arange(12).reshape(3, 4)
    mask = image > 0.4
    given = {"markers": markers, "mask": mask, "min_size": 0}
    lazily = {name: da.from_array(value, 33) for name, value in given.items()}
    lazily["min_size"] = 0
    found = in_small_blocks(tmp_path, "watershed", image, **lazily)
    assert same_objects(np.asarray(found.data), run("watershed", image, **given))


LOCAL = [method for method in METHODS if method.halo is not None]


@pytest.mark.parametrize("method", LOCAL, ids=lambda method: method.name)
def test_local_methods_are_those_of_the_whole(tmp_path, method):
    image = smooth_noise((140, 110), 2)
    image[30:50, 60:80] = np.inf
    given = needed(method.function)
    found = in_small_blocks(tmp_path, method.name, image, **given)
    np.testing.assert_array_equal(found.data, run(method.name, image, **given))


WHOLE = [method for method in METHODS if method.takes == "image" and not method.size]


@pytest.mark.parametrize("method", WHOLE, ids=lambda method: method.name)
def test_every_method_works_or_says_why_not(tmp_path, method):
    todo = plan(method.name, coins(), **needed(method.function))
    assert bool(why_whole(todo)) == (method.halo is None and method.blocks is None)
    if why_whole(todo):
        with pytest.raises(InputError, match=f"{method.name}.*choose a smaller one"):
            next(in_blocks(todo, tmp_path / "out.ome.zarr"))
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rule", ["li", "triangle"])
def test_thresholds_that_cannot_be_added_are_refused(tmp_path, rule):
    with pytest.raises(InputError, match=f'"{rule}" needs the whole image'):
        in_small_blocks(tmp_path, "threshold", smooth_noise((80, 80)), rule=rule)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (64, 64), (65, 129)])
@pytest.mark.parametrize("value", [0.0, np.nan, 3.0])
def test_constant_images_of_any_size(tmp_path, shape, value):
    image = np.full(shape, value)
    for method in ("threshold", "watershed", "gradient"):
        found = in_small_blocks(tmp_path, method, image)
        np.testing.assert_array_equal(found.data, run(method, image))


def test_pyramid_geometry_and_recipe(tmp_path):
    source = SpatialArray(
        smooth_noise((700, 900), 4), "yx", scale=(0.5, 0.5), translate=(3, 4),
        units=("micrometer",) * 2, name="cells",
    )  # fmt: skip
    path = write(tmp_path / "cells.ome.zarr", source)
    target = tmp_path / "out.ome.zarr"
    progress = list(in_blocks(plan("threshold", read(path)), target, sides=(256,)))
    found = read(target)
    levels = found.metadata["levels"]
    assert [level.shape for level in levels] == [(700, 900), (350, 450)]
    np.testing.assert_array_equal(levels[1], np.asarray(levels[0])[::2, ::2])
    assert (found.scale, found.translate) == (source.scale, source.translate)
    assert found.units == source.units
    assert found.metadata["kind"] == "labels"
    assert found.metadata["morphogen"]["steps"][0]["method"] == "threshold"
    assert {p.stage for p in progress} >= {"looking", "finding objects", "writing"}
    assert all(0 <= p.done <= p.total for p in progress)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, target.name]


def test_result_is_valid_and_read_by_others(tmp_path):
    from ngff_zarr import from_ngff_zarr
    from ome_zarr_models.v04 import Image

    image = SpatialArray(
        da.from_array(smooth_noise((300, 1100), 4), 100), "yx", scale=(0.2, 0.2),
        units=("micrometer",) * 2,
    )  # fmt: skip
    in_small_blocks(tmp_path, "watershed", image)
    group = zarr.open_group(str(tmp_path / "out.ome.zarr"), mode="r")
    assert len(Image.from_zarr(group).attributes.multiscales[0].datasets) == 3
    there = from_ngff_zarr(str(tmp_path / "out.ome.zarr"))
    assert there.images[0].scale == {"y": 0.2, "x": 0.2}
    assert there.images[1].scale == {"y": 0.4, "x": 0.4}
    whole = run("watershed", np.asarray(image.data), spacing=(1, 1))
    assert same_objects(np.asarray(there.images[0].data), whole)


def test_sides_of_blocks():
    assert block_sides((), (9000, 9000)) == SIDES[2]
    assert block_sides((32, 64, 96), (5, 5, 5)) == (32, 64, 96)
    with pytest.raises(InputError, match="16 pixels at least, but got 5"):
        block_sides((5,), (100, 100))
    with pytest.raises(InputError, match=r"along 2 axes, but got \[32, 32, 32\]"):
        block_sides((32, 32, 32), (100, 100))


# ---- broken off


def broken_off(tmp_path, image, after, **given):
    """Run until so many blocks have been reported, and stop there."""
    target = tmp_path / "out.ome.zarr"
    for number, _ in enumerate(
        in_blocks(plan("watershed", image, **given), target, sides=(64,))
    ):
        if number == after:
            break
    return target


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("after", [0, 14, 30, 40, 47])
def test_what_was_broken_off_goes_on_and_ends_the_same(tmp_path, after):
    image = da.from_array(smooth_noise((190, 230)), 100)
    todo = plan("watershed", image)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    list(in_blocks(todo, tmp_path / "a" / "out.ome.zarr", sides=(64,)))
    target = broken_off(tmp_path / "b", image, after)
    assert not target.exists()
    stages = [progress.stage for progress in in_blocks(todo, target, sides=(64,))]
    if after >= 30:  # of 24 looks and 12 finds: what is done is not done again
        assert "looking" not in stages
        assert stages.count("finding objects") < 12
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_nothing_is_to_be_seen_before_all_levels_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "SEEN", 16)
    target = tmp_path / "out.ome.zarr"
    seen, create = [], zarr.Group.create_array

    def looked(*given, **words):
        seen.append(len(Unfinished(target).levels()))
        return create(*given, **words)

    monkeypatch.setattr(zarr.Group, "create_array", looked)
    image = da.from_array(smooth_noise((190, 230)), 100)
    stages = in_blocks(plan("watershed", image), target, sides=(64,))
    next(stages)
    assert len(seen) > 2
    assert set(seen) == {0}
    assert len(Unfinished(target).levels()) > 2
    stages.close()


def test_another_run_does_not_go_on(tmp_path):
    image = da.from_array(smooth_noise((190, 230)), 100)
    target = broken_off(tmp_path, image, 30)
    with pytest.raises(
        InputError, match=r"out\.ome\.zarr\.unfinished holds .* another"
    ):
        list(in_blocks(plan("watershed", image, h=3.0), target, sides=(64,)))


def test_broken_chunk_is_said_and_the_rest_kept(tmp_path):
    path = write(tmp_path / "in.ome.zarr", smooth_noise((1500, 1300), 3))
    chunk = path / "0" / "1" / "1"
    good = chunk.read_bytes()
    chunk.write_bytes(good[: len(good) // 2])
    todo, target = plan("gradient", read(path)), tmp_path / "out.ome.zarr"
    run_it = partial(in_blocks, todo, target, sides=(512,))
    with pytest.raises(InputError, match=r"in\.ome\.zarr cannot be read .* kept"):
        list(run_it())
    chunk.write_bytes(good)
    list(run_it())
    np.testing.assert_array_equal(read(target).data, run("gradient", read(path).data))


def test_vanished_image_is_said(tmp_path):
    path = write(tmp_path / "in.ome.zarr", smooth_noise((300, 300), 3))
    todo = plan("gradient", read_zarr_with_path(path))
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="no longer there; bring it back"):
        list(in_blocks(todo, tmp_path / "out.ome.zarr"))


def read_zarr_with_path(path):
    image = read_zarr(path)
    return image.like(image.data, metadata={"path": str(path)})


def test_full_disk_is_said_and_the_rest_kept(tmp_path, monkeypatch):
    image = da.from_array(smooth_noise((190, 230)), 100)
    todo, target = plan("watershed", image), tmp_path / "out.ome.zarr"
    real, count = Found.save, iter(range(100))

    def full(found, path):
        if next(count) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(found, path)

    with monkeypatch.context() as patch:
        patch.setattr(Found, "save", full)
        with pytest.raises(InputError, match=r"disk is full.*run the same again"):
            list(in_blocks(todo, target, sides=(64,)))
    kept = len(list((tmp_path / "out.ome.zarr.unfinished" / "found").iterdir()))
    assert kept >= 4
    list(in_blocks(todo, target, sides=(64,)))
    assert same_objects(
        np.asarray(read(target).data), run("watershed", image).compute()
    )


def test_target_that_cannot_be_written(tmp_path):
    todo = plan("gradient", np.zeros((40, 40)))
    with pytest.raises(InputError, match="There is no folder"):
        next(in_blocks(todo, tmp_path / "nowhere" / "out.ome.zarr"))
    (tmp_path / "notes.zarr").mkdir()
    (tmp_path / "notes.zarr" / "diary.txt").touch()
    with pytest.raises(InputError, match="other things than a Zarr image"):
        next(in_blocks(todo, tmp_path / "notes.zarr"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no such file system")
def test_place_that_takes_no_files():
    todo = plan("gradient", np.zeros((40, 40)))
    with pytest.raises(InputError, match=r"/proc/out.ome.zarr.unfinished cannot be wr"):
        next(in_blocks(todo, "/proc/out.ome.zarr"))


def test_more_objects_than_numbers_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "MOST", 3)
    with pytest.raises(InputError, match=r"There are \d+ objects, but labels hold 3"):
        in_small_blocks(tmp_path, "threshold", planted())


def test_folder_of_somebody_else_is_not_deleted(tmp_path):
    folder = tmp_path / "out.ome.zarr.unfinished"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(InputError, match="is in the way of the blocks; move it"):
        next(in_blocks(plan("gradient", np.zeros((40, 40))), tmp_path / "out.ome.zarr"))
    assert (folder / "diary.txt").read_text() == "mine"


def test_no_remark_without_reason(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Remark)
        in_small_blocks(tmp_path, "watershed", planted(), h=5.0)


# ---- networks


def _tiled_coins():
    """Return an image of three by three blocks: one of them lies inside."""
    part = np.tile(coins().data, (1, 2))
    return np.concatenate([part, part[:, ::-1]])[:480, :560]


@pytest.mark.parametrize("task", ["instances", "semantic", "edges"])
@pytest.mark.parametrize("flips", [False, True])
def test_networks_see_what_they_see_in_the_whole(tmp_path, task, flips):
    image = _tiled_coins()
    given = {"model": trained_model(task, 100), "flips": flips}
    method = METHOD_OF[task]
    found = in_small_blocks(tmp_path, method, image, sides=(192,), **given)
    whole = run(method, image, **given)
    if task == "instances":
        assert whole.max() > 50
        assert same_objects(np.asarray(found.data), whole)
    else:
        np.testing.assert_allclose(found.data, whole, atol=2e-6)


def test_network_of_planes_says_how_it_sees_a_volume(tmp_path):
    volume = np.stack([coins().data] * 3)
    given = {"model": trained_model("edges", 100)}
    with pytest.raises(InputError, match=r"trained on planes.*--axes tyx"):
        in_small_blocks(tmp_path, "network_boundaries", volume, (16, 64, 64), **given)
    lazy = SpatialArray(da.from_array(volume, 100), "tyx")
    found = in_small_blocks(tmp_path, "network_boundaries", lazy, (128,), **given)
    whole = run("network_boundaries", lazy.like(volume), **given)
    np.testing.assert_allclose(found.data, whole.data, atol=2e-6)
