"""Small plots of how a score moves with each parameter."""

import math
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_morphogen.tuning import Curve

COLUMNS = 2
TALL = 84  # pixels of one plot
PAD = 8
LINE, CHOSEN = QColor("#0072B2"), QColor("#D55E00")
BAND = 60  # opacity of the standard error, of 255
EMPTY = (
    "Click a row of the ranking, then “What matters?”: "
    "the score along every parameter of it."
)


class CurvesPlot(QWidget):
    """One plot per parameter, what matters most first."""

    def __init__(self) -> None:
        super().__init__()
        self.curves: list[Curve] = []
        self.show_curves([])

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Draw curves.

        Parameters
        ----------
        curves : sequence of Curve
            In any order.
        """
        self.curves = sorted(curves, key=lambda curve: -curve.span)
        told = [
            f"{title_of(curve)}: between {min(known):.2f} and {max(known):.2f}"
            for curve in self.curves
            if (known := [score for score in curve.scores if math.isfinite(score)])
        ]
        self.setToolTip("\n".join(told))
        self.setAccessibleName("; ".join(["score along each parameter", *told]))
        lines = math.ceil(len(self.curves) / COLUMNS)
        self.setMinimumHeight(max(1, lines) * TALL)
        self.update()

    @property
    def words(self) -> str:
        """What the plots show."""
        low, high = self.limits
        return (
            f"Scores from {low:.2f} to {high:.2f}, what matters most first; "
            "dots are the chosen values."
        )

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest score of all curves; all plots share them."""
        known = [s for curve in self.curves for s in curve.scores if math.isfinite(s)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        return low, max(high, low + 0.05)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the plots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().text().color())
        if not self.curves:
            wrapped = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter)
            painter.drawText(self.rect(), wrapped, EMPTY)
        wide = self.width() / COLUMNS
        for number, curve in enumerate(self.curves):
            line, column = divmod(number, COLUMNS)
            area = QRectF(column * wide, line * TALL, wide, TALL)
            self._draw(painter, area.adjusted(PAD, 2, -PAD, -2), curve)
        painter.end()

    def _draw(self, painter: QPainter, area: QRectF, curve: Curve) -> None:
        height = self.fontMetrics().height()
        text = self.palette().text().color()
        painter.setPen(text)
        left = Qt.AlignmentFlag.AlignLeft
        room = int(area.width())
        title = self.fontMetrics().elidedText(
            title_of(curve), Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(area, left | Qt.AlignmentFlag.AlignTop, title)
        bottom = Qt.AlignmentFlag.AlignBottom
        if curve.values:
            painter.drawText(area, left | bottom, _short(curve.values[0]))
            right = Qt.AlignmentFlag.AlignRight
            painter.drawText(area, right | bottom, _short(curve.values[-1]))
        inner = area.adjusted(4, height + 6, -4, -height - 2)
        self._draw_line(painter, inner, curve)

    def _draw_line(self, painter: QPainter, inner: QRectF, curve: Curve) -> None:
        bars = QColor(LINE)
        bars.setAlpha(BAND)
        places = self._places(inner, curve)
        unit = inner.height() / (self.limits[1] - self.limits[0])
        painter.setPen(QPen(bars, 5))
        for number, point in places.items():
            reach = curve.errors[number] * unit
            if math.isfinite(reach):
                up = QPointF(point.x(), max(inner.top(), point.y() - reach))
                down = QPointF(point.x(), min(inner.bottom(), point.y() + reach))
                painter.drawLine(up, down)
        painter.setPen(QPen(LINE, 2))
        painter.drawPolyline(QPolygonF(list(places.values())))
        painter.setPen(QPen(CHOSEN, 7, cap=Qt.PenCapStyle.RoundCap))
        for number, point in places.items():
            if curve.values[number] == curve.chosen:
                painter.drawPoint(point)

    def _places(self, inner: QRectF, curve: Curve) -> dict[int, QPointF]:
        low, high = self.limits
        last = max(len(curve.values) - 1, 1)
        return {
            number: QPointF(
                inner.left() + number / last * inner.width(),
                inner.bottom() - (score - low) / (high - low) * inner.height(),
            )
            for number, score in enumerate(curve.scores)
            if math.isfinite(score)
        }


def title_of(curve: Curve) -> str:
    """Return method, parameter and chosen value of a curve."""
    name = curve.parameter.replace("_", " ")
    return f"{name} {_short(curve.chosen)} ({curve.method})"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
