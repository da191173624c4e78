"""What is drawn by hand can be read in napari's dark and light themes."""

import numpy as np
import pytest
from qtpy.QtGui import QImage

from napari_morphogen.plugin.help import show_help

TEXT = 4.5  # contrast that text needs, by WCAG 2


@pytest.fixture(params=["dark", "light"])
def window(request, viewer):
    viewer.theme = request.param
    return viewer


def test_plots_and_curves(window, open_dock, qtbot):
    evaluate, contours = open_dock("Evaluate"), open_dock("Contours")
    contours.curve.show_values([3.0, 2.0, 1.0])
    evaluate.plot.show_lines("F1", {"one": [(0.5, 0.9), (0.9, 0.2)]})
    evaluate.tabs.setCurrentWidget(evaluate.plot)
    qtbot.wait(100)
    for drawn in (contours.curve, evaluate.plot):
        drawn.window().raise_()
        assert _contrast(drawn, drawn.palette().text().color()) >= TEXT
    line = evaluate.plot.grab().toImage()
    assert _strongest(line) >= TEXT


def test_help(window, open_dock, qtbot):
    dock = open_dock("Watershed")
    help_ = show_help(dock.page, dock.native)
    qtbot.wait(100)
    shown = help_.text
    assert _contrast(shown, shown.palette().text().color()) >= TEXT
    links = [
        part
        for part in shown.toHtml().split("<a ")[1:]
        if shown.palette().text().color().name() in part.split("</a>")[0]
    ]
    assert len(links) >= 2
    help_.close()


def test_labels_and_buttons(window, open_dock, qtbot):
    dock = open_dock("Threshold")
    qtbot.wait(100)
    ground = _commonest(_pixels(dock.native.grab().toImage()))
    assert (_light(ground / 255) > 0.5) == (window.theme == "light")
    for widget in (dock.defaults.native, dock.about.native, dock.method.native):
        assert _strongest(widget.grab().toImage()) >= TEXT


def _contrast(widget, colour):
    """Return how well a colour stands out from the commonest one of a widget."""
    ground = _commonest(_pixels(widget.grab().toImage()))
    return _ratio(np.array(colour.getRgb()[:3]), ground)


def _strongest(image):
    """Return the largest contrast that is seen in a picture."""
    pixels = _pixels(image)
    ground = _commonest(pixels)
    return max(_ratio(one, ground) for one in np.unique(pixels, axis=0))


def _pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    bits = bits if isinstance(bits, memoryview) else bits.asarray(image.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint8).reshape(image.height(), -1, 4)
    return pixels[:, : image.width(), :3].reshape(-1, 3)


def _commonest(pixels):
    found, counts = np.unique(pixels, axis=0, return_counts=True)
    return found[counts.argmax()]


def _ratio(one, other):
    """Return the contrast of two colours, as WCAG 2 defines it."""
    lights = sorted(_light(np.asarray(colour) / 255) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _light(colour):
    curved = ((colour + 0.055) / 1.055) ** 2.4
    linear = np.where(colour <= 0.04045, colour / 12.92, curved)
    return float(linear @ [0.2126, 0.7152, 0.0722])
