"""The documentation in a window of its own; nothing is fetched from anywhere."""

import posixpath
from collections.abc import Callable

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_morphogen.pages import page

FIRST = "index.md"
SIZE = (620, 640)


class HelpWindow(QDialog):
    """Shows pages of the documentation and follows their links.

    Parameters
    ----------
    parent : QWidget
        A window that it stands before and closes with.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.resize(*SIZE)
        self.visited: list[str] = []
        self.text = QTextBrowser()
        self.text.setAccessibleName("documentation")
        self.text.setToolTip("Tab goes from link to link, Return follows one")
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self.follow)
        self.back = self._button("Back", "To the page before", self._go_back)
        contents = self._button("Contents", "All pages", lambda: self.show_page(FIRST))
        close = self._button("Close", "Close this window (Escape)", self.close)
        buttons = QHBoxLayout()
        for button in (self.back, contents, close):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addLayout(buttons)

    def _button(self, text: str, tip: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: act())
        return button

    def show_page(self, name: str, place: str = "") -> None:
        """Show a page, and a place in it.

        Parameters
        ----------
        name : str
            As `page` takes it.
        place : str
            A heading, as links name it.
        """
        try:
            text = page(name)
        except FileNotFoundError:
            text = f"# {name}\n\nThis page is in the sources, in the folder docs."
        self.visited.append(name)
        self.back.setEnabled(len(self.visited) > 1)
        self.text.setMarkdown(text)
        # links are dark blue in every theme; underlined text can be read in all
        blue = QGuiApplication.palette().link().color().name()
        ours = self.text.palette().text().color().name()
        self.text.setHtml(self.text.toHtml().replace(blue, ours))
        self.setWindowTitle(f"Morphogen: {text.splitlines()[0].lstrip('# ')}")
        self._go_to(place)

    def follow(self, link: QUrl) -> None:
        """Show where a link leads; links out of the documentation open a browser."""
        if link.scheme():
            QDesktopServices.openUrl(link)
            return
        here = self.visited[-1]
        if not link.path():
            self._go_to(link.fragment())
            return
        folder = posixpath.dirname(here)
        name = posixpath.normpath(posixpath.join(folder, link.path()))
        self.show_page(name, link.fragment())

    def _go_back(self) -> None:
        self.visited.pop()
        self.show_page(self.visited.pop())

    def _go_to(self, place: str) -> None:
        document = self.text.document()
        assert document is not None
        block = document.begin()
        while place and block.isValid():
            title = "".join(c for c in block.text().lower() if c.isalnum() or c in " -")
            if block.blockFormat().headingLevel() and title.replace(" ", "-") == place:
                cursor = self.text.textCursor()
                cursor.setPosition(document.characterCount() - 1)
                self.text.setTextCursor(cursor)  # so that the heading comes to the top
                cursor.setPosition(block.position())
                self.text.setTextCursor(cursor)
                return
            block = block.next()


def show_help(name: str, parent: QWidget) -> HelpWindow:
    """Show a page of the documentation in front of a window.

    Parameters
    ----------
    name : str
        As `page` takes it.
    parent : QWidget
        Anything in that window.

    Returns
    -------
    window : HelpWindow
    """
    top = parent.window()
    assert top is not None
    found = top.findChildren(HelpWindow)
    window: HelpWindow = found[0] if found else HelpWindow(top)
    window.show()  # only then the colours of the theme are known
    window.show_page(name)
    window.raise_()
    window.activateWindow()
    return window
