"""Tuning: what is planted is found, and what is shown was not tuned on."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen import InputError, SpatialArray, recipe
from napari_morphogen.evaluate import object_scores
from napari_morphogen.samples import coin_labels, coins
from napari_morphogen.tuning import (
    Candidate,
    Options,
    applied,
    kind_of,
    recipe_of,
    searchable,
    sensitivity,
    step,
    stored,
    sweep,
    taught,
    tune,
)
from napari_morphogen.tuning import folds as folding
from napari_morphogen.tuning.choice import left_out, standard_error, tied
from napari_morphogen.tuning.scenes import LARGEST, scenes
from napari_morphogen.tuning.scoring import Judge


def discs(shape=(160, 160), radius=9, every=32, noise=0.0, seed=0):
    """Return bright discs (balls) on a grid, in noise, and their labels."""
    rng = np.random.default_rng(seed)
    marks = np.zeros(shape, int)
    places = [range(every // 2, size, every) for size in shape]
    for number, place in enumerate(itertools.product(*places), 1):
        marks[place] = number
    near, at = ndimage.distance_transform_edt(marks == 0, return_indices=True)
    truth = np.where(near <= radius, marks[tuple(at)], 0).astype(np.int32)
    image = (truth > 0) + rng.normal(0, noise, shape)
    axes = "zyx"[-len(shape) :]
    return (
        SpatialArray(image.astype(np.float32), axes, name="discs"),
        SpatialArray(truth, axes, name="truth"),
    )


def stripes_and_spots(seed):
    """Return a texture that is stripes on one side and spots on the other."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((128, 128))
    edge = int(rng.integers(50, 78))
    turn = rng.uniform(0, 2 * np.pi, 2)
    stripes = np.sin(rows / 2 + turn[0])
    spots = np.sin(rows / 2 + turn[1]) * np.sin(columns / 2 + turn[0]) * np.sqrt(2)
    truth = (columns > edge).astype(np.int32)
    image = np.where(truth > 0, spots, stripes) + rng.normal(0, 0.05, truth.shape)
    return SpatialArray(image, "yx", name="both"), SpatialArray(truth, "yx")


def ticking(step=0.001):
    """Return a clock that does not depend on the machine."""
    count = itertools.count()
    return lambda: next(count) * step


def last_of(images, references, **options):
    given = {"trials": 25, "budget": 600.0} | options
    return list(tune(images, references, Options(**given), clock=ticking()))[-1]


# ---- what is found


def test_planted_parameter_is_found():
    """In this much noise only a smoothed image has objects."""
    image, truth = discs(noise=1.0)
    found = last_of([image], [truth], methods=("threshold",), trials=40)
    sigmas = dict.fromkeys(np.arange(0, 8.1, 1.0))
    for sigma in sigmas:
        labels = applied(Candidate((step("threshold", {"sigma": sigma}),)), image)
        inside = (labels.data > 0) & (truth.data > 0)
        union = (labels.data > 0) | (truth.data > 0)
        sigmas[sigma] = inside.sum() / union.sum()  # another score than ours
    best = max(sigmas, key=sigmas.get)
    smoothing = found.best.candidate.main.parameters["sigma"]
    assert best >= 2
    assert sigmas[round(min(smoothing, 8))] > 0.9 * sigmas[best]
    default = applied(Candidate((step("threshold"),)), image)
    assert found.best.score > 0.7
    assert len(np.unique(default.data)) - 1 != len(np.unique(truth.data)) - 1


def test_dark_objects_are_found():
    image, truth = discs(noise=0.05)
    dark = image.like(1 - image.data)
    found = last_of([dark], [truth], methods=("threshold",), trials=6)
    assert found.best.candidate.main.parameters["objects"] == "dark"
    assert found.best.score > 0.95


def test_perfect_labels_score_1():
    image, truth = discs()
    found = last_of([image], [truth], methods=("threshold",), trials=20)
    assert found.best.score > 0.99
    assert found.score > 0.99
    assert found.kind == "objects"
    assert found.units == 25
    assert found.note == ""


def test_the_rows_labels_are_what_the_recipe_gives():
    image, truth = discs(noise=0.2)
    found = last_of([image], [truth])
    box = tuple(slice(*ends) for ends in found.place)
    for row in found.rows:
        steps = recipe_of(row.candidate, image)
        again = recipe.replay(steps, image)
        np.testing.assert_array_equal(again.data[box], row.labels)
        made = applied(row.candidate, image)
        assert made.metadata["morphogen"]["steps"] == steps["steps"]


def test_same_seed_same_table():
    image, truth = discs(noise=0.5)
    one, two = (last_of([image], [truth], methods=("watershed",)) for _ in range(2))
    assert [r.candidate for r in one.rows] == [r.candidate for r in two.rows]
    assert [r.score for r in one.rows] == [r.score for r in two.rows]


# ---- honest


def test_choice_never_saw_what_it_is_scored_on():
    """Of noise the best looks good; what is left out shows that it is not."""
    noise = np.random.default_rng(0).random((500, 6))
    weights = np.ones(6)
    assert noise.mean(axis=1).max() > 0.75
    assert 0.3 < left_out(noise, weights).mean() < 0.7


def test_what_memorises_scores_badly():
    """Numbers that know their place, not their class, help on no other part."""
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 3, (40, 100))
    pieces = np.arange(truth.size).reshape(truth.shape) + 1
    image = SpatialArray(np.zeros(truth.shape), "yx")
    found = scenes([image], [SpatialArray(truth, "yx")], "classes")
    judge = Judge.of(found, "classes", False)
    tally = judge.tally(0, pieces)
    assert tally.score == 1  # on what it was learned from
    assert judge.mean(judge.scores([tally])) == 0
    right = judge.tally(0, 3 - truth)  # other numbers, the same everywhere
    assert judge.mean(judge.scores([right])) == 1


def test_folds_hold_every_object_once():
    _, truth = discs()
    image = SpatialArray(np.zeros(truth.data.shape), "yx")
    found = scenes([image], [truth], "objects")
    parts = folding.folds(found, "objects", False)
    counted = [np.unique(parts.maps[0][truth.data == n]) for n in range(1, 26)]
    assert parts.count >= 3
    assert all(fold.size == 1 for fold in counted)
    assert {int(fold[0]) for fold in counted} == set(range(parts.count))
    assert parts.weights.sum() == pytest.approx(1)


def test_three_images_are_a_fold_each():
    pairs = [discs((64, 64), noise=0.1, seed=seed) for seed in range(3)]
    found = last_of(*zip(*pairs, strict=True), methods=("threshold",), trials=3)
    assert found.folds == 3
    halves = last_of(*zip(*pairs[:2], strict=True), methods=("threshold",), trials=3)
    assert halves.folds == 6  # two images are divided


@pytest.mark.parametrize("count", [1, 3])
def test_what_learns_never_saw_what_it_is_scored_on(count):
    """Of pixels that say nothing a forest knows those it learned from by heart."""
    rng = np.random.default_rng(0)
    images, truths = [], []
    for _ in range(count):
        blocks = rng.integers(1, 3, (4, 12)).repeat(8, axis=0).repeat(8, axis=1)
        images.append(SpatialArray(rng.normal(size=blocks.shape), "yx"))
        truths.append(SpatialArray(blocks, "yx"))
    options = {"methods": ("random_forest",), "trials": 1, "kind": "classes"}
    found = last_of(images, truths, **options)
    assert 0.3 < found.best.score < 0.65
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.npz")
        known = taught(found.best.candidate, images, truths, path)
        seen = applied(known, images[0]).data
    assert (seen == truths[0].data).mean() > 0.75  # that is what they would be by heart


def test_what_learns_is_applied_to_other_images(tmp_path):
    """Stripes and spots of one brightness: no threshold tells them apart."""
    pairs = [stripes_and_spots(seed) for seed in range(4)]
    images, truths = zip(*pairs[:3], strict=True)
    methods = ("threshold", "kmeans", "nearest_class")
    found = last_of(images, truths, kind="classes", methods=methods, trials=9)
    assert found.best.candidate.learns
    assert found.best.score > 0.9
    others = [r.score for r in found.rows if not r.candidate.learns]
    assert max(others) < found.best.score - 0.1
    with pytest.raises(InputError, match="teach"):
        applied(found.best.candidate, images[0])
    ready = taught(found.best.candidate, images, truths, tmp_path / "classes.npz")
    image, truth = pairs[3]
    made = applied(ready, image)
    assert (made.data - 1 == truth.data).mean() > 0.9  # the first class is 0
    again = recipe.replay(recipe_of(ready, image), image)
    np.testing.assert_array_equal(again.data, made.data)
    assert ready == stored(found.best.candidate, tmp_path / "classes.npz")


def test_strokes_teach_the_classes_that_are_painted():
    image, truth = stripes_and_spots(0)
    strokes = np.zeros(truth.data.shape, int)
    for row in range(6, 128, 12):  # numbers with a gap, unpainted in between
        strokes[row, 8:120] = np.where(truth.data[row, 8:120] > 0, 7, 3)
    found = last_of(
        [image],
        [SpatialArray(strokes, "yx")],
        kind="classes",
        sparse=True,
        methods=("nearest_class",),
        trials=1,
    )
    assert found.best.classes == {1: 3, 2: 7}
    assert found.best.score > 0.9
    assert (found.best.labels - 1 == truth.data).mean() > 0.9


def test_a_class_of_one_image_only_is_no_failure():
    pairs = [stripes_and_spots(seed) for seed in range(3)]
    images, truths = map(list, zip(*pairs, strict=True))
    truths[2] = truths[2].like(np.where(truths[2].data > 0, 5, 0))
    options = {"methods": ("nearest_class",), "trials": 1, "kind": "classes"}
    found = last_of(images, truths, **options)
    assert 0 < found.best.score < 0.8
    assert found.best.classes[1] == 0


def test_ties_prefer_the_faster_and_simpler():
    image, truth = discs()
    found = last_of([image], [truth], methods=("geodesic_contour", "threshold"))
    assert found.best.candidate.main.method == "threshold"
    assert len(found.best.candidate.steps) == 1
    assert found.best.tied


def test_tie_is_within_the_standard_error():
    weights = np.ones(4)
    best = np.array([0.9, 0.8, 0.9, 0.8])
    assert tied(best, best - [0.03, -0.02, 0.03, -0.02], weights)
    assert not tied(best, best - 0.1, weights)
    # of equal weights it is the textbook's
    assert standard_error(best, weights) == pytest.approx(best.std(ddof=1) / 2)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_is_said(count):
    image, truth = discs(noise=0.1)
    few = truth.like(np.where(truth.data <= count, truth.data, 0))
    found = last_of([image], [few], sparse=True, methods=("threshold",), trials=4)
    assert str(count) in found.note
    assert "too few" in found.note
    assert found.rows
    assert (found.folds == 1) == (count == 1)


def test_a_class_with_one_stroke_is_too_few():
    image, truth = discs(noise=0.1)
    strokes = np.zeros(truth.data.shape, int)
    strokes[10, 10:40], strokes[0, 10:40] = 1, 2
    found = last_of(
        [image], [truth.like(strokes)], sparse=True, kind="classes", trials=5
    )
    assert "single stroke" in found.note


# ---- what is given


def test_some_painted_objects_are_enough():
    """Objects that nobody painted are no mistakes."""
    image, truth = discs(noise=0.2)
    some = truth.like(np.where(truth.data % 5 == 0, truth.data, 0))
    found = last_of([image], [some], sparse=True, trials=30)
    assert found.units == 5
    assert found.best.score > 0.8
    whole = applied(found.best.candidate, image)
    assert 20 <= whole.data.max() <= 30


def test_kind_is_found():
    _, truth = discs()
    assert kind_of([truth]) == "objects"
    assert kind_of([truth.like((truth.data > 0) + (truth.data > 9))]) == "classes"


def test_classes_are_tuned():
    image, truth = discs(noise=0.3)
    classes = truth.like((truth.data > 0).astype(np.uint8))
    found = last_of([image], [classes], methods=("threshold", "kmeans"), trials=15)
    assert found.kind == "classes"
    assert found.best.score > 0.9
    assert set(found.best.classes.values()) == {0, 1}


def test_volumes_and_time():
    image, truth = discs((32, 48, 48), radius=6, every=16, noise=0.2)
    found = last_of([image], [truth], methods=("threshold", "watershed"), trials=8)
    assert found.best.score > 0.8
    assert len(found.place) == 3
    one, labels = discs((64, 64), noise=0.1)
    movie = SpatialArray(np.stack([one.data] * 5), "tyx")
    painted = SpatialArray(np.stack([labels.data] * 5), "tyx")
    found = last_of([movie], [painted], methods=("threshold",), trials=4)
    assert found.folds == 5
    assert found.place[0] == (0, 1)
    assert found.best.score > 0.95


def test_colours_find_their_channel():
    image, truth = discs()
    noise = np.random.default_rng(0).normal(0, 1, (*truth.data.shape, 3))
    noise[..., 1] = image.data
    colours = SpatialArray(noise, "yxc")
    found = last_of([colours], [truth], methods=("threshold",), trials=60)
    assert found.best.candidate.channel == 1
    assert found.best.score > 0.8
    assert found.crop.shape[-1] == 3


def test_of_a_large_image_only_crops_are_searched():
    _, small = discs((160, 160))
    truth = np.zeros((1500, 1500), np.int32)
    truth[1000:1160, 500:660] = small.data
    image = SpatialArray((truth > 0).astype(np.float32), "yx")
    reference = SpatialArray(truth, "yx")
    found = scenes([image], [reference], "objects")
    assert sum(scene.truth.size for scene in found) <= 3 * LARGEST
    kept = np.unique(np.concatenate([np.unique(scene.truth) for scene in found]))
    np.testing.assert_array_equal(kept, np.arange(26))
    last = last_of([image], [reference], methods=("threshold",), trials=3)
    assert last.best.score > 0.99


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((40, 40), np.nan),
        np.full((40, 40), 7, ">u2"),
        np.where(np.eye(40) > 0, np.inf, 0),
        -np.arange(1600.0).reshape(40, 40),
    ],
)
def test_hostile_pixels_give_a_table(pixels):
    truth = np.zeros((40, 40), int)
    truth[5:9, 5:9], truth[20:30, 20:30] = 1, 2
    image, labels = SpatialArray(pixels, "yx"), SpatialArray(truth, "yx")
    found = last_of([image], [labels], trials=10)
    assert all(0 <= row.score <= 1 for row in found.rows)


def test_one_pixel_and_lazy_images():
    dot = SpatialArray(np.ones((1, 1), np.uint8), "yx")
    found = last_of([dot], [dot], trials=8)
    assert "too few" in found.note
    image, truth = discs((64, 64), noise=0.1)
    lazy = [SpatialArray(da.from_array(one.data), "yx") for one in (image, truth)]
    found = last_of(lazy[:1], lazy[1:], methods=("threshold",), trials=3)
    assert found.best.score > 0.95
    assert isinstance(found.crop, np.ndarray)


def test_empty_image_is_said():
    empty = SpatialArray(np.zeros((0, 5), int), "yx")
    with pytest.raises(InputError, match="painted"):
        last_of([empty], [empty])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"references": []}, "as many references"),
        ({"references": [SpatialArray(np.zeros((4, 4), int), "yx")]}, "shape"),
        ({"references": [SpatialArray(np.zeros((160, 160), int), "yx")]}, "painted"),
        ({"references": [SpatialArray(np.zeros((160, 160)), "yx")]}, "float64"),
        ({"options": Options(budget=0)}, "budget"),
        ({"options": Options(trials=0)}, "trial"),
        ({"options": Options(methods=("canny",))}, "canny is not searched"),
        ({"options": Options(kind="lines")}, "lines"),
    ],
)
def test_wrong_input_is_said(changes, message):
    image, truth = discs()
    given = {"references": [truth], "options": Options(trials=1)} | changes
    with pytest.raises(InputError, match=message):
        list(tune([image], given["references"], given["options"]))


# ---- time


def test_cancel_keeps_the_table():
    image, truth = discs(noise=0.2)
    search = tune([image], [truth], Options(budget=60), clock=ticking(0.05))
    seen = [next(search) for _ in range(4)]
    search.close()
    assert seen[-1].rows
    assert not seen[-1].done
    assert seen[-1].tried > seen[0].tried
    assert list(search) == []


def test_budget_ends_the_search():
    image, truth = discs((64, 64))
    found = list(tune([image], [truth], Options(budget=2), clock=ticking(0.01)))
    assert found[-1].done
    assert found[-1].elapsed < 3
    assert all(a.elapsed <= b.elapsed for a, b in itertools.pairwise(found))


# ---- views


def test_sensitivity_peaks_where_it_should():
    image, truth = discs(noise=0.8)
    chosen = Candidate((step("threshold", {"sigma": 3}),))
    curves = {c.parameter: c for c in sensitivity([image], [truth], chosen)}
    sigma = curves["sigma"]
    assert list(sigma.values) == sorted(sigma.values)
    at = sigma.values.index(3.0)
    assert sigma.scores[at] > sigma.scores[-1] + 0.2
    assert sigma.span > 0.2
    assert curves["block_size"].span == 0  # it means nothing to Otsu's rule


def test_sweep_gives_what_the_values_give():
    image, _ = discs(noise=0.5)
    swatches = list(sweep("threshold", image, "sigma", [0.5, 3.0, 99.0]))
    for swatch in swatches[:2]:
        alone = applied(Candidate((step("threshold", {"sigma": swatch.value}),)), image)
        np.testing.assert_array_equal(swatch.result, alone.data)
    assert swatches[2].result is None
    assert "between 0 and 50" in swatches[2].problem
    edges = next(sweep("gradient", image, "sigma", crop=((0, 20), (10, 40))))
    assert edges.result.shape == (20, 30)
    with pytest.raises(InputError, match="no parameter `nonsense`"):
        next(sweep("threshold", image, "nonsense"))


def test_searched_methods_exist():
    for kind in ("objects", "classes"):
        for name in searchable(kind):
            assert Candidate((step(name),)).main.method == name


def test_every_method_has_a_row_or_a_reason():
    image, truth = coins(), coin_labels()
    found = last_of([image], [truth], trials=8)
    rows = {row.candidate.main.method for row in found.rows}
    assert rows | set(found.skipped) == set(searchable("objects"))


def test_leaders_are_confirmed_on_whole_frames():
    """Crowded in one corner only: what is right there is wrong elsewhere."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((640, 640))
    truth = np.zeros((640, 640), np.int32)
    places = [(r, c) for r in range(20, 200, 30) for c in range(20, 200, 30)]
    places += [(r, c) for r in range(260, 620, 90) for c in range(30, 620, 90)]
    for number, (row, column) in enumerate(places, 1):
        truth[(rows - row) ** 2 + (columns - column) ** 2 < 100] = number
    image = 100 * (truth > 0) + rng.normal(0, 5, truth.shape)
    pair = SpatialArray(image, "yx"), SpatialArray(truth, "yx")
    options = Options(methods=("threshold",), trials=8, budget=60)
    *_, ranking = tune([pair[0]], [pair[1]], options)
    row = ranking.rows[0]
    assert row.whole
    assert ranking.units == len(places)  # every object of the frame is scored
    made = applied(row.candidate, pair[0])
    again = object_scores(np.asarray(made.data), truth, thresholds=(0.5,))
    assert row.score == pytest.approx(again.detections[0].f1, abs=0.1)


def test_sparse_search_counts_what_is_like_nothing_painted():
    truth = np.zeros((80, 80), np.int32)
    truth[10:20, 10:20] = 1
    scene = scenes([SpatialArray(truth, "yx")], [SpatialArray(truth, "yx")], "objects")
    judge = Judge.of(scene, "objects", sparse=True)
    small, huge = truth.copy(), truth.copy()
    small[50:60, 50:60], huge[30:75, 30:75] = 2, 2
    assert judge.tally(0, small).score == 1.0
    assert judge.tally(0, huge).score < 0.7
