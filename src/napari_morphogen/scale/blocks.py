"""A plan on a dask array: block by block where the method is local."""

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import last
from napari_morphogen.plans import Plan
from napari_morphogen.registry import Halo


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
    import dask.array as da

    data, name = as_lazy(todo.image.data), todo.output
    axes = todo.axes_of(name)
    if 0 in data.shape:
        sizes = [todo.sizes[axis] for axis in axes]
        return da.zeros(sizes, dtype=todo.dtype_of(name))
    model = _Once(todo.learned)
    frames = [_frame(todo, data, index, model) for index in todo.frames]
    if not todo.looped:
        return frames[0]
    looped = [todo.sizes[axis] for axis in todo.looped]
    stacked = da.stack(frames).reshape((*looped, *frames[0].shape))
    order = todo.looped + "".join(a for a in axes if a not in todo.looped)
    return da.transpose(stacked, [order.index(axis) for axis in axes])


class _Once:
    """What a function returns, called when first needed and never again."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function, self._lock = function, threading.Lock()
        self._found: list[Any] = []

    def __call__(self) -> Any:
        with self._lock:
            if not self._found:
                self._found.append(self._function())
        return self._found[0]

    def __reduce__(self) -> Any:  # a lock cannot travel
        return _Once, (self._function,)


def _frame(todo: Plan, data: Any, index: tuple[int, ...], model: _Once) -> Any:
    image = data[todo.select(todo.image.axes, index)]
    arrays = todo.arrays_at(index)

    def compute(block: NDArray[Any]) -> NDArray[Any]:
        frame = last(todo.steps_of(block, arrays, model()))[todo.output]
        return np.asarray(frame)

    axes = [axis for axis in todo.image.axes if axis not in todo.looped]
    kept = todo.axes_of(todo.output)
    dropped = [i for i, axis in enumerate(axes) if axis not in kept]
    meta = np.empty((0,) * (len(axes) - len(dropped)), todo.dtype_of(todo.output))
    if todo.method.halo is None or "c" in axes:
        return image.rechunk(-1).map_blocks(compute, drop_axis=dropped, meta=meta)
    # map_overlap refuses a depth beyond the length of an axis
    near = zip(reach(todo, todo.method.halo(**todo.values)), image.shape, strict=True)
    depth = {axis: min(pair) for axis, pair in enumerate(near)}
    return image.map_overlap(compute, depth=depth, boundary="none", meta=meta)


def reach(todo: Plan, halo: Halo) -> list[int]:
    """Return the pixels that a block needs around it, per spatial axis.

    Parameters
    ----------
    todo : Plan
        The method and its image.
    halo : Halo
        Of the method with these parameters.
    """
    depth = [math.ceil(halo.distance / s) + halo.pixels for s in todo.seen_spacing]
    if todo.image.data.dtype.kind == "f":
        # A broken pixel takes the nearest value, which is no farther from it than
        # the pixel whose result it enters.
        farther = math.ceil(math.hypot(*depth))
        depth = [d + farther for d in depth]
    return depth


def as_lazy(data: Any) -> Any:
    """Return a dask array over anything sliceable, such as a zarr array.

    Parameters
    ----------
    data : array-like
        A dask array is returned as it is; nothing is loaded.
    """
    import dask.array as da

    if isinstance(data, da.Array):
        return data
    if hasattr(data, "ndim") and hasattr(data, "shape") and hasattr(data, "dtype"):
        return da.from_array(data)
    return np.asarray(data)
