"""Images larger than memory on the command line."""

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

from napari_morphogen.params import InputError
from napari_morphogen.plans import Plan


class Where(NamedTuple):
    """Where and in what pieces a large image is computed.

    Attributes
    ----------
    block : int
        Rows and columns of a block; 0 chooses.
    workers : int
        Processes on this machine; 0 is this one alone.
    scheduler : str
        Address of a dask scheduler, or "".
    """

    block: int = 0
    workers: int = 0
    scheduler: str = ""

    @classmethod
    def of(cls, given: argparse.Namespace) -> "Where":
        """Return what the parser of `add_where` read."""
        return cls(given.block, given.workers, given.scheduler)


def add_where(parser: argparse.ArgumentParser) -> None:
    """Add the options for images larger than memory.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command that computes an image.
    """
    group = parser.add_argument_group(
        "images larger than memory",
        "From OME-Zarr to OME-Zarr, block by block. The same command goes on where "
        "it was broken off.",
    )
    group.add_argument(
        "--block",
        type=int,
        default=0,
        metavar="PIXELS",
        help="side of a block [chosen]",
    )
    group.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes [this one]"
    )
    group.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="of a dask cluster: tcp://…"
    )


def compute_to(
    target: Path, method: str, image: Any, where: Where, /, **options: Any
) -> None:
    """Apply a method and write the result, in blocks where that is called for.

    Parameters
    ----------
    target : path
        Where the result goes.
    method, image, **options
        As of `napari_morphogen.run`.
    where : Where
        What the user wants.

    Raises
    ------
    InputError
        As of `run`, and when the image is too large for this method or target.
    """
    from napari_morphogen.io import write
    from napari_morphogen.pipeline import plan, run
    from napari_morphogen.scale.estimate import check_fits, is_large, why_whole

    todo = plan(method, image, **options)
    reason = why_whole(todo)
    if reason and not any(where) and is_large(todo):
        check_fits(todo, reason)
    if not any(where) and (reason or not is_large(todo)):
        write(target, run(method, image, **options))
        return
    if target.suffix.lower() != ".zarr":
        raise InputError(
            f"{target} cannot hold a result that is computed in blocks; choose a name "
            "that ends in .ome.zarr."
        )
    _compute(target, todo, where)


def _compute(target: Path, todo: Plan, where: Where) -> None:
    from tqdm import tqdm

    from napari_morphogen.scale.estimate import why_whole
    from napari_morphogen.scale.large import in_blocks_on

    if reason := why_whole(todo):
        raise InputError(
            f"{reason}; give it a smaller image, without --block, --workers and "
            "--scheduler."
        )
    sides = (where.block,) if where.block else ()
    run = in_blocks_on(todo, target, where.workers, where.scheduler, sides)
    tqdm.write(f"morphogen: {next(run).stage}", file=sys.stderr)
    stage, bar = "", None
    for progress in run:
        if bar is None or progress.stage != stage:
            if bar is not None:
                bar.close()
            stage = progress.stage
            bar = tqdm(desc=stage, total=progress.total, unit="block")
        bar.update(progress.done - bar.n)
    if bar is not None:
        bar.close()
