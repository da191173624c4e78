"""One way to make labels: a few methods in a row, with all their parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from napari_morphogen.params import InputError, check, parameters
from napari_morphogen.pipeline import plan, run
from napari_morphogen.recipe import KEY
from napari_morphogen.registry import get
from napari_morphogen.spatial import SpatialArray


class Step(NamedTuple):
    """A method and its parameters, sorted by name so that equal steps are equal."""

    method: str
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter by its name."""
        return dict(self.values)


@dataclass(frozen=True)
class Candidate:
    """Methods that follow one another and end in labels.

    Attributes
    ----------
    steps : tuple of Step
        The first one takes the image. One of them, the main one, makes labels
        of an image; those before it make images, those behind it change labels.
    channel : int or None
        The channel that the first step is given; None stands for all.
    """

    steps: tuple[Step, ...]
    channel: int | None = None

    @property
    def place(self) -> int:
        """Where among the steps the main one stands."""
        for number, step in enumerate(self.steps):
            row = get(step.method)
            if row.takes == "image" and row.makes == "labels":
                return number
        raise InputError(f"None of {self.text} makes labels of an image.")

    @property
    def main(self) -> Step:
        """The step that makes the labels."""
        return self.steps[self.place]

    @property
    def learns(self) -> bool:
        """Whether a step, the main one, learns from the reference; see `taught`."""
        return any(get(step.method).fit is not None for step in self.steps)

    @property
    def changed(self) -> dict[str, Any]:
        """Parameters that are not as they are by default, as ``"method.name"``."""
        found = {} if self.channel is None else {"channel": self.channel}
        for step in self.steps:
            for param in parameters(get(step.method).function):
                value = step.parameters.get(param.name, param.default)
                if value != param.default and not param.role:
                    found[f"{step.method}.{param.name}"] = value
        return found

    @property
    def text(self) -> str:
        """The candidate in one line, with what is not as it is by default."""
        parts = []
        for step in self.steps:
            known = parameters(get(step.method).function)
            words = [
                f"{p.label} {_short(step.parameters[p.name])}"
                for p in known
                if step.parameters.get(p.name, p.default) != p.default
            ]
            parts.append(step.method + (f" ({', '.join(words)})" if words else ""))
        channel = "" if self.channel is None else f"channel {self.channel} → "
        return channel + " → ".join(parts)

    def with_step(self, place: int, step: Step) -> "Candidate":
        """Return this with another step at a place."""
        steps = (*self.steps[:place], step, *self.steps[place + 1 :])
        return Candidate(steps, self.channel)


def step(method: str, values: Mapping[str, Any] | None = None) -> Step:
    """Return a step, its parameters checked and the others as they are by default.

    Parameters
    ----------
    method : str
        A name from `METHODS`.
    values : mapping, optional
        Parameters by name.

    Raises
    ------
    InputError
        When the method or a parameter is unknown or out of its limits.

    Examples
    --------
    >>> Candidate((step("threshold", {"sigma": 2}),)).text
    'threshold (sigma 2)'
    """
    function = get(method).function
    checked = check(function, values or {}, arrays=False)
    return Step(method, tuple(sorted(checked.items())))


def applied(candidate: Candidate, image: SpatialArray) -> SpatialArray:
    """Return the labels that a candidate makes of an image, with their recipe.

    Parameters
    ----------
    candidate : Candidate
        What is run.
    image : SpatialArray
        Of any dimensionality.

    Raises
    ------
    InputError
        When a step cannot work on the image, or learns and is not `taught`.

    Examples
    --------
    >>> from napari_morphogen.samples import coins
    >>> labels = applied(Candidate((step("threshold"),)), coins())
    >>> labels.axes, labels.data.dtype.name
    ('yx', 'int32')
    """
    if candidate.learns:
        raise InputError(
            f"{candidate.main.method} learns from the reference; teach the candidate "
            "first (`taught`)."
        )
    result = image
    for one, channel in channels(candidate):
        result = run(one.method, result, channel=channel, **one.parameters)
    return result


def recipe_of(candidate: Candidate, image: SpatialArray) -> dict[str, Any]:
    """Return the recipe of a candidate on an image, without running it.

    Parameters
    ----------
    candidate : Candidate
        What the recipe says.
    image : SpatialArray
        Its axes and pixel sizes go into the recipe.
    """
    result = image
    for one, channel in channels(candidate):
        todo = plan(one.method, result, channel=channel, **one.parameters)
        shape = tuple(todo.sizes[axis] for axis in todo.axes_of(todo.output))
        empty = np.broadcast_to(np.zeros((), todo.dtype_of(todo.output)), shape)
        result = todo.result(empty, todo.output)
    found: dict[str, Any] = dict(result.metadata[KEY])
    return found


def channels(candidate: Candidate) -> Iterator[tuple[Step, int | None]]:
    """Yield every step with the channel that it is given."""
    for number, one in enumerate(candidate.steps):
        yield one, candidate.channel if number == 0 else None


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
