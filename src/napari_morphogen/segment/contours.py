"""Regions whose boundary descends an energy: morphological active contours."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.intensity import Unit, smooth, unit_range
from napari_morphogen.params import Image, Labels, MinSize, Sigma, Spacing, Step
from napari_morphogen.segment.objects import connected_objects, keep_large
from napari_morphogen.segment.regions import Mask, Moments, Region, moments, region
from napari_morphogen.segment.threshold import global_level

Weight = Annotated[float, at.Interval(ge=0.1, le=10), at.MultipleOf(0.1)]
Smoothing = Annotated[int, at.Interval(ge=0, le=10)]
Iterations = Annotated[int, at.Interval(ge=1, le=10_000)]
GREYS = 2.0**24  # steps of intensity: sums of such numbers are exact in any order
SQUARE = 5  # pixels, of scikit-image's checkerboard


def chan_vese(
    image: Image,
    *,
    objects: Literal["bright", "dark"] = "bright",
    start: Literal["otsu", "checkerboard"] = "otsu",
    sigma: Sigma = 1.0,
    lambda1: Weight = 1.0,
    lambda2: Weight = 1.0,
    smoothing: Smoothing = 1,
    iterations: Iterations = 100,
    min_size: MinSize = 0,
    initial: Labels | None = None,
    spacing: Spacing = (),
) -> Iterator[Step[Labels]]:
    """Split bright from dark by a smooth contour: Chan-Vese.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    objects : str
        Whether the objects are brighter or darker than the background.
    start : str
        Where the contour starts: at the threshold of Otsu or as a checkerboard
        of squares of 5 pixels.
    sigma : float
        Smoothing of the image, in pixels of the finest axis; 0 is none.
    lambda1 : float
        Weight of the differences inside the contour; higher makes the inside
        more even.
    lambda2 : float
        Weight of the differences outside.
    smoothing : int
        How often the contour is smoothed in every iteration.
    iterations : int
        The most iterations; it ends earlier when the contour rests, swings
        between two states or would vanish.
    min_size : int
        Objects of fewer pixels are removed.
    initial : ndarray of int or None
        Labels: the contour starts around them instead.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Yields
    ------
    step : Step
        Iterations done, energy, and the labels: int32 of the shape of `image`,
        connected objects numbered. 0 is background, broken pixels (NaN,
        infinity) included. An image of one value holds no object.

    Notes
    -----
    With I from 0 to 1 and c1, c2 its means inside and outside the contour, the
    energy [1]_ is the mean over all pixels of lambda1 (I - c1)^2 inside and
    lambda2 (I - c2)^2 outside. In every iteration [2]_ the pixels beside the
    contour change to the side where they cost less; then the contour is
    smoothed by the operators SI and IS over lines (planes in a volume) of 3
    pixels, in alternating order. Smoothing takes the place of the contour's
    length in the energy, so that the energy may also rise a little. The
    contour moves on the grid of pixels whatever their size is; pixels are those
    of `skimage.segmentation.morphological_chan_vese`.

    References
    ----------
    .. [1] T. F. Chan and L. A. Vese, IEEE Trans. Image Process. 10, 266-277
       (2001), DOI 10.1109/83.902291
    .. [2] P. Marquez-Neila, L. Baumela and L. Alvarez, IEEE Trans. Pattern
       Anal. Mach. Intell. 36, 2-17 (2014), DOI 10.1109/TPAMI.2013.106

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> image = np.zeros((40, 40)); image[5:15, 5:15] = image[20:34, 20:34] = 1
    >>> int(last(chan_vese(image)).max())
    2
    """
    unit = unit_range(image)
    values = _greys(smooth(unit.values, sigma, spacing))
    if not unit.values.any():
        yield _nothing(image)
        return
    bright = objects == "bright"
    mask = _start(values, start, bright) if initial is None else initial != 0
    moving = region(np.ascontiguousarray(mask.reshape(values.shape)))
    whole = moments(values)

    def move(bend: Callable[[], None]) -> float:
        means = _means(moving.moments(values), whole)
        moving.compete(values, means, (lambda1, lambda2))
        for _ in range(smoothing):
            bend()
        return _spread_energy(moving.moments(values), whole, (lambda1, lambda2))

    def labels() -> NDArray[np.int32]:
        inside = _oriented(moving.mask(), values, bright)
        return connected_objects(_sound(inside, unit), min_size)

    yield from _steps(moving, move, labels, iterations)


def geodesic_contour(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    alpha: Annotated[float, at.Interval(ge=1, le=100_000)] = 1000.0,
    edge_share: Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.01)] = 0.4,
    balloon: Annotated[float, at.Interval(ge=-5, le=5), at.MultipleOf(0.1)] = -1.0,
    smoothing: Smoothing = 1,
    iterations: Iterations = 300,
    min_size: MinSize = 0,
    initial: Labels | None = None,
    spacing: Spacing = (),
) -> Iterator[Step[Labels]]:
    """Shrink or grow a contour until it meets edges: geodesic active contour.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Smoothing before edges are found, in pixels of the finest axis.
    alpha : float
        How strongly edges hold the contour.
    edge_share : float
        Share of the pixels, those at the strongest edges, where `balloon` does
        not push. 0.4 is the choice of scikit-image.
    balloon : float
        Below 0 the contour shrinks where there are no edges, above 0 it grows;
        farther from 0 it pushes over more edges. 0 only follows edges nearby.
    smoothing : int
        How often the contour is smoothed in every iteration.
    iterations : int
        The most iterations, each one pixel; it ends earlier when the contour
        rests, swings between two states or would vanish.
    min_size : int
        Objects of fewer pixels are removed.
    initial : ndarray of int or None
        Labels: the contour starts around them instead of along the border of
        the image, and every object gets the label next to it.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Yields
    ------
    step : Step
        Iterations done, energy, and the labels: int32 of the shape of `image`,
        numbered. 0 is background, broken pixels (NaN, infinity) included. An
        image of one value holds no object.

    Notes
    -----
    With I from 0 to 1, smoothed, g = 1 / sqrt(1 + alpha |grad I|) is near 1 in
    flat areas and small on edges. The energy [1]_ is the sum of g along the
    contour, counted over the faces between pixels inside and outside. In every
    iteration [2]_ the contour first moves by a pixel in the direction of
    `balloon` where g is above its quantile `edge_share` / |balloon|, then down
    the slope of g; then it is smoothed by the operators SI and IS over lines
    (planes in a volume) of 3 pixels, in alternating order. The balloon is a
    force of its own, so that the energy may also rise. Pixels are those of
    `skimage.segmentation.morphological_geodesic_active_contour`.

    References
    ----------
    .. [1] V. Caselles, R. Kimmel and G. Sapiro, Int. J. Comput. Vis. 22, 61-79
       (1997), DOI 10.1023/A:1007979827043
    .. [2] P. Marquez-Neila, L. Baumela and L. Alvarez, IEEE Trans. Pattern
       Anal. Mach. Intell. 36, 2-17 (2014), DOI 10.1109/TPAMI.2013.106

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> image = np.zeros((40, 40)); image[10:30, 12:28] = 1
    >>> bool(abs((last(geodesic_contour(image)) > 0).sum() - 20 * 16) < 60)
    True
    """
    unit = unit_range(image)
    if not unit.values.any():
        yield _nothing(image)
        return
    g = edge_map(unit.values, sigma, alpha, spacing)
    mask = _inset(image.shape) if initial is None else initial != 0
    thin = _plane(g)
    moving = region(np.ascontiguousarray(mask.reshape(thin.shape)))
    limit = np.quantile(g, edge_share)
    calm = moving.pack(thin > limit / (abs(balloon) or 1))
    slopes, greys = _slopes(thin, spacing), _greys(thin)

    def move(bend: Callable[[], None]) -> float:
        if balloon != 0:
            moving.swell(balloon > 0, calm)
        moving.attach(slopes)
        for _ in range(smoothing):
            bend()
        return _length_energy(moving.faces(greys), spacing)

    def labels() -> NDArray[np.int32]:
        inside = _sound(moving.mask(), unit)
        if initial is None:
            return connected_objects(inside, min_size)
        return _nearest(inside, initial, min_size, spacing)

    yield from _steps(moving, move, labels, iterations)


def edge_map(
    values: NDArray[Any], sigma: float, alpha: float, spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return 1 / sqrt(1 + alpha |grad|): near 1 in flat areas, small on edges."""
    smoothed = smooth(values, sigma, spacing).astype(np.float64)
    squares = np.zeros(smoothed.shape)
    for axis, size in enumerate(spacing or (1.0,) * smoothed.ndim):
        if smoothed.shape[axis] > 1:
            squares += (np.gradient(smoothed, axis=axis) / size) ** 2
    return np.asarray(1 / np.sqrt(1 + alpha * np.sqrt(squares)))


def _steps(
    moving: fast.Region | Region,
    move: Callable[[Callable[[], None]], float],
    labels: Callable[[], NDArray[np.int32]],
    iterations: int,
) -> Iterator[Step[Labels]]:
    """Move until the region rests, swings between two states, or would vanish."""
    grow = True

    def bend() -> None:
        nonlocal grow
        for way in (grow, not grow):
            moving.bend(way)
        grow = not grow

    before = previous = moving.state
    for number in range(1, iterations + 1):
        energy = move(bend)
        if not moving.state.any():
            moving.state = previous
            if number == 1:
                yield Step(1, energy, labels)
            return
        yield Step(number, energy, labels)
        # two iterations bend as often one way as the other
        if number > 1 and np.array_equal(moving.state, before):
            return
        before, previous = previous, moving.state


def _nothing(image: NDArray[Any]) -> Step[Labels]:
    return Step(1, 0.0, lambda: np.zeros(image.shape, np.int32))


def _plane(values: NDArray[Any]) -> NDArray[Any]:
    """Return a volume of one plane as that plane."""
    flat = values[0] if values.ndim == 3 and len(values) == 1 else values
    return np.ascontiguousarray(flat)


def _greys(values: NDArray[Any]) -> NDArray[np.float32]:
    return _plane((np.rint(values * GREYS) / GREYS).astype(np.float32))


def _sound(mask: Mask, unit: Unit) -> Mask:
    whole = mask.reshape(unit.values.shape)
    return whole if unit.broken is None else whole & ~unit.broken


def _start(values: NDArray[np.float32], start: str, bright: bool) -> Mask:
    if start == "otsu":
        mask = values > global_level(values, "otsu")
    else:
        squares = [np.arange(n) // SQUARE for n in values.shape]
        mask = np.asarray(sum(np.ix_(*squares)) % 2 == 1)
    return _oriented(mask, values, bright)


def _oriented(mask: Mask, values: NDArray[np.float32], bright: bool) -> Mask:
    """Return the brighter (darker) one of the mask and what it leaves."""
    inner, outer = _means(moments(values[mask]), moments(values))
    turned = (inner < outer) if bright else (inner > outer)
    return ~mask if turned and mask.any() and not mask.all() else mask


def _means(inside: Moments, whole: Moments) -> tuple[float, float]:
    """Return the means inside and outside, with scikit-image's guard against 0."""
    inner = inside[1] / (inside[0] + 1e-8)
    outer = (whole[1] - inside[1]) / (whole[0] - inside[0] + 1e-8)
    return inner, outer


def _spread_energy(
    inside: Moments, whole: Moments, weights: tuple[float, float]
) -> float:
    outside = tuple(all_ - one for all_, one in zip(whole, inside, strict=True))
    sums = [
        weight * (squares - total**2 / max(count, 1))
        for weight, (count, total, squares) in zip(
            weights, (inside, outside), strict=True
        )
    ]
    return sum(sums) / whole[0]


def _inset(shape: tuple[int, ...]) -> Mask:
    """Return all but the border; an axis of two pixels or fewer has none."""
    mask = np.zeros(shape, bool)
    mask[tuple(slice(1, -1) if n > 2 else slice(None) for n in shape)] = True
    return mask


def _slopes(g: NDArray[np.float64], spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Return what differences of a mask are multiplied with: falling g pulls."""
    sizes = spacing[-g.ndim :] if spacing else (1.0,) * g.ndim
    slopes = np.zeros((*g.shape, g.ndim))
    for axis, size in enumerate(sizes):
        if g.shape[axis] > 1:
            slope, line = (np.moveaxis(a, axis, 0) for a in (slopes[..., axis], g))
            # half the slope: differences of the mask are over two pixels, too
            np.multiply(line[2:] - line[:-2], 0.25 / size**2, out=slope[1:-1])
            slope[0] = (line[1] - line[0]) / size**2
            slope[-1] = (line[-1] - line[-2]) / size**2
    return slopes


def _length_energy(sums: list[float], spacing: tuple[float, ...]) -> float:
    """Return the mean at each face times its area, summed."""
    sizes = spacing[-len(sums) :] if spacing else (1.0,) * len(sums)
    cell = float(np.prod(sizes))
    parts = (total / 2 * cell / size for total, size in zip(sums, sizes, strict=True))
    return sum(parts)


def _nearest(
    mask: Mask, initial: NDArray[Any], min_size: int, spacing: tuple[float, ...]
) -> NDArray[np.int32]:
    """Return `mask` shared out among the labels of `initial`, to the nearest."""
    outside = initial == 0
    if outside.all():
        return np.zeros(mask.shape, np.int32)
    first = initial.flat[np.argmin(outside)]
    if (outside | (initial == first)).all():
        return keep_large(mask.astype(np.int32), min_size)
    places = ndimage.distance_transform_edt(
        outside, sampling=spacing or None, return_distances=False,
        return_indices=True,
    )  # fmt: skip
    ids, numbers = np.unique(initial, return_inverse=True)
    numbers = numbers.reshape(initial.shape) + int(ids[0] != 0)
    return keep_large(np.where(mask, numbers[tuple(places)], 0), min_size)
