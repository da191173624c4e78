"""Report a problem: what the developers must know, copied from the viewer."""

from typing import Any

import qtpy
from napari.viewer import Viewer
from qtpy.QtGui import QGuiApplication

from napari_morphogen.recipe import KEY
from napari_morphogen.report import Part, report

COPIED = (
    "Copied: versions, shapes and settings, no names and no pixels. Paste it into "
    "your report and write what you did."
)


def copy_report(viewer: Viewer) -> str:
    """Copy a report to the clipboard.

    Parameters
    ----------
    viewer : napari viewer
        Of its layers kind, shape, type and settings are told, the selected first.

    Returns
    -------
    text : str
        What was copied.
    """
    selected = viewer.layers.selection.active
    layers = sorted(viewer.layers, key=lambda layer: layer is not selected)
    screen = QGuiApplication.primaryScreen()
    size = "" if screen is None else _size(screen)
    text = report(
        [_part(layer, layer is selected) for layer in layers],
        [f"Qt {qtpy.QT_VERSION} by {qtpy.API_NAME}{size}"],
    )
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    clipboard.setText(text)
    return text


def _size(screen: Any) -> str:
    size, ratio = screen.size(), screen.devicePixelRatio()
    return f", screen {size.width()} x {size.height()} by {ratio:g}"


def _part(layer: Any, selected: bool) -> Part:
    data = layer.data
    shape, dtype = getattr(data, "shape", len(data)), getattr(data, "dtype", "")
    scale = tuple(float(length) for length in layer.scale)
    words = f"{type(layer).__name__} {shape} {dtype} scale {scale}"
    return Part(words + ", selected" * selected, layer.metadata.get(KEY))
