"""A plan on an image larger than memory: block by block into an OME-Zarr."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from napari_morphogen.scale.compute import Compute, Here, Task, computing, threads_for
from napari_morphogen.scale.estimate import estimated, why_whole
from napari_morphogen.scale.grid import Block, Grid, Margins, extent
from napari_morphogen.scale.joining import Joint, final_numbers
from napari_morphogen.scale.sizes import (
    STEP,
    all_faces,
    block_sides,
    ceil_div,
    chunk_side,
    up,
    wider,
)
from napari_morphogen.scale.tasks import (
    SHRUNK,
    Part,
    Pixels,
    Wider,
    asked,
    find_objects,
    join,
    without_pixels,
    write_labels,
    write_pixels,
    writing,
)
from napari_morphogen.scale.unfinished import Unfinished
from napari_morphogen.spatial import SpatialArray

SEEN = 512  # pixels along the longer side of the coarsest resolution, at least
LARGEST = 2**24  # pixels seen at once


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
        After every block, and before the first is found, computed or written.

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
    run = _Run.of(
        todo, Path(target), sides, compute or Here(threads_for(todo.method.family))
    )
    yield from run.steps()


def in_blocks_on(
    todo: Plan,
    target: str | Path,
    workers: int = 0,
    scheduler: str = "",
    sides: Sequence[int] = (),
) -> Iterator[Progress]:
    """Do what `in_blocks` does where the user wants it, and estimate it first.

    Parameters
    ----------
    todo, target, sides
        As of `in_blocks`.
    workers, scheduler
        As of `compute.computing`.

    Yields
    ------
    progress : Progress
        Of the first, the stage says what the run will take.
    """
    where: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    with computing(**where, threads=threads_for(todo.method.family)) as compute:
        if not why_whole(todo):
            estimate = estimated(todo, sides, compute.at_once)
            yield Progress(str(estimate), 0, estimate.blocks)
        yield from in_blocks(todo, target, sides=sides, compute=compute)


@dataclass(frozen=True)
class _Run:
    todo: Plan
    light: Plan  # without pixels, so that it travels
    grid: Grid
    folder: Unfinished
    compute: Compute
    settled: list[dict[str, Any]] = field(default_factory=list)  # of every frame

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
        return cls(todo, without_pixels(todo), grid, Unfinished(target), compute)

    def steps(self) -> Iterator[Progress]:
        """Yield all stages, one after the other."""
        with writing(self.folder):
            self._create(self.folder.begin(self._identity()))
        blocks = self.todo.method.blocks
        if blocks is not None:
            yield from self._surveyed(blocks)
        if self._is_joined():
            assert blocks is not None
            yield from self._found()
            yield from self._numbered(blocks)
        else:
            yield from self._pixels()
        yield from self._levels()
        with writing(self.folder):
            self.folder.finish()

    # ---- stages

    def _pixels(self) -> Iterator[Progress]:
        blocks = [b for b in self.grid.blocks() if not self.folder.is_written(b.number)]
        tasks: deque[Task] = deque()
        for block in blocks:
            settled = self._settled(block)
            margins = tuple((m, m) for m in self._aligned(self._near(settled)))
            part = self._part(block, margins)
            tasks.append(partial(write_pixels, part, settled, self.folder))
        yield from self._counted("computing", tasks, len(blocks))

    def _surveyed(self, blocks: Blocks) -> Iterator[Progress]:
        """Ask every block of every frame what depends on the whole."""
        settled = self.settled
        settled += self.folder.recall("settled") or []
        words = dict(self.todo.values) | {"spacing": self.todo.seen_spacing}
        margins = tuple((m, m) for m in self._near({}))
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

    def _found(self) -> Iterator[Progress]:
        """Find the objects of every block; those that need more see more."""
        step = STEP[len(self.grid.shape)]
        margins: dict[int, Margins] = {}
        for block in self.grid.blocks():
            near = zip(self._near(self._settled(block)), step, strict=True)
            first = self._aligned([m + s for m, s in near])
            margins[block.number] = tuple((m, m) for m in first)
        blocks = [b for b in self.grid.blocks() if not self._is_found(b)]
        tasks = deque(self._finding(b, margins[b.number]) for b in blocks)
        done = len(self.grid) - len(blocks)
        yield Progress("finding objects", done, len(self.grid))
        for answer in self.compute.outcomes(tasks):
            block = answer.block
            if isinstance(answer, Wider):
                margins[block.number] = wider(margins[block.number], answer.faces)
                tasks.appendleft(self._finding(block, margins[block.number]))
                continue
            done += 1
            yield Progress("finding objects", done, len(self.grid))

    def _numbered(self, blocks: Blocks) -> Iterator[Progress]:
        """Number the objects of every frame and write them."""
        number = partial(blocks.number, **self.todo.values)
        regions = blocks.joins == "regions"
        tasks: deque[Task] = deque()
        for frame in range(self.grid.frames):
            own = [block for block in self.grid.blocks() if block.frame == frame]
            joining: deque[Task] = deque(
                partial(join, self.grid, block, self.folder, regions) for block in own
            )
            joints: dict[int, Joint] = {}
            for block, joint in self.compute.outcomes(joining):
                joints[block.number] = joint
                yield Progress("joining", len(joints), len(own))
            tables = final_numbers(dict(sorted(joints.items())), number)
            left = [b for b in own if not self.folder.is_written(b.number)]
            tasks += [
                partial(write_labels, self.light, b, tables[b.number], self.folder)
                for b in left
            ]
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
        yield Progress(stage, done, len(self.grid))
        for _ in self.compute.outcomes(tasks):
            done += 1
            yield Progress(stage, done, len(self.grid))

    # ---- pieces

    def _finding(self, block: Block, margins: Margins) -> Task:
        part, settled = self._part(block, margins), self._settled(block)
        larger = self.grid.window(block.box, wider(margins, all_faces(len(margins))))
        final = math.prod(extent(larger)) > LARGEST or larger == part.window
        near = tuple(self._near(settled))
        return partial(find_objects, part, settled, near, self.folder, final)

    def _is_joined(self) -> bool:
        """Whether objects of different blocks have to be joined."""
        blocks = self.todo.method.blocks
        return blocks is not None and blocks.joins != "pixels"

    def _settled(self, block: Block) -> dict[str, Any]:
        """Return what the survey of a block's frame found."""
        return self.settled[block.frame] if self.settled else {}

    def _near(self, settled: Mapping[str, Any]) -> list[int]:
        """Return how far the pixels of a block depend on what is around it."""
        method = self.todo.method
        halo = method.blocks.halo if method.blocks else method.halo
        assert halo is not None
        return reach(self.todo, halo(**(dict(self.todo.values) | dict(settled))))

    def _aligned(self, margins: Sequence[int]) -> list[int]:
        """Return margins of whole steps where networks pool."""
        if self.todo.method.blocks is None:
            return list(margins)
        steps = STEP[len(margins)]
        return [up(m, step) for m, step in zip(margins, steps, strict=True)]

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
        own = [sides.get(a, n) for a, n in zip(result.axes, sizes, strict=True)]
        if self._is_joined():
            zarr.create_array(
                str(self.folder.objects),
                shape=result.data.shape,
                chunks=tuple(own),
                dtype=np.int32,
                zarr_format=2,
            )
        self._create_seen(result, own)
        order = stored_order(result)
        self.folder.remember(identity=self._identity(), order=order)

    def _create_seen(self, result: SpatialArray, own: Sequence[int]) -> None:
        """Create coarser resolutions in which every block is a chunk."""
        import zarr

        group = zarr.open_group(str(self.folder.seen), mode="w", zarr_format=2)
        step = 2
        while self._shrinks(step):
            steps = [step if axis in SHRUNK else 1 for axis in result.axes]
            group.create_array(
                str(step.bit_length() - 1),
                shape=tuple(map(ceil_div, result.data.shape, steps)),
                chunks=tuple(map(ceil_div, own, steps)),
                dtype=np.int32 if self._is_joined() else result.data.dtype,
            )
            step *= 2

    def _shrinks(self, step: int) -> bool:
        """Whether blocks can be shown this many times smaller, and should."""
        fitting = all(side % step == 0 for side in self.grid.sides[-2:])
        return fitting and max(self.grid.shape[-2:]) * 2 >= SEEN * step

    def _chunk(self, result: SpatialArray, axis: str) -> int:
        """Return the length of a chunk of the result; no chunk lies in two blocks."""
        if axis not in self.todo.spatial:
            return result.data.shape[-1] if axis == "c" and result.rgb else 1
        place = self.todo.spatial.index(axis)
        return chunk_side(self.grid.sides[place], self.grid.shape, place)

    def _result(self) -> SpatialArray:
        import dask.array as da

        name = self.todo.output
        axes = self.todo.axes_of(name)
        shape = tuple(self.todo.sizes[axis] for axis in axes)
        empty = da.zeros(shape, dtype=self.todo.dtype_of(name), chunks=-1)
        return self.todo.result(empty, name)

    def _is_found(self, block: Block) -> bool:
        return self.folder.found(block.number).exists()
