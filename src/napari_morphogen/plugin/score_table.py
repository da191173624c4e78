"""A table that draws only the rows on screen, however many there are."""

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QTableView

LINES = 5  # the least height


class Rows(QAbstractTableModel):
    """Rows of text, each with an explanation and perhaps a colour.

    Parameters
    ----------
    head : sequence of str
        Of the columns.
    count : int
        Of the rows.
    cell : callable
        Returns the text at a row and a column.
    tip : callable
        Returns the explanation of a row.
    colour : callable, optional
        Returns the colour before the first cell of a row.
    """

    def __init__(
        self,
        head: Sequence[str],
        count: int,
        cell: Callable[[int, int], str],
        tip: Callable[[int], str],
        colour: Callable[[int], str] | None = None,
    ) -> None:
        super().__init__()
        self._head, self._count = list(head), count
        self._cell, self._tip, self._colour = cell, tip, colour

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many rows there are."""
        return self._count

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many columns there are."""
        return len(self._head)

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows in a role."""
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        coloured = role == Qt.ItemDataRole.DecorationRole and column == 0
        return QColor(self._colour(row)) if coloured and self._colour else None

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """Return the head of a column; rows have none."""
        across = orientation == Qt.Orientation.Horizontal
        if role != Qt.ItemDataRole.DisplayRole or not across:
            return None
        # Qt asks for the first column of a table that has none
        return self._head[section] if section < len(self._head) else None


class ScoreTable(QTableView):
    """Shows `Rows`.

    Parameters
    ----------
    name : str
        For those who hear the window.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(name[:1].upper() + name[1:])
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setWordWrap(False)
        height = self.fontMetrics().height() + 6
        side, top = self.verticalHeader(), self.horizontalHeader()
        if side is not None and top is not None:
            side.setVisible(False)
            side.setDefaultSectionSize(height)
            top.setStretchLastSection(True)
            top.setResizeContentsPrecision(50)  # texts of all rows would take long
        self.setMinimumHeight(LINES * height)

    def show_rows(self, rows: Rows) -> None:
        """Show other rows, from the first on."""
        self._rows = rows  # Qt does not keep it alive
        self.setModel(rows)
        self.resizeColumnsToContents()
        self.scrollToTop()

    def text(self, row: int, column: int) -> str:
        """Return what a cell shows."""
        return str(self._rows.data(self._rows.index(row, column)))
