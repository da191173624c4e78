"""Sets of images: frames, channels, report cards."""

import numpy as np
import pytest

from napari_morphogen.evaluate import report_card
from napari_morphogen.evaluation_tables import as_json, figure_rows, pair_rows
from napari_morphogen.evaluations import Comparison, Options, Progress, compare, summary
from napari_morphogen.image_sets import ImageSet, SetOptions, compare_sets
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray


def stack(seed, axes="tyx", **changes):
    data = np.random.default_rng(seed).random((40, 16, 16))
    return SpatialArray(data, axes, name=f"set {seed}", **changes)


def test_frames_of_one_file_and_single_files_are_the_same_set():
    real, made = stack(0), stack(1)
    options = SetOptions(16, seed=3)
    whole = ImageSet("real", [real])
    several = ImageSet("files", [SpatialArray(frame, "yx") for frame in real.data])
    expected = report_card(real.data, made.data, patch_size=16, seed=3)
    for one in (whole, several):
        progress, *found = compare_sets(one, [ImageSet("made", [made])], options)
        assert progress == Progress(0, 1)
        assert found[0].figures == expected.as_dict()
        assert found[2].figures == expected.noise
    rows = pair_rows(expected.pairs)
    assert len(rows) == expected.patches and len(rows[0]["corner"]) == 2


def test_colours_channels_and_flat_stacks():
    grey = np.random.default_rng(0).random((40, 16, 16))
    colours = np.stack([grey, grey**2, 1 - grey, np.ones_like(grey)], -1)
    opaque = SpatialArray(colours, "tyxc", rgb=True)
    parts = [
        SpatialArray(np.moveaxis(colours[..., :3], -1, 1), "tcyx"),
        SpatialArray(np.moveaxis(colours[..., :3], -1, 1)[:, :, None], "tczyx"),
    ]
    found = []
    for one in (opaque, *parts):
        same = ImageSet("same", [one])
        found.append([*compare_sets(same, [same], SetOptions(16))][1].figures)
    assert found[0] == found[1] == found[2]
    with pytest.raises(InputError, match="no image in empty"):
        [*compare_sets(ImageSet("empty", []), [], SetOptions())]


def test_held_out_images_replace_the_split():
    sets = [ImageSet(str(n), [stack(n)]) for n in range(3)]
    items = [*compare_sets(sets[0], [sets[1]], SetOptions(16), sets[2])]
    found = [one for one in items if isinstance(one, Comparison)]
    parts = [one.images[0].data for one in sets]
    expected = report_card(*parts, patch_size=16).as_dict()
    assert found[0].figures == expected
    head, *rows = figure_rows(found)
    assert head[1:-2] == ["1", "unseen real", "noise"]
    assert [row[0] for row in rows] == ["texture", "sharpness", "coverage", "copies"]
    assert [row[2] for row in rows[:3]] == ["1"] * 3
    assert "summary" not in as_json(found, summed=False)


# ---- images pair by pair


def one(truth, result, **options):
    *_, found = compare(truth, [result], Options(images=True, **options))
    return found


@pytest.fixture
def truth():
    return SpatialArray(np.arange(3 * 12 * 14).reshape(3, 12, 14), "tyx", name="truth")


def test_frames_share_the_range_of_the_whole_image(truth):
    metrics = pytest.importorskip("skimage.metrics")
    noise = np.random.default_rng(0).normal(0, 9, truth.data.shape)
    result = truth.like(truth.data + noise, name="result")
    found = one(truth, result)
    pairs = list(zip(truth.data.astype(float), result.data, strict=True))
    span = 3 * 12 * 14 - 1
    psnr = [metrics.peak_signal_noise_ratio(*p, data_range=span) for p in pairs]
    assert found.figures["psnr"] == pytest.approx(np.mean(psnr))
    assert found.curve == () and found.objects == {} and len(found.scores) == 3
    wider = one(truth, result, data_range=10 * span)
    assert wider.figures["psnr"] == pytest.approx(found.figures["psnr"] + 20)
    assert wider.figures["rmse"] == found.figures["rmse"]


def test_channels_are_no_frames_and_how_opaque_is_no_channel():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (20, 20, 4)).astype(np.uint8)
    colours[..., 3] = 255
    other = colours.copy()
    other[..., :3] //= 2
    first, second = (SpatialArray(a, "yxc", rgb=True) for a in (colours, other))
    found = one(first, second)
    assert len(found.scores) == 1
    planes = [
        SpatialArray(np.moveaxis(a[..., :3], -1, 0), "cyx") for a in (colours, other)
    ]
    assert one(*planes).figures == pytest.approx(found.figures)


def test_wrong_images_are_one_sentence(truth):
    with pytest.raises(InputError, match=r"images of one shape.*\(2, 12, 14\)"):
        one(truth, truth.like(truth.data[:2]))
    broken = truth.like(np.where(truth.data == 5, np.nan, truth.data))
    for pair in ((truth, broken), (broken, truth)):
        with pytest.raises(InputError, match="holds NaN"):
            one(*pair)
    with pytest.raises(InputError, match="complex"):
        one(truth.like(truth.data * 1j), truth)
    flat = truth.like(np.zeros_like(truth.data))
    assert one(flat, flat).figures["rmse"] == 0


def test_summary_of_images_has_means_and_intervals(truth):
    images = [one(truth, truth.like(truth.data + n)) for n in range(1, 5)]
    found = summary(images)
    assert found["rmse"].mean == pytest.approx(2.5)
    assert 1 <= found["rmse"].low < 2.5 < found["rmse"].high <= 4
    assert np.isnan(found["psnr"].pooled)
