"""The table of the Tune dock: methods, the best first, with pictures."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QHeaderView

from napari_morphogen.plugin.score_table import Rows, ScoreTable
from napari_morphogen.plugin.thumbnails import SIDE, thumbnail
from napari_morphogen.tuning import Ranking, Row

HEAD = ("score", "s/Mpx", "method")
PICTURE = 6  # pixels around


class PictureRows(Rows):
    """Rows of text with a picture before the first cell.

    Parameters
    ----------
    head, count, cell, tip
        As `Rows` takes them.
    pictures : sequence of QPixmap
        One per row.
    """

    def __init__(
        self,
        head: Sequence[str],
        count: int,
        cell: Callable[[int, int], str],
        tip: Callable[[int], str],
        pictures: Sequence[QPixmap],
    ) -> None:
        super().__init__(head, count, cell, tip)
        self._pictures = pictures

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows in a role."""
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._pictures[index.row()]
        return super().data(index, role)


class RankingTable(ScoreTable):
    """Shows a ranking; whoever scrolled and selected keeps both."""

    def __init__(self) -> None:
        super().__init__("methods, the best first")
        self.setIconSize(QSize(SIDE, SIDE))
        side = self.verticalHeader()
        if side is not None:
            side.setDefaultSectionSize(SIDE + PICTURE)
        self.setMinimumHeight(3 * (SIDE + PICTURE))
        self.setWordWrap(True)

    def show_ranking(self, ranking: Ranking, chosen: str) -> None:
        """Show other rows.

        Parameters
        ----------
        ranking : Ranking
            What to show.
        chosen : str
            The method whose row is selected.
        """
        rows, bar = ranking.rows, self.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        cells = [cells_of(row, len(rows)) for row in rows]
        self.show_rows(
            PictureRows(
                HEAD,
                len(rows),
                lambda line, column: cells[line][column],
                lambda line: tip_of(rows[line]),
                [thumbnail(ranking.crop, row.labels) for row in rows],
            )
        )
        top = self.horizontalHeader()
        if top is not None and rows:  # texts of several lines instead of a long one
            top.setSectionResizeMode(len(HEAD) - 1, QHeaderView.ResizeMode.Stretch)
        names = [row.candidate.main.method for row in rows]
        if chosen in names:
            self.selectRow(names.index(chosen))
        if bar is not None:
            bar.setValue(place)


def cells_of(row: Row, count: int) -> tuple[str, str, str]:
    """Return score, time and candidate of a row as they are shown."""
    error = f" ± {row.error:.2f}" if math.isfinite(row.error) else ""
    tied = " =" if row.tied and count > 1 else ""
    score = f"{row.score:.2f}{error}{tied}"
    return score, f"{row.seconds:.2g}", row.candidate.text


def tip_of(row: Row) -> str:
    """Return what a row says to whoever points at it."""
    lines = [row.candidate.text, f"{row.seconds:.2g} s for a million pixels"]
    if row.tied:
        lines.append("As good as the best, within the standard error")
    if row.classes:
        pairs = (f"{label} is class {number}" for label, number in row.classes.items())
        lines.append("Of the labels " + ", ".join(pairs))
    if row.folds:
        folds = ", ".join(f"{score:.2f}" for score in row.folds)
        lines.append(f"Scores of what was left out: {folds}")
    return "\n".join([*lines, "Click to apply it to the image and fill its dock"])
