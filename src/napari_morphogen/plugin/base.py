"""What every dock has: it scrolls, stands as a tab, tells its names and its help."""

import weakref
from typing import Any, cast

from magicgui import widgets
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_morphogen.plugin.focus import FocusFollower
from napari_morphogen.plugin.help import show_help
from napari_morphogen.plugin.names import name_widgets
from napari_morphogen.plugin.shortcuts import HELP, shown
from napari_morphogen.plugin.tab_order import in_order, set_tab_order

QLAYOUTSIZE_MAX = 524287  # of Qt: no limit
# when widgets come and go
CHANGES = (QEvent.Type.LayoutRequest, QEvent.Type.Show, QEvent.Type.Resize)


class Dock(widgets.Container[widgets.Widget]):
    """A column of widgets that scrolls where the window is too small for it.

    Attributes
    ----------
    page : str
        The documentation that Help shows.
    tabbed : bool
        Whether it hides other docks of ours, and they it, where they stand together.
    """

    page = "docks.md"
    tabbed = True

    def __init__(self) -> None:
        super().__init__(labels=False, scrollable=True)
        self.help = widgets.PushButton(
            name="help",
            text="Help",
            tooltip=f"Show what this dock is for and how to use it ({shown(HELP)})",
        )
        self.help.changed.connect(lambda: self.show_help())

    @property
    def native(self) -> Any:
        """The area that scrolls: what a window holds."""
        return self.root_native_widget

    @property
    def column(self) -> QVBoxLayout:
        """Where the widgets stand, one below the other."""
        return cast(QVBoxLayout, self._inner.layout())

    @property
    def _inner(self) -> QWidget:
        return cast(QWidget, super().native)

    def show_help(self) -> None:
        """Show the documentation of what is done here."""
        show_help(self.page, self.native)

    def make_ready(self) -> None:
        """Finish the dock: the last line of its constructor."""
        if self.help.native.parent() is None:
            self.column.addWidget(self.help.native)
        act = self.native.addAction(HELP)
        act.setShortcut(QKeySequence(HELP))
        act.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        act.triggered.connect(lambda: self.show_help())
        area = cast(QScrollArea, self.native)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner.installEventFilter(_Keeper(self))
        FocusFollower(self._inner)
        release = getattr(self, "release", None)
        if release is not None:
            kept = weakref.ref(self)
            self.native.destroyed.connect(lambda: _release(kept))

    def settle(self) -> None:
        """Arrange what stands in the dock, when it is first shown."""
        name_widgets(self._inner)
        if not self._fills():
            self.column.addStretch()
        if self.tabbed:
            _become_tab(self.native)

    def fit(self) -> None:
        """See to it that nothing is cut off, now that something has changed."""
        self._fit_labels()
        room = self.native.verticalScrollBar().sizeHint().width()
        wide = self._inner.minimumSizeHint().width() + room
        self.native.setMinimumWidth(wide + 2 * self.native.frameWidth())

    def _fit_labels(self) -> None:
        """Make labels as wide as the dock and as high as their words then are.

        Were they to tell Qt of it, it would scroll before anything else gives way.
        """
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        margins = self.column.contentsMargins()
        wide = self._inner.width() - margins.left() - margins.right()
        for label in self._inner.findChildren(QLabel):
            if label.wordWrap():
                label.setSizePolicy(policy)
                line = label.fontMetrics().lineSpacing()  # kept free where it is empty
                label.setFixedHeight(max(label.heightForWidth(wide), line))

    def _fills(self) -> bool:
        """Tell whether a part takes all height that is left."""
        places = [self.column.itemAt(i) for i in range(self.column.count())]
        return any(
            place.expandingDirections() & Qt.Orientation.Vertical
            and place.maximumSize().height() >= QLAYOUTSIZE_MAX
            for place in places
            if place
        )


def _release(dock: "weakref.ref[Any]") -> None:
    alive = dock()  # what the garbage collector takes apart has nothing to release
    if alive is not None:
        alive.release()


class _Keeper(QObject):
    """Keeps widgets named and none cut off, and settles the dock once."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock.native)
        self._dock, self._settled = dock, False
        self._order: list[QWidget] = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() in CHANGES:
            assert isinstance(watched, QWidget)
            name_widgets(watched)
            self._dock.fit()
            order = list(in_order(watched))
            if order != self._order:
                self._order = order
                set_tab_order(watched)
            if event.type() == QEvent.Type.Show and not self._settled:
                self._settled = True
                self._dock.settle()
        return False


def _become_tab(area: QWidget) -> None:
    """Stand behind or before the docks of ours that are already on that side."""
    frame = area.parent()
    if not isinstance(frame, QDockWidget) or frame.isFloating():
        return
    window = frame.parent()
    assert isinstance(window, QMainWindow)
    # napari's title bar has the whole name; a tab has no room for it
    frame.setWindowTitle(frame.windowTitle().split(" (")[0])
    side = window.dockWidgetArea(frame)
    for other in window.findChildren(QDockWidget):
        dock = getattr(other.widget(), "_magic_widget", None)
        ours = isinstance(dock, Dock) and dock.tabbed and other is not frame
        seen = other.isVisible() and not other.isFloating()
        if ours and seen and window.dockWidgetArea(other) == side:
            window.tabifyDockWidget(other, frame)
            frame.raise_()
            return
