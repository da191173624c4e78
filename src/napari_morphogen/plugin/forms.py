"""From the parameters of a method to a form: the one place that knows both."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from magicgui import widgets
from magicgui.widgets.bases import ValueWidget
from qtpy.QtWidgets import QDoubleSpinBox

from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import Method

SLIDER_STEPS = 1000  # beyond, a slider cannot be set to one step any more
FOUND = "(automatic)"
MISSING = "(choose a layer)"
Row = ValueWidget[Any] | widgets.FileEdit


def form(method: Method, layers: Callable[[str], list[str]]) -> widgets.Container[Any]:
    """Return one widget per parameter, in the order of the signature.

    Parameters
    ----------
    method : Method
        Whose parameters.
    layers : callable
        From the role of a parameter to the names of the layers that serve.
    """
    rows = [widget(param, layers) for param in parameters(method.function)]
    container = widgets.Container[Any](widgets=rows, labels=True, name="form")
    container.margins = (0, 0, 0, 0)
    return container


def widget(param: Param, layers: Callable[[str], list[str]]) -> Row:
    """Return the widget of one parameter.

    Parameters
    ----------
    param : Param
        What is set with it.
    layers : callable
        As `form` takes it.
    """
    common: dict[str, Any] = {"name": param.name, "label": _label(param)}
    common["tooltip"] = param.help
    if param.role:
        none = MISSING if param.required else FOUND
        return widgets.ComboBox(
            choices=lambda _: [none, *layers(param.role)], value=none, **common
        )
    if param.choices:
        return widgets.ComboBox(choices=param.choices, value=param.default, **common)
    if param.kind is bool:
        return widgets.CheckBox(value=param.default, **(common | {"text": ""}))
    if param.files:
        endings = " ".join(f"*{ending}" for ending in param.files)
        return widgets.FileEdit(filter=f"Models ({endings})", **common)
    if param.kind is str:
        return widgets.LineEdit(value=param.default, **common)
    return _number(param, common)


def values(container: widgets.Container[Any]) -> dict[str, Any]:
    """Return what the form says; layers by name, None where none is chosen."""
    found = {row.name: _said(row) for row in _rows(container)}
    nothing = (FOUND, MISSING)
    return {n: None if value in nothing else value for n, value in found.items()}


def fill(rows: Iterable[Any], saved: Mapping[str, Any]) -> None:
    """Set the rows of a form to saved values; what no longer fits is left alone."""
    for row in _rows(rows):
        value = saved.get(row.name)
        if value is None:  # nothing was chosen, such as a file
            continue
        try:
            row.value = value
        except (TypeError, ValueError):
            continue  # limits or choices have changed since


def choose(container: widgets.Container[Any], layer: str) -> None:
    """Choose a layer where one is needed and none is chosen."""
    for row in _rows(container):
        if _said(row) == MISSING:
            row.value = layer


def defaults(method: Method) -> dict[str, Any]:
    """Return the default of every parameter that a form can show."""
    return {p.name: p.default for p in parameters(method.function) if not p.role}


def _rows(rows: Iterable[Any]) -> Iterable[Row]:
    return (row for row in rows if isinstance(row, (ValueWidget, widgets.FileEdit)))


def _said(row: Row) -> Any:
    if isinstance(row, widgets.FileEdit):
        # as a path, nothing would be the current folder
        return row.line_edit.value or None
    return row.value


def _number(param: Param, common: dict[str, Any]) -> ValueWidget[Any]:
    whole = param.kind is int
    step = param.step or (1 if whole else 0.01)
    low = param.low if param.low is not None else -1e9
    high = param.high if param.high is not None else 1e9
    slides = (high - low) / step <= SLIDER_STEPS
    kinds: dict[tuple[bool, bool], type[ValueWidget[Any]]] = {
        (True, True): widgets.Slider,
        (True, False): widgets.SpinBox,
        (False, True): widgets.FloatSlider,
        (False, False): widgets.FloatSpinBox,
    }
    cast = int if whole else float
    limits: dict[str, Any] = {"min": cast(low), "max": cast(high), "step": cast(step)}
    made = kinds[whole, slides](value=param.default, **limits, **common)
    for readout in made.native.findChildren(QDoubleSpinBox):
        readout.setDecimals(max(2, round(-math.log10(step))))  # 2 would hide 0.001
        readout.setValue(param.default)
    return made


def _label(param: Param) -> str:
    unit = {"px": "px", "px^n": "px", "um": "µm"}.get(param.unit, "")
    return f"{param.label} [{unit}]" if unit else param.label
