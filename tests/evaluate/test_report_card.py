"""The report card of generators, against known flaws and other implementations."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, stats
from sklearn.neighbors import NearestNeighbors

from napari_morphogen.evaluate import copies, meaning, report_card
from napari_morphogen.evaluate.copies import is_copy, nearest
from napari_morphogen.evaluate.coverage import coverage, principal
from napari_morphogen.evaluate.patch_sets import Region, draw, regions, split
from napari_morphogen.evaluate.spectra import radial_spectrum, spectrum_distance
from napari_morphogen.evaluate.textures import features, pyramid, texture_distance
from napari_morphogen.io import read
from napari_morphogen.params import InputError

DATA = Path(__file__).parents[2] / "../shared/data"
SIDE = 24


def blobs(count, seed, shape=(SIDE, SIDE)):
    """Return images of bright spots of several sizes on a noisy ground."""
    rng = np.random.default_rng(seed)
    grids = np.indices(shape)
    images = rng.normal(0, 0.05, (count, *shape))
    for image in images:
        for _ in range(rng.integers(1, 5)):
            centre = [rng.uniform(0, side) for side in shape]
            away = sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True))
            image += rng.uniform(0.5, 1) * np.exp(-away / rng.uniform(4, 30))
    return images


def noise(images, seed=0):
    mixed = np.random.default_rng(seed).permutation(images.ravel())
    return mixed.reshape(images.shape)


@pytest.fixture(scope="module")
def sets():
    return blobs(120, 1), blobs(120, 2), blobs(120, 3)


@pytest.fixture(scope="module")
def judge(sets):
    train, unseen, _ = sets
    return partial(report_card, train, held_out=unseen)


@pytest.fixture(scope="module")
def good(judge, sets):
    return judge(sets[2])


def test_real_images_score_one_and_noise_far_less(good):
    assert min(good.texture, good.coverage) > 0.7 and good.sharpness > 0.5
    assert good.copies < 0.1
    assert good.noise["texture"] < 0.2 and good.noise["coverage"] < 0.1
    assert good.noise["sharpness"] < 0.2 and good.patches == 120


def test_the_unseen_set_itself_scores_one(judge, sets):
    found = judge(sets[1]).as_dict()
    assert [found[n] for n in ("texture", "sharpness", "coverage")] == [1, 1, 1]


def test_noise_scores_what_the_anchor_says(judge, sets, good):
    found = judge(noise(sets[0], seed=7)).as_dict()
    for name in ("texture", "sharpness", "coverage"):
        assert found[name] == pytest.approx(good.noise[name], abs=0.05)


def test_blur_costs_sharpness(judge, sets, good):
    blurred = [ndimage.gaussian_filter(image, 1.5) for image in sets[2]]
    assert judge(blurred).sharpness < 0.3 * good.sharpness


def test_collapse_costs_coverage(judge, sets, good):
    repeated = sets[2][np.arange(120) % 4]
    found = judge(repeated)
    assert found.coverage < 0.4 * good.coverage
    assert found.sharpness > 0.3  # which is blind to it


def test_copies_are_found_with_their_originals(judge, sets):
    turned = [np.rot90(image, k, (0, 1)) for k, image in enumerate(sets[0])]
    found = judge(turned)
    assert found.copies == 1 and found.coverage > 0.9  # which is blind to it
    np.testing.assert_array_equal(found.pairs["image"], found.pairs["training_image"])
    assert found.pairs["copy"].all() and np.all(found.pairs["correlation"] > 0.999)


@pytest.mark.parametrize("axis", [None, -1], ids=["3-D", "colours"])
def test_volumes_and_channels(axis):
    shape = (12, 12, 12) if axis is None else (16, 16)
    parts = [blobs(40, seed, shape) for seed in range(3)]
    if axis is not None:
        parts = [np.stack([p, 1 - p, p**2], axis=-1) for p in parts]
    real = report_card(parts[0], parts[1], parts[2], channel_axis=axis)
    assert real.patch_shape == shape and real.texture > 0.5
    wrong = report_card(parts[0], noise(parts[1]), parts[2], channel_axis=axis)
    for name in ("texture", "sharpness", "coverage"):
        assert wrong.as_dict()[name] < 0.6 * real.as_dict()[name], name


def test_neither_type_nor_unit_matters(judge, sets, good):
    train, unseen, made = (np.round(1000 * (part + 1)).astype(">u2") for part in sets)
    found = report_card(train, made, unseen)
    assert found.as_dict() == pytest.approx(good.as_dict(), abs=0.05)
    assert judge(sets[2]).as_dict() == good.as_dict()  # the same seed


def test_one_image_is_cut_in_two():
    image = blobs(1, 0, (40, 130))[0]
    found = report_card([image], [image], patch_size=16)
    assert found.patch_shape == (16, 16)
    assert found.pairs["training_corner"].shape == (found.patches, 2)
    parts = split(regions("real", [image], None), (16, 16), np.random.default_rng(0))
    (left,), (right,) = parts
    assert left.start == (0, 0) and right.start[1] >= left.data.shape[2] + 8
    np.testing.assert_array_equal(right.data[0], image[:, right.start[1] :])


def test_patches_come_from_where_they_say():
    images = [blobs(1, seed, (20 + seed, 30))[0] for seed in range(3)]
    found = draw(regions("real", images, None), (9, 8), 200, np.random.default_rng(0))
    for patch, number, (row, column) in zip(*found, strict=True):
        there = images[number][row : row + 9, column : column + 8]
        np.testing.assert_array_equal(patch[0], there.astype(np.float32))
    places = np.c_[found.image, found.corner]
    assert len(np.unique(places, axis=0)) == 200 and set(found.image) == {0, 1, 2}


# ---- the parts


def test_wasserstein_distance_is_that_of_scipy():
    """One-pixel windows have one direction, up to its sign."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0, 1, (300, 1, 1)), rng.normal(1, 2, (300, 1, 1))
    found = texture_distance(*(a[:, None].astype("f4") for a in (ours, theirs)), 0)
    scaled = [(a.ravel() - theirs.mean()) / theirs.std() for a in (ours, theirs)]
    assert found == pytest.approx(stats.wasserstein_distance(*scaled), rel=1e-4)
    same = theirs[:, None].astype("f4")
    assert texture_distance(same, same, 0) == 0


def test_pyramid_keeps_what_it_halves():
    patches = blobs(3, 0, (40, 40))[:, None].astype("f4")
    levels = list(pyramid(patches))
    assert [level.shape[-1] for level in levels] == [40, 20, 10]
    blurred = ndimage.gaussian_filter(patches[1, 0], 1, mode="nearest")
    np.testing.assert_allclose(levels[0][1, 0], patches[1, 0] - blurred, atol=1e-6)
    flat = list(pyramid(np.ones((2, 1, 3, 40, 40), "f4")))
    assert flat[-1].shape == (2, 1, 3, 10, 10) and not np.any(flat[0])


def test_spectrum_shows_a_wave_where_it_is():
    x = np.arange(64)
    wave = np.tile(np.cos(2 * np.pi * x * 10 / 64), (64, 1)).astype("f4")[None, None]
    found = radial_spectrum(wave)
    assert len(found) == 32 and found.argmax() == 9  # ten waves: the tenth ring
    assert spectrum_distance(wave * 10, wave * 10) == 0
    rng = np.random.default_rng(0)
    white = rng.normal(0, 1, (200, 1, 32, 32)).astype("f4")
    assert spectrum_distance(white * 10, white) == pytest.approx(20, abs=0.01)
    power = radial_spectrum(white)
    assert power.std() < 0.1 * power.mean()


def test_coverage_is_that_of_scikit_learns_neighbours():
    rng = np.random.default_rng(0)
    real, made = rng.normal(0, 1, (90, 4)), rng.normal(0.5, 0.7, (70, 4))
    far, _ = NearestNeighbors(n_neighbors=6).fit(real).kneighbors(real)
    near, _ = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(real)
    expected = np.mean(near[:, 0] <= far[:, -1])
    assert coverage(real, made) == pytest.approx(expected) and 0.2 < expected < 0.9
    assert coverage(real, real) == 1
    assert coverage(real, real + 99) == 0
    same = rng.normal(0, 1, (2, 2000, 3))
    assert coverage(*same) == pytest.approx(1 - 2**-5, abs=0.01)


def test_features_forget_places_and_constants():
    rng = np.random.default_rng(0)
    wide = ndimage.gaussian_filter(rng.normal(0, 1, (2, 1, 96, 96)), (0, 0, 2, 2))
    parts = [wide[0, :, :64, :64], wide[0, :, 6:70, 4:68], 3 * wide[1, :, :64, :64]]
    rows = features(np.array(parts, "f4"), 0)
    apart = [np.linalg.norm(rows[0] - other) for other in rows[1:]]
    assert apart[0] < 0.3 * apart[1]
    constant = np.c_[rows, np.ones(3)]
    for one, other in zip(principal(constant), principal(rows), strict=True):
        gaps = [np.linalg.norm(a[0] - a[1]) for a in (one, other)]
        assert gaps[0] == pytest.approx(gaps[1], rel=1e-3)


def _regions(images):
    return [Region(image, number, (0, 0)) for number, image in enumerate(images)]


def test_copies_are_brighter_turned_and_never_flat():
    train = blobs(20, 0)[:, None].astype("f4")
    turned = 3 * np.rot90(train, 1, (2, 3))[::-1] + 5
    found = nearest(turned, _regions(train))
    np.testing.assert_array_equal(found.image, np.arange(20)[::-1])
    np.testing.assert_allclose(found.correlation, 1, atol=1e-4)
    unseen = nearest(blobs(50, 1)[:, None].astype("f4"), _regions(train))
    assert is_copy(found, unseen).all() and is_copy(unseen, unseen).sum() == 1
    flat = nearest(np.full_like(train, 0.3), _regions(train))
    assert not is_copy(flat, unseen).any() and not is_copy(flat, flat).any()
    ours, theirs = np.random.default_rng(0).random((2, 16, 16))  # no smaller: as is
    turns = [np.rot90(x, k) for x in (ours, ours.T) for k in range(4)]
    best = max(np.corrcoef(x.ravel(), theirs.ravel())[0, 1] for x in turns)
    ours, theirs = (image[None, None].astype("f4") for image in (ours, theirs))
    found = nearest(ours, _regions(theirs))
    assert found.correlation[0] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("side", [16, 24, 33])
@pytest.mark.parametrize("shape", [(150, 170), (40, 150, 60)], ids=str)
def test_copies_are_found_wherever_they_were_cut(shape, side):
    rng = np.random.default_rng(side)
    size = (side,) * len(shape) if len(shape) == 2 else (8, side, side)
    data = ndimage.gaussian_filter(
        rng.normal(size=(2, 1, *shape)), (0, 0, *(2,) * len(shape))
    )
    images = [
        Region(image.astype("f4"), n + 5, (7,) * len(shape))
        for n, image in enumerate(data)
    ]
    for _ in range(6):
        chosen = rng.integers(2)
        corner = [
            int(rng.integers(n - s + 1)) for n, s in zip(shape, size, strict=True)
        ]
        place = tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))
        patch = data[chosen][(slice(None), *place)][:, ::-1]  # mirrored
        found = nearest(patch[None].astype("f4"), images)
        assert found.image[0] == chosen + 5
        np.testing.assert_array_equal(found.corner[0], np.array(corner) + 7)
        assert found.correlation[0] > 0.999


def test_more_places_than_are_looked_through(monkeypatch):
    monkeypatch.setattr(copies, "MOST", {2: 300})
    rng = np.random.default_rng(0)
    data = ndimage.gaussian_filter(rng.normal(size=(1, 200, 200)), (0, 6, 6)).astype(
        "f4"
    )
    found = nearest(data[None, :, 60:92, 77:109], _regions(data[None]))
    np.testing.assert_array_equal(found.corner[0], (60, 77))


def test_images_are_searched_where_only_patches_are_known(sets):
    rng = np.random.default_rng(0)
    data = ndimage.gaussian_filter(rng.normal(size=(6, 160, 160)), (0, 2, 2))

    def crops(images, count):
        chosen = rng.integers(len(images), size=count)
        corners = rng.integers(129, size=(count, 2))
        pairs = zip(chosen, corners, strict=True)
        return [images[n][y : y + 32, x : x + 32] for n, (y, x) in pairs]

    learnt, unseen = data[:3], crops(data[3:], 100)
    judge = partial(report_card, crops(learnt, 100), held_out=unseen, patch_size=32)
    made = crops(learnt, 100)
    assert judge(made).copies < 0.5  # patches alone do not hold all places
    found = judge(made, searched=learnt)
    assert found.copies > 0.98
    assert judge(crops(data[3:], 100), searched=learnt).copies < 0.2  # of few
    first = found.pairs["image"][0]
    y, x = found.pairs["training_corner"][0]
    origin = learnt[found.pairs["training_image"][0]][y : y + 32, x : x + 32]
    np.testing.assert_array_equal(made[first], origin)
    with pytest.raises(InputError, match="`searched`"):
        judge(made, searched=[np.ones((9, 9, 9))])


# ---- hostile inputs


def test_wrong_sets_are_one_sentence(sets):
    images = list(sets[0])
    with pytest.raises(InputError, match="`generated`, but there are none"):
        report_card(images, [])
    with pytest.raises(InputError, match=r"2 axes and 1 channels.*3 axes"):
        report_card(images, [np.ones((9, 9, 9))])
    with pytest.raises(InputError, match="`real` holds NaN"):
        report_card([np.full((30, 30), np.nan)], images)
    with pytest.raises(InputError, match=r"8 x 8 pixels.* 24 x 1;"):
        report_card(images, [np.ones((24, 1))])
    with pytest.raises(InputError, match=r"at least 10 patches.* 2;"):
        report_card(images, images[:2])
    with pytest.raises(InputError, match=r"4 x 4.*larger patch size"):
        report_card(images, images, patch_size=4)
    with pytest.raises(InputError, match="complex"):
        report_card([np.ones((9, 9), complex)], images)


def test_constant_images_have_no_texture_and_no_copies():
    same = [np.full((16, 16), 7, np.uint8)] * 20
    found = report_card(same, same)
    assert found.as_dict() == {
        "texture": 1,
        "sharpness": 1,
        "coverage": 1,
        "copies": 0,
    }
    lively = report_card(same, blobs(20, 0, (16, 16)))
    assert (lively.texture, lively.sharpness, lively.coverage) == (0, 0, 0)


def test_meanings_name_blind_spots(good):
    for name in good.as_dict():
        assert "blind to" in meaning(name).text and meaning(name).doi


# ---- real images


@pytest.mark.skipif(not DATA.exists(), reason="the shared images are not here")
@pytest.mark.parametrize("name", ["dsb2018_fluo", "axon_sem"])
def test_real_images_rank_above_flawed_ones_and_these_above_noise(name):
    rng = np.random.default_rng(0)
    files = sorted((DATA / name / "images").iterdir())
    if name == "axon_sem":
        files = files[2:]  # of one animal
    images = [np.asarray(read(file).data, float) for file in files[:60]]
    images = [image[:256, : 3 * 256] for image in images if min(image.shape[:2]) >= 96]
    parts = [[], [], []]
    for number, image in enumerate(images):
        thirds = np.array_split(image, 3, axis=1) if len(images) < 6 else [image]
        for n, third in enumerate(thirds):
            parts[(number + n) % 3].append(third)
    train, unseen, made = parts
    spread = np.std(np.concatenate([image.ravel() for image in train]))
    judge = partial(report_card, train, held_out=unseen, patch_size=32)
    real = judge(made).as_dict()
    flawed = {
        "sharpness": [ndimage.gaussian_filter(image, 0.7) for image in made],
        "texture": [image + rng.normal(0, 0.5 * spread, image.shape) for image in made],
        "coverage": [made[0][:40, :40]] * len(made),
    }
    for figure, bad in flawed.items():
        card = judge(bad)
        assert real[figure] > card.as_dict()[figure] + 0.1, figure
        assert card.as_dict()[figure] >= card.noise[figure] - 0.02, figure
    assert real["copies"] < 0.1
    cut = [image[5:45, 3:43] for image in train if min(image.shape) > 45] * 3
    if name == "axon_sem":  # moved copies; on nuclei, most is dark ground
        assert judge(cut).copies > 0.9
