"""A plan on a dask array: block by block where the method is local."""

import math
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float
from napari_morphogen.pipeline import Plan
from napari_morphogen.spatial import SPATIAL_AXES


def lazy(todo: Plan) -> Any:
    """Return the plan's result as a dask array.

    Parameters
    ----------
    todo : Plan
        Its image holds a dask array.

    Returns
    -------
    result : dask array
        In the image's own blocks, with a halo, where the method states one;
        else in one block per frame.

    Notes
    -----
    The blocks of looped axes hold one frame each, so a task never needs more
    memory than one frame and its neighbours.
    """
    frames = [_frame(todo, index) for index in todo.frames]
    looped = [n for a, n in zip(todo.axes, todo.shape, strict=True) if a not in "zyx"]
    spatial = [a for a in todo.axes if a in SPATIAL_AXES]
    if not looped:
        return frames[0]
    stacked = da.stack(frames).reshape((*looped, *frames[0].shape))
    order = [a for a in todo.axes if a not in SPATIAL_AXES] + spatial
    return da.transpose(stacked, [order.index(a) for a in todo.axes])


def _frame(todo: Plan, index: tuple[int, ...]) -> Any:
    image = todo.image.data[todo.select(todo.image.axes, index)]
    axes = [a for a in todo.image.axes if a in SPATIAL_AXES or a not in todo.looped]
    arrays = todo.arrays_at(index)
    if todo.method.halo is None or "c" in axes or 0 in image.shape:
        return _whole(todo, image, axes, arrays)
    halo = todo.method.halo(**todo.values)
    depth = {i: math.ceil(halo / s) for i, s in enumerate(todo.spacing)}
    return image.map_overlap(
        todo.call, arrays=arrays, depth=depth, boundary="none", dtype=_dtype(todo)
    )


def _whole(todo: Plan, image: Any, axes: list[str], arrays: dict[str, Any]) -> Any:
    def compute(frame: NDArray[Any]) -> NDArray[Any]:
        if frame.size == 0:
            return np.zeros(shape, dtype)
        return todo.call(frame, arrays)

    sizes = dict(zip(axes, image.shape, strict=True))
    shape, dtype = tuple(sizes[a] for a in axes if a != "c"), _dtype(todo)
    whole = image.rechunk(-1)
    dropped = [i for i, a in enumerate(axes) if a == "c"]
    return whole.map_blocks(
        compute, drop_axis=dropped, dtype=dtype, meta=np.empty((0,), dtype)
    )


def _dtype(todo: Plan) -> Any:
    if todo.method.makes == "labels":
        return np.dtype(np.int32)
    return as_float(np.empty(0, todo.image.data.dtype)).dtype


def as_lazy(data: Any) -> Any:
    """Return a dask array over anything sliceable, such as a zarr array.

    Parameters
    ----------
    data : array-like
        A dask array is returned as it is; nothing is loaded.
    """
    if isinstance(data, da.Array):
        return data
    if hasattr(data, "ndim") and hasattr(data, "shape") and hasattr(data, "dtype"):
        return da.from_array(data)
    return np.asarray(data)
