"""A method applied to all images of a folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from napari_morphogen.io import image_paths, read, write
from napari_morphogen.io.pairs import stem
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import run
from napari_morphogen.registry import get


class Written(NamedTuple):
    """How far a folder is done.

    Attributes
    ----------
    number, total : int
        Of the image, from 1, and of all.
    source : Path
        The image.
    problem : str
        Why it was not written; empty when it was.
    """

    number: int
    total: int
    source: Path
    problem: str


def run_folder(
    method: str, values: Mapping[str, Any], images: Path, results: Path
) -> Iterator[Written]:
    """Apply a method to the images of a folder, one after the other.

    Parameters
    ----------
    method : str
        A name from `METHODS`.
    values : mapping
        Parameters, and the `axes`, `channel` and `output` of `run`.
    images, results : path
        Of folders. The result of ``a.tif`` is ``a_METHOD.tif``; what has this name is
        replaced.

    Yields
    ------
    written : Written
        After every image; one that fails does not stop the others.

    Raises
    ------
    InputError
        When there are no images, or results would lie among them.
    """
    if images.resolve() == results.resolve():
        raise InputError("Choose another folder for the results than that of images.")
    ending = ".csv" if get(method).makes == "shapes" else ".tif"
    sources = image_paths([images])
    for number, source in enumerate(sources, 1):
        problem = ""
        try:
            made = run(method, read(source), **values)
            write(results / f"{stem(source)}_{method}{ending}", made, overwrite=True)
        except InputError as error:
            problem = str(error)
        except MemoryError:
            problem = "the memory is too small."
        yield Written(number, len(sources), source, problem)


def folder_words(failed: list[Written], results: str | Path) -> str:
    """Return in words how a folder went.

    Parameters
    ----------
    failed : list of Written
        Images with a problem.
    results : path
        Where the others are.

    Examples
    --------
    >>> folder_words([], "out")
    'The results are in out.'
    """
    words = f"The results are in {results}."
    if failed:
        names = f"{failed[0].source.name}: {failed[0].problem}"
        words += f" {len(failed)} failed; {names}"
    return words
