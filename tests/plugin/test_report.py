"""What is copied for the report of a problem: enough, and nothing private."""

import napari
import numpy as np
import qtpy
from qtpy.QtGui import QGuiApplication

from napari_morphogen.plugin.opening import PLUGIN


def test_versions_and_recipes_but_no_names(viewer, open_dock, until, tmp_path):
    viewer.open_sample(PLUGIN, "coins")
    viewer.layers[0].name = "Somebody"
    threshold = open_dock("Threshold")
    threshold.run.native.click()
    until(lambda: len(viewer.layers) == 2)
    viewer.layers[1].name = "of Somebody"
    steps = viewer.layers[1].metadata["morphogen"]["steps"]
    steps[0]["parameters"]["model"] = "Somebody.morphogen"
    dock = open_dock("Start here")
    dock.report.native.click()
    text = QGuiApplication.clipboard().text()
    assert f"napari {napari.__version__}" in text
    assert f"numpy {np.__version__}" in text and f"{PLUGIN} " in text
    assert f"Qt {qtpy.QT_VERSION} by {qtpy.API_NAME}" in text
    assert "Labels (303, 384) int32" in text
    assert '"method": "threshold"' in text and '"rule": "otsu"' in text
    assert "Somebody" not in text
    assert "Paste it" in dock.status.value and not dock.status.native.isHidden()


def test_the_selected_layer_comes_first(viewer, open_dock):
    viewer.add_image(np.zeros((4, 5)))
    viewer.add_image(np.zeros((6, 7)))
    viewer.layers.selection.active = viewer.layers[1]
    dock = open_dock("Start here")
    dock.report.native.click()
    text = QGuiApplication.clipboard().text()
    assert text.index("(6, 7) float64 scale (1.0, 1.0), selected") < text.index(
        "(4, 5)"
    )
