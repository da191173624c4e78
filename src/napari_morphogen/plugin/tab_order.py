"""Tab goes through a dock as the eye does: from the top, from left to right."""

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtWidgets import QLayout, QScrollArea, QTabWidget, QWidget

from napari_morphogen.plugin.names import INTERACTIVE


def set_tab_order(root: QWidget) -> None:
    """Put what can be used into the order in which it stands.

    Parameters
    ----------
    root : QWidget
        Of the dock.
    """
    for one, after in pairwise(in_order(root)):
        QWidget.setTabOrder(one, after)


def in_order(root: QWidget | None) -> Iterator[QWidget]:
    """Yield what can be used, in the order in which it stands.

    Parameters
    ----------
    root : QWidget
        Of the dock, or a part of it.
    """
    if root is None:
        return
    if isinstance(root, INTERACTIVE):
        yield root
    elif isinstance(root, QScrollArea):
        yield from in_order(root.widget())
    elif isinstance(root, QTabWidget):
        yield from in_order(root.tabBar())
        for number in range(root.count()):
            yield from in_order(root.widget(number))
    else:
        yield from _in_layout(root.layout())


def _in_layout(layout: QLayout | None) -> Iterator[QWidget]:
    for number in range(layout.count() if layout is not None else 0):
        item = layout.itemAt(number) if layout is not None else None
        if item is not None and item.layout() is not None:
            yield from _in_layout(item.layout())
        elif item is not None:
            yield from in_order(item.widget())
