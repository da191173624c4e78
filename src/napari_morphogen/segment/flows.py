"""Images made smooth except at edges, by descending an energy."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import Unit, unit_range
from napari_morphogen.params import Image, Spacing, Step
from napari_morphogen.params import Unit as Counts
from napari_morphogen.segment.energies import MumfordShah, PeronaMalik, TotalVariation

Array = NDArray[Any]
State = TypeVar("State")
Length = Annotated[float, at.Interval(ge=0.5, le=50), at.MultipleOf(0.1), Counts("px")]
Contrast = Annotated[float, at.Interval(ge=0.001, le=1), at.MultipleOf(0.001)]
Iterations = Annotated[int, at.Interval(ge=1, le=10_000)]
Tolerance = Annotated[float, at.Interval(ge=0, le=0.1)]


class Smoothed(NamedTuple):
    """What `ambrosio_tortorelli` finds.

    Attributes
    ----------
    smooth : ndarray of float
        The image, smooth between its edges.
    edges : ndarray of float
        From 0 to 1 on edges.
    """

    smooth: Image
    edges: Image


def ambrosio_tortorelli(
    image: Image,
    *,
    smoothness: Length = 5.0,
    contrast: Contrast = 0.2,
    width: Annotated[
        float, at.Interval(ge=0.5, le=10), at.MultipleOf(0.1), Counts("px")
    ] = 1.0,
    iterations: Iterations = 50,
    tolerance: Tolerance = 0.001,
    spacing: Spacing = (),
) -> Iterator[Step[Smoothed]]:
    """Smooth regions and the edges between them: Mumford-Shah energy.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    smoothness : float
        How far regions are smoothed, in pixels of the finest axis.
    contrast : float
        Least step between two regions that stays an edge, as a share of the
        range of the image.
    width : float
        Width of an edge, in pixels of the finest axis.
    iterations : int
        The most iterations.
    tolerance : float
        It ends when an iteration lowers the energy by less than this share.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Yields
    ------
    step : Step
        Iterations done, energy per pixel, and two images of the shape of
        `image`: ``smooth`` on its scale and ``edges`` from 0 to 1, whatever
        the scale is. Both are 0 in broken pixels (NaN, infinity).

    Notes
    -----
    With f the image from 0 to 1, u the smooth image and v = 1 - edges, the
    energy of Mumford and Shah [1]_ in the form of Ambrosio and Tortorelli [2]_
    is the sum over the pixels of (u - f)^2 + a v^2 |grad u|^2 +
    b (e |grad v|^2 + (1 - v)^2 / (4 e)), with a = `smoothness`^2,
    b = `contrast`^2 `smoothness` / 2 and e = `width`: then smoothing a step of
    height `contrast` costs as much as its edge. For each of u and v alone it is
    quadratic. Every iteration takes 5 steps of conjugate gradients in v, then 5
    in u; each lowers the energy.

    References
    ----------
    .. [1] D. Mumford and J. Shah, Commun. Pure Appl. Math. 42, 577-685 (1989),
       DOI 10.1002/cpa.3160420503
    .. [2] L. Ambrosio and V. M. Tortorelli, Commun. Pure Appl. Math. 43,
       999-1036 (1990), DOI 10.1002/cpa.3160430805

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> step = np.repeat([[0, 0, 0, 0, 0, 9, 9, 9, 9, 9]], 4, axis=0)
    >>> edges = last(ambrosio_tortorelli(step)).edges
    >>> bool(edges[0, 4] > 0.5 > edges[0, 0])
    True
    """
    unit, sizes = unit_range(image), spacing or (1.0,) * image.ndim
    f = np.ascontiguousarray(unit.values)
    energy = MumfordShah(f, sizes, smoothness, contrast, width)
    start = f, np.ones_like(f)

    def result(state: tuple[Array, Array]) -> Smoothed:
        u, v = state
        return Smoothed(unit.restore(u), _unbroken(1 - v, unit))

    yield from _descent(
        start, energy.lower, energy.measure, result, iterations, tolerance
    )


def smooth_flow(
    image: Image,
    *,
    flow: Literal["total variation", "perona-malik"] = "total variation",
    weight: Annotated[float, at.Interval(ge=0.001, le=10)] = 0.1,
    contrast: Contrast = 0.05,
    iterations: Iterations = 50,
    tolerance: Tolerance = 0.0001,
    spacing: Spacing = (),
) -> Iterator[Step[Image]]:
    """Smooth the image but not across edges: total variation or Perona-Malik.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    flow : str
        "total variation" comes to rest near the image, in flat regions with
        sharp edges; "perona-malik" diffuses on, the longer the smoother.
    weight : float
        How smooth the result of "total variation" is, as a share of the range
        of the image times pixels.
    contrast : float
        Step between two pixels above which "perona-malik" keeps an edge, as a
        share of the range of the image.
    iterations : int
        The most iterations.
    tolerance : float
        It ends when an iteration lowers the energy by less than this share.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Yields
    ------
    step : Step
        Iterations done, energy per pixel, and the smooth image: float of the
        shape of `image` on its scale; 0 in broken pixels (NaN, infinity).

    Notes
    -----
    With f the image from 0 to 1 and u the result, the energy of "total
    variation" [1]_ is the sum over the pixels of (u - f)^2 / 2 +
    `weight` |grad u|. Every iteration replaces |grad u| by the parabola that
    touches it from above at the present u and takes 5 steps of conjugate
    gradients; slopes below 0.001 count as their squares do.

    The energy of "perona-malik" [2]_ is the sum over all pairs of neighbours of
    K^2 / 2 log(1 + d^2 / K^2), with d their difference over their distance and
    K = `contrast`. Every iteration is one step down its gradient, of the length
    1 / (4 sum of 1 / size^2 over the axes), at which it cannot rise: diffusion
    with the conductance 1 / (1 + d^2 / K^2).

    References
    ----------
    .. [1] L. I. Rudin, S. Osher and E. Fatemi, Physica D 60, 259-268 (1992),
       DOI 10.1016/0167-2789(92)90242-F
    .. [2] P. Perona and J. Malik, IEEE Trans. Pattern Anal. Mach. Intell. 12,
       629-639 (1990), DOI 10.1109/34.56205

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> rough = np.random.default_rng(0).normal(size=(20, 20)) + 9
    >>> bool(last(smooth_flow(rough)).std() < rough.std())
    True
    """
    unit, sizes = unit_range(image), spacing or (1.0,) * image.ndim
    f = np.ascontiguousarray(unit.values)
    energy: TotalVariation | PeronaMalik = PeronaMalik(sizes, contrast)
    if flow == "total variation":
        energy = TotalVariation(f, sizes, weight)
    yield from _descent(
        f, energy.lower, energy.measure, unit.restore, iterations, tolerance
    )


def _descent(
    state: State,
    lower: Callable[[State], State],
    measure: Callable[[State], float],
    result: Callable[[State], Any],
    iterations: int,
    tolerance: float,
) -> Iterator[Step[Any]]:
    """Yield one step per iteration, each of less energy than the one before."""
    least = measure(state)
    for number in range(1, iterations + 1):
        lowered = lower(state)
        energy = measure(lowered)
        if not energy < least:  # nothing is left but rounding
            if number == 1:
                yield Step(1, least, partial(result, state))
            return
        yield Step(number, energy, partial(result, lowered))
        if least - energy < tolerance * least:
            return
        state, least = lowered, energy


def _unbroken(values: Array, unit: Unit) -> Array:
    if unit.broken is not None:
        values[unit.broken] = 0
    return values
