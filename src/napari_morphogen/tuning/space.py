"""What can be searched: methods that make labels, and the steps around them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import get
from napari_morphogen.tuning.candidates import Candidate, step
from napari_morphogen.tuning.results import Kind

MAIN: Mapping[Kind, tuple[str, ...]] = {
    "objects": (
        "threshold",
        "watershed",
        "hierarchical_watershed",
        "chan_vese",
        "edge_regions",
        "geodesic_contour",
        "dbscan",
    ),
    "classes": (
        "threshold",
        "multi_otsu",
        "kmeans",
        "gaussian_mixture",
        "superpixel_clusters",
        "nearest_class",
        "random_forest",
    ),
}
BEFORE = ("subtract_background", "median", "clahe")
AFTER = ("fill_holes", "expand_labels", "smooth_labels", "split_objects")
MOST_AFTER = 2
# time and chance are no qualities, levels and lines belong to one image
FIXED = (
    *("seed", "iterations", "tolerance", "n_trees"),
    *("level", "lines", "separate", "position"),
)
GIVEN: Mapping[Kind, Mapping[str, Mapping[str, Any]]] = {
    "objects": {},
    "classes": {"threshold": {"separate": False, "min_size": 0}},
}
SPAN = 8.0  # how far from its default a number is tried, as a factor
ZERO = 0.15  # how often "off" is tried
OFFS: Mapping[str, tuple[float, float]] = {  # limits of numbers that are off at 0
    "px": (0.5, 4.0),
    "px^n": (5.0, 2000.0),
    "": (0.1, 4.0),
}


def searchable(kind: Kind) -> tuple[str, ...]:
    """Return the methods that are searched.

    Parameters
    ----------
    kind : str
        ``"objects"`` or ``"classes"``.

    Examples
    --------
    >>> "watershed" in searchable("objects")
    True
    """
    return MAIN[kind]


def varied(name: str) -> tuple[Param, ...]:
    """Return the parameters of a method that are searched.

    Parameters
    ----------
    name : str
        Of the method.
    """
    known = parameters(get(name).function)
    return tuple(
        p
        for p in known
        if not p.role and not p.files and p.name not in FIXED and _has_values(p)
    )


def _has_values(param: Param) -> bool:
    return param.kind is not str or bool(param.choices)


@dataclass(frozen=True)
class Space:
    """All candidates of one main method.

    Attributes
    ----------
    method : str
        The main one.
    kind : str
        ``"objects"`` or ``"classes"``.
    channels : int
        Of the images, 0 without.
    ndim : int
        How many spatial axes they have.
    size : float
        Diameter of the objects in pixels; 0 where it is not known.
    starts : sequence of mapping
        Parameters to begin with; the defaults come first on their own.
    """

    method: str
    kind: Kind
    channels: int = 0
    ndim: int = 2
    size: float = 0.0
    starts: Sequence[Mapping[str, Any]] = ()

    def begin(self) -> list[Candidate]:
        """Return the defaults, and what is worth a try before any search."""
        given = dict(GIVEN[self.kind].get(self.method, {}))
        options = [given]
        options += [given | dict(start) for start in self.starts]
        names = {p.name: p for p in parameters(get(self.method).function)}
        if "objects" in names:
            options += [one | {"objects": "dark"} for one in options]
        found = [Candidate((step(self.method, one),)) for one in options]
        return list(dict.fromkeys(found))

    def openings(self, candidate: Candidate) -> Iterator[Candidate]:
        """Yield a candidate with every channel, and with every step more."""
        if self.channels > 1 and not get(self.method).takes_channels:
            for channel in range(self.channels):
                yield Candidate(candidate.steps, channel)
        dark = {"objects": candidate.main.parameters.get("objects", "bright")}
        for name in self._room_before(candidate):
            known = {p.name: p for p in varied(name)}
            values = {k: v for k, v in dark.items() if k in known}
            if self.size and name == "subtract_background":
                values["radius"] = fitted(known["radius"], 2 * self.size)
            yield Candidate((step(name, values), *candidate.steps), candidate.channel)
        if self._takes_after(candidate):
            for name in AFTER:
                values = {"distance": 1.0} if name == "expand_labels" else {}
                steps = (*candidate.steps, step(name, values))
                yield Candidate(steps, candidate.channel)

    def drawn(self, rng: np.random.Generator) -> Candidate:
        """Return a candidate by chance."""
        given = GIVEN[self.kind].get(self.method, {})
        values = dict(given)
        for param in varied(self.method):
            if param.name not in given and rng.random() < 0.6:
                values[param.name] = self.value(param, rng)
        found = Candidate((step(self.method, values),), self._channel(rng))
        for _ in range(int(rng.integers(0, 3))):
            found = self._with_step_more(found, rng)
        return found

    def near(
        self, candidate: Candidate, rng: np.random.Generator, reach: float
    ) -> Candidate:
        """Return a candidate that differs in one or two points.

        Parameters
        ----------
        candidate : Candidate
            Where to begin.
        rng : Generator
            Chance.
        reach : float
            From 0 to 1: how far numbers move.
        """
        found = candidate
        for _ in range(1 + int(rng.random() < 0.35)):
            found = self._moved(found, rng, reach)
        return found

    def _moved(
        self, candidate: Candidate, rng: np.random.Generator, reach: float
    ) -> Candidate:
        chance = rng.random()
        if chance < 0.15:
            return self._with_step_more(candidate, rng)
        if chance < 0.25 and len(candidate.steps) > 1:
            return self._with_step_less(candidate, rng)
        if chance < 0.32 and self.channels > 1:
            return Candidate(candidate.steps, self._channel(rng))
        place = int(rng.integers(len(candidate.steps)))
        if rng.random() < 0.5:
            place = candidate.place
        return self._with_value_changed(candidate, place, rng, reach)

    def _with_value_changed(
        self, candidate: Candidate, place: int, rng: np.random.Generator, reach: float
    ) -> Candidate:
        one = candidate.steps[place]
        given = GIVEN[self.kind].get(one.method, {})
        names = [p for p in varied(one.method) if p.name not in given]
        if not names:
            return candidate
        param = names[int(rng.integers(len(names)))]
        now = one.parameters[param.name]
        value = self.moved_value(param, now, rng, reach)
        return candidate.with_step(
            place, step(one.method, one.parameters | {param.name: value})
        )

    def _with_step_more(
        self, candidate: Candidate, rng: np.random.Generator
    ) -> Candidate:
        place, steps = candidate.place, candidate.steps
        names = [one.method for one in steps]
        before = list(self._room_before(candidate))
        room = self._takes_after(candidate)
        after = [name for name in AFTER if room and name not in names]
        if not before and not after:
            return candidate
        choice = [*before, *after][int(rng.integers(len(before) + len(after)))]
        new = step(choice, {p.name: self.value(p, rng) for p in varied(choice)})
        at = (
            0 if choice in BEFORE else place + 1 + int(rng.integers(len(steps) - place))
        )
        return Candidate((*steps[:at], new, *steps[at:]), candidate.channel)

    def _room_before(self, candidate: Candidate) -> tuple[str, ...]:
        """Return what may come first; methods that learn look at the image itself."""
        return () if candidate.place or candidate.learns else BEFORE

    def _takes_after(self, candidate: Candidate) -> bool:
        behind = len(candidate.steps) - 1 - candidate.place
        return self.kind == "objects" and behind < MOST_AFTER

    def _with_step_less(
        self, candidate: Candidate, rng: np.random.Generator
    ) -> Candidate:
        spare = [i for i in range(len(candidate.steps)) if i != candidate.place]
        gone = spare[int(rng.integers(len(spare)))]
        steps = tuple(s for i, s in enumerate(candidate.steps) if i != gone)
        return Candidate(steps, candidate.channel)

    def _channel(self, rng: np.random.Generator) -> int | None:
        if self.channels < 2 or get(self.method).takes_channels:
            return None
        place = int(rng.integers(-1, self.channels))
        return None if place < 0 else place

    # ---- values

    def value(self, param: Param, rng: np.random.Generator) -> Any:
        """Return a value by chance."""
        if param.choices:
            usable = [c for c in param.choices if c != "manual"]
            return usable[int(rng.integers(len(usable)))]
        if param.kind is bool:
            return bool(rng.random() < 0.5)
        low, high, off = self.limits(param)
        if off and rng.random() < ZERO:
            return param.kind(0)
        if logarithmic(param):
            return fitted(param, math.exp(rng.uniform(math.log(low), math.log(high))))
        return fitted(param, rng.uniform(low, high))

    def moved_value(
        self, param: Param, now: Any, rng: np.random.Generator, reach: float
    ) -> Any:
        """Return another value near the present one."""
        if param.choices or param.kind is bool:
            return self.value(param, rng)
        low, high, off = self.limits(param)
        if now == 0 or rng.random() < 0.1:
            return self.value(param, rng)
        if off and rng.random() < ZERO / 2:
            return param.kind(0)
        if logarithmic(param):
            width = math.log(high / low) * 0.3 * reach
            return fitted(param, now * math.exp(rng.normal(0, width)))
        return fitted(param, now + rng.normal(0, (high - low) * 0.3 * reach))

    def limits(self, param: Param) -> tuple[float, float, bool]:
        """Return between which values to search, and whether 0 is worth a try."""
        least = -math.inf if param.low is None else param.low
        most = math.inf if param.high is None else param.high
        off = least <= 0 <= most
        if not logarithmic(param):
            return least, most, False
        low, high = OFFS[param.unit]
        if param.default:
            low, high = abs(param.default) / SPAN, abs(param.default) * SPAN
        if self.size:
            area = math.pi / 4 * self.size**self.ndim
            if param.unit == "px^n":
                low, high = area / 100, area * 0.75
            elif param.unit == "px" or param.name in ("block_size", "kernel_size"):
                high = max(high, self.size)
        low, high = max(low, least, 1e-6), min(high, most)
        if param.kind is int:
            low = max(low, 1)
        return low, max(high, low * 1.5), off


def logarithmic(param: Param) -> bool:
    """Tell whether factors count in a number rather than differences.

    Parameters
    ----------
    param : Param
        An int or a float.
    """
    if param.low is None or param.high is None or param.low < 0:
        return False
    return bool(param.high - param.low > 1)


def fitted(param: Param, value: float) -> Any:
    """Return a number within the limits and on the steps of its parameter.

    Parameters
    ----------
    param : Param
        An int or a float.
    value : float
        Any number.
    """
    if param.kind is int:
        value = round(value)
    elif param.step:
        value = round(round(value / param.step) * param.step, 10)
    else:
        value = float(f"{value:.3g}")
    low = -math.inf if param.low is None else param.low
    high = math.inf if param.high is None else param.high
    return param.kind(min(max(value, low), high))


def simplicity(candidate: Candidate) -> tuple[int, int]:
    """Return how many steps a candidate has, and how many values are changed.

    Parameters
    ----------
    candidate : Candidate
        The less, the simpler.
    """
    return len(candidate.steps), len(candidate.changed)
