"""Parameters of methods as options of a command, read from signatures."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from napari_morphogen.params import Param, check, parameters


def add_parameters(
    parser: argparse.ArgumentParser,
    function: Callable[..., Any],
    without: Sequence[str] = (),
) -> None:
    """Add an option for every parameter of a method.

    Parameters
    ----------
    parser : ArgumentParser
        Of the command that runs the method.
    function : callable
        The method.
    without : sequence of str
        Parameters that the command does not need.
    """
    group = parser.add_argument_group("parameters")
    for param in parameters(function):
        if param.name not in without:
            _add_parameter(group, param)


def given_values(
    given: argparse.Namespace, function: Callable[..., Any]
) -> dict[str, Any]:
    """Return the parameters of a method as they were given, arrays by their files.

    Parameters
    ----------
    given : Namespace
        What the parser of `add_parameters` read.
    function : callable
        The method.

    Raises
    ------
    InputError
        When a value is out of its limits.
    """
    there = vars(given)
    named = {p.name: f"p_{p.name}" for p in parameters(function)}
    values = {name: there[key] for name, key in named.items() if key in there}
    check(function, values)  # a wrong value is the call's fault, not a file's
    return values


def _add_parameter(group: Any, param: Param) -> None:
    flag = "--" + param.name.replace("_", "-")
    text = param.help.replace("%", "%%")
    if param.role:
        group.add_argument(
            flag,
            dest=f"p_{param.name}",
            metavar="FILE",
            help=text,
            required=param.required,
        )
        return
    options: dict[str, Any] = {"dest": f"p_{param.name}", "default": param.default}
    options["help"] = f"{text} [{param.default}]"
    if param.kind is bool:
        options["action"] = argparse.BooleanOptionalAction
    elif param.choices:
        options["choices"] = param.choices
    else:
        options |= {"type": param.kind, "metavar": _limits(param)}
    group.add_argument(flag, **options)


def _limits(param: Param) -> str:
    if param.low is None or param.high is None:
        return param.kind.__name__.upper()
    return f"{param.low:g}..{param.high:g}"
