"""Parameters of a method, read from its signature, annotations and docstring."""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import annotated_types as at
import docstring_parser
import numpy as np
from numpy.typing import NDArray


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what and the remedy."""


class Remark(UserWarning):
    """What a user should know of a result that is right; docks and commands show it."""


@dataclass(frozen=True)
class Unit:
    """What a number counts.

    ``"px"`` are lengths and ``"px^n"`` areas and volumes, in pixels; ``"um"`` are
    micrometres.
    """

    name: Literal["px", "px^n", "um"]


@dataclass(frozen=True)
class Role:
    """What an argument or a result holds.

    ``"channels"`` is an image with one axis more, in front: one plane or volume
    per class. ``"colours"`` is an image with all axes of the input, its channels
    among them. ``"figures"`` are numbers by their names.
    """

    name: Literal["image", "labels", "shapes", "channels", "colours", "figures"]


@dataclass(frozen=True)
class File:
    """A file that a string names; `kinds` are the endings it may have."""

    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """An argument that the pipeline fills in and no form shows."""


Image = Annotated[NDArray[Any], Role("image")]
Labels = Annotated[NDArray[Any], Role("labels")]
Shapes = Annotated[NDArray[Any], Role("shapes")]  # (n, 2, 2) lines, (n, 4, 2) ellipses
Channels = Annotated[NDArray[Any], Role("channels")]
Colours = Annotated[NDArray[Any], Role("colours")]
Figures = Annotated[dict[str, float], Role("figures")]
Spacing = Annotated[tuple[float, ...], Filled()]
ChannelAxis = Annotated[int | None, Filled()]
Sigma = Annotated[float, at.Interval(ge=0, le=50), at.MultipleOf(0.1), Unit("px")]
MinSize = Annotated[int, at.Interval(ge=0, le=1_000_000), Unit("px^n")]
Seed = Annotated[int, at.Interval(ge=0, le=2**31 - 1)]
ModelFile = Annotated[str, File((".morphogen", ".onnx", ".zip", ".pt"))]


Result = TypeVar("Result")


class Step(NamedTuple, Generic[Result]):
    """Where an iterative method stands; it is a generator of these.

    Attributes
    ----------
    number : int
        Iterations done.
    energy : float
        What the iteration makes smaller; NaN where there is no such thing.
    result : callable
        Returns what the method would return if it ended now. Valid until the
        next step is asked for.
    """

    number: int
    energy: float
    result: Callable[[], Result]


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
        ``"px"``, ``"px^n"``, ``"um"`` or nothing.
    role : str
        ``"image"`` or ``"labels"`` for an array, else nothing.
    required : bool
        Whether an array or a file must be given.
    files : tuple of str
        The endings of the files that a str may name; empty when it names none.
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
    required: bool = False
    files: tuple[str, ...] = ()
    help: str = ""

    @property
    def label(self) -> str:
        """The name as a form shows it."""
        return self.name.replace("_", " ")

    def check(self, value: Any) -> Any:
        """Return `value` in this parameter's type, or raise InputError."""
        if self.required and (value is None or (isinstance(value, str) and not value)):
            raise InputError(f"Choose `{self.name}`: {self.help}")
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


def check(
    function: Callable[..., Any], values: Mapping[str, Any], *, arrays: bool = True
) -> dict[str, Any]:
    """Return all parameters of `function`, `values` checked and defaults filled in.

    Parameters
    ----------
    function : callable
        A method.
    values : mapping
        Parameters by name.
    arrays : bool
        Whether those that are arrays are looked at, too.

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
        name: param.check(values.get(name, param.default))
        for name, param in known.items()
        if arrays or not param.role
    }


@lru_cache(maxsize=None)
def takes(function: Callable[..., Any]) -> str:
    """Return the role of the first argument, ``"image"`` or ``"labels"``.

    A function that has no argument but by name makes its image from nothing; what
    it takes is ``""``.
    """
    first = next(iter(inspect.signature(function).parameters.values()))
    if first.kind is first.KEYWORD_ONLY:
        return ""
    return _role(typing.get_type_hints(function, include_extras=True)[first.name])


@lru_cache(maxsize=None)
def outputs(function: Callable[..., Any]) -> Mapping[str, str]:
    """Return the role of every result by its name, the main one first.

    Parameters
    ----------
    function : callable
        A method. It returns one array, or a named tuple of arrays and figures,
        or is a generator of `Step` with one of these.

    Examples
    --------
    >>> from napari_morphogen.segment.threshold import threshold
    >>> dict(outputs(threshold))
    {'labels': 'labels'}
    """
    hint = typing.get_type_hints(function, include_extras=True)["return"]
    if iterates(function):
        (step,) = typing.get_args(hint)
        (hint,) = typing.get_args(step)
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = typing.get_type_hints(hint, include_extras=True)
        return types.MappingProxyType({n: _role(h) for n, h in fields.items()})
    return types.MappingProxyType({_role(hint): _role(hint)})


def iterates(function: Callable[..., Any]) -> bool:
    """Tell whether `function` is a generator of `Step`."""
    return inspect.isgeneratorfunction(function)


def last(steps: Iterator[Step[Result]]) -> Result:
    """Return the result after the last step.

    Examples
    --------
    >>> last(iter([Step(1, 0.5, lambda: "early"), Step(2, 0.1, lambda: "late")]))
    'late'
    """
    step = None
    for step in steps:  # noqa: B007 (only the last one counts)
        pass
    assert step is not None, "an iterative method yields at least one step"
    return step.result()


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
    required = default is inspect.Parameter.empty
    default = None if required else default
    role = next((e.name for e in extras if isinstance(e, Role)), "")
    if role:
        return Param(name, np.ndarray, default, role=role, required=required, help=text)
    files = next((e.kinds for e in extras if isinstance(e, File)), ())
    return Param(
        name,
        base,
        default,
        required=required,
        files=files,
        low=_first(extras, "ge"),
        high=_first(extras, "le"),
        step=_first(extras, "multiple_of"),
        unit=next((e.name for e in extras if isinstance(e, Unit)), ""),
        help=text,
    )


def _role(hint: Any) -> str:
    return next((e.name for e in _extras(hint) if isinstance(e, Role)), "image")


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
