"""Whether synthetic pairs help: what is trained, on what it is scored, what is said."""

import math

import numpy as np
import pytest
from scipy import stats

from napari_morphogen import SpatialArray
from napari_morphogen.evaluate import object_scores
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.helping import Row, Settings, differences, does_it_help, verdict
from napari_morphogen.helping.tables import summary_rows, table_rows
from napari_morphogen.learning import Settings as Learning
from napari_morphogen.learning import lesson
from napari_morphogen.nn import training
from napari_morphogen.params import InputError
from napari_morphogen.segment.watershed import watershed

SMALL = Settings(steps=2, seeds=2, width=4, levels=1, patch=16, threads=1)
FEW = {"height": 48, "width": 48, "count": 4, "radius": 6.0, "background": 1.0}


def made(images, first=0, /, **words):
    return [synthetic_cells(**FEW | words, seed=first + n) for n in range(images)]


def lessons(pairs):
    return [lesson(*pair, Learning(task="instances"), "none") for pair in pairs]


def last(*given, **words):
    *_, report = does_it_help(*given, **words)
    return report


def flooded(extra, unseen):
    """Return the first report with a score: that of the watershed."""
    course = does_it_help([], extra, SMALL, unseen=unseen)
    return next(report for report in course if report.rows)


def rows(**scores):
    """Return rows of arms by their scores, a seed for each."""
    return [
        Row(arm.replace("_", " ").replace("and", "+"), seed, ap, ap / 2, 5, 0, 9)
        for arm, values in scores.items()
        for seed, ap in enumerate(values)
    ]


# ---- what is said


def test_interval_is_that_of_the_paired_t_test():
    real, more = [0.50, 0.55, 0.61, 0.49], [0.58, 0.60, 0.68, 0.60]
    (found,) = differences(rows(real=real, real_and_cells=more))
    test = stats.ttest_rel(more, real)
    low, high = test.confidence_interval(0.95)
    assert math.isclose(found.mean, np.mean(more) - np.mean(real))
    assert math.isclose(found.low, low) and math.isclose(found.high, high)
    assert found.words == "better" and test.pvalue < 0.05


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([0.60, 0.61, 0.62], "better"),
        ([0.40, 0.41, 0.39], "worse"),
        ([0.70, 0.45, 0.52], "no difference beyond the spread"),
        ([0.50, 0.50, 0.50], "no difference beyond the spread"),
        ([0.90, 0.91], "too few seeds"),
        ([0.90], "too few seeds"),
    ],
)
def test_verdict_can_say_no(more, words):
    found = verdict(rows(real=[0.5, 0.5, 0.5], real_and_cells=more))
    assert words in found and found.count("\n") == 0


def test_synthetic_pairs_alone_are_compared_with_the_watershed():
    found = verdict(rows(watershed=[0.5] * 3, cells_only=[0.6, 0.61, 0.62]))
    assert found.startswith("cells only against watershed: AP@0.5 +0.110")


def test_only_seeds_that_both_arms_have_count():
    table = rows(real=[0.1, 0.2, 0.3, 0.4], real_and_cells=[0.2, 0.3, 0.4])
    (found,) = differences(table)
    assert found.seeds == 3 and math.isclose(found.mean, 0.1)


def test_tables_have_every_row_and_the_spread_over_the_seeds():
    table = rows(real=[0.4, 0.6], cells_only=[0.5])
    assert len(table_rows(table)) == 4
    spread = np.std([0.4, 0.6], ddof=1)
    assert summary_rows(table)[1][1] == f"0.500 ± {spread:.3f}"
    assert summary_rows(table)[2][1] == "0.500"


# ---- what is trained and scored


def test_whole_images_are_held_out_and_all_networks_take_the_same_steps(monkeypatch):
    seen = []

    class Watched(training.Training):
        def __init__(self, images, labels, **words):
            super().__init__(images, labels, **words)
            seen.append((images, words["options"]))

        def run(self, budget, **words):
            yield from super().run(budget, **words)
            assert self.position[0] == SMALL.steps

    monkeypatch.setattr(training, "Training", Watched)
    real, extra = made(4), made(6, 50)
    report = last(lessons(real), {"cells": lessons(extra)}, SMALL)
    assert report.done and report.share == 1
    arms = ["watershed", "real", "real + cells", "cells only"]
    assert [row.arm for row in report.rows] == 2 * arms
    assert [row.scored for row in report.rows] == 8 * [1]
    known = [image.tobytes() for image, _ in real]
    for seed in range(2):
        sets = [[i[0].tobytes() for i in s[0]] for s in seen[3 * seed : 3 * seed + 3]]
        plain, both, only = sets
        assert len(plain) == 3 and set(plain) < set(known)
        assert set(plain) == set(both) & set(known)
        assert not set(only) & set(known) and set(only) < set(both)
        assert sum(image in known for image in both) >= len(both) / 2
    assert len({s[1].augmentation for s in seen}) == 1
    assert [s[1].seed for s in seen] == [0, 0, 0, 1, 1, 1]


def test_watershed_is_scored_on_all_objects_of_the_unseen_images():
    unseen = made(3, 9, count=6)
    report = flooded({"x": lessons(made(1))}, lessons(unseen))
    counts = np.zeros(3)
    for image, labels in unseen:
        found = object_scores(watershed(image), labels).at(0.5)
        counts += found.tp, found.fp, found.fn
    assert report.rows[0].ap50 == counts[0] / counts.sum()


def test_dark_objects_are_flooded_as_dark_ones():
    turned = [(200 - image, labels) for image, labels in made(2)]
    plain, dark = (
        flooded({"x": lessons(pairs)}, lessons(pairs)).rows[0].ap50
        for pairs in (made(2), turned)
    )
    assert plain > 0.5
    assert dark == pytest.approx(plain, abs=0.2)


def test_no_real_labels_to_learn_from():
    unseen = lessons(made(2))
    report = last([], {"a": lessons(made(1, 7))}, SMALL, unseen=unseen)
    assert [row.arm for row in report.rows] == 2 * ["watershed", "a only"]
    assert {row.real for row in report.rows} == {0}


def test_same_seeds_same_rows():
    given = lessons(made(2)), {"x": lessons(made(1, 7))}
    one = Settings(**{**vars(SMALL), "seeds": 1})
    assert last(*given, one).rows == last(*given, one).rows


def test_time_series_is_held_out_as_a_whole():
    stack = [np.stack(part) for part in zip(*made(2), strict=True)]
    series = [SpatialArray(stack[0], "tyx"), SpatialArray(stack[1], "tyx")]
    pairs = lessons([series, series])
    one = Settings(**{**vars(SMALL), "seeds": 1})
    report = last(pairs, {"x": lessons(made(1, 7))}, one)
    assert {row.scored for row in report.rows} == {2}
    assert report.rows[1].real == 2


def test_volumes_as_a_whole_and_plane_by_plane():
    pairs = made(2, depth=6, height=24, width=24, count=2, radius=4.0)
    one = {**vars(SMALL), "seeds": 1, "steps": 1, "patch": 8}
    given = lessons(pairs), {"x": lessons(pairs)}
    assert last(*given, Settings(**one)).rows[0].scored == 1
    assert last(*given, Settings(**one | {"planes": True})).rows[0].scored > 1


# ---- what is refused


def refused(*given, **words):
    with pytest.raises(InputError) as error:
        last(*given, **words)
    return str(error.value)


def test_what_cannot_be_compared_is_said():
    pairs = lessons(made(2))
    empty = lessons([(image, labels * 0) for image, labels in made(2)])
    volume = lessons(made(2, depth=3))
    colours = [SpatialArray(np.stack([i] * 3, -1), "yxc") for i, _ in made(2)]
    rgb = lessons(zip(colours, (t for _, t in made(2)), strict=True))
    one = {"x": pairs}
    assert "at least two" in refused(pairs[:1], one, SMALL)
    assert "Scores need real images" in refused([], one, SMALL)
    assert "There are no synthetic pairs" in refused(pairs, {}, SMALL)
    assert "No object is labelled in the x" in refused(pairs, {"x": empty}, SMALL)
    assert "No object is labelled in the real" in refused(empty, one, SMALL)
    assert "No object is labelled in the held" in refused(
        pairs, one, SMALL, unseen=empty
    )
    assert "volumes with volumes" in refused(pairs, {"x": volume}, SMALL)
    assert "3 channel(s)" in refused(pairs, {"x": rgb}, SMALL)
    assert "`seeds` from 1 to 100" in refused(pairs, one, Settings(seeds=0))
