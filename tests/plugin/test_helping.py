"""The dock "Do synthetic pairs help" in a real viewer."""

import pytest

from napari_morphogen import write
from napari_morphogen.generate.cells import synthetic_cells

FEW = {"height": 48, "width": 48, "count": 4, "radius": 6.0, "background": 1.0}


@pytest.fixture
def dock(viewer, tmp_path):
    """Return the dock with folders of two real and two synthetic pairs."""
    _, dock = viewer.window.add_plugin_dock_widget(
        "napari-morphogen", "Do synthetic pairs help"
    )
    for number, kind in enumerate(("", "extra_")):
        for part in ("images", "labels"):
            folder = tmp_path / f"{kind}{part}"
            folder.mkdir()
            dock.folders[f"{kind}{part}"].line_edit.value = str(folder)
        for seed in range(2):
            pair = synthetic_cells(**FEW, seed=seed + 9 * number)
            for part, array in zip(("images", "labels"), pair, strict=True):
                write(tmp_path / f"{kind}{part}" / f"{seed}.tif", array)
    return dock


def test_rows_arrive_and_a_verdict_is_given(dock, until):
    dock.steps.value, dock.seeds.value = 1, 1
    dock.run.native.click()
    assert not dock.run.enabled and dock.cancel.enabled
    until(lambda: dock.run.enabled, seconds=90)
    assert dock.report.done and dock.report.share == 1
    arms = [dock.table.text(row, 0) for row in range(4)]
    assert arms == ["watershed", "real", "real + synthetic", "synthetic only"]
    assert "too few seeds to tell" in dock.verdict.value


def test_cancel_keeps_the_rows(dock, until):
    dock.steps.value = 5000
    dock.run.native.click()
    until(lambda: bool(dock.report and dock.report.rows), seconds=60)
    dock.cancel.native.click()
    until(lambda: dock.run.enabled)
    assert dock.status.value == "Cancelled. The rows that are done stay."
    assert dock.table.text(0, 0) == "watershed"


def test_what_is_missing_is_said(dock, until):
    dock.folders["labels"].line_edit.value = ""
    dock.run.native.click()
    until(lambda: dock.run.enabled, seconds=60)
    assert "Choose the folder of real images" in dock.status.value


def test_labels_beside_images_are_found(viewer, open_dock, tmp_path):
    folders = open_dock("Do synthetic pairs help").folders
    for name in ("few/images", "few/labels", "new/images", "other"):
        (tmp_path / name).mkdir(parents=True)
    folders["images"].value = tmp_path / "few/images"
    assert folders["labels"].value == tmp_path / "few/labels"
    folders["extra_images"].value = tmp_path / "new/images"
    assert folders["extra_labels"].line_edit.value == ""  # there is none
    folders["test_labels"].value = tmp_path / "other"
    folders["test_images"].value = tmp_path / "few/images"
    assert folders["test_labels"].value == tmp_path / "other"  # chosen by hand
