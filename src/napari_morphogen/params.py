"""Parameters of a method, read from its signature, annotations and docstring."""

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import annotated_types as at
import docstring_parser
import numpy as np
from numpy.typing import NDArray


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what and the remedy."""


@dataclass(frozen=True)
class Unit:
    """What a number counts: ``"px"`` lengths or ``"px^n"`` areas and volumes."""

    name: Literal["px", "px^n"]


@dataclass(frozen=True)
class Role:
    """What an array argument holds."""

    name: Literal["image", "labels"]


@dataclass(frozen=True)
class Filled:
    """An argument that the pipeline fills in and no form shows."""


Image = Annotated[NDArray[Any], Role("image")]
Labels = Annotated[NDArray[Any], Role("labels")]
Spacing = Annotated[tuple[float, ...], Filled()]
ChannelAxis = Annotated[int | None, Filled()]
Sigma = Annotated[float, at.Interval(ge=0, le=50), at.MultipleOf(0.1), Unit("px")]
MinSize = Annotated[int, at.Interval(ge=0, le=1_000_000), Unit("px^n")]
Seed = Annotated[int, at.Interval(ge=0, le=2**31 - 1)]


@dataclass(frozen=True)
class Param:
    """One parameter of a method.

    Attributes
    ----------
    name : str
        As in the signature.
    kind : type
        bool, int, float or str; ndarray for a second image or labels.
    default : object
        As in the signature.
    low, high, step : float or None
        Limits (inclusive) and step of a number.
    choices : tuple of str
        What a str may be; empty when it is free.
    unit : str
        ``"px"``, ``"px^n"`` or nothing.
    role : str
        ``"image"`` or ``"labels"`` for an array, else nothing.
    help : str
        From the docstring.
    """

    name: str
    kind: type
    default: Any
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    role: str = ""
    help: str = ""

    @property
    def label(self) -> str:
        """The name as a form shows it."""
        return self.name.replace("_", " ")

    def check(self, value: Any) -> Any:
        """Return `value` in this parameter's type, or raise InputError."""
        if self.role:
            return value
        if self.choices:
            return self._check_choice(value)
        if self.kind is bool:
            return self._check_bool(value)
        if self.kind is str:
            return str(value)
        return self._check_number(value)

    def _check_choice(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self._error("one of " + ", ".join(self.choices), value)
        return str(value)

    def _check_bool(self, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise self._error("True or False", value)
        return bool(value)

    def _check_number(self, value: Any) -> int | float:
        whole = self.kind is int
        try:
            number = math.nan if np.ndim(value) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        wordlike = isinstance(value, (bool, np.bool_, str, bytes))
        if wordlike or not math.isfinite(number):
            raise self._error("a whole number" if whole else "a number", value)
        if whole and number != int(number):
            raise self._error("a whole number", value)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= number <= high:
            raise self._error(f"between {_plain(low)} and {_plain(high)}", value)
        return int(value) if whole else number

    def _error(self, expected: str, value: Any) -> InputError:
        return InputError(
            f"Expected `{self.name}` to be {expected}, but got {value!r}."
        )


@lru_cache(maxsize=None)
def parameters(function: Callable[..., Any]) -> tuple[Param, ...]:
    """Return the parameters a user may set, in the order of the signature.

    Parameters
    ----------
    function : callable
        A method: the array first, everything else keyword-only.

    Examples
    --------
    >>> from napari_morphogen.segment.threshold import threshold
    >>> [p.name for p in parameters(threshold)][:2]
    ['rule', 'objects']
    """
    hints = typing.get_type_hints(function, include_extras=True)
    texts = _parameter_texts(function)
    return tuple(
        _param(name, hints[name], p.default, texts.get(name, ""))
        for name, p in inspect.signature(function).parameters.items()
        if p.kind is p.KEYWORD_ONLY and not _has(hints[name], Filled)
    )


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Tell whether `function` has an argument called `name`."""
    return name in inspect.signature(function).parameters


def check(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of `function`, `values` checked and defaults filled in.

    Raises
    ------
    InputError
        When a name is unknown or a value is out of its limits.

    Examples
    --------
    >>> from napari_morphogen.segment.edges import sobel
    >>> check(sobel, {"sigma": 2})
    {'sigma': 2.0}
    """
    known = {param.name: param for param in parameters(function)}
    for name in values:
        if name not in known:
            method = getattr(function, "__name__", "method")
            raise InputError(
                f"{method} has no parameter `{name}`; "
                f"it has {', '.join(known) or 'none'}."
            )
    return {
        name: param.check(values[name]) if name in values else param.default
        for name, param in known.items()
    }


def summary(function: Callable[..., Any]) -> str:
    """Return the first line of the docstring."""
    return (inspect.getdoc(function) or "").split("\n", 1)[0]


def _parameter_texts(function: Callable[..., Any]) -> dict[str, str]:
    doc = docstring_parser.parse(
        inspect.getdoc(function) or "", docstring_parser.DocstringStyle.NUMPYDOC
    )
    return {
        name.strip(): " ".join((param.description or "").split())
        for param in doc.params
        for name in param.arg_name.split(",")
    }


def _param(name: str, hint: Any, default: Any, text: str) -> Param:
    extras = _extras(hint)
    base = _base(hint)
    if typing.get_origin(base) is Literal:
        choices = typing.get_args(base)
        return Param(name, str, default, choices=choices, help=text)
    role = next((e.name for e in extras if isinstance(e, Role)), "")
    if role:
        return Param(name, np.ndarray, default, role=role, help=text)
    return Param(
        name,
        base,
        default,
        low=_first(extras, "ge"),
        high=_first(extras, "le"),
        step=_first(extras, "multiple_of"),
        unit=next((e.name for e in extras if isinstance(e, Unit)), ""),
        help=text,
    )


def _plain(limit: float) -> str:
    return str(int(limit)) if limit == limit // 1 else f"{limit:g}"


def _first(extras: tuple[Any, ...], attribute: str) -> float | None:
    values = (getattr(extra, attribute, None) for extra in extras)
    return next((value for value in values if value is not None), None)


def _has(hint: Any, kind: type) -> bool:
    return any(isinstance(extra, kind) for extra in _extras(hint))


def _extras(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(e for arg in typing.get_args(hint) for e in _extras(arg))
    return tuple(getattr(hint, "__metadata__", ()))


def _base(hint: Any) -> Any:
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
