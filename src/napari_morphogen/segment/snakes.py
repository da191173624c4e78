"""Outlines pulled to edges: the classical active contour."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import smooth, unit_range
from napari_morphogen.params import Image, Labels, Sigma, Spacing, Step
from napari_morphogen.segment.edges import sobel
from napari_morphogen.segment.objects import keep_large

Points = NDArray[np.float64]
Pull = Annotated[float, at.Interval(ge=-10, le=10), at.MultipleOf(0.1)]
LEAST = 4  # pixels per axis that the spline of the pull needs, and points of an outline
FARTHEST = 1.0  # pixels that a point moves in one iteration, as in scikit-image


def snake(
    image: Image,
    *,
    initial: Labels,
    sigma: Sigma = 2.0,
    alpha: Annotated[float, at.Interval(ge=0, le=10)] = 0.01,
    beta: Annotated[float, at.Interval(ge=0, le=100)] = 0.1,
    gamma: Annotated[float, at.Interval(ge=0.001, le=10)] = 0.05,
    w_line: Pull = 0.0,
    w_edge: Pull = 1.0,
    iterations: Annotated[int, at.Interval(ge=1, le=5000)] = 300,
    tolerance: Annotated[float, at.Interval(ge=0, le=1)] = 0.01,
    spacing: Spacing = (),
) -> Iterator[Step[Labels]]:
    """Pull the outlines of drawn objects to edges or lines: active contour.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    initial : ndarray of int
        Labels near the objects; the outline of each is moved.
    sigma : float
        Smoothing of the image, in pixels of the finest axis; more lets edges
        attract from farther.
    alpha : float
        Tension: higher makes outlines shorter.
    beta : float
        Stiffness: higher makes outlines smoother.
    gamma : float
        Inertia: higher makes them move more slowly.
    w_line : float
        How strongly bright pixels attract; below 0 dark pixels do.
    w_edge : float
        How strongly edges attract; below 0 they repel.
    iterations : int
        The most iterations.
    tolerance : float
        It ends when no point moves farther in one iteration, in pixels of the
        finest axis.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Yields
    ------
    step : Step
        Iterations done, energy, and the labels: int32 of the shape of `image`,
        numbered in the order of `initial`. 0 is background, broken pixels
        (NaN, infinity) included. An image of one value holds no object.

    Notes
    -----
    With p the image from 0 to 1 times `w_line` plus its Sobel gradient times
    `w_edge`, the energy [1]_ is the sum over the points s of all outlines of
    alpha |s'|^2 / 2 + beta |s''|^2 / 2 - p(s). Every iteration solves
    (gamma + A) s = gamma s + grad p(s), with A the periodic matrix of the first
    two terms, by Fourier transform; no point moves farther than a pixel of the
    finest axis. Points are about a pixel apart at first. The steps are those of
    `skimage.segmentation.active_contour`. Volumes are smoothed as a whole and
    then taken plane by plane, the longest outline of each label in each plane;
    where objects overlap the first one stays. An outline around no centre of a
    pixel keeps the pixels it lies on.

    References
    ----------
    .. [1] M. Kass, A. Witkin and D. Terzopoulos, Int. J. Comput. Vis. 1,
       321-331 (1988), DOI 10.1007/BF00133570

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> y, x = np.ogrid[:60, :60]
    >>> disc, drawn = ((y - 30) ** 2 + (x - 30) ** 2 < r * r for r in (15, 19))
    >>> found = last(snake(disc, initial=drawn.astype(int))) > 0
    >>> bool(abs(int(found.sum()) - int(disc.sum())) < 60)
    True
    """
    unit = unit_range(image)
    drawn = np.asarray(initial).reshape(-1, *image.shape[-2:])
    if not unit.values.any() or not drawn.any():
        yield Step(1, 0.0, lambda: np.zeros(image.shape, np.int32))
        return
    sizes = np.array(spacing[-2:] or (1.0, 1.0))
    settings = _Settings(alpha, beta, gamma, w_line, w_edge, sizes)
    smoothed = smooth(np.ascontiguousarray(unit.values), sigma, spacing)
    planes = smoothed.reshape(-1, *image.shape[-2:])
    outlines = [
        outline
        for z, plane in enumerate(drawn)
        if plane.any()
        for outline in _outlines(z, plane, settings.pull(planes[z]), sizes)
    ]

    def labels() -> NDArray[np.int32]:
        found = _filled(outlines, planes.shape, sizes).reshape(image.shape)
        if unit.broken is not None:
            found[unit.broken] = 0
        return keep_large(found)

    for number in range(1, iterations + 1):
        moves = [settings.move(outline) for outline in outlines]
        energy = sum(settings.energy(outline) for outline in outlines)
        yield Step(number, energy, labels)
        if max(moves) <= tolerance:
            return


class Outline:
    """One closed line in one plane; `points` in pixels of the finest axis."""

    def __init__(self, number: int, z: int, points: Points, pull: Any) -> None:
        self.number, self.z, self.points, self.pull = number, z, points, pull


class _Settings(NamedTuple):
    alpha: float
    beta: float
    gamma: float
    w_line: float
    w_edge: float
    sizes: NDArray[np.float64]

    def pull(self, smoothed: NDArray[Any]) -> Callable[..., Any]:
        """Return the spline of what attracts, a function of y and x."""
        from scipy.interpolate import RectBivariateSpline

        least = [(0, max(0, LEAST - n)) for n in smoothed.shape]
        padded = np.pad(smoothed, least, "edge")
        spacing = tuple(map(float, self.sizes))
        height = self.w_line * padded.astype(np.float64)
        if self.w_edge != 0:
            height += self.w_edge * sobel(padded, spacing=spacing)
        y, x = (np.arange(n) * s for n, s in zip(height.shape, spacing, strict=True))
        spline: Callable[..., Any] = RectBivariateSpline(y, x, height, kx=2, ky=2, s=0)
        return spline

    def move(self, outline: Outline) -> float:
        """Move the points by one iteration; return how far the farthest went."""
        y, x = outline.points.T
        slopes = [
            outline.pull(y, x, **way, grid=False) for way in ({"dx": 1}, {"dy": 1})
        ]
        wanted = self.gamma * outline.points + np.stack(slopes, axis=1)
        solved = np.fft.rfft(wanted, axis=0) / (self.gamma + self._stiffness(len(y)))
        target = np.fft.irfft(solved, n=len(y), axis=0)
        moved = FARTHEST * np.tanh(target - outline.points)
        outline.points = outline.points + moved
        return float(np.abs(moved).max())

    def energy(self, outline: Outline) -> float:
        """Return the energy of the points."""
        points = outline.points
        after, before = (np.roll(points, k, axis=0) for k in (-1, 1))
        first, second = after - points, after - 2 * points + before
        inner = (
            self.alpha * np.square(first).sum() + self.beta * np.square(second).sum()
        )
        return float(inner / 2 - outline.pull(*points.T, grid=False).sum())

    def _stiffness(self, count: int) -> NDArray[np.float64]:
        """Return the eigenvalues of the periodic matrix, one per frequency."""
        turn = 2 - 2 * np.cos(2 * np.pi * np.fft.rfftfreq(count))
        return np.asarray(self.alpha * turn + self.beta * turn**2)[:, np.newaxis]


def _outlines(
    z: int, plane: NDArray[Any], pull: Any, sizes: NDArray[np.float64]
) -> Iterator[Outline]:
    from skimage import measure

    for number in np.unique(plane[plane != 0]):
        found = measure.find_contours(np.pad(plane == number, 1).astype(float), 0.5)
        longest = max(found, key=len)[:-1] - 1  # the last point repeats the first
        if len(longest) >= LEAST:
            yield Outline(int(number), z, longest * sizes, pull)


def _filled(
    outlines: list[Outline], shape: tuple[int, ...], sizes: NDArray[np.float64]
) -> NDArray[np.int32]:
    from skimage import draw

    numbers = {id_: i + 1 for i, id_ in enumerate(sorted({o.number for o in outlines}))}
    labels = np.zeros(shape, np.int32)
    for outline in outlines:
        plane, places = labels[outline.z], outline.points / sizes
        y, x = draw.polygon(places[:, 0], places[:, 1], plane.shape)
        if not len(y):  # no centre of a pixel lies inside
            y, x = np.clip(np.rint(places), 0, np.array(plane.shape) - 1).astype(int).T
        free = plane[y, x] == 0
        plane[y[free], x[free]] = numbers[outline.number]
    return labels
