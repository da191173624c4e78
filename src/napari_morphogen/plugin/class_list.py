"""The classes of objects: names, colours, keys and how many examples each has."""

from collections.abc import Mapping

from qtpy.QtCore import QSignalBlocker, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem

from napari_morphogen.plugin.class_layers import colour_of
from napari_morphogen.plugin.picking import KEYS

HEAD = ("class", "key", "examples")
LINES = 4  # the height
SWATCH = 14  # pixels


class ClassList(QTableWidget):
    """A table of classes; a double click renames, the selected one is given."""

    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(0, len(HEAD))
        self.setAccessibleName("classes of objects")
        self.setToolTip("A double click renames a class")
        self.setHorizontalHeaderLabels(HEAD)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        height = self.fontMetrics().height() + 6
        side, top = self.verticalHeader(), self.horizontalHeader()
        if side is not None and top is not None:
            side.setVisible(False)
            side.setDefaultSectionSize(height)
            top.setSectionResizeMode(0, top.ResizeMode.Stretch)
            for column in (1, 2):
                top.setSectionResizeMode(column, top.ResizeMode.ResizeToContents)
        self.setFixedHeight(height * (LINES + 1) + 8)
        self._names: list[str] = []
        self.itemChanged.connect(self._edited)

    @property
    def names(self) -> tuple[str, ...]:
        """All classes in their order."""
        return tuple(self._names)

    @property
    def colours(self) -> dict[str, str]:
        """The colour of every class."""
        return {name: colour_of(number) for number, name in enumerate(self._names)}

    @property
    def chosen(self) -> str:
        """The class that a click gives, or nothing."""
        row = self.currentRow()
        return self._names[row] if 0 <= row < len(self._names) else ""

    def choose(self, number: int) -> None:
        """Select a class, counted from 0, if there are so many."""
        if number < len(self._names):
            self.selectRow(number)

    def show_names(self, names: tuple[str, ...]) -> None:
        """Show other classes, and select the last one chosen where it is still there.

        Parameters
        ----------
        names : tuple of str
            In their order.
        """
        row = max(min(self.currentRow(), len(names) - 1), 0)
        with QSignalBlocker(self):
            self._names = list(names)
            self.setRowCount(len(names))
            for number, name in enumerate(names):
                self._show(number, name)
        self.selectRow(row)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many examples every class has."""
        with QSignalBlocker(self):
            for number, name in enumerate(self._names):
                item = self.item(number, 2)
                if item is not None:
                    item.setText(str(counts.get(name, 0)))

    def _show(self, number: int, name: str) -> None:
        swatch = QPixmap(SWATCH, SWATCH)
        swatch.fill(QColor(colour_of(number)))
        key = KEYS[number] if number < len(KEYS) else ""
        for column, text in enumerate((name, key, "0")):
            item = QTableWidgetItem(text)
            if column == 0:
                item.setData(Qt.ItemDataRole.DecorationRole, swatch)
            else:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.setItem(number, column, item)

    def _edited(self, item: QTableWidgetItem) -> None:
        """Take a new name, unless it is empty or taken."""
        old, new = self._names[item.row()], item.text().strip()
        if item.column() != 0 or new == old:
            return
        if not new or new in self._names:
            with QSignalBlocker(self):
                item.setText(old)
            return
        self._names[item.row()] = new
        self.renamed.emit(old, new)
