"""How much each parameter matters, and what its values look like."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_morphogen.params import InputError, Param
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray
from napari_morphogen.tuning.candidates import Candidate, applied, step
from napari_morphogen.tuning.choice import standard_error
from napari_morphogen.tuning.results import Curve, Options, Swatch
from napari_morphogen.tuning.scenes import Place, kind_of, scenes
from napari_morphogen.tuning.scoring import Judge
from napari_morphogen.tuning.space import GIVEN, fitted, logarithmic, varied
from napari_morphogen.tuning.trials import Bench

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)  # of the present value
SHARES = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)  # of the range, added to it
CROP = 512 * 512  # pixels that a swatch shows


def sensitivity(
    images: Sequence[SpatialArray],
    references: Sequence[SpatialArray],
    candidate: Candidate,
    options: Options = Options(),  # noqa: B008 (frozen)
) -> Iterator[Curve]:
    """Yield, parameter by parameter, how the score moves with it.

    Parameters
    ----------
    images, references, options
        As `tune` takes them.
    candidate : Candidate
        The others of its parameters stay as they are.

    Yields
    ------
    curve : Curve
        The main step's parameters come first.

    Examples
    --------
    >>> from napari_morphogen.samples import coin_labels, coins
    >>> chosen = Candidate((step("threshold", {"sigma": 2}),))
    >>> curve = next(sensitivity([coins()], [coin_labels()], chosen))
    >>> curve.parameter, len(curve.scores) == len(curve.values)
    ('rule', True)
    """
    kind = options.kind or kind_of(references)
    found = scenes(images, references, kind, options.sparse)
    judge = Judge.of(found, kind, options.sparse)
    bench = Bench(judge, time.monotonic)
    order = sorted(range(len(candidate.steps)), key=lambda n: n != candidate.place)
    for place in order:
        given = GIVEN[kind].get(candidate.steps[place].method, {})
        for param in varied(candidate.steps[place].method):
            if param.name not in given:
                yield _curve(bench, candidate, place, param)


def _curve(bench: Bench, candidate: Candidate, place: int, param: Param) -> Curve:
    one = candidate.steps[place]
    now = one.parameters[param.name]
    values = sweep_values(param, now)
    scores, errors = [], []
    for value in values:
        changed = step(one.method, one.parameters | {param.name: value})
        trial = bench.tried(candidate.with_step(place, changed), np.inf)
        known = trial.folds is not None
        scores.append(trial.mean if known else np.nan)
        weights = bench.judge.parts.weights
        errors.append(standard_error(trial.folds, weights) if known else np.nan)  # type: ignore[arg-type]
    return Curve(
        place, one.method, param.name, values, tuple(scores), tuple(errors), now
    )


def sweep_values(param: Param, now: Any) -> tuple[Any, ...]:
    """Return values around the present one, or all choices.

    Parameters
    ----------
    param : Param
        A number, a choice or a switch.
    now : object
        Its value.

    Examples
    --------
    >>> from napari_morphogen.params import parameters
    >>> from napari_morphogen.registry import get
    >>> known = parameters(get("threshold").function)
    >>> sweep_values(next(p for p in known if p.name == "sigma"), 2.0)
    (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)
    """
    if param.choices:
        return tuple(c for c in param.choices if c != "manual" or c == now)
    if param.kind is bool:
        return (False, True)
    if logarithmic(param):
        middle = now or param.default or (10 if param.unit == "px^n" else 1)
        found = {fitted(param, middle * factor) for factor in FACTORS}
    else:
        low = -1.0 if param.low is None else param.low
        high = 1.0 if param.high is None else param.high
        found = {fitted(param, now + share * (high - low)) for share in SHARES}
    return tuple(sorted(found | {param.kind(now)}))


def sweep(
    candidate: Candidate | str,
    image: SpatialArray,
    parameter: str,
    values: Sequence[Any] = (),
    *,
    place: int | None = None,
    crop: Place | None = None,
) -> Iterator[Swatch]:
    """Yield what several values of a parameter make of a crop.

    Parameters
    ----------
    candidate : Candidate or str
        Its other parameters stay; a name stands for a method as it is by default.
    image : SpatialArray
        Of any dimensionality.
    parameter : str
        Which one.
    values : sequence
        In the order they are shown in; those of `sweep_values` by default.
    place : int, optional
        Of the step that has the parameter; the main one by default.
    crop : tuple of (start, stop), optional
        For every axis but channels; the middle of the image by default.

    Yields
    ------
    swatch : Swatch

    Raises
    ------
    InputError
        When the method has no such parameter.

    Examples
    --------
    >>> from napari_morphogen.samples import coins
    >>> [s.value for s in sweep("threshold", coins(), "sigma", [1, 2])]
    [1, 2]
    """
    if isinstance(candidate, str):
        candidate = Candidate((step(candidate),))
    if place is None:
        place = (
            len(candidate.steps) - 1 if len(candidate.steps) == 1 else candidate.place
        )
    one = candidate.steps[place]
    param = _param(one.method, parameter)
    part = cropped(image, crop)
    for value in values or sweep_values(param, one.parameters[parameter]):
        started = time.monotonic()
        try:
            changed = step(one.method, one.parameters | {parameter: value})
            made = applied(candidate.with_step(place, changed), part)
            yield Swatch(value, np.asarray(made.data), time.monotonic() - started)
        except InputError as error:
            yield Swatch(value, None, time.monotonic() - started, str(error))


def _param(method: str, parameter: str) -> Param:
    known = varied(method)
    for param in known:
        if param.name == parameter:
            return param
    names = ", ".join(param.name for param in known) or "none"
    raise InputError(
        f"{method} has no parameter `{parameter}` to look along; it has {names}."
    )


def cropped(image: SpatialArray, crop: Place | None = None) -> SpatialArray:
    """Return a part of an image.

    Parameters
    ----------
    image : SpatialArray
        Of any dimensionality.
    crop : tuple of (start, stop), optional
        For every axis but channels; the middle of one frame by default.
    """
    plain = [axis for axis in image.axes if axis != "c"]
    sizes = dict(zip(image.axes, image.data.shape, strict=True))
    if crop is None:
        ndim = sum(axis in SPATIAL_AXES for axis in plain)
        side = int(CROP ** (1 / ndim))
        crop = tuple(
            _middle(sizes[axis], side if axis in SPATIAL_AXES else 1) for axis in plain
        )
    at = dict(zip(plain, crop, strict=True))
    box = tuple(slice(*at[a]) if a in at else slice(None) for a in image.axes)
    return replace(image, data=np.asarray(image.data[box]))


def _middle(size: int, side: int) -> tuple[int, int]:
    start = max(0, (size - side) // 2)
    return start, min(size, start + side)
