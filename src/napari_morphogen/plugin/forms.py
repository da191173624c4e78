"""From the parameters of a method to a form: the one place that knows both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from magicgui import widgets
from magicgui.widgets.bases import ValueWidget

from napari_morphogen.params import Param, parameters
from napari_morphogen.registry import Method

SLIDER_STEPS = 1000  # beyond, a slider cannot be set to one step any more
FOUND = "(automatic)"


def form(method: Method, layers: Callable[[str], list[str]]) -> widgets.Container[Any]:
    """Return one widget per parameter, in the order of the signature.

    Parameters
    ----------
    method : Method
        Whose parameters.
    layers : callable
        From ``"image"`` or ``"labels"`` to the names of such layers.
    """
    rows = [_widget(param, layers) for param in parameters(method.function)]
    container = widgets.Container[Any](widgets=rows, labels=True, name="form")
    container.margins = (0, 0, 0, 0)
    return container


def values(container: widgets.Container[Any]) -> dict[str, Any]:
    """Return what the form says; layers by name, None where none is chosen."""
    found = {row.name: row.value for row in _rows(container)}
    return {name: None if value == FOUND else value for name, value in found.items()}


def fill(container: widgets.Container[Any], saved: Mapping[str, Any]) -> None:
    """Set the rows to saved values; what does not fit any more is left alone."""
    for row in _rows(container):
        if row.name in saved:
            try:
                row.value = saved[row.name]
            except (TypeError, ValueError):
                continue  # limits or choices have changed since


def defaults(method: Method) -> dict[str, Any]:
    """Return the default of every parameter that a form can show."""
    return {p.name: FOUND if p.role else p.default for p in parameters(method.function)}


def _rows(container: widgets.Container[Any]) -> Iterable[ValueWidget[Any]]:
    return (row for row in container if isinstance(row, ValueWidget))


def _widget(param: Param, layers: Callable[[str], list[str]]) -> ValueWidget[Any]:
    common: dict[str, Any] = {"name": param.name, "label": _label(param)}
    common["tooltip"] = param.help
    if param.role:
        return widgets.ComboBox(
            choices=lambda _: [FOUND, *layers(param.role)], value=FOUND, **common
        )
    if param.choices:
        return widgets.ComboBox(choices=param.choices, value=param.default, **common)
    if param.kind is bool:
        return widgets.CheckBox(value=param.default, **(common | {"text": ""}))
    if param.kind is str:
        return widgets.LineEdit(value=param.default, **common)
    return _number(param, common)


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
    return kinds[whole, slides](value=param.default, **limits, **common)


def _label(param: Param) -> str:
    unit = {"px": "px", "px^n": "px"}.get(param.unit, "")
    return f"{param.label} [{unit}]" if unit else param.label
