"""A frame around what has the focus: napari's themes show none."""

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QFrame, QWidget

NAME = "morphogen_focus"
LOOK = "border: 2px solid {}; border-radius: 3px; background: transparent;"


class FocusFollower(QObject):
    """Frames what has the focus inside a dock.

    Parameters
    ----------
    root : QWidget
        Of the dock.
    """

    def __init__(self, root: QWidget) -> None:
        super().__init__(root)
        self._root = root
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._follow)

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        if now is None:  # another program has it
            return
        for frame in self._root.findChildren(QFrame, NAME):
            framed = frame.parentWidget()
            assert framed is not None
            framed.removeEventFilter(self)
            frame.hide()
            frame.deleteLater()
        if self._root.isAncestorOf(now):
            self._frame(now)

    def _frame(self, widget: QWidget) -> None:
        frame = QFrame(widget)
        frame.setObjectName(NAME)
        frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        # the colour of the text: every theme can show it
        frame.setStyleSheet(LOOK.format(widget.palette().text().color().name()))
        frame.setGeometry(widget.rect())
        frame.show()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the frame as large as the widget."""
        if event is not None and event.type() == QEvent.Type.Resize:
            assert isinstance(watched, QWidget)
            for frame in watched.findChildren(QFrame, NAME):
                frame.setGeometry(watched.rect())
        return False
