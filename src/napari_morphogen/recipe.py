"""How a result was made: written down, shown as Python, replayed."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.params import InputError
from napari_morphogen.spatial import Canvas, SpatialArray

KEY = "morphogen"
FORMAT = 1
AGAIN = "save the recipe again"
STEP_KINDS: dict[str, Any] = {
    "method": str,
    "parameters": dict,
    "axes": str | None,
    "channel": int | None,
    "spacing": list | None,
    "output": str | None,
}


def product_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("napari-morphogen")
    except PackageNotFoundError:  # running from a source tree that is not installed
        return "0+unknown"


def extend(
    image: SpatialArray,
    *,
    method: str,
    parameters: Mapping[str, Any],
    channel: int | None,
    spacing: tuple[float, ...],
    output: str | None = None,
) -> dict[str, Any]:
    """Return the recipe of `image` with one step more.

    `output` names one of several results; None is the main one.

    Returns
    -------
    recipe : dict
        JSON: ``format``, ``version``, ``input`` (name, shape, dtype and axes of
        the first image; None where the first step makes it) and ``steps``.
    """
    before = _history(image.metadata.get(KEY))
    if before is None:
        source = (
            None
            if isinstance(image, Canvas)
            else {
                "name": image.name,
                "path": str(image.metadata.get("path", "")),
                "shape": list(map(int, image.data.shape)),
                "dtype": str(image.data.dtype),
                "axes": image.axes,
            }
        )
        before = {"input": source, "steps": []}
    step = {
        "method": method,
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "axes": image.axes,
        "channel": channel,
        "spacing": list(spacing),
        "output": output,
    }
    return {
        "format": FORMAT,
        "version": product_version(),
        "input": before["input"],
        "steps": [*before["steps"], step],
    }


def save(path: str | Path, recipe: Mapping[str, Any]) -> Path:
    """Write a recipe as JSON; the file appears whole or not at all."""
    path = Path(path)
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
    aside.replace(path)
    return path


def load(path: str | Path) -> dict[str, Any]:
    """Read a recipe written by `save`.

    Raises
    ------
    InputError
        When the file is missing, no recipe, or from a newer version.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"Cannot read the recipe {path} ({error}); choose another file."
        ) from error
    return validated(found)


def validated(recipe: Any) -> dict[str, Any]:
    """Return `recipe` if it can be replayed here, or raise InputError."""
    if not isinstance(recipe, dict) or not isinstance(recipe.get("steps"), list):
        raise InputError(
            "This is no recipe: it has no list of steps; choose another file."
        )
    if not isinstance(recipe.get("format"), int) or recipe["format"] > FORMAT:
        raise InputError(
            f"The recipe has format {recipe.get('format')} (made by version "
            f"{recipe.get('version', 'unknown')}), but this version reads up to "
            f"{FORMAT}; update napari-morphogen."
        )
    for number, step in enumerate(recipe["steps"], 1):
        if not isinstance(step, dict) or not isinstance(step.get("parameters"), dict):
            raise InputError(f"Step {number} of the recipe has no parameters; {AGAIN}.")
        if "method" not in step:
            raise InputError(f"Step {number} of the recipe has no method; {AGAIN}.")
        for key, value in step.items():
            if key not in STEP_KINDS:
                raise InputError(
                    f"Step {number} of the recipe has an unknown `{key}`; {AGAIN}."
                )
            if not isinstance(value, STEP_KINDS[key]):
                raise InputError(
                    f"Step {number} of the recipe has a wrong `{key}`, {value!r}; "
                    f"{AGAIN}."
                )
    return recipe


def replay(
    recipe: Mapping[str, Any],
    image: Any = None,
    *,
    own_spacing: bool = False,
    **arrays: Any,
) -> SpatialArray:
    """Apply the steps of a recipe to an image.

    Parameters
    ----------
    recipe : mapping
        From a result's ``metadata["morphogen"]`` or from `load`.
    image : SpatialArray or array
        What the first step starts from; not used where it makes its own image.
    own_spacing : bool
        Use the image's pixel size instead of the recorded one.
    **arrays
        Labels or images, by the name of the parameter, that the recipe took
        from a layer painted by hand.

    Returns
    -------
    result : SpatialArray

    Raises
    ------
    InputError
        When a method, a parameter or an array is unknown or missing.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen import SpatialArray, run
    >>> image = SpatialArray(np.eye(8), "yx")
    >>> labels = run("threshold", image, min_size=0)
    >>> again = replay(labels.metadata["morphogen"], image)
    >>> bool((again.data == labels.data).all())
    True
    """
    from napari_morphogen.pipeline import run
    from napari_morphogen.spatial import as_spatial

    if not validated(dict(recipe))["steps"]:
        if image is None:
            raise InputError("The recipe has no steps; give it an image to start from.")
        return as_spatial(image)
    method, taken, words = last_step(recipe, image, own_spacing=own_spacing, **arrays)
    made: SpatialArray = run(method, taken, **words)
    return made


def last_step(
    recipe: Mapping[str, Any],
    image: Any = None,
    *,
    own_spacing: bool = False,
    **arrays: Any,
) -> tuple[str, SpatialArray | None, dict[str, Any]]:
    """Apply all steps of a recipe but the last to an image.

    Parameters
    ----------
    recipe, image, own_spacing, **arrays
        As of `replay`.

    Returns
    -------
    method : str
        Of the last step.
    image : SpatialArray or None
        What it is applied to.
    words : dict
        What else `napari_morphogen.run` is to be given.
    """
    from napari_morphogen.pipeline import run
    from napari_morphogen.spatial import as_spatial

    steps = validated(dict(recipe))["steps"]
    if not steps:
        raise InputError("The recipe has no steps; there is nothing to apply.")
    _check_names(steps, arrays)
    source = None
    if image is not None and not makes_its_image(recipe):
        source = as_spatial(image, _recorded_axes(steps[:1], image))
    result = source
    for step in steps[:-1]:
        words = _words(step, result, source, arrays, own_spacing)
        result = run(step["method"], result, **words)
    words = _words(steps[-1], result, source, arrays, own_spacing)
    return steps[-1]["method"], result, words


def _words(
    step: Mapping[str, Any],
    image: SpatialArray | None,
    source: SpatialArray | None,
    arrays: Mapping[str, Any],
    own_spacing: bool,
) -> dict[str, Any]:
    """Return what `run` is given for a step."""
    values = {
        name: _array(name, value, source, arrays) if isinstance(value, dict) else value
        for name, value in step["parameters"].items()
    }
    options = {
        "axes": _recorded_axes([step], image),
        "channel": step.get("channel"),
        "spacing": None if own_spacing else _recorded_spacing(step, image),
        "output": step.get("output"),
    }
    return options | values


def makes_its_image(recipe: Mapping[str, Any]) -> bool:
    """Tell whether the first step of a recipe starts from nothing."""
    return bool(recipe.get("input", True) is None)


def as_python(recipe: Mapping[str, Any]) -> str:
    """Return a script that does what the recipe says.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen import SpatialArray, run
    >>> made = run("laplacian", SpatialArray(np.eye(8), "yx", name="eye")).metadata
    >>> print(as_python(made["morphogen"]))
    from napari_morphogen import read, run, write
    <BLANKLINE>
    image = read('eye', axes='yx')
    image = run('laplacian', image, spacing=(1.0, 1.0), sigma=2.0)
    write('result.tif', image)
    """
    steps, source = recipe["steps"], recipe["input"]
    made = makes_its_image(recipe)
    lines = [f"from napari_morphogen import {'' if made else 'read, '}run, write", ""]
    if not made:
        name = source.get("path") or source.get("name") or "image.tif"
        axes = steps[0].get("axes") if steps else None
        lines.append(f"image = read({name!r}" + (f", axes={axes!r})" if axes else ")"))
    lines += [_call(step, made and step is steps[0]) for step in steps]
    return "\n".join([*lines, "write('result.tif', image)"])


def _call(step: Mapping[str, Any], first: bool) -> str:
    """Return a step as Python; one that is `first` makes its image from nothing."""
    given: dict[str, Any] = {}
    if step.get("channel") is not None:
        given["channel"] = step["channel"]
    if not first:
        given["spacing"] = tuple(step.get("spacing") or ())
    if step.get("output"):
        given["output"] = step["output"]
    given |= step["parameters"]
    words = [f"{key}={_python(key, value)}" for key, value in given.items()]
    taken = [] if first else ["image"]
    return f"image = run({', '.join([repr(step['method']), *taken, *words])})"


def _history(found: Any) -> dict[str, Any] | None:
    try:
        return validated(found) if "input" in found else None
    except (InputError, TypeError):  # a foreign or damaged file: begin anew
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, SpatialArray):
        made = value.metadata.get(KEY)
        return {"recipe": made} if made else {"layer": value.name}
    return value


def _python(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"read({key + '.tif'!r})"
    return repr(value)


def _array(
    name: str,
    value: Mapping[str, Any],
    source: SpatialArray | None,
    arrays: Mapping[str, Any],
) -> Any:
    if name in arrays:
        return arrays[name]
    if "recipe" in value:
        return replay(value["recipe"], source)
    raise InputError(
        f'The recipe takes `{name}` from the layer "{value.get("layer", "")}"; '
        f"give it as {name}=… (on the command line: --with {name}=FILE)."
    )


def _check_names(steps: list[dict[str, Any]], arrays: Mapping[str, Any]) -> None:
    taken = {
        name
        for step in steps
        for name, value in step["parameters"].items()
        if isinstance(value, dict)
    }
    for name in arrays:
        if name not in taken:
            known = ", ".join(sorted(taken)) or "no layer"
            raise InputError(f"The recipe takes no `{name}`; it takes {known}.")


def _recorded_axes(steps: Sequence[Mapping[str, Any]], image: Any) -> str | None:
    axes: str = steps[0].get("axes") or "" if steps else ""
    data = image.data if isinstance(image, SpatialArray) else image
    return axes if len(axes) == np.ndim(data) else None


def _recorded_spacing(
    step: Mapping[str, Any], image: SpatialArray | None
) -> tuple[float, ...] | None:
    spacing = tuple(step.get("spacing") or ())
    known = () if image is None else image.spacing
    return spacing if spacing and len(spacing) == len(known) else None
