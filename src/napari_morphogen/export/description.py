"""What a bioimage.io package says of its model, in one form for all its versions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from napari_morphogen.params import InputError

NAMES = ("rdf.yaml", "bioimageio.yaml", "model.yaml")
LARGEST = 2**20  # bytes of a description
LONGEST = 2**16  # pixels along an axis
LETTERS = {"batch": "b", "channel": "c", "time": "t", "index": "i"}
SPACE = "zyx"
BAD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


class Side(NamedTuple):
    """How long an axis of the input may be: `least` and any number of steps.

    A step of 0 is an axis that is always `least` long.
    """

    least: int
    step: int

    def at_most(self, wanted: int) -> int:
        """Return the greatest length that is allowed and not above `wanted`."""
        if not self.step or wanted <= self.least:
            return self.least
        return self.least + (wanted - self.least) // self.step * self.step

    def at_least(self, wanted: int) -> int:
        """Return the least length that is allowed and not below `wanted`."""
        if not self.step:
            return self.least
        return self.least + max(0, -(-(wanted - self.least) // self.step)) * self.step


class Step(NamedTuple):
    """Something that is done to values before or after a network.

    Attributes
    ----------
    name : str
        As bioimage.io calls it.
    words : mapping
        Its settings.
    axes : str
        Over which it looks at all values together; empty is over all axes.
    """

    name: str
    words: Mapping[str, Any]
    axes: str = ""


class Output(NamedTuple):
    """One of the arrays that a network makes.

    Attributes
    ----------
    axes : str
        One letter per axis, of "bczyx".
    names : tuple of str
        Of its channels; empty where they have none.
    halo : tuple of int
        How many pixels at its ends are not right, per spatial axis.
    after : tuple of Step
        What is done to it.
    """

    axes: str
    names: tuple[str, ...] = ()
    halo: tuple[int, ...] = ()
    after: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Described:
    """What one has to know of a network to apply it to an image.

    Attributes
    ----------
    axes : str
        Of what it takes, one letter per axis, of "bczyx".
    sides : tuple of Side
        Of the spatial axes.
    channels : int
        Of what it takes; 0 is any number.
    outputs : tuple of Output
        What it makes; empty where nothing is known of it.
    before : tuple of Step
        What is done to an image first.
    after : tuple of Step
        What is done to outputs that nothing is known of.
    weights : mapping of str to (str, str)
        Files by their kind, and their hash or "".
    own : mapping
        What this program says of a model that it exported itself.
    """

    axes: str
    sides: tuple[Side, ...]
    channels: int
    outputs: tuple[Output, ...] = ()
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    weights: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ndim(self) -> int:
        """2 for planes, 3 for volumes."""
        return len(self.sides)


def described(text: bytes, path: Path) -> Described:
    """Return what a package says of its model.

    Parameters
    ----------
    text : bytes
        YAML of format 0.4 or 0.5, from anyone.
    path : Path
        Named in messages.

    Raises
    ------
    InputError
        When it is none, or describes a model that takes no single image.
    """
    import yaml

    if len(text) > LARGEST:
        raise InputError(
            f"The description in {path} is too long for a model's; choose another file."
        )
    try:
        found = yaml.safe_load(text)
        read = _read_old if str(found["format_version"]).startswith("0.4") else _read
        model = read(found)
        _check(model)
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, *BAD) as error:
        raise InputError(
            f"The description in {path} is not one of a bioimage.io model of format "
            "0.4 or 0.5; ask for a package that is."
        ) from error
    return model


def _check(model: Described) -> None:
    letters = "".join(letter for letter in model.axes if letter in SPACE)
    if letters not in ("yx", "zyx") or set(model.axes) - set("bczyx"):
        raise InputError(
            f'the model takes arrays with the axes "{model.axes}", but only planes and '
            "volumes with batch and channels can be given; choose another model."
        )
    if len(set(model.axes)) < len(model.axes):
        raise ValueError("an axis twice")
    lengths = [n for side in model.sides for n in side]
    halos = [n for output in model.outputs for n in output.halo]
    numbers = [model.channels, *lengths, *halos]
    if not all(isinstance(n, int) and 0 <= n <= LONGEST for n in numbers):
        raise ValueError("lengths that no image has")
    if any(side.least < 1 for side in model.sides):
        raise ValueError("an axis without length")


def _only(inputs: Sequence[Any]) -> Any:
    """Return the one input that must be given."""
    needed = [given for given in inputs if not given.get("optional", False)]
    if len(needed) != 1:
        raise InputError(
            f"the model takes {len(needed)} images at once, but only one can be given; "
            "choose another model."
        )
    return needed[0]


def _weights(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        str(kind): (str(entry["source"]), str(entry.get("sha256") or ""))
        for kind, entry in found["weights"].items()
        if isinstance(entry, Mapping) and isinstance(entry.get("source"), str)
    }


def _own(found: Mapping[str, Any]) -> Mapping[str, Any]:
    own = (found.get("config") or {}).get("morphogen") or {}
    return own if isinstance(own, Mapping) else {}


# ---- format 0.5


def _read(found: Mapping[str, Any]) -> Described:
    given = _only(found["inputs"])
    axes = [_letter(axis) for axis in given["axes"]]
    named = dict(zip(axes, given["axes"], strict=True))
    return Described(
        "".join(axes),
        tuple(_side(named[letter]["size"]) for letter in axes if letter in SPACE),
        _channel_count(named),
        tuple(_output(output) for output in found["outputs"]),
        tuple(_step(step, axes) for step in given.get("preprocessing") or ()),
        weights=_weights(found),
        own=_own(found),
    )


def _letter(axis: Mapping[str, Any]) -> str:
    if axis["type"] == "space":
        return str(axis.get("id", "x"))
    return LETTERS[axis["type"]]


def _side(size: Any) -> Side:
    if isinstance(size, Mapping):
        return Side(int(size["min"]), int(size["step"]))
    return Side(int(size), 0)


def _channel_count(named: Mapping[str, Any]) -> int:
    return len(named["c"]["channel_names"]) if "c" in named else 1


def _output(found: Mapping[str, Any]) -> Output:
    axes = [_letter(axis) for axis in found["axes"]]
    named = dict(zip(axes, found["axes"], strict=True))
    names = named["c"].get("channel_names", ()) if "c" in named else ()
    return Output(
        "".join(axes),
        tuple(str(name) for name in names) if isinstance(names, list) else (),
        tuple(int(named[a].get("halo", 0)) for a in axes if a in SPACE),
        tuple(_step(step, axes) for step in found.get("postprocessing") or ()),
    )


def _step(found: Mapping[str, Any], axes: Sequence[str]) -> Step:
    words = dict(found.get("kwargs") or {})
    return Step(str(found["id"]), words, _together(words.pop("axes", None)))


def _together(axes: Any) -> str:
    if axes is None:
        return ""
    return "".join(LETTERS.get(str(axis), str(axis)) for axis in axes)


# ---- format 0.4


def _read_old(found: Mapping[str, Any]) -> Described:
    given = _only(found["inputs"])
    axes = str(given["axes"])
    least, steps = _lengths(given["shape"])
    rows = {a: Side(n, s) for a, n, s in zip(axes, least, steps, strict=True)}
    return Described(
        axes,
        tuple(rows[letter] for letter in axes if letter in SPACE),
        rows["c"].least if "c" in rows else 1,
        tuple(_old_output(output) for output in found["outputs"]),
        tuple(_old_step(step) for step in given.get("preprocessing") or ()),
        weights=_weights(found),
        own=_own(found),
    )


def _lengths(shape: Any) -> tuple[list[int], list[int]]:
    if isinstance(shape, Mapping):
        return [int(n) for n in shape["min"]], [int(n) for n in shape["step"]]
    return [int(n) for n in shape], [0] * len(shape)


def _old_output(found: Mapping[str, Any]) -> Output:
    axes = str(found["axes"])
    halo = found.get("halo") or [0] * len(axes)
    pairs = zip(axes, halo, strict=True)
    return Output(
        axes,
        (),
        tuple(int(n) for letter, n in pairs if letter in SPACE),
        tuple(_old_step(step) for step in found.get("postprocessing") or ()),
    )


def _old_step(found: Mapping[str, Any]) -> Step:
    words = dict(found.get("kwargs") or {})
    name, axes = str(found["name"]), str(words.pop("axes", None) or "")
    if words.pop("mode", "") == "fixed" and name == "zero_mean_unit_variance":
        name = "fixed_zero_mean_unit_variance"
    return Step(name, words, axes)


def finite(value: Any) -> float:
    """Return a setting of a step as a number.

    Raises
    ------
    ValueError
        When it is none.

    Examples
    --------
    >>> finite("0.5")
    0.5
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no setting")
    return number
