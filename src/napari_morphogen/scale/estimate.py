"""What a run on a large image will take: memory, time and room on the disk."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import psutil

from napari_morphogen.params import InputError, last
from napari_morphogen.plans import Plan
from napari_morphogen.scale.blocks import as_lazy
from napari_morphogen.scale.grid import Grid, extent
from napari_morphogen.scale.sizes import block_sides
from napari_morphogen.scale.tasks import Pixels

BYTES = 64  # of memory per pixel seen at once, of one channel: images, queues, labels
LARGE = 2**26  # pixels of a lazy frame from which on blocks are the usual way
AROUND = 1.5  # pixels seen for each of a block
TRIAL = {2: (512, 512), 3: (32, 128, 128)}
SHARE = 0.5  # of the memory of the machine that may be used


def is_large(todo: Plan) -> bool:
    """Tell whether a plan is computed in blocks unless the user wants it otherwise.

    Parameters
    ----------
    todo : Plan
        Whose image may be lazy; one in memory is never large.
    """
    lazy = not isinstance(todo.image.data, np.ndarray)
    frame = math.prod(todo.sizes[axis] for axis in todo.spatial)
    return lazy and frame > LARGE


def why_whole(todo: Plan) -> str:
    """Return why a plan cannot be computed in blocks, "" where it can."""
    method, name = todo.method, todo.output
    if method.size is not None or todo.outputs[name] in ("shapes", "channels"):
        return f"{method.name} makes something of another size than the image"
    if method.halo is not None:
        return ""
    if method.blocks is None:
        return f"{method.name} needs to see the whole image at once"
    if name != next(iter(todo.outputs)):
        return f'only the main result of {method.name} is made in blocks, not "{name}"'
    return ""


def check_fits(todo: Plan, reason: str) -> None:
    """Raise InputError where whole frames of a plan do not fit into memory.

    Parameters
    ----------
    todo : Plan
        To be computed as a whole.
    reason : str
        Why it cannot be computed in blocks.
    """
    needed = todo.seen_pixels * BYTES
    if needed > SHARE * psutil.virtual_memory().total:
        raise InputError(
            f"{reason}, which would take about {_bytes(needed)} of memory; crop the "
            "image, use a coarser resolution or another method."
        )


class Estimate(NamedTuple):
    """What a run will take.

    Attributes
    ----------
    blocks : int
        How many there are.
    memory : int
        Bytes at once, block by block.
    whole : int
        Bytes at once, were every frame computed as a whole.
    disk : int
        Bytes at most, before compression.
    seconds : float
        Measured on a small part in the middle and scaled.
    """

    blocks: int
    memory: int
    whole: int
    disk: int
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether whole frames fit into the memory of this machine."""
        return bool(self.whole <= SHARE * psutil.virtual_memory().total)

    def __str__(self) -> str:
        return (
            f"{self.blocks} blocks: about {_time(self.seconds)}, "
            f"{_bytes(self.memory)} of memory, at most {_bytes(self.disk)} on disk"
        )


def estimated(todo: Plan, sides: Sequence[int], workers: int) -> Estimate:
    """Return what a plan will take, computed in blocks.

    Parameters
    ----------
    todo : Plan
        A small part of its image is computed.
    sides : sequence of int
        As of `block_sides`.
    workers : int
        Blocks at once.
    """
    shape = tuple(todo.sizes[axis] for axis in todo.spatial)
    chosen = tuple(map(min, block_sides(sides, shape), shape))
    grid = Grid(shape, chosen, len(todo.frames))
    pixels = todo.seen_pixels
    channels = pixels / max(1, math.prod(shape))
    own = np.prod(grid.sides, dtype=float) * AROUND * channels
    out = np.prod(todo.shape, dtype=float) * todo.dtype_of(todo.output).itemsize
    twice = 1 if todo.method.halo else 2  # objects are written twice
    return Estimate(
        blocks=len(grid),
        memory=int(min(own, pixels) * BYTES * workers),
        whole=int(pixels * BYTES),
        disk=int(out * twice * 4 / 3),  # coarser levels are a third
        seconds=_seconds_per_pixel(todo) * pixels * len(todo.frames) / workers,
    )


def _seconds_per_pixel(todo: Plan) -> float:
    """Return how long the method takes in the middle of the first frame."""
    for size in (1 / 4, 1.0):  # what is done once is not counted
        box = []
        for axis, most in zip(todo.spatial, TRIAL[len(todo.spatial)], strict=True):
            length = todo.sizes[axis]
            side = min(max(1, int(most * size)), length)
            box.append(slice((length - side) // 2, (length - side) // 2 + side))
        at = dict(zip(todo.spatial, box, strict=True))
        at |= dict.fromkeys(todo.looped, 0)  # type: ignore[arg-type]
        place = tuple(at.get(axis, slice(None)) for axis in todo.image.axes)
        arrays = {
            name: np.asarray(as_lazy(value.data)[tuple(at[a] for a in value.axes)])
            for name, value in todo.layers.items()
        }
        start = time.perf_counter()
        source = str(todo.image.metadata.get("path", ""))
        frame = Pixels(as_lazy(todo.image.data)[place], source).load()
        last(todo.steps_of(frame, arrays))
        spent = time.perf_counter() - start
    return spent / max(1, math.prod(extent(box)))


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 90 else f"{minutes / 60:.1f} h"
