"""Names of widgets for screen readers: what stands beside them as their label."""

from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QTabWidget,
    QWidget,
)

INTERACTIVE = (
    *(QAbstractButton, QAbstractItemView, QAbstractSlider),
    *(QAbstractSpinBox, QComboBox, QLineEdit, QTabBar),
)


def interactive(root: QWidget) -> list[QWidget]:
    """Return what can be used in a dock, without the parts of other widgets.

    Parameters
    ----------
    root : QWidget
        Of the dock.
    """
    found: list[QWidget] = root.findChildren(QWidget)
    return [one for one in found if isinstance(one, INTERACTIVE) and not _part(one)]


def _part(widget: QWidget) -> bool:
    """Tell whether a widget belongs to a larger one, such as the line of a box."""
    above = widget.parent()
    whole = (QAbstractSpinBox, QComboBox, QAbstractItemView, QTabBar)
    while isinstance(above, QWidget):
        if isinstance(above, whole):
            return True
        above = above.parent()
    return isinstance(widget, QScrollBar)


def name_widgets(root: QWidget) -> None:
    """Give every widget without a name that of its label, and its help.

    Parameters
    ----------
    root : QWidget
        Of the dock.
    """
    for widget in interactive(root):
        row = _row(widget, root)
        if row is None:
            continue
        words = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not widget.accessibleName() and not words:
            widget.setAccessibleName(row.label or row.name.replace("_", " "))
        if not widget.toolTip() and row.tooltip:
            widget.setToolTip(row.tooltip)
        if not widget.accessibleDescription() and widget.toolTip():
            widget.setAccessibleDescription(widget.toolTip())


def _row(widget: QObject | None, root: QWidget) -> Any:
    """Return the row of magicgui that a widget stands in."""
    while widget is not None and widget is not root:
        row = getattr(widget, "_magic_widget", None)
        if row is not None and (row.label or row.name):
            return row
        widget = widget.parent()
    return None


def name_tabs(tabs: QTabWidget, name: str) -> None:
    """Give the tabs a name and a help.

    Parameters
    ----------
    tabs : QTabWidget
        In a dock.
    name : str
        What they choose.
    """
    bar = tabs.tabBar()
    assert bar is not None
    bar.setAccessibleName(name)
    bar.setToolTip(f"Choose {name}; the arrow keys go from one to the next")
