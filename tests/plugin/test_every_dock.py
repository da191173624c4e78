"""What every dock owes to small screens, keyboards, screen readers and newcomers."""

from itertools import pairwise

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QLabel,
    QPushButton,
    QTextBrowser,
    QWidget,
)

from napari_morphogen.pages import page
from napari_morphogen.plugin.help import HelpWindow
from napari_morphogen.plugin.names import interactive

SMALL = (1280, 720)
EACH = [
    widget.display_name
    for widget in PluginManifest.from_distribution(
        "napari-morphogen"
    ).contributions.widgets
]
every_dock = pytest.mark.parametrize("name", EACH)


@pytest.fixture(scope="module")
def docks():
    """All docks in one small window: opening one for each test takes minutes."""
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SMALL)
    viewer.open_sample("napari-morphogen", "coins")
    add = viewer.window.add_plugin_dock_widget
    yield {name: add("napari-morphogen", name)[1] for name in EACH}
    viewer.close()


@pytest.fixture
def shown(docks, name):
    dock = docks[name]
    for other in docks.values():
        other.native.parent().setVisible(other is dock)
    for box in dock.native.findChildren(QCheckBox):
        if box.text() == "Advanced":
            box.setChecked(True)
    QTest.qWait(50)
    return dock


def _said(widget):
    words = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or words


def _where(name, widget):
    return f"{name}: {type(widget).__name__} {_said(widget)} {widget.toolTip()}"


@every_dock
def test_widgets_have_names_and_help_and_can_be_reached(shown, name):
    found = interactive(shown.native)
    assert found
    for widget in found:
        where = _where(name, widget)
        assert _said(widget).strip(), where
        assert widget.toolTip().strip(), where
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, where


@every_dock
def test_tab_goes_down_the_dock(shown, name):
    dock = shown.native
    chain, widget = [], dock.nextInFocusChain()
    while widget is not None and widget is not dock:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    found = interactive(dock)
    assert set(found) <= set(chain)
    seen = sorted((w for w in found if w.isVisible()), key=chain.index)
    for one, after in pairwise(seen):
        top, below = (w.mapTo(dock, QPoint(0, w.height())).y() for w in (one, after))
        assert below >= top - one.height(), f"{_where(name, one)}, then {after}"


@every_dock
def test_nothing_is_cut_off_in_a_small_window(shown, name):
    area, window = shown.native, shown.native.window()
    assert (window.width(), window.height()) == SMALL
    inner = area.widget()
    assert inner.width() <= area.viewport().width(), name
    hidden = inner.height() - area.viewport().height()
    assert area.verticalScrollBar().maximum() == max(hidden, 0)
    for widget in inner.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, (QLabel, QPushButton)):
            continue
        where = _where(name, widget)
        least = widget.minimumSizeHint()
        assert widget.width() >= least.width(), where
        if isinstance(widget, QLabel) and widget.wordWrap():
            assert widget.height() >= widget.heightForWidth(widget.width()), where
        else:
            assert widget.height() >= least.height(), where


@every_dock
def test_the_button_that_does_it_is_in_sight(shown, name):
    run = getattr(shown, "run", None) or getattr(shown, "open", None)
    if run is None:  # Large images, Inside a VAE: there is no one button
        return
    corner = run.native.mapTo(shown.native.viewport(), run.native.rect().bottomRight())
    assert shown.native.viewport().rect().contains(corner)


@every_dock
def test_help_shows_its_page(shown, name):
    window = shown.native.window()
    shown.help.native.click()
    (help_,) = window.findChildren(HelpWindow)
    title = page(shown.page).splitlines()[0].lstrip("# ")
    assert title in help_.windowTitle()
    text = help_.findChild(QTextBrowser).toPlainText()
    assert text.startswith(title)
    help_.close()


@every_dock
def test_the_focus_can_be_seen(shown, name, until):
    window = shown.native.window()
    until(lambda: window.activateWindow() or window.isActiveWindow())
    found = interactive(shown.native)
    for widget in found:
        inside = not widget.visibleRegion().isEmpty() and widget.isEnabled()
        if not inside:
            continue
        (shown.help.native if widget is not shown.help.native else found[0]).setFocus()
        before = _pixels(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        changed = (_pixels(widget) != before).any(axis=-1)
        assert changed[[0, -1]].any(), _where(name, widget)


def _pixels(widget):
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    bits = bits if isinstance(bits, memoryview) else bits.asarray(image.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint8).reshape(image.height(), -1, 4)
    return pixels[:, : image.width()].copy()


def test_docks_stand_as_tabs_and_the_window_keeps_its_size(viewer):
    viewer.window.resize(*SMALL)
    for name in ("Threshold", "Watershed", "Evaluate"):
        viewer.window.add_plugin_dock_widget("napari-morphogen", name)
        QTest.qWait(50)
    window = viewer.window._qt_window
    assert (window.width(), window.height()) == SMALL
    frames = [dock.native.parent() for dock in viewer.window.dock_widgets.values()]
    frames = [frame for frame in frames if "morphogen" in frame.name]
    assert len(window.tabifiedDockWidgets(frames[0])) == 2
    assert not frames[2].visibleRegion().isEmpty()  # the newest is in front
    assert frames[0].windowTitle() == "Threshold"  # a tab has no room for more


def test_parameters_scroll_only_where_there_is_no_room(viewer, open_dock, until):
    viewer.open_sample("napari-morphogen", "coins")
    viewer.window.resize(1280, 900)
    form = open_dock("Threshold").form.native
    until(lambda: form.visibleRegion().boundingRect().height() == form.height())
    viewer.window.resize(1280, 420)
    until(lambda: form.visibleRegion().boundingRect().height() < form.height())


def test_help_follows_links_and_goes_back(viewer, open_dock):
    from qtpy.QtCore import QUrl

    dock = open_dock("Watershed")
    dock.show_help()
    (window,) = viewer.window._qt_window.findChildren(HelpWindow)
    assert "watershed" in window.windowTitle()
    window.follow(QUrl("../train.md#what-labels-can-mean"))
    assert "Train" in window.windowTitle()
    cursor = window.findChild(QTextBrowser).textCursor()
    assert cursor.block().text() == "What labels can mean"
    window.follow(QUrl("methods/canny.md"))
    window.follow(QUrl("../unheard.md"))
    assert "in the sources" in window.text.toPlainText()
    window.back.click()
    window.back.click()
    assert "Train" in window.windowTitle()
    dock.method.value = "line_regions"
    dock.show_help()
    assert "line_regions" in window.windowTitle()
    assert len(viewer.window._qt_window.findChildren(HelpWindow)) == 1


def test_a_key_opens_the_help(viewer, open_dock, until):
    dock = open_dock("Threshold")
    window = viewer.window._qt_window
    until(lambda: window.activateWindow() or window.isActiveWindow())
    dock.defaults.native.setFocus()
    QTest.keyClick(dock.defaults.native, Qt.Key.Key_F1)
    until(lambda: bool(window.findChildren(HelpWindow)))
