"""Many files on the command line: inputs and outputs, progress, what went wrong."""

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from napari_morphogen.io.pairs import paired
from napari_morphogen.params import InputError
from napari_morphogen.worker import remarks_to

OK, FAILED = 0, 1
Task = Callable[[Path, Path], None]


def add_files(parser: argparse.ArgumentParser, suffix: str = ".tif") -> None:
    """Add the options that name inputs and outputs.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command that turns every input into one output.
    suffix : str
        Usual format of the outputs.
    """
    parser.add_argument(
        "paths", nargs="+", type=Path, help="input and output, or inputs with --out-dir"
    )
    parser.add_argument("--out-dir", type=Path, help="folder for the results")
    parser.add_argument(
        "--suffix", default=suffix, help=f"format of the results [{suffix}]"
    )
    parser.add_argument("--jobs", type=int, default=1, help="images at a time [1]")


def partners(labels: Path, images: Path) -> tuple[tuple[Path, Path], ...]:
    """Return labels and the images they belong to; say what has no partner.

    Parameters
    ----------
    labels, images : path
        Two files, or two folders of files of the same names.
    """
    pairs = paired(labels, images)
    if pairs.alone:
        names = ", ".join(map(str, pairs.alone))
        print(f"morphogen: without a partner, left out: {names}", file=sys.stderr)
    return pairs.found


def each(task: Task, given: argparse.Namespace, name: str) -> int:
    """Do a task for every input and return the exit status.

    One that fails does not stop the others; of several it is tried once more.

    Parameters
    ----------
    task : callable
        Takes an input and an output path.
    given : Namespace
        What the parser of `add_files` read.
    name : str
        Goes into the names of outputs.
    """
    pairs = _pairs(given, name)
    if given.jobs < 1:
        raise InputError(f"Expected --jobs to be at least 1, but got {given.jobs}.")
    failed = _done(task, pairs, given.jobs)
    if failed and len(pairs) > 1:  # a disk or a network may have been away
        failed = _done(task, [(source, target) for source, target, _ in failed], 1)
    for source, _, problem in failed:
        print(f"morphogen: {source}: {problem}", file=sys.stderr)
    return FAILED if failed else OK


def _done(
    task: Task, pairs: list[tuple[Path, Path]], jobs: int
) -> list[tuple[Path, Path, str]]:
    """Do a task for every input and return those that failed, with the problem."""
    from tqdm import tqdm

    failed = []
    outcomes = _outcomes(task, pairs, jobs)
    for source, target, problem in tqdm(outcomes, total=len(pairs), unit="image"):
        if problem:
            failed.append((source, target, problem))
        else:
            tqdm.write(str(target))
    return failed


def _pairs(given: argparse.Namespace, name: str) -> list[tuple[Path, Path]]:
    """Return every input with its output."""
    from napari_morphogen.io import image_paths
    from napari_morphogen.io.pairs import stem

    if given.out_dir is None:
        if len(given.paths) != 2:
            raise InputError(
                "Give one input and one output, or any inputs with --out-dir FOLDER."
            )
        return [(given.paths[0], given.paths[1])]
    sources = image_paths(given.paths)
    given.out_dir.mkdir(parents=True, exist_ok=True)
    targets = [given.out_dir / f"{stem(s)}_{name}{given.suffix}" for s in sources]
    for target in targets:
        if targets.count(target) > 1:
            raise InputError(
                f"Several inputs would be written to {target}; run them apart."
            )
    return list(zip(sources, targets, strict=True))


def _outcomes(
    task: Task, pairs: list[tuple[Path, Path]], jobs: int
) -> Iterator[tuple[Path, Path, str]]:
    """Yield input, output and what went wrong, as the files are done."""
    guarded = partial(_guarded, task)
    if jobs == 1 or len(pairs) == 1:
        for pair in pairs:
            yield (*pair, guarded(*pair))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[str], tuple[Path, Path]] = {
            pool.submit(guarded, *pair): pair for pair in pairs
        }
        for future in as_completed(futures):
            yield (*futures[future], future.result())


def _remark(source: Path, text: str) -> None:
    from tqdm import tqdm

    tqdm.write(f"morphogen: {source}: {text}", file=sys.stderr)


def _guarded(task: Task, source: Path, target: Path) -> str:
    try:
        with remarks_to(lambda text: _remark(source, text)):
            task(source, target)
    except InputError as error:
        return str(error)
    except MemoryError:
        return "the memory is too small; try a smaller region or fewer --jobs."
    return ""
