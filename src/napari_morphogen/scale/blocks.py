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
    data = as_lazy(todo.image.data)
    if 0 in data.shape:
        return da.zeros(todo.shape, dtype=_dtype(todo))
    frames = [_frame(todo, data, index) for index in todo.frames]
    looped = [n for a, n in zip(todo.axes, todo.shape, strict=True) if a not in "zyx"]
    spatial = [a for a in todo.axes if a in SPATIAL_AXES]
    if not looped:
        return frames[0]
    stacked = da.stack(frames).reshape((*looped, *frames[0].shape))
    order = [a for a in todo.axes if a not in SPATIAL_AXES] + spatial
    return da.transpose(stacked, [order.index(a) for a in todo.axes])


def _frame(todo: Plan, data: Any, index: tuple[int, ...]) -> Any:
    image = data[todo.select(todo.image.axes, index)]
    axes = [a for a in todo.image.axes if a in SPATIAL_AXES or a not in todo.looped]
    arrays = todo.arrays_at(index)
    if todo.method.halo is None or "c" in axes:
        return _whole(todo, image, axes, arrays)
    return image.map_overlap(
        todo.call,
        arrays=arrays,
        depth=_depth(todo, image),
        boundary="none",
        meta=np.empty((0,) * image.ndim, _dtype(todo)),
    )


def _depth(todo: Plan, image: Any) -> dict[int, int]:
    """Return the pixels that a block needs around it, per axis."""
    assert todo.method.halo is not None
    halo = todo.method.halo(**todo.values)
    depth = [math.ceil(halo / s) + 1 for s in todo.spacing]
    if image.dtype.kind == "f":
        # A broken pixel takes the nearest value, which is no farther from it than
        # the pixel whose result it enters.
        farther = math.ceil(math.hypot(*depth))
        depth = [d + farther for d in depth]
    # map_overlap refuses a depth beyond the length of an axis
    return {i: min(depth[i], n) for i, n in enumerate(image.shape)}


def _whole(todo: Plan, image: Any, axes: list[str], arrays: dict[str, Any]) -> Any:
    def compute(frame: NDArray[Any]) -> NDArray[Any]:
        return todo.call(frame, arrays)

    dropped = [i for i, a in enumerate(axes) if a == "c"]
    meta = np.empty((0,) * (len(axes) - len(dropped)), _dtype(todo))
    return image.rechunk(-1).map_blocks(compute, drop_axis=dropped, meta=meta)


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
