"""Objects placed anew from the Generate dock, in a real viewer."""

import numpy as np
from qtpy.QtCore import Qt

from napari_morphogen.generate.cells import synthetic_cells


def test_new_pair_lies_on_its_source(viewer, open_dock, qtbot, until):
    image, labels = synthetic_cells(height=64, width=80, count=5, radius=7.0)
    place = {"scale": (0.5, 0.5), "translate": (3.0, 4.0)}
    viewer.add_image(image, name="nuclei", **place)
    viewer.add_labels(labels, name="objects", **place)
    dock = open_dock("Generate")
    dock.method.value = "shuffle_objects"
    assert dock.image.value is viewer.layers["nuclei"]
    assert dock.form["labels"].value == "objects"  # the only ones that fit
    qtbot.mouseClick(dock.run.native, Qt.MouseButton.LeftButton)
    until(lambda: dock.run.enabled and len(viewer.layers) == 4)
    new = [layer for layer in viewer.layers if layer.name.startswith("nuclei ")]
    assert sorted(layer.data.dtype.kind for layer in new) == ["f", "i"]
    for layer in new:
        assert tuple(layer.scale) == (0.5, 0.5)
        assert tuple(layer.translate) == (3.0, 4.0)
    numbers = next(layer.data for layer in new if layer.data.dtype.kind == "i")
    assert numbers.max() == 5 and (np.asarray(numbers) != labels).any()
