"""Straight lines that the edges of a plane vote for."""

from collections.abc import Iterator
from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import Image, Labels, Shapes, Sigma, Spacing, Unit
from napari_morphogen.segment.edges import Quantile
from napari_morphogen.segment.plane_edges import (
    SWING,
    Count,
    Length,
    PlaneEdges,
    plane_edges,
)

Gap = Annotated[float, at.Interval(ge=1, le=1000), Unit("px")]
Degrees = Annotated[float, at.Interval(ge=0.1, le=10), at.MultipleOf(0.1)]

BAND = 1.5  # pixels from a line that still lie on it
SUPPORT = 0.5  # of a line's length must be edges
FITS = 3
PATIENCE = 200  # peaks in a row that hold no line before the search ends


def hough_lines(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    low_threshold: Quantile = 0.85,
    high_threshold: Quantile = 0.95,
    min_length: Length = 30.0,
    max_gap: Gap = 10.0,
    count: Count = 100,
    angle_step: Degrees = 1.0,
    edges: Labels | None = None,
    spacing: Spacing = (),
) -> Shapes:
    """Find straight lines along edges, from end to end, by Hough's method.

    Parameters
    ----------
    image : ndarray of shape (M, N)
        Intensities.
    sigma : float
        Smoothing before the edges are found, in pixels of the finest axis.
    low_threshold : float
        Weak edges: quantile of the gradient strength (0 to 1); see `canny`.
    high_threshold : float
        Strong edges: quantile of the gradient strength (0 to 1), at least
        `low_threshold`.
    min_length : float
        Shorter lines are left out; in pixels of the finest axis.
    max_gap : float
        Edges of one line may be interrupted as far as this; in pixels of the
        finest axis.
    count : int
        At most so many lines, those with the most votes.
    angle_step : float
        How finely directions are told apart in the vote, in degrees. Lines are
        then fitted, so that their directions are more exact than this.
    edges : ndarray of int or None
        Edges found before, such as by `canny`: 0 where there is none. Then the
        thresholds do not count.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    lines : ndarray of float64, shape (n, 2, 2)
        Row and column of both ends of every line, the longest line first.

    Raises
    ------
    InputError
        When `high_threshold` is below `low_threshold`.

    Notes
    -----
    The pixels of Canny's edges vote for the lines through them [1]_ whose
    normal lies within 15 degrees of their gradient [2]_. Of the line with the
    most votes the longest piece without a gap wider than `max_gap` is taken,
    fitted to its pixels by least squares, lengthened as far as edges go on, and
    kept when it is long enough and half of it lies on edges. Its pixels take
    their votes back, and the next line is looked for. A drawn line is two
    edges, one on each side.

    References
    ----------
    .. [1] R. O. Duda and P. E. Hart, Commun. ACM 15, 11-15 (1972),
       DOI 10.1145/361237.361242
    .. [2] D. H. Ballard, Pattern Recognition 13, 111-122 (1981),
       DOI 10.1016/0031-3203(81)90009-1

    Examples
    --------
    >>> import numpy as np
    >>> square = np.pad(np.ones((40, 40)), 20)
    >>> hough_lines(square, sigma=1).shape
    (4, 2, 2)
    """
    limits = low_threshold, high_threshold
    voters = plane_edges(image, sigma, limits, spacing, edges)
    least, gap = min_length / voters.unit, max_gap / voters.unit
    found = list(_segments(_Votes(voters, angle_step), least, gap, count))
    lines = np.array(found, np.float64).reshape(-1, 2, 2)
    lengths = np.hypot(*(lines[:, 1] - lines[:, 0]).T)
    return np.asarray(lines[np.argsort(-lengths, kind="stable")] / voters.sizes)


class _Votes:
    """Votes of edge pixels for lines; pixels can take their votes back."""

    def __init__(self, edges: PlaneEdges, angle_step: float) -> None:
        self.points = np.argwhere(edges.map).astype(np.float64)
        self.gradients = edges.angles
        self.free = np.ones(len(self.points), bool)
        self.bins = max(round(180 / angle_step), 1)
        self.step = np.pi / self.bins
        self.reach = int(np.hypot(*edges.map.shape)) + 2
        self.width = 2 * self.reach + 2
        self.counts = np.zeros(self.bins * self.width, np.int32)
        self._cast(np.arange(len(self.points)), 1)

    def best(self) -> tuple[int, float, float]:
        """Return the votes, normal and offset of the first line."""
        place = int(self.counts.argmax())
        turn, offset = divmod(place, self.width)
        return int(self.counts[place]), turn * self.step, offset - self.reach

    def drop(self, angle: float, offset: float) -> None:
        """Forget a line that turned out to be none, and its neighbours."""
        turn, at = round(angle / self.step), round(offset) + self.reach
        self.counts.reshape(self.bins, -1)[turn, max(at - 1, 0) : at + 2] = 0

    def take(self, points: NDArray[np.intp]) -> None:
        """Take pixels and their votes away."""
        self._cast(points, -1)
        self.free[points] = False

    def along(self, angle: float, offset: float) -> NDArray[np.intp]:
        """Return the free pixels on a line with gradients across it."""
        away = np.abs(self.points @ _direction(angle) - offset) <= BAND
        near = np.flatnonzero(away & self.free)
        turned = np.abs(self.gradients[near] - angle) % np.pi
        return np.asarray(near[np.minimum(turned, np.pi - turned) <= SWING])

    def _cast(self, points: NDArray[np.intp], weight: int) -> None:
        swing = int(SWING / self.step)
        middle = np.round(self.gradients[points] / self.step).astype(np.intp)
        for turn in range(-swing, swing + 1):
            normal = (middle + turn) % self.bins
            across = _direction(normal * self.step)
            offset = np.floor((self.points[points] * across.T).sum(axis=1))
            place = normal * self.width + offset.astype(np.intp) + self.reach
            for side in (0, 1):  # both whole numbers beside the offset
                np.add.at(self.counts, place + side, weight)


def _direction(angle: Any) -> NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle)])


def _segments(
    votes: _Votes, min_length: float, max_gap: float, count: int
) -> Iterator[NDArray[np.float64]]:
    """Yield the ends of lines, those with the most votes first."""
    found, failed = 0, 0
    while found < count and failed < PATIENCE:
        number, angle, offset = votes.best()
        if number < max(SUPPORT * min_length, 2):
            return
        run, ends = _longest(votes, angle, offset, max_gap)
        length = float(np.hypot(*(ends[1] - ends[0])))
        if length < min_length or len(run) < SUPPORT * length:
            votes.drop(angle, offset)
            failed += 1
            continue
        votes.take(run)
        found, failed = found + 1, 0
        yield ends


def _longest(
    votes: _Votes, angle: float, offset: float, max_gap: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the pixels and the ends of the longest piece of a line, fitted."""
    run, ends = np.zeros(0, np.intp), np.zeros((2, 2))
    for _ in range(FITS):
        near = votes.along(angle, offset)
        along = votes.points[near] @ _direction(angle + np.pi / 2)
        order = np.argsort(along, kind="stable")
        breaks = np.flatnonzero(np.diff(along[order]) > max_gap + 1) + 1
        pieces = np.split(order, breaks)
        piece = max(pieces, key=lambda p: np.ptp(along[p]) if p.size else 0.0)
        if piece.size < 2 or (run.size and piece.size < run.size):
            break
        run = near[piece]
        angle, offset, ends = _fit(votes.points[run])
    return run, ends


def _fit(
    points: NDArray[np.float64],
) -> tuple[float, float, NDArray[np.float64]]:
    """Return normal, offset and ends of the line with the least squares."""
    middle = points.mean(axis=0)
    moved = points - middle
    direction = np.linalg.eigh(moved.T @ moved)[1][:, 1]
    along = moved @ direction
    ends = middle + np.outer([along.min(), along.max()], direction)
    angle = float(np.arctan2(-direction[0], direction[1])) % np.pi
    return angle, float(middle @ _direction(angle)), ends[np.argsort(ends[:, 0])]
