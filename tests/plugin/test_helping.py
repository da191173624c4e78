"""The dock "Do synthetic pairs help" in a real viewer."""

from pathlib import Path

import pytest

from napari_morphogen import write
from napari_morphogen.generate.cells import synthetic_cells

FEW = {"height": 48, "width": 48, "count": 4, "radius": 6.0, "background": 1.0}


@pytest.fixture
def dock(open_dock):
    return open_dock("Do synthetic pairs help")


@pytest.fixture
def folders(dock, tmp_path):
    """Choose folders of two real and two synthetic pairs."""
    for number, source in enumerate((dock.real, dock.synthetic)):
        source.origin.value = "folders"
        for edit in (source.images_folder, source.labels_folder):
            folder = tmp_path / f"{source.name} {edit.label}"
            folder.mkdir()
            edit.line_edit.value = str(folder)
        for seed in range(2):
            pair = synthetic_cells(**FEW, seed=seed + 9 * number)
            edits = source.images_folder, source.labels_folder
            for edit, array in zip(edits, pair, strict=True):
                write(Path(edit.line_edit.value, f"{seed}.tif"), array)


def add_pairs(viewer, count):
    """Add layers of cells and their labels, and return both."""
    images, labels = [], []
    for seed in range(count):
        pair = synthetic_cells(**FEW, seed=seed + 3)
        images.append(viewer.add_image(pair[0], name=f"cells {seed}"))
        labels.append(viewer.add_labels(pair[1], name=f"objects {seed}"))
    return images, labels


def choose(source, images, labels):
    source.image_layers.value, source.label_layers.value = images, labels


def test_layers_are_compared(viewer, dock, until):
    images, labels = add_pairs(viewer, 4)
    choose(dock.real, images[:2], labels[:2])
    choose(dock.synthetic, images[2:], labels[2:])
    dock.steps.value, dock.seeds.value = 1, 1
    dock.run.native.click()
    until(lambda: dock.run.enabled, seconds=90)
    assert dock.status.value == "" and dock.report.done
    found = [(row.arm, row.real, row.synthetic) for row in dock.report.rows]
    assert found == [
        ("watershed", 0, 0),
        ("real", 1, 0),
        ("real + synthetic", 1, 2),
        ("synthetic only", 0, 2),
    ]


def test_no_real_pair_but_layers_to_score(viewer, dock, until):
    images, labels = add_pairs(viewer, 2)
    choose(dock.synthetic, images[:1], labels[:1])
    dock.test.origin.value = "layers"
    choose(dock.test, images[1:], labels[1:])
    dock.steps.value, dock.seeds.value = 1, 1
    dock.run.native.click()
    until(lambda: dock.run.enabled, seconds=90)
    assert [row.arm for row in dock.report.rows] == ["watershed", "synthetic only"]


def test_choices_outlive_other_layers_and_must_fit(viewer, dock):
    images, labels = add_pairs(viewer, 2)
    choose(dock.real, images, labels)
    viewer.add_image(images[0].data, name="another")
    assert list(dock.real.image_layers.value) == images
    viewer.layers.remove(labels[1])
    dock.run.native.click()
    assert "a Labels layer for each of the 2 real images" in dock.status.value
    choose(dock.real, images[:1], labels[:1])
    labels[0].data = labels[0].data[:20]
    dock.run.native.click()
    assert "cells 0" in dock.status.value and dock.run.enabled


def test_rows_arrive_and_a_verdict_is_given(dock, folders, until):
    dock.steps.value, dock.seeds.value = 1, 1
    dock.run.native.click()
    assert not dock.run.enabled and dock.cancel.enabled
    until(lambda: dock.run.enabled, seconds=90)
    assert dock.report.done and dock.report.share == 1
    arms = [dock.table.text(row, 0) for row in range(4)]
    assert arms == ["watershed", "real", "real + synthetic", "synthetic only"]
    assert "too few seeds to tell" in dock.verdict.value


def test_cancel_keeps_the_rows(dock, folders, until):
    dock.steps.value = 5000
    dock.run.native.click()
    until(lambda: bool(dock.report and dock.report.rows), seconds=60)
    dock.cancel.native.click()
    until(lambda: dock.run.enabled)
    assert dock.status.value == "Cancelled. The rows that are done stay."
    assert dock.table.text(0, 0) == "watershed"


def test_what_is_missing_is_said(dock, folders, until):
    dock.real.labels_folder.line_edit.value = ""
    dock.run.native.click()
    until(lambda: dock.run.enabled, seconds=60)
    assert "Choose the folder of real images" in dock.status.value


def test_labels_beside_images_are_found(viewer, open_dock, tmp_path):
    dock = open_dock("Do synthetic pairs help")
    for name in ("few/images", "few/labels", "new/images", "other"):
        (tmp_path / name).mkdir(parents=True)
    for source in dock.sources:
        source.origin.value = "folders"
    dock.real.images_folder.value = tmp_path / "few/images"
    assert dock.real.labels_folder.value == tmp_path / "few/labels"
    dock.synthetic.images_folder.value = tmp_path / "new/images"
    assert dock.synthetic.labels_folder.line_edit.value == ""  # there is none
    dock.test.labels_folder.value = tmp_path / "other"
    dock.test.images_folder.value = tmp_path / "few/images"
    assert dock.test.labels_folder.value == tmp_path / "other"  # chosen by hand
