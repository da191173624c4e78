"""The Evaluate dock in a real viewer."""

import csv
import json
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_morphogen.evaluate import STATES

PLACE = {
    "scale": (3, 0.5, 0.5),
    "translate": (1, 2, 3),
    "rotate": (20, 0, 0),
    "units": ("micrometer",) * 3,
    "axis_labels": "zyx",
}


def pair():
    """Return a reference and a result with one object in every state."""
    truth, result = np.zeros((2, 3, 40, 90), np.int32)
    boxes = {
        1: (slice(2, 12), slice(2, 12)),  # found
        2: (slice(2, 12), slice(20, 30)),  # missed
        3: (slice(2, 12), slice(40, 60)),  # split
        4: (slice(20, 30), slice(2, 12)),  # merged
        70_000: (slice(20, 30), slice(12, 22)),  # merged
    }
    for number, (rows, columns) in boxes.items():
        truth[1, rows, columns] = number
    result[1, 2:12, 2:12] = 9
    result[1, 2:12, 40:50], result[1, 2:12, 51:60] = 5, 6
    result[1, 20:30, 2:22] = 7
    result[2, 30:36, 70:80] = 8  # extra
    return truth, result


@pytest.fixture
def dock(viewer, open_dock):
    truth, result = pair()
    viewer.add_labels(truth, name="truth", **PLACE)
    viewer.add_labels(result, name="result", **PLACE)
    dock = open_dock("Evaluate")
    yield dock
    dock.close()


@pytest.fixture
def evaluate(dock, qtbot, until):
    def press(button=None):
        qtbot.mouseClick((button or dock.run).native, Qt.MouseButton.LeftButton)
        until(lambda: dock.run.enabled)

    return press


def items(dock):
    return [dock.results.item(i) for i in range(dock.results.count())]


def check(dock, *names):
    for item in items(dock):
        wanted = item.text() in names
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)


def figures(dock):
    rows = range(dock.figures.model().rowCount())
    return {dock.figures.text(row, 0): dock.figures.text(row, 1) for row in rows}


def test_a_perfect_result_scores_one(dock, viewer, evaluate):
    viewer.add_labels(viewer.layers["truth"].data.copy() * 2, name="same", **PLACE)
    check(dock, "same")
    evaluate()
    (found,) = dock.comparisons
    assert found.name == "same" and "truth" in dock.status.value
    for name in ("f1@0.50", "f1@0.75", "mean_ap", "pq@0.50", "seg", "rand"):
        assert figures(dock)[name] == "1", name
    assert [y for _, y in dock.plot.lines["same"]] == [1] * 10
    assert set(found.objects["state"]) == {"true positive"}


def test_every_state_is_found_told_and_coloured(dock, viewer, evaluate):
    evaluate()
    (found,) = dock.comparisons
    of_truth = found.objects["of"] == "reference"
    states = dict(
        zip(
            found.objects["object"][of_truth].tolist(),
            found.objects["state"][of_truth].tolist(),
            strict=True,
        )
    )
    assert states[1] == "true positive" and states[2] == "missed"
    assert found.objects["object"][~of_truth].tolist() == [8]
    assert found.objects["state"][~of_truth].tolist() == ["extra"]
    counts = figures(dock)
    # of the two parts of 3, one has an IoU of exactly 0.5 and is a pair with it;
    # the same holds for 7 and one of the objects it has merged
    assert (counts["missed"], counts["extra"]) == ("1", "1")
    assert "missed&nbsp;1" in dock.legend.value
    evaluate(dock.show_states)
    assert not viewer.layers["result"].visible  # it would mix with the colours
    layer = viewer.layers["result states"]
    result = viewer.layers["result"]
    assert layer.data.shape == result.data.shape
    for name in ("scale", "translate", "rotate", "shear", "units", "axis_labels"):
        assert np.all(getattr(layer, name) == getattr(result, name)), name
    code = {name: 1 + STATES.index(name) for name in STATES}
    assert layer.data[1, 5, 5] == code["true positive"]
    assert layer.data[1, 5, 25] == code["missed"]
    assert layer.data[2, 33, 75] == code["extra"]
    assert layer.features["state"].tolist() == ["", *STATES]
    names = {item.text() for item in items(dock)}
    assert "result states" not in names


def test_split_and_merged_objects_have_their_colours(dock, viewer, evaluate):
    truth, result = pair()
    result[1, 2:12, 40:60] = 0
    for number, start in enumerate((40, 47, 54), 20):  # three parts of a third each
        result[1, 2:12, start : start + 6] = number
    truth[1, 20:30, 22:32], result[1, 20:30, 22:32] = 30, 7  # three objects in one
    viewer.layers["truth"].data, viewer.layers["result"].data = truth, result
    evaluate()
    wanted = {"true positive": 1, "missed": 1, "extra": 1, "split": 1, "merged": 3}
    found = dock.comparisons[0].objects["state"].tolist()
    assert {name: found.count(name) for name in wanted} == wanted
    evaluate(dock.show_states)
    data = viewer.layers["result states"].data
    expected = np.zeros(truth.shape, int)
    code = {name: 1 + STATES.index(name) for name in STATES}
    expected[truth == 2] = code["missed"]
    expected[truth == 3] = code["split"]  # the gaps between its parts too
    expected[result == 7] = code["merged"]
    expected[result == 8] = code["extra"]
    expected[result == 9] = code["true positive"]
    np.testing.assert_array_equal(data, expected)
    colours = viewer.layers["result states"].colormap
    shown = {n: np.round(colours.map(code[n]) * 255).astype(int) for n in wanted}
    assert colours.map(0)[3] == 0
    assert shown["true positive"][:3].tolist() == [0, 158, 115]
    assert shown["missed"][:3].tolist() == [213, 94, 0]
    assert len({tuple(colour) for colour in shown.values()}) == 5
    layer = viewer.layers["result states"]
    viewer.layers["result"].data = np.zeros_like(result)
    evaluate(dock.show_states)  # once more updates
    assert viewer.layers["result states"] is layer
    assert set(np.unique(layer.data)) == {0, code["missed"]}
    viewer.layers["result"].translate = (0, 0, 7)
    evaluate(dock.show_states)
    assert sum("states" in layer.name for layer in viewer.layers) == 1
    assert viewer.layers["result states"].translate.tolist() == [0, 0, 7]


def test_a_click_on_a_row_goes_to_its_object(dock, viewer, evaluate, qtbot):
    evaluate()
    table = dock.comparisons[0].objects
    assert np.all(np.diff(table["iou"]) >= 0)
    extra = table["state"].tolist().index("extra")
    view = dock.objects
    view.scrollTo(view.model().index(extra, 0))
    at = view.visualRect(view.model().index(extra, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    layer = viewer.layers["result"]
    assert layer.selected_label == 8
    assert viewer.layers.selection.active is layer
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    assert layer.data[tuple(here)] == 8
    dock.go_to(table["object"].tolist().index(70_000))
    layer = viewer.layers["truth"]
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    assert layer.selected_label == layer.data[tuple(here)] == 70_000


def test_several_results_stand_side_by_side(dock, viewer, evaluate):
    viewer.add_labels(viewer.layers["truth"].data.copy(), name="same", **PLACE)
    check(dock, "same", "result")
    evaluate()
    model = dock.figures.model()
    right = Qt.Orientation.Horizontal
    show = Qt.ItemDataRole.DisplayRole
    heads = [model.headerData(i, right, show) for i in range(model.columnCount())]
    assert heads == ["figure", "result", "same"]
    assert list(dock.plot.lines) == ["result", "same"]
    row = list(figures(dock)).index("pq@0.50")
    tip = model.data(model.index(row, 0), Qt.ItemDataRole.ToolTipRole)
    assert "panoptic" in tip and "DOI 10.1109/CVPR.2019.00963" in tip
    worst = dock.objects.text(0, 0)
    dock.listed.value = "same"
    assert worst != "true positive" == dock.objects.text(0, 0)
    dock.tabs.setCurrentWidget(dock.plot)
    assert dock.plot.isVisible() and dock.plot.title == "F1"
    assert "same: 1.00 at 0.50" in dock.plot.toolTip()


def test_tables_are_copied_and_saved(dock, evaluate, tmp_path):
    evaluate()
    dock.copy.native.click()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0] == "| figure | result | meaning | source |"
    dock.save_figures(tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv") as file:
        (row,) = csv.DictReader(file)
    assert float(row["f1@0.95"]) == dock.comparisons[0].figures["f1@0.95"]
    dock.save_figures(tmp_path / "scores.json")
    stored = json.loads((tmp_path / "scores.json").read_text())
    assert stored["images"][0]["figures"]["f1@0.95"] == float(row["f1@0.95"])
    dock.save_objects(tmp_path / "objects.csv")
    assert (tmp_path / "objects.csv").read_text().startswith("state,object,iou,of")
    assert sorted(path.suffix for path in tmp_path.glob("*.csv")) == [".csv"] * 2
    dock.save_figures(tmp_path / "missing" / "scores.csv")
    assert dock.status.value.startswith("There is no folder")
    dock.save_figures(tmp_path)
    assert "is a folder" in dock.status.value and tmp_path.is_dir()


def test_frames_count_as_one_set(viewer, open_dock, qtbot, until):
    truth, result = pair()
    place = {"axis_labels": "tyx", "scale": (10, 1, 1)}
    viewer.add_labels(truth, name="truth", **place)
    viewer.add_labels(result, name="result", **place)
    dock = open_dock("Evaluate")
    dock.run.native.click()
    until(lambda: dock.run.enabled)
    assert "3 frames" in dock.status.value
    found = dock.comparisons[0]
    assert found.figures["truth_objects"] == 5 and found.figures["missed"] == 1
    assert found.objects["t"][found.objects["state"] == "extra"].tolist() == [2]
    dock.go_to(found.objects["state"].tolist().index("extra"))
    assert viewer.dims.point[0] == 20
    dock.close()


def test_sparse_says_so_and_classes_have_no_objects(dock, evaluate):
    dock.sparse.value = True
    evaluate()
    assert "sparse" in dock.status.value and figures(dock)["extra"] == "-"
    assert dock.plot.title == "recall"
    dock.kind.value = "classes"
    dock.sparse.value = False
    evaluate()
    assert "mean_dice" in figures(dock)
    assert not dock.tabs.isTabVisible(1) and not dock.show_states.enabled
    assert dock.objects.model().rowCount() == 0


def test_cancel_leaves_the_table(dock, viewer, evaluate, until):
    evaluate()
    before = dock.comparisons
    big = np.random.default_rng(0).integers(0, 90_000, (12, 800, 800), np.int32)
    viewer.layers.clear()
    for name in ("a", "b"):
        viewer.add_labels(big, name=name, axis_labels="tyx")
    dock.run.native.click()
    assert dock.cancel.enabled and not dock.run.enabled
    until(lambda: dock.progress.value >= 0)
    dock.cancel.native.click()
    until(lambda: dock.run.enabled)
    assert dock.status.value.startswith("Cancelled") and dock.comparisons is before
    dock.go_to(0)
    assert "gone" in dock.status.value
    dock.show_states.native.click()
    assert "gone" in dock.status.value


def test_the_window_lives_while_scores_are_computed(dock, viewer, until, qtbot):
    grid = np.arange(1, 71 * 71 + 1, dtype=np.int32).reshape(71, 71)
    truth = np.kron(grid, np.ones((24, 24), np.int32))
    truth[::24], truth[:, ::24] = 0, 0
    viewer.layers.clear()
    viewer.add_labels(truth, name="truth")
    viewer.add_labels(np.roll(truth, 4, axis=1), name="moved")
    qtbot.wait(500)  # the layers are drawn

    def longest_pause(button):
        pauses, last = [], time.perf_counter()
        button.native.click()
        end = time.monotonic() + 60
        while not dock.run.enabled and time.monotonic() < end:
            QApplication.processEvents()
            now = time.perf_counter()
            pauses.append(now - last)
            last = now
        return max(pauses)

    # 0.1 s is the aim, but a busy machine is slower
    computed = longest_pause(dock.run)
    assert len(dock.comparisons[0].objects["state"]) >= 5000
    coloured = longest_pause(dock.show_states)
    print(f"longest pauses {computed:.3f} s, {coloured:.3f} s")
    assert max(computed, coloured) < 0.5


def test_hostile_layers_are_one_sentence(dock, viewer, evaluate):
    viewer.add_labels(np.zeros((9, 9), np.uint8), name="small")
    check(dock, "small")
    evaluate()
    assert "(9, 9)" in dock.status.value and not dock.comparisons
    check(dock)
    dock.run.native.click()
    assert dock.status.value == "Choose a reference, and check a result or more."
    viewer.layers.clear()
    dock.run.native.click()
    assert dock.status.value == "Choose a reference, and check a result or more."
    for name in ("none", "nothing"):
        viewer.add_labels(np.zeros((9, 9), np.uint8), name=name)
    evaluate()
    assert figures(dock)["f1@0.50"] == "1" and dock.objects.model().rowCount() == 0
    evaluate(dock.show_states)
    assert not viewer.layers["nothing states"].data.any()
    dock.sparse.value = True
    evaluate()
    assert dock.status.value.startswith("Nothing is painted")
    viewer.layers["nothing"].data = np.ones((9, 9), np.uint8)
    dock.sparse.value = False
    evaluate()
    assert figures(dock)["f1@0.50"] == "0"
