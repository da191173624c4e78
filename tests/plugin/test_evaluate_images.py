"""Images and sets of images in the Evaluate dock, in a real viewer."""

import json

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_morphogen.evaluate import image_scores, report_card


@pytest.fixture
def dock(viewer, open_dock):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 200, (30, 32, 32)).astype(np.uint8)
    noisy = frames + rng.integers(0, 50, frames.shape).astype(np.uint8)
    viewer.add_labels(np.ones((30, 32, 32), int), name="labels", axis_labels="tyx")
    viewer.add_image(frames, name="truth", axis_labels="tyx")
    viewer.add_image(noisy, name="noisy", axis_labels="tyx")
    dock = open_dock("Evaluate")
    yield dock
    dock.close()


@pytest.fixture
def evaluate(dock, qtbot, until):
    def press():
        qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
        until(lambda: dock.run.enabled, 60)

    return press


def figures(dock):
    rows = range(dock.figures.model().rowCount())
    return {dock.figures.text(row, 0): dock.figures.text(row, 1) for row in rows}


def offered(dock):
    names = {dock.results.item(i).text() for i in range(dock.results.count())}
    return names | {layer.name for layer in dock.reference.choices if layer}


def test_images_have_their_figures(dock, viewer, evaluate, tmp_path):
    assert offered(dock) == {"labels"} and not dock.patch_size.visible
    dock.compare.value = "images"
    assert offered(dock) == {"truth", "noisy"}
    for part in (dock.kind, dock.tolerance, dock.sparse, dock.show_states):
        assert not part.visible
    assert not dock.objects.isVisible()
    dock.sparse.value = True  # of labels, and hidden
    evaluate()
    assert dock.reference.value.name == "truth"
    noisy, truth = (viewer.layers[name].data for name in ("noisy", "truth"))
    span = float(np.ptp(truth))
    each = [
        image_scores(*pair, data_range=span).psnr
        for pair in zip(noisy, truth, strict=True)
    ]
    assert figures(dock)["psnr"] == f"{np.mean(each):.4g}"
    assert list(figures(dock)) == ["psnr", "ssim", "rmse"]
    assert "30 frames" in dock.status.value and "sparse" not in dock.status.value
    dock.copy.native.click()
    copied = QApplication.clipboard().text()
    assert copied.startswith("| figure | noisy | meaning | source |")
    dock.save_figures(tmp_path / "o.json")
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["images"][0]["figures"]["psnr"] == pytest.approx(np.mean(each))
    dock.compare.value = "labels"
    assert dock.comparisons == [] and not figures(dock) and dock.objects.isVisible()
    assert not dock.save.enabled and not dock.show_states.enabled


def test_sets_have_a_report_card(dock, viewer, evaluate):
    dock.compare.value = "sets of images"
    assert dock.patch_size.visible and dock.patch_size.value == 64
    dock.patch_size.value = 16
    evaluate()
    layers = (list(viewer.layers[name].data) for name in ("truth", "noisy"))
    expected = report_card(*layers, patch_size=16).as_dict()
    shown = figures(dock)
    assert list(shown) == ["texture", "sharpness", "coverage", "copies"]
    assert float(shown["texture"]) == pytest.approx(expected["texture"], rel=1e-3)
    names = [one.name for one in dock.comparisons]
    assert names == ["noisy", "unseen real", "noise"]


def test_hostile_images_are_one_sentence(dock, viewer, evaluate):
    dock.compare.value = "images"
    viewer.layers["noisy"].data = np.full((30, 32, 32), np.nan)
    evaluate()
    assert "NaN" in dock.status.value and not dock.comparisons
    dock.compare.value = "sets of images"
    evaluate()
    assert "NaN" in dock.status.value
    viewer.layers["noisy"].data = np.ones((1, 3, 3))
    evaluate()
    assert "8 x 8 pixels" in dock.status.value


def test_a_switch_ends_what_runs(dock, viewer, until, process_for):
    dock.compare.value = "sets of images"
    dock.run.native.click()
    assert not dock.run.enabled
    dock.compare.value = "labels"
    assert dock.run.enabled
    process_for(0.5)
    assert dock.comparisons == [] and dock.status.value == ""
