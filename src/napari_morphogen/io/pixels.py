"""Values and recipes as files can hold them."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

RECIPE = "morphogen"
KINDS = {
    "c": "complex numbers; take their magnitude first",
    "O": "Python objects; make an array of numbers first",
    "V": "records of several fields; take one of them first",
}


def check_pixels(data: Any, name: str) -> None:
    """Raise InputError unless `data` holds at least one real number.

    Examples
    --------
    >>> check_pixels(np.zeros((0, 5)), "empty.npy")
    Traceback (most recent call last):
    napari_morphogen.params.InputError: empty.npy has the shape (0, 5), no pixels; ...
    """
    if 0 in data.shape:
        raise InputError(
            f"{name} has the shape {tuple(data.shape)}, no pixels; "
            "choose another image."
        )
    kind = np.dtype(data.dtype).kind
    if kind not in "buif":
        held = KINDS.get(kind, f"{data.dtype} values; convert them to numbers first")
        raise InputError(f"{name} holds {held}.")


def native(data: Any) -> Any:
    """Return `data` in the byte order of this machine, which compiled code needs."""
    return data if data.dtype.isnative else data.astype(data.dtype.newbyteorder("="))


def is_labels(image: SpatialArray) -> bool:
    """Tell whether the values are names of objects, which must not be averaged.

    Examples
    --------
    >>> is_labels(SpatialArray(np.zeros((4, 4), "int32"), "yx"))
    True
    """
    dtype = np.dtype(image.data.dtype)
    kind = image.metadata.get("kind")
    if kind in ("labels", "image"):
        return kind == "labels" and dtype.kind in "bui"
    return dtype.kind == "b" or (dtype.kind in "ui" and dtype.itemsize >= 4)


def narrowed(data: NDArray[Any], dtypes: tuple[str, ...], where: str) -> NDArray[Any]:
    """Return whole numbers in the first of `dtypes` that holds all of them.

    Raises
    ------
    InputError
        When none does; the message ends with `where` to put them instead.

    Examples
    --------
    >>> narrowed(np.array([[0, 70_000]]), ("uint16", "uint32"), "a .tif").dtype
    dtype('uint32')
    """
    low, high = int(data.min()), int(data.max())
    for dtype in dtypes:
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return data.astype(dtype, copy=False)
    raise InputError(
        f"The values {low} to {high} do not fit into {dtypes[-1]}, "
        f"the widest that this format holds; {where}."
    )


def recipe_text(image: SpatialArray) -> str:
    """Return the recipe of `image` as ASCII JSON, or nothing where it has none."""
    recipe = image.metadata.get(RECIPE)
    return json.dumps(recipe) if recipe else ""


def recipe_metadata(recipe: Any) -> dict[str, Any]:
    """Return the metadata that hold `recipe`, a mapping or its JSON.

    Examples
    --------
    >>> recipe_metadata('{"steps": []}')
    {'morphogen': {'steps': []}}
    >>> recipe_metadata("strangers write anything")
    {}
    """
    if isinstance(recipe, str):
        try:
            recipe = json.loads(recipe)
        except (ValueError, RecursionError):
            return {}
    return {RECIPE: dict(recipe)} if isinstance(recipe, Mapping) else {}
