"""What is done for one block; every task can run in any process."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.io.ngff import stored_order
from napari_morphogen.params import InputError
from napari_morphogen.plans import Plan
from napari_morphogen.scale.grid import Block, Box, Grid, within
from napari_morphogen.scale.joining import Found, Joint, found_in, joint_of
from napari_morphogen.scale.unfinished import Unfinished
from napari_morphogen.segment.ids import touching
from napari_morphogen.segment.objects import connected_objects
from napari_morphogen.segment.parts import Question

KEPT = "the finished blocks are kept: run the same again to go on"
BROKEN = (OSError, ValueError, RuntimeError, LookupError)
SHRUNK = "yx"  # axes of which coarser resolutions have fewer pixels
Face = tuple[int, int]  # axis, and 0 for its near end or 1 for its far end


class Pixels:
    """Some pixels of an image that are loaded when they are needed.

    Parameters
    ----------
    data : dask array
        Only what it depends on is kept.
    source : str
        Path of the image, or "".
    """

    def __init__(self, data: Any, source: str) -> None:
        from dask.base import optimize

        (self._data,) = optimize(data)
        self._source = source

    def load(self) -> NDArray[Any]:
        """Return them, or raise InputError."""
        name = self._source or "The image"
        try:
            found = np.asarray(self._data.compute(scheduler="synchronous"))
        except BROKEN as error:
            reason = str(error) or type(error).__name__
            raise InputError(
                f"{name} cannot be read here ({reason}); mend it; {KEPT}."
            ) from error
        if self._source and not Path(self._source).exists():
            raise InputError(f"{name} is no longer there; bring it back; {KEPT}.")
        return found


@dataclass(frozen=True)
class Part:
    """A block and what is needed to compute it.

    Attributes
    ----------
    todo : Plan
        Without pixels.
    block : Block
        Which block.
    window : tuple of slice
        The block with its surroundings.
    shape : tuple of int
        Of the frame, spatial axes only.
    image : Pixels
        Of the window.
    arrays : mapping of str to Pixels
        The array parameters there.
    """

    todo: Plan
    block: Block
    window: Box
    shape: tuple[int, ...]
    image: Pixels
    arrays: Mapping[str, Pixels]

    def prepared(self) -> tuple[NDArray[Any], dict[str, Any]]:
        """Return the pixels as the method sees them, and all its arguments."""
        arrays = {name: pixels.load() for name, pixels in self.arrays.items()}
        return self.todo.prepared(self.image.load(), arrays)

    @property
    def place(self) -> dict[str, Any]:
        """Where it lies, in words that the functions of `Blocks` take."""
        return {
            "window": self.window,
            "place": self.block.box,
            "shape": self.shape,
        }


class Wider(NamedTuple):
    """The answer of a block whose surroundings were too narrow."""

    block: Block
    faces: tuple[Face, ...]


class Ready(NamedTuple):
    """The answer of a block that is done."""

    block: Block


def without_pixels(todo: Plan) -> Plan:
    """Return a plan that travels to any process at no cost."""
    import dask.array as da

    blank = da.zeros(todo.image.data.shape, dtype=todo.image.data.dtype, chunks=-1)
    values = dict(todo.values) | dict.fromkeys(todo.layers)
    return replace(
        todo,
        image=todo.image.like(blank, metadata={}),
        values=values,
        recipe={"steps": [{}]},
    )


def asked(part: Part, question: Question) -> Any:
    """Return the answer of one part to a question about the whole."""
    frame, words = part.prepared()
    words |= part.place
    return question(frame, within(part.block.box, part.window), **words)


def find_objects(
    part: Part,
    settled: Mapping[str, Any],
    halo: tuple[int, ...],
    folder: Unfinished,
    final: bool,
) -> Wider | Ready:
    """Write the objects of a block by numbers of its own.

    Parameters
    ----------
    part : Part
        The block.
    settled : mapping
        What the survey found.
    halo : tuple of int
        How near to the end of the window pixels are not yet right.
    folder : Unfinished
        Where the objects go.
    final : bool
        Whether the window can grow no more.
    """
    assert part.todo.method.blocks is not None
    frame, words = part.prepared()
    labels, area = part.todo.method.blocks.parts(
        frame, **(words | part.place | dict(settled))
    )
    faces: tuple[Face, ...] = ()
    if area is not None:
        faces = _open_faces(labels, area, part, halo)
        if faces and not final:
            return Wider(part.block, faces)
    numbered, found = found_in(labels, part.window, part.block.box, part.shape)
    found = replace(found, cut=bool(faces))
    place = placed(part.todo, part.todo.axes, part.block)
    shown = np.where(numbered > 0, numbered + _shift(part.block), 0)
    with writing(folder):
        _array(folder.objects)[place] = shown
        _show(folder, part.todo, part.todo.axes, part.block, shown)
        found.save(folder.found(part.block.number))
    return Ready(part.block)


def join(
    grid: Grid, block: Block, folder: Unfinished, regions: bool
) -> tuple[Block, Joint]:
    """Return how the objects of a block go on in the blocks after it.

    Parameters
    ----------
    grid : Grid
        Of the image.
    block : Block
        Which block.
    folder : Unfinished
        Where the objects are.
    regions : bool
        As of `joint_of`.
    """

    def load(one: Block) -> Found:
        return Found.load(folder.found(one.number), len(grid.shape))

    with writing(folder):
        return block, joint_of(grid, block, load, regions=regions)


def write_pixels(part: Part, settled: Mapping[str, Any], folder: Unfinished) -> Ready:
    """Write the final pixels of a block.

    Parameters
    ----------
    part : Part
        The block.
    settled : mapping
        What the survey found.
    folder : Unfinished
        Where they go.
    """
    name, todo = part.todo.output, part.todo
    frame, words = part.prepared()
    blocks = todo.method.blocks
    if blocks is None:
        found = todo.named(todo.method.function(frame, **words))[name]
    else:
        found = todo.typed(
            name, blocks.parts(frame, **(words | part.place | dict(settled)))
        )
    axes = todo.axes_of(name)
    inside = dict(zip(todo.spatial, within(part.block.box, part.window), strict=True))
    seen = [axis for axis in axes if axis not in todo.looped]
    pixels = found[tuple(inside.get(axis, slice(None)) for axis in seen)]
    with writing(folder):
        _show(folder, todo, axes, part.block, pixels)
    _write(folder, todo, axes, part.block, pixels)
    return Ready(part.block)


def write_labels(
    todo: Plan, block: Block, table: NDArray[np.int32], folder: Unfinished
) -> Ready:
    """Write the final labels of a block.

    Parameters
    ----------
    todo : Plan
        Without pixels.
    block : Block
        Which block.
    table : ndarray of int32
        The final number of each of its objects, that of the background first.
    folder : Unfinished
        Where its objects are and the labels go.
    """
    with writing(folder):
        shown = np.asarray(_array(folder.objects)[placed(todo, todo.axes, block)])
    own = np.where(shown > 0, shown - _shift(block), 0)
    _write(folder, todo, todo.axes, block, table[own])
    return Ready(block)


def placed(todo: Plan, axes: str, block: Block) -> tuple[Any, ...]:
    """Return where a block lies in an array that has these axes."""
    at: dict[str, Any] = dict(zip(todo.looped, todo.frames[block.frame], strict=True))
    at |= dict(zip(todo.spatial, block.box, strict=True))
    return tuple(at.get(axis, slice(None)) for axis in axes)


@contextmanager
def writing(folder: Unfinished) -> Iterator[None]:
    """Say in words what hinders writing."""
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise InputError(
            f"{folder.path} cannot be written ({reason or error}); make room there "
            f"or allow it; {KEPT}."
        ) from error


def _shift(block: Block) -> int:
    """Return what makes the numbers of a block look unlike those of its neighbours."""
    return block.number % 1000 * 100_003


def _show(
    folder: Unfinished, todo: Plan, axes: str, block: Block, pixels: NDArray[Any]
) -> None:
    """Write a block at coarser resolutions, to look at until all is done."""
    seen = [axis for axis in axes if axis not in todo.looped]
    place = placed(todo, axes, block)
    for path in folder.coarser():
        array, step = _array(path), 2 ** int(path.name)
        thinned = tuple(slice(None, None, step if a in SHRUNK else 1) for a in seen)
        array[
            tuple(
                slice(at.start // step, -(-at.stop // step)) if a in SHRUNK else at
                for a, at in zip(axes, place, strict=True)
            )
        ] = pixels[thinned]


def _write(
    folder: Unfinished, todo: Plan, axes: str, block: Block, pixels: NDArray[Any]
) -> None:
    order = stored_order(todo.image.like(np.empty((0,) * len(axes)), axes))
    place = placed(todo, axes, block)
    whole = np.expand_dims(
        pixels, [i for i, at in enumerate(place) if not isinstance(at, slice)]
    )
    there = [at if isinstance(at, slice) else slice(at, at + 1) for at in place]
    with writing(folder):
        image = _array(folder.image / "0")
        image[tuple(there[i] for i in order)] = whole.transpose(order)
        folder.note_written(block.number)


def _array(path: Path) -> Any:
    import zarr

    return zarr.open_array(str(path), mode="r+")


def _open_faces(
    labels: NDArray[np.int32],
    area: NDArray[np.bool_],
    part: Part,
    halo: tuple[int, ...],
) -> tuple[Face, ...]:
    """Return the ends of the window where objects that the block needs may go on."""
    ids = _with_unseen(labels, area)
    inside = within(part.block.box, part.window)
    wide = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in inside)
    needed = np.unique(ids[wide])
    needed = needed[needed > 0]
    pairs: NDArray[Any] | None = None
    faces = []
    for axis, (window, near) in enumerate(zip(part.window, halo, strict=True)):
        ends = (slice(0, near + 1), slice(-near - 1, None))
        outer = (window.start > 0, window.stop < part.shape[axis])
        for end in (0, 1):
            if not outer[end]:
                continue
            there = np.unique(ids[(slice(None),) * axis + (ends[end],)])
            there = there[there > 0]
            if not there.size:
                continue
            pairs = touching(ids) if pairs is None else pairs
            met = [pairs[np.isin(pairs[:, i], there), 1 - i] for i in (0, 1)]
            if np.isin(needed, np.concatenate([there, *met])).any():
                faces.append((axis, end))
    return tuple(faces)


def _with_unseen(
    labels: NDArray[np.int32], area: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return labels with numbers for regions whose centre is out of sight, too."""
    if not (area & (labels == 0)).any():
        return labels
    regions = connected_objects(area)
    known = np.zeros(int(regions.max()) + 1, bool)
    known[regions[labels > 0]] = True
    known[0] = True
    return np.where(known[regions], labels, regions + labels.max())
