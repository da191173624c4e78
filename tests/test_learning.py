"""Training on images with axes: what is learnt, told, kept and refused."""

import math

import numpy as np
import pytest

from napari_morphogen import SpatialArray, run
from napari_morphogen.evaluate import object_scores
from napari_morphogen.learning import (
    STOP,
    Files,
    Painted,
    Settings,
    View,
    learn,
    lesson,
    painted_frames,
    patches,
    unfinished,
)
from napari_morphogen.nn.training import Training
from napari_morphogen.params import InputError

SMALL = Settings(width=8, levels=2, patch=32, seconds=math.inf, augment=False)


class Steps:
    """A clock that goes on by a second whenever somebody looks."""

    def __init__(self, speed=1.0):
        self.now, self.speed = 0.0, speed

    def __call__(self):
        self.now += self.speed
        return self.now


def discs(shape=(64, 64), seed=0, count=8, radius=6):
    """Return bright discs on noise, and where they are."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    inside = np.zeros(shape, bool)
    for row, column in rng.uniform(6, np.array(shape) - 6, (count, 2)):
        inside |= np.hypot(y - row, x - column) < radius
    return rng.normal(0, 0.2, shape) + inside, inside


def strokes(inside):
    """Return thin strokes of 1 on the background and of 2 in the discs."""
    painted = np.zeros(inside.shape, np.uint8)
    painted[4::8] = 1 + inside[4::8]
    return painted


def taught(path, image, labels, settings=SMALL, steps=60, told=None, **options):
    """Train for about so many steps and return all reports."""
    settings = Settings(**{**vars(settings), "seconds": 4.0 * steps})
    lessons = [lesson(image, labels, settings, path, **options)]
    course = learn(lessons, settings, path, clock=Steps())
    reports = [next(course)]
    while not reports[-1].done:
        reports.append(course.send(told.pop() if told else None))
    return reports


def test_strokes_on_one_image_find_the_rest(tmp_path):
    image, inside = discs((96, 96), radius=11)
    reports = taught(tmp_path / "m.morphogen", image, strokes(inside), steps=80)
    assert reports[-1].done and reports[-1].loss < reports[0].loss
    unseen, truth = discs((96, 96), seed=1, radius=11)
    found = run("network_classes", unseen, model=str(tmp_path / "m.morphogen"))
    dice = 2 * ((found == 2) & truth).sum() / ((found == 2).sum() + truth.sum())
    assert dice >= 0.95


def test_painted_objects_that_touch_are_told_apart(tmp_path):
    rng = np.random.default_rng(0)
    y, x = np.indices((96, 96))
    labels = np.zeros((96, 96), int)
    for number, (row, column) in enumerate(np.ndindex(6, 6), 1):
        centre = 8 + 15 * np.array([row, column]) + rng.integers(-1, 2, 2)
        labels[np.hypot(y - centre[0], x - centre[1]) < 7.6] = number
    image = (labels > 0) + rng.normal(0, 0.1, labels.shape)
    settings = Settings(task="instances", width=8, levels=2, patch=48, seconds=math.inf)
    path = tmp_path / "m.morphogen"
    taught(path, image, labels, settings, steps=80)
    found = run("network_objects", image[::-1], model=str(path))
    assert abs(found.max() - labels.max()) <= 2


def test_frames_of_time_and_channels_are_learnt_together(tmp_path):
    pairs = [discs(seed=seed) for seed in range(3)]
    movie = np.stack([[image, np.zeros_like(image)] for image, _ in pairs])
    painted = np.zeros((3, 64, 64), np.uint8)
    painted[1] = strokes(pairs[1][1])
    image = SpatialArray(movie, "tcyx", scale=(1, 1, 0.5, 0.5))
    todo = lesson(image, painted, SMALL, "m.morphogen")
    assert [index for index, _ in painted_frames(todo)] == [(1,)]
    path = tmp_path / "m.morphogen"
    taught(path, image, painted)
    found = run("network_classes", image, model=str(path))
    assert found.axes == "tyx" and found.scale == (1, 0.5, 0.5)
    agrees = [
        (f == 2) == truth for f, (_, truth) in zip(found.data, pairs, strict=True)
    ]
    assert np.mean(agrees) > 0.9
    with pytest.raises(InputError, match="2 channel"):
        run("network_classes", movie[0, 0], model=str(path))


def test_planes_of_a_volume_serve_all_of_it(tmp_path):
    image, inside = discs((4, 64, 64)[1:])
    volume, painted = np.stack([image] * 3), np.zeros((3, 64, 64), np.uint8)
    painted[1] = strokes(inside)
    path = tmp_path / "m.morphogen"
    settings = Settings(**{**vars(SMALL), "planes": True})
    taught(path, volume, painted, settings)
    found = run("network_classes", volume, model=str(path))
    assert found.shape == volume.shape
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(
        found[0], run("network_classes", image, model=str(path))
    )


def test_what_is_seen_while_training_is_what_the_model_gives(tmp_path):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    given = lesson(image, strokes(inside), SMALL, path)
    view = View(0, (), (slice(0, 64), slice(0, 64)))
    course = learn([given], SMALL, path, "", view)
    report = next(report for report in course if report.frame is not None)
    assert report.frame["labels"].shape == (64, 64) and not report.done
    while not report.done:
        report = course.send([STOP])
    expected = run("network_classes", image, model=str(path))
    np.testing.assert_array_equal(report.frame["labels"], expected)


def test_a_part_is_predicted_as_it_is_in_the_whole(tmp_path):
    image, inside = discs((128, 128))
    path = tmp_path / "m.morphogen"
    given = lesson(image, strokes(inside), SMALL, path)
    part = (slice(16, 112), slice(8, 120))
    course = learn([given], SMALL, path, "", View(0, (), part))
    report = next(course)
    while not report.done:
        report = course.send([STOP])
    whole = run("network_classes", image, model=str(path), output="probability")
    inner = (slice(None), slice(32, -32), slice(32, -32))
    seen = report.frame["probability"]
    np.testing.assert_allclose(
        seen[inner], whole[(slice(None), *part)][inner], atol=1e-5
    )


def test_a_new_stroke_is_learnt_at_once(tmp_path):
    image, inside = discs()
    image[:, 32:] += 3 * inside[:, 32:]  # a second kind of discs
    wrong, right = strokes(inside), strokes(inside)
    wrong[:, 32:] = 0
    right[:, 32:][right[:, 32:] == 2] = 3
    told = [[Painted(0, (), right)]]
    reports = taught(tmp_path / "m.morphogen", image, wrong, steps=60, told=told)
    assert any("Class 3 is new" in report.note for report in reports)
    found = run("network_classes", image, model=str(tmp_path / "m.morphogen"))
    assert set(np.unique(found)) == {1, 2, 3}


def test_a_killed_training_goes_on_from_where_it_was(tmp_path):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    settings = Settings(**{**vars(SMALL), "seconds": 400.0})
    lessons = [lesson(image, strokes(inside), settings, path)]
    course = learn(lessons, settings, path, clock=Steps())
    for report in course:
        if report.step > 8:
            break
    course.close()
    assert not path.exists() and unfinished(path).exists()
    again = next(learn(lessons, settings, path, unfinished(path), clock=Steps()))
    assert again.step > 5
    other = lesson(image[:32], strokes(inside)[:32], SMALL, path)
    wide = Settings(**{**vars(SMALL), "width": 16})
    assert other.labels.data.any()
    with pytest.raises(InputError, match="cannot continue"):
        next(learn([other], wide, path, unfinished(path)))


def test_a_model_can_be_trained_further(tmp_path):
    image, inside = discs()
    first, second = tmp_path / "a.morphogen", tmp_path / "b.morphogen"
    taught(first, image, strokes(inside))
    lessons = [lesson(image, strokes(inside), SMALL, second)]
    report = next(learn(lessons, SMALL, second, first))
    afresh = next(learn(lessons, SMALL, second))
    assert report.loss < 0.5 * afresh.loss


def test_training_ends_when_its_time_is_over(tmp_path):
    image, inside = discs()
    settings = Settings(**{**vars(SMALL), "seconds": 50.0})
    lessons = [lesson(image, strokes(inside), settings, tmp_path / "m.morphogen")]
    reports = list(learn(lessons, settings, tmp_path / "m.morphogen", clock=Steps(3)))
    assert reports[-1].done and reports[-1].seconds < 70
    left = [report.left for report in reports]
    assert left == sorted(left, reverse=True)


def test_until_it_stops_improving_ends(tmp_path):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    lessons = [lesson(image, strokes(inside), SMALL, path)]
    reports = list(learn(lessons, SMALL, path, clock=Steps(4)))
    assert reports[-1].done and all(math.isinf(r.left) for r in reports[:-1])


def test_too_few_labels_hold_nothing_out_and_say_so(tmp_path):
    image, _ = discs()
    painted = np.zeros(image.shape, np.uint8)
    painted[0, :2] = 1, 2
    settings = Settings(**{**vars(SMALL), "held_out": 0.1})
    lessons = [lesson(image, painted, settings, tmp_path / "m.morphogen")]
    report = next(learn(lessons, settings, tmp_path / "m.morphogen"))
    assert "Too little is painted" in report.note


def test_patches_show_what_is_learnt_from():
    image, inside = discs()
    lessons = [lesson(image, strokes(inside), SMALL, "m.morphogen")]
    ((images, labels),) = patches(lessons, SMALL)
    assert images.shape[1:] == (1, 32, 32) and labels.shape == (len(images), 32, 32)
    assert set(np.unique(labels)) == {0, 1, 2}


def refused(image, labels, settings=SMALL, **options):
    with pytest.raises(InputError) as caught:
        lessons = [lesson(image, labels, settings, "m.morphogen", **options)]
        next(learn(lessons, settings, "m.morphogen"))
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text
    return text


def test_what_cannot_be_learnt_is_one_sentence():
    image = np.eye(32)
    nothing = np.zeros((32, 32), np.uint8)
    assert "Nothing is painted" in refused(image, nothing)
    assert "one class only" in refused(image, nothing + 1)
    assert "shape" in refused(image, np.ones((9, 9), int))
    many = nothing.astype(int)
    many[0, :2] = 1, 900
    assert "900" in refused(image, many)
    assert "below 0" in refused(image, np.minimum(many, 2) - 1)
    movie = np.zeros((4, 32, 32))
    assert "Nothing is painted" in refused(movie, movie.astype(int), axes="tyx")
    two = np.zeros((2, 32, 32))
    lessons = [
        lesson(image, np.eye(32, dtype=int) + 1, SMALL, "m.morphogen"),
        lesson(two, np.eye(32, dtype=int) + 1, SMALL, "m.morphogen", axes="cyx"),
    ]
    with pytest.raises(InputError, match="2 channels, but the first has 1"):
        next(learn(lessons, SMALL, "m.morphogen"))
    missing = [Files("none.tif", "none.tif")]
    with pytest.raises(InputError, match=r"none\.tif"):
        next(learn(missing, SMALL, "m.morphogen"))


@pytest.mark.parametrize("name", ["seconds", "held_out", "width", "levels", "seed"])
def test_settings_out_of_their_limits_are_named(name):
    with pytest.raises(InputError, match=f"`{name}`"):
        Settings(**{name: -1}).check()


def touching(shape=(96, 96), side=16):
    """Return squares that touch, darker along their borders, one number each."""
    rng = np.random.default_rng(0)
    y, x = np.indices(shape)
    labels = 1 + y // side * (shape[1] // side) + x // side
    inner = (y % side > 1) & (x % side > 1)
    return inner + rng.normal(0, 0.2, shape), labels, inner


def test_learnt_boundaries_feed_the_watershed(tmp_path):
    image, labels, _ = touching()
    path = tmp_path / "m.morphogen"
    edges = Settings(**{**vars(SMALL), "task": "edges"})
    taught(path, image, labels, edges, steps=80)
    boundaries = run("network_boundaries", image[::-1], model=str(path))
    words = {"landscape": "intensity", "foreground": "all", "objects": "dark"}
    found = run("watershed", boundaries, h=20.0, **words)
    assert object_scores(found, labels[::-1]).detections[0].fn == 0


def test_strokes_inside_and_on_borders_take_touching_objects_apart(tmp_path):
    image, labels, inner = touching()
    image[:, :16] = np.random.default_rng(1).normal(-1, 0.2, (96, 16))
    painted = np.zeros(labels.shape, np.uint8)
    painted[::5] = np.where(inner, 2, 3)[::5]
    painted[::5, :16] = 1
    path = tmp_path / "m.morphogen"
    interiors = Settings(**{**vars(SMALL), "task": "interiors"})
    taught(path, image, painted, interiors, steps=100)
    found = run("network_objects", image, model=str(path))
    truth = np.where(np.arange(96) < 16, 0, labels)
    detection = object_scores(found, truth).detections[0]
    assert detection.fn <= 2 and detection.fp <= 2


def test_a_model_of_another_kind_is_not_gone_on_from(tmp_path):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    taught(path, image, strokes(inside), steps=4)
    objects = Settings(**{**vars(SMALL), "task": "instances"})
    lessons = [lesson(image, inside.astype(int), objects, path)]
    with pytest.raises(InputError, match='"semantic", not for "instances"'):
        next(learn(lessons, objects, path, path))
    volume = np.stack([image] * 4)
    lessons = [lesson(volume, np.stack([strokes(inside)] * 4), SMALL, path)]
    with pytest.raises(InputError, match="on planes"):
        next(learn(lessons, SMALL, path, path))


def corrections(monkeypatch):
    """Return a list that fills with the labels that training goes on with."""
    found, correct = [], Training.correct

    def noted(self, images, labels):
        found.append([np.array(label) for label in labels])
        correct(self, images, labels)

    monkeypatch.setattr(Training, "correct", noted)
    return found


def test_what_is_told_twice_or_undone_is_learnt_once(tmp_path, monkeypatch):
    image, inside = discs()
    first = strokes(inside)
    more, fewer = first.copy(), first.copy()
    more[:, 10], fewer[:32] = 1, 0
    told = [[Painted(0, (), one.copy())] for one in (first, more, more, first, fewer)]
    found = corrections(monkeypatch)
    taught(tmp_path / "m.morphogen", image, first, steps=20, told=told[::-1])
    for (labels,), expected in zip(found, (more, first, fewer), strict=True):
        np.testing.assert_array_equal(labels, expected)


def test_a_frame_whose_strokes_are_undone_is_learnt_no_longer(tmp_path, monkeypatch):
    image, inside = discs()
    movie = np.stack([image] * 3)
    painted = np.zeros(movie.shape, np.uint8)
    painted[1] = strokes(inside)
    nothing, found = np.zeros_like(painted[0]), corrections(monkeypatch)
    frames = ((2,), painted[1]), ((2,), nothing), ((0,), nothing)
    told = [[Painted(0, index, labels)] for index, labels in frames]
    words = {"steps": 20, "told": told[::-1], "axes": "tyx"}
    taught(tmp_path / "m.morphogen", movie, painted, **words)
    assert [len(labels) for labels in found] == [2, 1]


def test_objects_that_are_erased_in_the_end_leave_the_model_whole(tmp_path):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    settings = Settings(**{**vars(SMALL), "task": "instances"})
    told = [[Painted(0, (), np.zeros(image.shape, np.uint8))]]
    reports = taught(path, image, inside.astype(int), settings, steps=10, told=told)
    assert any("one class only" in report.note for report in reports)
    assert run("network_objects", image, model=str(path)).shape == image.shape


@pytest.mark.parametrize("number", [0, 900])
def test_a_stroke_that_cannot_be_used_does_not_end_the_training(tmp_path, number):
    image, inside = discs()
    path = tmp_path / "m.morphogen"
    wrong = np.full(image.shape, number, int)
    told = [[Painted(0, (), wrong)]]
    reports = taught(path, image, strokes(inside), steps=20, told=told)
    said = {0: "Nothing is painted", 900: "900"}[number]
    assert any(said in report.note for report in reports)
    assert reports[-1].done and path.is_file()
