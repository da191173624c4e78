import numpy as np
from magicgui.widgets import ProgressBar
from qtpy.QtCore import QEvent, QObject

from napari_morphogen.plugin.panel import show_share
from napari_morphogen.plugin.results import Results
from napari_morphogen.recipe import KEY
from napari_morphogen.spatial import SpatialArray


class Paints(QObject):
    """Counts how often a widget is drawn."""

    count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_a_bar_is_drawn_with_the_next_turn_and_not_at_once(qtbot):
    bar, paints = ProgressBar(), Paints()
    qtbot.addWidget(bar.native)
    bar.native.show()
    with qtbot.waitExposed(bar.native):
        pass
    bar.native.installEventFilter(paints)
    show_share(bar, 0.25)
    show_share(bar, 0.5)
    assert (paints.count, bar.value, bar.max) == (0, 500, 1000)
    qtbot.waitUntil(lambda: paints.count > 0)


def test_what_is_hidden_from_the_start_is_never_drawn(viewer):
    image = SpatialArray(np.zeros((8, 8), np.float32), "yx")
    step = {"method": "some", "output": None}
    result = image.like(image.data, name="made", metadata={KEY: {"steps": [step]}})
    seen = []
    viewer.layers.events.inserted.connect(lambda event: seen.append(event.value))
    results = Results(viewer)
    results.begin()
    results.show(result, makes="image", source=None, image=image, visible=False)
    assert [layer.visible for layer in seen] == [False]
