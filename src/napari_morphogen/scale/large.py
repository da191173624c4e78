"""A plan on an image larger than memory: block by block into an OME-Zarr."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from napari_morphogen.io.ngff import begin_zarr, level_count, stored_order, write_level
from napari_morphogen.params import InputError
from napari_morphogen.plans import Plan
from napari_morphogen.recipe import KEY
from napari_morphogen.registry import Blocks
from napari_morphogen.scale.blocks import as_lazy, reach
from napari_morphogen.scale.compute import Compute, Here, Task
from napari_morphogen.scale.grid import Block, Grid, Margins, extent
from napari_morphogen.scale.joining import Found, final_numbers
from napari_morphogen.scale.tasks import (
    Part,
    Pixels,
    Wider,
    asked,
    find_objects,
    write_labels,
    write_pixels,
    writing,
)
from napari_morphogen.scale.unfinished import Unfinished
from napari_morphogen.spatial import SpatialArray

SIDES = {2: (2048, 2048), 3: (64, 256, 256)}  # of blocks, in pixels
CHUNKS = {2: (1024, 1024), 3: (16, 256, 256)}  # of the result
STEP = {2: (64, 64), 3: (16, 32, 32)}  # by which surroundings grow, at first
LARGEST = 2**24  # pixels seen at once
LEAST = 16  # pixels of a block along an axis


class Progress(NamedTuple):
    """How far a run has come.

    Attributes
    ----------
    stage : str
        What is being done.
    done, total : int
        Blocks of this stage.
    """

    stage: str
    done: int
    total: int


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


def in_blocks(
    todo: Plan,
    target: str | Path,
    *,
    sides: Sequence[int] = (),
    compute: Compute | None = None,
) -> Iterator[Progress]:
    """Compute a plan block by block and write its result; yield how it proceeds.

    Parameters
    ----------
    todo : Plan
        Its image may be larger than memory.
    target : path
        Of the OME-Zarr folder. Until it is whole, finished blocks lie in a folder
        beside it; the same call goes on with them, after whatever happened.
    sides : sequence of int
        Of a block, per spatial axis; about 4 million pixels by default.
    compute : Compute, optional
        Where; threads of this process by default.

    Yields
    ------
    progress : Progress
        After every block.

    Raises
    ------
    InputError
        When the method needs the whole image, the target cannot be written or the
        image not be read.

    Notes
    -----
    Memory is bounded by the blocks that are computed at once. Where a method says
    how far it sees, the result is that of the whole image. Objects are found with as
    much around a block as they and those that touch them reach, up to a limit; those
    of neighbouring blocks are joined where both say the same of the same pixels, and
    numbered in the order of their first pixels.
    """
    reason = why_whole(todo)
    if reason:
        raise InputError(f"{reason}, and the image is too large; choose a smaller one.")
    run = _Run.of(todo, Path(target), sides, compute or Here())
    yield from run.steps()


@dataclass(frozen=True)
class _Run:
    todo: Plan
    light: Plan  # without pixels, so that it travels
    grid: Grid
    folder: Unfinished
    compute: Compute

    @classmethod
    def of(
        cls, todo: Plan, target: Path, sides: Sequence[int], compute: Compute
    ) -> "_Run":
        """Return a run, its grid chosen."""
        shape = tuple(todo.sizes[axis] for axis in todo.spatial)
        blocks = tuple(
            min(max(1, s), n)
            for s, n in zip(block_sides(sides, shape), shape, strict=True)
        )
        grid = Grid(shape, blocks, len(todo.frames))
        return cls(todo, _light(todo), grid, Unfinished(target), compute)

    def steps(self) -> Iterator[Progress]:
        """Yield all stages, one after the other."""
        goes_on = self.folder.begin(self._identity())
        with writing(self.folder):
            self._create(goes_on)
        if self.todo.method.halo is not None:
            yield from self._pixels()
        else:
            yield from self._objects()
        yield from self._levels()
        with writing(self.folder):
            self.folder.finish()

    # ---- stages

    def _pixels(self) -> Iterator[Progress]:
        assert self.todo.method.halo is not None
        near = reach(self.todo, self.todo.method.halo(**self.todo.values))
        margins = tuple((m, m) for m in near)
        blocks = [b for b in self.grid.blocks() if not self.folder.is_written(b.number)]
        tasks: deque[Task] = deque(
            partial(write_pixels, self._part(block, margins), self.folder)
            for block in blocks
        )
        yield from self._counted("computing", tasks, len(blocks))

    def _objects(self) -> Iterator[Progress]:
        blocks = self.todo.method.blocks
        assert blocks is not None
        near = tuple(reach(self.todo, blocks.halo(**self.todo.values)))
        yield from self._surveyed(blocks, near)
        yield from self._found(near)
        yield from self._numbered(blocks)

    def _surveyed(self, blocks: Blocks, near: tuple[int, ...]) -> Iterator[Progress]:
        """Ask every block of every frame what depends on the whole."""
        settled = self.folder.recall("settled") or []
        words = dict(self.todo.values) | {"spacing": self.todo.seen_spacing}
        margins = tuple((m, m) for m in near)
        for frame in range(len(settled), self.grid.frames):
            survey = blocks.survey(**words)
            answers: list[Any] | None = None
            while True:
                try:
                    question = survey.send(answers)  # type: ignore[arg-type]
                except StopIteration as end:
                    settled.append(end.value)
                    break
                own = [b for b in self.grid.blocks() if b.frame == frame]
                parts = (self._part(block, margins) for block in own)
                tasks: deque[Task] = deque(partial(asked, p, question) for p in parts)
                answers = []
                for answer in self.compute.outcomes(tasks):
                    answers.append(answer)
                    yield Progress("looking", len(answers), len(own))
            with writing(self.folder):
                self.folder.remember(settled=settled)

    def _found(self, near: tuple[int, ...]) -> Iterator[Progress]:
        """Find the objects of every block; those that need more see more."""
        settled = self.folder.recall("settled")
        step = STEP[len(near)]
        first = tuple((_up(m + s, s),) * 2 for m, s in zip(near, step, strict=True))
        margins = dict.fromkeys((b.number for b in self.grid.blocks()), first)
        blocks = [b for b in self.grid.blocks() if not self._is_found(b)]
        tasks = deque(self._finding(b, first, settled, near) for b in blocks)
        done = len(self.grid) - len(blocks)
        for answer in self.compute.outcomes(tasks):
            block = answer.block
            if isinstance(answer, Wider):
                margins[block.number] = _wider(margins[block.number], answer.faces)
                wide = margins[block.number]
                tasks.appendleft(self._finding(block, wide, settled, near))
                continue
            done += 1
            yield Progress("finding objects", done, len(self.grid))

    def _numbered(self, blocks: Blocks) -> Iterator[Progress]:
        """Number the objects of every frame and write them."""
        number = partial(blocks.number, **self.todo.values)
        tasks: deque[Task] = deque()
        for frame in range(self.grid.frames):
            tables = final_numbers(
                self.grid, frame, self._load, number, regions=self._regions()
            )
            for block in self.grid.blocks():
                if block.frame == frame and not self.folder.is_written(block.number):
                    table = tables[block.number]
                    tasks.append(
                        partial(write_labels, self.light, block, table, self.folder)
                    )
        yield from self._counted("writing", tasks, len(tasks))

    def _levels(self) -> Iterator[Progress]:
        import zarr

        group = zarr.open_group(str(self.folder.image), mode="r+")
        count = level_count(group)
        for level in range(1, count):
            with writing(self.folder):
                write_level(group, level)
            yield Progress("coarser levels", level, count - 1)

    def _counted(self, stage: str, tasks: deque[Task], left: int) -> Iterator[Progress]:
        done = len(self.grid) - left
        for _ in self.compute.outcomes(tasks):
            done += 1
            yield Progress(stage, done, len(self.grid))

    # ---- pieces

    def _finding(
        self, block: Block, margins: Margins, settled: Any, near: tuple[int, ...]
    ) -> Task:
        part = self._part(block, margins)
        larger = self.grid.window(block.box, _wider(margins, _all_faces(len(near))))
        final = math.prod(extent(larger)) > LARGEST or larger == part.window
        return partial(
            find_objects, part, settled[block.frame], near, self.folder, final
        )

    def _part(self, block: Block, margins: Margins) -> Part:
        window = self.grid.window(block.box, margins)
        index = self.todo.frames[block.frame]
        at: dict[str, Any] = dict(zip(self.todo.looped, index, strict=True))
        at |= dict(zip(self.todo.spatial, window, strict=True))
        source = str(self.todo.image.metadata.get("path", ""))

        def pixels(image: Any, name: str) -> Pixels:
            place = tuple(at.get(axis, slice(None)) for axis in image.axes)
            return Pixels(as_lazy(image.data)[place], name)

        layers = self.todo.layers
        arrays = {name: pixels(layer, "") for name, layer in layers.items()}
        own = pixels(self.todo.image, source)
        return Part(self.light, block, window, self.grid.shape, own, arrays)

    def _identity(self) -> dict[str, Any]:
        return {
            "recipe": self._result().metadata[KEY],
            "path": str(self.todo.image.metadata.get("path", "")),
            "shape": list(self.todo.image.data.shape),
            "dtype": str(self.todo.image.data.dtype),
            "blocks": list(self.grid.sides),
        }

    def _create(self, goes_on: bool) -> None:
        """Create the arrays and, when they are all there, note that they are."""
        if goes_on:
            return
        import zarr

        result = self._result()
        sides = dict(zip(self.todo.spatial, self.grid.sides, strict=True))
        sizes = [self._chunk(result, axis) for axis in result.axes]
        begin_zarr(self.folder.image, result, [sizes[i] for i in stored_order(result)])
        if self.todo.method.halo is None:
            zarr.create_array(
                str(self.folder.objects),
                shape=result.data.shape,
                chunks=tuple(sides.get(axis, 1) for axis in result.axes),
                dtype=np.int32,
                zarr_format=2,
            )
        self.folder.remember(identity=self._identity())

    def _chunk(self, result: SpatialArray, axis: str) -> int:
        """Return the length of a chunk of the result; no chunk lies in two blocks."""
        if axis not in self.todo.spatial:
            return result.data.shape[-1] if axis == "c" and result.rgb else 1
        place = self.todo.spatial.index(axis)
        side, length = self.grid.sides[place], self.grid.shape[place]
        usual = CHUNKS[len(self.grid.shape)][place]
        return usual if side == length else math.gcd(usual, side)

    def _result(self) -> SpatialArray:
        import dask.array as da

        name = self.todo.output
        axes = self.todo.axes_of(name)
        shape = tuple(self.todo.sizes[axis] for axis in axes)
        empty = da.zeros(shape, dtype=self.todo.dtype_of(name), chunks=-1)
        return self.todo.result(empty, name)

    def _is_found(self, block: Block) -> bool:
        return self.folder.found(block.number).exists()

    def _load(self, block: Block) -> Found:
        return Found.load(self.folder.found(block.number), len(self.grid.shape))

    def _regions(self) -> bool:
        return self.todo.method.blocks is not None and self.todo.method.blocks.regions


def _light(todo: Plan) -> Plan:
    import dask.array as da

    blank = da.zeros(todo.image.data.shape, dtype=todo.image.data.dtype, chunks=-1)
    values = dict(todo.values) | dict.fromkeys(todo.layers)
    return replace(
        todo,
        image=todo.image.like(blank, metadata={}),
        values=values,
        recipe={"steps": [{}]},
    )


def block_sides(given: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of a block.

    Parameters
    ----------
    given : sequence of int
        One for rows and columns, or one for each axis; none chooses.
    shape : tuple of int
        Of a frame, spatial axes only.

    Raises
    ------
    InputError
        When there are not as many as axes, or one is too small.

    Examples
    --------
    >>> block_sides((512,), (100, 4000, 4000))
    (64, 512, 512)
    """
    usual = SIDES[len(shape)]
    if not given:
        return usual
    if min(given) < LEAST:
        raise InputError(
            f"Expected blocks of {LEAST} pixels at least, but got {min(given)}."
        )
    if len(given) == 1:
        return (*usual[:-2], given[0], given[0])
    if len(given) != len(shape):
        raise InputError(
            f"Expected the sides of a block along {len(shape)} axes, but got "
            f"{list(given)}."
        )
    return tuple(given)


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _wider(margins: Margins, faces: Sequence[tuple[int, int]]) -> Margins:
    grown = [list(pair) for pair in margins]
    for axis, end in faces:
        grown[axis][end] *= 2
    return tuple((before, after) for before, after in grown)


def _all_faces(ndim: int) -> list[tuple[int, int]]:
    return [(axis, end) for axis in range(ndim) for end in (0, 1)]
