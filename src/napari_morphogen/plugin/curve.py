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
        self.setMinimumHeight(HEIGHT)
        self.setAccessibleName(title)
        self.setVisible(False)

    def show_values(self, values: list[float]) -> None:
        """Draw `values`; the curve is hidden while there are fewer than two."""
        self.values = list(values)
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
        painter.drawPolyline(self._line(area.adjusted(0, TEXT, 0, 0)))
        painter.end()

    def _line(self, area: QRectF) -> QPolygonF:
        step = max(1, len(self.values) // POINTS)
        heights = np.array(self.values[::step])
        span = np.ptp(heights) or 1.0
        places = np.linspace(area.left(), area.right(), len(heights))
        rows = area.bottom() - (heights - heights.min()) / span * area.height()
        pairs = zip(places, rows, strict=True)
        return QPolygonF([QPointF(float(x), float(y)) for x, y in pairs])
