"""Docks without a mouse: keys."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QWidget

from napari_morphogen.plugin.names import interactive
from napari_morphogen.plugin.shortcuts import HELP, KEYS, shown


def _said(widget):
    words = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or words


def test_a_new_form_is_named_too(viewer, open_dock, qtbot):
    dock = open_dock("Threshold")
    dock.method.value = "multi_otsu"
    qtbot.waitUntil(lambda: all(map(_said, interactive(dock.native))))
    assert "classes" in [_said(widget) for widget in interactive(dock.native)]


def test_keys_are_none_of_naparis(viewer):
    from napari._app_model import get_app_model
    from napari.settings import get_settings

    bound = get_settings().shortcuts.shortcuts.values()
    taken = {str(key) for keys in bound for key in keys}
    taken |= {str(one.keybinding) for one in get_app_model().keybindings}
    for layer in (viewer.add_image(np.eye(4)), viewer.add_labels(np.eye(4, dtype=int))):
        taken |= {str(key) for key in (*layer.keymap, *layer.class_keymap)}
    taken |= {str(key) for key in (*viewer.keymap, *viewer.class_keymap)}
    window = viewer.window._qt_window
    actions = [one.shortcut().toString() for one in window.findChildren(QAction)]
    menus = [action.text() for action in window.menuBar().actions()]
    letters = [f"Alt+{t[t.index('&') + 1].upper()}" for t in menus if "&" in t]
    forms = {QKeySequence(key).toString() for key in [*taken, *actions, *letters]}
    assert "Ctrl+R" in forms and "M" in forms  # the list is one
    ours = [QKeySequence(key).toString() for key in (*KEYS.values(), HELP)]
    assert len(set(ours)) == len(ours)
    assert not forms & set(ours)


def test_keys_paint_run_look_without_a_click(viewer, open_dock, until, qtbot):
    from napari_morphogen.samples import coin_strokes, coins

    part = np.s_[70:170, 40:180]
    viewer.add_image(coins().data[part], name="coins")
    dock = open_dock("Examples")
    assert shown(KEYS["run"]) in dock["keys"].value
    assert shown(KEYS["seek"]) in dock.seek.tooltip
    canvas = viewer.window._qt_viewer.canvas.native
    window = viewer.window._qt_window
    until(lambda: window.activateWindow() or window.isActiveWindow())
    canvas.setFocus()
    _press(canvas, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    until(lambda: "strokes" in viewer.layers)
    strokes = viewer.layers["strokes"]
    strokes.data = coin_strokes().data[part].astype(strokes.data.dtype)
    _press(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(lambda: dock.undo.enabled)
    found = [one for one in viewer.layers if one.name.startswith("coins ")]
    result = next(one for one in found if one.visible)
    _press(canvas, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    until(lambda: not result.visible)
    _press(canvas, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    until(lambda: result.visible)
    _press(canvas, Qt.Key.Key_U, Qt.KeyboardModifier.AltModifier)
    until(lambda: "Uncertainty" in dock.status.value)


def _press(widget: QWidget, key, modifier):
    QTest.keyClick(widget, key, modifier)
