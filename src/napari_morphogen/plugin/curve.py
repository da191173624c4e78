"""A curve that grows while something is computed."""

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

HEIGHT = 90
MARGIN = 4
TEXT = 18  # pixels above the curve
POINTS = 500  # more than a dock is wide


class Curve(QWidget):
    """One line of numbers over their count, with the last number written beside.

    Parameters
    ----------
    title : str
        What the numbers are.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.values: list[float] = []
        self.measured: list[tuple[int, float]] = []
        self.setMinimumHeight(HEIGHT)
        self.setAccessibleName(title)
        self.setVisible(False)

    def show_values(
        self, values: list[float], measured: list[tuple[int, float]] | None = None
    ) -> None:
        """Draw values; the curve is hidden while there are fewer than two.

        Parameters
        ----------
        values : list of float
            One after the other.
        measured : list of (int, float), optional
            How many values there were when something else was measured, drawn as
            dots.
        """
        self.values, self.measured = list(values), list(measured or ())
        self.setVisible(len(self.values) > 1)
        self.setToolTip(f"{self.title}: {self._last}")
        self.update()

    @property
    def _last(self) -> str:
        return f"{self.values[-1]:.4g} after {len(self.values)}" if self.values else ""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the curve."""
        if len(self.values) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().text().color()
        painter.setPen(text)
        area = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        corner = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
        painter.drawText(area, corner, f"{self.title} {self._last}")
        painter.setPen(QPen(QColor(38, 166, 154), 2))
        inner = area.adjusted(0, TEXT, 0, 0)
        step = max(1, len(self.values) // POINTS)
        line = list(enumerate(self.values))[::step]
        painter.drawPolyline(QPolygonF(self._places(line, inner)))
        painter.setPen(QPen(QColor(239, 108, 0), 6))
        painter.drawPoints(QPolygonF(self._places(self.measured, inner)))
        painter.end()

    def _places(self, numbers: list[tuple[int, float]], area: QRectF) -> list[QPointF]:
        known = [*self.values, *(value for _, value in self.measured)]
        low, span = min(known), float(np.ptp(known)) or 1.0
        last = max(len(self.values) - 1, 1)
        return [
            QPointF(
                area.left() + min(count / last, 1.0) * area.width(),
                area.bottom() - (value - low) / span * area.height(),
            )
            for count, value in numbers
        ]
