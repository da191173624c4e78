"""Docks without a mouse and without eyes: keys, names, the order of Tab."""

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QWidget

from napari_morphogen.plugin.names import interactive
from napari_morphogen.plugin.shortcuts import KEYS, shown

DOCKS = [
    widget.display_name
    for widget in PluginManifest.from_distribution(
        "napari-morphogen"
    ).contributions.widgets
]


def _open(viewer, name):
    add = viewer.window.add_plugin_dock_widget
    frame, dock = add("napari-morphogen", name, tabify=True)
    frame.raise_()
    return getattr(dock, "native", dock)


def _said(widget):
    words = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or words


@pytest.fixture(scope="module")
def docks():
    """All docks in one window: opening one for each test takes minutes."""
    import napari

    viewer = napari.Viewer(show=True)
    viewer.open_sample("napari-morphogen", "coins")
    yield {name: _open(viewer, name) for name in DOCKS}
    viewer.close()


@pytest.mark.parametrize("name", DOCKS)
def test_every_widget_has_a_name_and_can_be_reached(docks, name):
    dock = docks[name]
    found = interactive(dock)
    assert found
    for widget in found:
        where = f"{name}: {type(widget).__name__} {widget.toolTip()}"
        assert _said(widget).strip(), where
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, where


@pytest.mark.parametrize("name", DOCKS)
def test_tab_comes_to_every_widget(docks, name):
    dock = docks[name]
    chain, widget = [], dock.nextInFocusChain()
    while widget is not None and widget is not dock:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    assert set(interactive(dock)) <= set(chain)


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
    assert len({QKeySequence(key).toString() for key in KEYS.values()}) == len(KEYS)
    assert not forms & {QKeySequence(key).toString() for key in KEYS.values()}


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
