"""A plot of several named lines between 0 and 1."""

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

HEIGHT = 100
LEFT, TOP, RIGHT, BOTTOM = 34, 18, 16, 32
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9".split()
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
TICKS = (0.5, 0.6, 0.7, 0.8, 0.9)
GRID = 90  # opacity of the lines of the grid, of 255

Line = Sequence[tuple[float, float]]


class ScorePlot(QWidget):
    """Lines over the threshold of intersection over union, with their names.

    Lines differ in colour and in dashes, so that eyes and printers which see no
    colours can tell them apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.lines: dict[str, Line] = {}
        self.setMinimumHeight(HEIGHT)

    def show_lines(self, title: str, lines: Mapping[str, Line]) -> None:
        """Draw lines."""
        self.title = title
        self.lines = {name: line for name, line in lines.items() if line}
        self.setAccessibleName(f"{title} over the threshold of IoU")
        self.setToolTip("\n".join(map(self._told, self.lines)))
        self.setMinimumHeight(HEIGHT + self._line_height() * len(self.lines))
        self.update()

    def _told(self, name: str) -> str:
        values = ", ".join(f"{y:.2f} at {x:.2f}" for x, y in self.lines[name])
        return f"{name}: {values}"

    def _line_height(self) -> int:
        return int(self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the lines."""
        if not self.lines:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = self._line_height() * len(self.lines)
        area = QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM - names)
        self._draw_axes(painter, area)
        for number, (name, line) in enumerate(self.lines.items()):
            pen = QPen(QColor(COLOURS[number % len(COLOURS)]), 2)
            pen.setStyle(STYLES[number % len(STYLES)])
            painter.setPen(pen)
            painter.drawPolyline(self._polygon(area, line))
            self._draw_name(painter, area, number, name)
        painter.end()

    def _ends(self) -> tuple[float, float]:
        places = [x for line in self.lines.values() for x, _ in line]
        return min(places), max(max(places), min(places) + 0.05)

    def _at(self, area: QRectF, x: float, y: float) -> QPointF:
        low, high = self._ends()
        across = (x - low) / (high - low) * area.width()
        return QPointF(area.left() + across, area.bottom() - y * area.height())

    def _polygon(self, area: QRectF, line: Line) -> QPolygonF:
        return QPolygonF([self._at(area, x, y) for x, y in line if math.isfinite(y)])

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        text = self.palette().text().color()
        faint = QColor(text)
        faint.setAlpha(GRID)
        low, high = self._ends()
        above = QRectF(0, 0, area.right(), TOP)
        painter.setPen(text)
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft, f" {self.title}")
        below = QRectF(area.left(), area.bottom() + 14, area.width(), BOTTOM)
        centre = Qt.AlignmentFlag.AlignHCenter
        painter.drawText(below, centre, "threshold of IoU")
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for y in (0.0, 0.5, 1.0):
            start, end = self._at(area, low, y), self._at(area, high, y)
            painter.setPen(faint)
            painter.drawLine(start, end)
            painter.setPen(text)
            beside = QRectF(0, start.y() - 8, LEFT - 5, 16)
            painter.drawText(beside, right, f"{y:.1f}")
        for x in (tick for tick in TICKS if low <= tick <= high):
            foot = self._at(area, x, 0)
            box = QRectF(foot.x() - 20, foot.y() + 2, 40, 16)
            painter.drawText(box, centre, f"{x:.1f}")

    def _draw_name(
        self, painter: QPainter, area: QRectF, number: int, name: str
    ) -> None:
        height = self._line_height()
        top = area.bottom() + BOTTOM + number * height
        middle = top + height / 2
        painter.drawLine(QPointF(LEFT, middle), QPointF(LEFT + 30, middle))
        painter.setPen(self.palette().text().color())
        box = QRectF(LEFT + 38, top, area.width() - 38, height)
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, side, name)
