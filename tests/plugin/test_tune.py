"""Tuning in a real viewer: paint three objects, tune, apply."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_morphogen import recipe, replay
from napari_morphogen.plugin.layers import read
from napari_morphogen.plugin.opening import open_dock
from napari_morphogen.plugin.thumbnails import painted
from napari_morphogen.plugin.tune_words import conclusion
from napari_morphogen.samples import coin_labels, coins
from napari_morphogen.tuning import Candidate, Options, step, tune

PLACE = {"scale": (0.5, 0.5), "translate": (3, 9), "rotate": 10}


@pytest.fixture
def dock(viewer, open_dock):
    viewer.add_image(coins().data, name="coins", **PLACE)
    dock = open_dock("Tune")
    dock.budget.value = "10 s"
    yield dock
    dock.close()


def press(qtbot, button):
    at = QPoint(12, button.native.height() // 2)
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton, pos=at)


def click_row(qtbot, table, row):
    place = table.visualRect(table.model().index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def paint(layer, numbers):
    """Fill whole objects with the brush's way of changing labels."""
    known = coin_labels().data
    for label, number in enumerate(numbers, 1):
        layer.data_setitem(np.nonzero(known == number), label)


def only(dock, *names):
    for box in dock.families:
        box.value = box.name in names


def test_paint_three_objects_tune_apply(viewer, dock, qtbot, until, tmp_path):
    press(qtbot, dock.new)
    layer = viewer.layers["reference"]
    assert dock.reference.value is layer
    assert dock.sparse.value
    sizes = np.bincount(coin_labels().data.ravel())[1:]
    paint(layer, np.argsort(sizes)[-3:] + 1)
    only(dock, "threshold", "watershed")
    press(qtbot, dock.run)
    until(lambda: bool(dock.ranking and dock.ranking.rows), 60)
    assert dock.cancel.enabled
    until(lambda: dock.run.enabled, 60)
    assert "few" in dock.note.value
    assert dock.note.visible
    ranking = dock.ranking
    assert ranking.done
    assert dock.table.model().rowCount() == len(ranking.rows) == 3
    assert ranking.rows[0].score > 0.6
    assert dock.table.text(0, 0).startswith(f"{ranking.rows[0].score:.2f}")

    click_row(qtbot, dock.table, 0)
    until(lambda: "coins tuned" in viewer.layers, 60)
    made = viewer.layers["coins tuned"]
    chosen = ranking.rows[0].candidate
    steps = made.metadata[recipe.KEY]["steps"]
    assert [one["method"] for one in steps] == [s.method for s in chosen.steps]
    for corner in ((0, 0), (99, 160)):
        there = viewer.layers["coins"].data_to_world(corner)
        np.testing.assert_allclose(made.data_to_world(corner), there)
    again = replay(made.metadata[recipe.KEY], read(viewer.layers["coins"]))
    np.testing.assert_array_equal(again.data, made.data)

    family = open_family(viewer, chosen)
    assert family.method.value == chosen.main.method
    assert family.image.value is viewer.layers["coins"]
    for name, value in chosen.main.parameters.items():
        shown = family.form[name].value
        assert shown == pytest.approx(value) if not isinstance(value, str) else shown

    click_row(qtbot, dock.table, 1)
    until(lambda: dock.status.value.startswith("Applied"), 60)
    names = [one.name for one in viewer.layers]
    assert names == ["coins", "reference", "coins tuned"]
    dock.save_recipe(tmp_path / "best.json")
    saved = json.loads((tmp_path / "best.json").read_text())
    second = ranking.rows[1].candidate
    assert [one["method"] for one in saved["steps"]] == [s.method for s in second.steps]
    dock.save_recipe(tmp_path / "missing" / "best.json")
    assert "missing" in dock.status.value


def open_family(viewer, candidate):
    from napari_morphogen.registry import get

    title = get(candidate.main.method).family.capitalize()
    return open_dock(viewer, title)


def test_cancel_keeps_the_ranking(viewer, dock, qtbot, until):
    viewer.add_labels(coin_labels().data, name="all", **PLACE)
    dock.budget.value = "5 min"
    only(dock, "threshold")
    press(qtbot, dock.run)
    until(lambda: bool(dock.ranking and dock.ranking.rows), 60)
    press(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    assert dock.status.value.startswith("Cancelled.")
    assert "click a row" in dock.status.value.lower()
    assert dock.table.model().rowCount() == len(dock.ranking.rows)
    click_row(qtbot, dock.table, 0)
    until(lambda: "coins tuned" in viewer.layers, 60)
    press(qtbot, dock.run)  # no row that is shown belongs to another search
    press(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    assert dock.ranking is None
    assert dock.table.model() is None
    assert dock.status.value.startswith("Cancelled.")


def test_suggestions_fill_a_dock_without_any_labels(viewer, dock, qtbot, until):
    press(qtbot, dock.suggest)
    until(lambda: dock.suggestion is not None, 60)
    assert "bright" in dock.note.value
    only_row = dock.methods.index("threshold")
    click_row(qtbot, dock.suggested, only_row)
    until(lambda: "coins tuned" in viewer.layers, 60)
    family = open_family(viewer, dock.candidate)
    wanted = dock.suggestion.parameters["threshold"]["sigma"]
    assert family.form["sigma"].value == pytest.approx(wanted)


def test_sensitivity_and_sweep(viewer, dock, qtbot, until):
    viewer.add_labels(coin_labels().data, name="all", **PLACE)
    only(dock, "threshold")
    dock.budget.value = "5 min"
    press(qtbot, dock.run)
    until(lambda: bool(dock.ranking and dock.ranking.rows), 60)
    press(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    dock.apply(Candidate((step("threshold", {"sigma": 2.0}),)))
    until(lambda: "coins tuned" in viewer.layers, 60)
    press(qtbot, dock.look)
    until(lambda: dock.status.value.startswith("Scores from"), 60)
    curves = dock.plot.curves
    assert "sigma" in [curve.parameter for curve in curves]
    spans = [curve.span for curve in curves]
    assert spans == sorted(spans, reverse=True)

    dock.show_tab(dock.sweep)
    sweep = dock.sweep
    sweep.parameter.value = (0, "sigma")
    until(lambda: sweep.words.text().startswith("Click"), 60)
    texts = [sweep.pictures.item(n).text() for n in range(sweep.pictures.count())]
    assert texts == ["0.5", "1", "1.5", "2", "3", "4", "8"]
    assert sweep.pictures.currentItem().text() == "2"
    place = sweep.pictures.visualItemRect(sweep.pictures.item(4)).center()
    qtbot.mouseClick(sweep.pictures.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert dock.candidate.main.parameters["sigma"] == 3
    assert open_family(viewer, dock.candidate).form["sigma"].value == 3
    until(lambda: dock.status.value.startswith("Applied"), 60)
    made = viewer.layers["coins tuned"].metadata[recipe.KEY]["steps"][-1]
    assert made["parameters"]["sigma"] == 3
    until(lambda: sweep.pictures.count() == 7 and sweep.words.text()[:5] == "Click", 60)
    assert sweep.value.value == 3


def test_pairs_are_tuned_to_together(viewer, dock, qtbot, until):
    labels = coin_labels().data
    channels = np.stack([coins().data, coins().data[::-1]])
    viewer.add_labels(labels, name="all", **PLACE)
    press(qtbot, dock.add)
    press(qtbot, dock.add)  # once is enough
    assert dock.listed.value == "Added: coins with all"
    viewer.add_image(channels, name="two", axis_labels="cyx")
    drawn = [[10, 10], [10, 60], [60, 60], [60, 10]]
    viewer.add_shapes([drawn], shape_type="polygon", name="drawn")
    dock.image.value = viewer.layers["two"]
    dock.reference.value = viewer.layers["drawn"]
    assert dock.axes.value == "cyx"
    images = [pair.read_image().data.shape for pair in dock.pairs]
    assert images == [labels.shape, channels.shape]
    truths = [pair.read_reference() for pair in dock.pairs]
    assert [truth.axes for truth in truths] == ["yx", "yx"]
    np.testing.assert_array_equal(truths[0].data, labels)
    assert truths[1].data.sum() == 51 * 51
    press(qtbot, dock.new)  # one plane per channel, of which any may be painted
    viewer.layers["reference"].data_setitem(tuple(np.array([[1], [5], [7]])), 3)
    assert np.argwhere(dock.pairs[1].read_reference().data == 3).tolist() == [[5, 7]]
    only(dock, "threshold")
    dock.budget.value = "5 min"
    dock.reference.value = viewer.layers["drawn"]
    press(qtbot, dock.run)
    until(lambda: bool(dock.ranking and dock.ranking.rows), 60)
    press(qtbot, dock.cancel)
    until(lambda: dock.run.enabled)
    viewer.layers.remove("all")
    assert not dock.listed.visible
    assert len(dock.pairs) == 1


def test_what_learns_is_applied_and_saved(viewer, dock, qtbot, until, tmp_path):
    truth = (coin_labels().data > 0).astype(np.uint8)
    viewer.add_labels(truth, name="all", **PLACE)
    dock.kind.value = "classes"
    only(dock, "examples")
    assert dock.methods == ("nearest_class", "random_forest")
    press(qtbot, dock.run)
    until(lambda: bool(dock.ranking and dock.ranking.rows), 60)
    press(qtbot, dock.cancel)  # what is learned does not depend on the end
    until(lambda: dock.run.enabled)
    click_row(qtbot, dock.table, 0)
    until(lambda: dock.status.value.startswith("Applied"), 60)
    made = viewer.layers["coins tuned"]
    assert (made.data - 1 == truth).mean() > 0.9
    image = read(viewer.layers["coins"])
    again = replay(made.metadata[recipe.KEY], image)
    np.testing.assert_array_equal(again.data, made.data)
    family = open_family(viewer, dock.candidate)
    assert family.method.value == "stroke_classes"
    dock.save_recipe(tmp_path / "best.json")
    until(lambda: dock.status.value.startswith("Saved"), 60)
    saved = recipe.load(tmp_path / "best.json")
    model = saved["steps"][-1]["parameters"]["model"]
    assert model == str(tmp_path / "best.npz")
    np.testing.assert_array_equal(replay(saved, image).data, made.data)
    press(qtbot, dock.suggest)  # nothing can be suggested to what learns
    until(lambda: dock.suggestion is not None, 60)
    assert dock.suggested.model().rowCount() == 0
    dock.close()  # what was learned outlives the dock
    learned = made.metadata[recipe.KEY]["steps"][-1]["parameters"]["model"]
    assert Path(learned).name.startswith("coins_")
    assert [one.name for one in Path(learned).parent.iterdir()] == [Path(learned).name]
    again = replay(made.metadata[recipe.KEY], image)
    np.testing.assert_array_equal(again.data, made.data)


def test_what_is_left_out_is_said():
    options = Options(methods=("threshold",), trials=1)
    *_, found = tune([coins()], [coin_labels()], options)
    assert "Left out" not in conclusion(found)
    slow = replace(found, skipped={"random_forest": "takes more than 15 s"})
    assert "Left out: random_forest: takes more than 15 s. Click" in conclusion(slow)


@pytest.mark.parametrize("missing", ["image", "reference", "families", "shape"])
def test_what_is_missing_is_one_sentence(missing, viewer, dock, qtbot, until):
    shape = (5, 5) if missing == "shape" else coins().data.shape
    viewer.add_labels(np.ones(shape, np.uint8), name="all")
    words = {
        "image": "Choose an image layer first.",
        "reference": "Choose a reference",
        "families": "Check at least one family",
        "shape": "Expected a reference of shape (303, 384)",
    }
    if missing in ("image", "reference"):
        getattr(dock, missing).value = None
    if missing == "families":
        only(dock)
    press(qtbot, dock.run)
    until(lambda: dock.status.value.startswith(words[missing]), 60)
    assert dock.run.enabled


def test_families_are_those_of_the_kind(dock):
    from napari_morphogen.tuning import searchable

    for kind in ("objects", "classes", "objects"):
        dock.kind.value = kind
        assert dock.methods == searchable(kind)
        shown = {box.name for box in dock.families if box.native.isVisible()}
        assert ("watershed" in shown) == (kind == "objects")
        assert ("examples" in shown) == (kind == "classes")
        assert {"threshold", "clustering"} <= shown


def test_colours_and_volumes_are_painted():
    rng = np.random.default_rng(0)
    labels = np.zeros((3, 20, 40), np.int32)
    labels[1, :10] = 1
    grey = painted(rng.random((3, 20, 40)), labels, 20)
    colour = painted(rng.random((20, 40, 3)), labels[1], 20)
    for found in (grey, colour):
        assert found.shape == (10, 20, 3)
        assert np.ptp(found[:5], axis=-1).min() > 20
        assert np.ptp(found[5:], axis=-1).max() == 0
    broken = np.full((4, 4), np.nan)
    assert painted(broken, np.zeros((4, 4), int)).max() == 0
