"""Files that belong together by their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from napari_morphogen.params import InputError


class Pairs(NamedTuple):
    """Files of a reference and of a result that belong together.

    Attributes
    ----------
    found : tuple of (path, path)
        Reference and result.
    alone : tuple of path
        Those without a partner.
    """

    found: tuple[tuple[Path, Path], ...]
    alone: tuple[Path, ...]


def paired(truth: Path, prediction: Path) -> Pairs:
    """Return two files as one pair, or those of two folders by their names.

    Parameters
    ----------
    truth, prediction : path
        ``a_threshold.tif`` belongs to ``a.tif`` where there is no other ``a``.

    Raises
    ------
    InputError
        When one is a folder and the other not, or the names do not tell.
    """
    from napari_morphogen.io import image_paths

    sides = [image_paths(path) for path in (truth, prediction)]
    single = [found == [p] for found, p in zip(sides, (truth, prediction), strict=True)]
    if all(single):
        return Pairs(((truth, prediction),), ())
    if any(single):
        raise InputError("Give two files, or two folders of them.")
    return _matched(*sides)


def _matched(truths: Sequence[Path], results: Sequence[Path]) -> Pairs:
    of: dict[Path, Path] = {}
    for ending in ("", "_"):  # equal names go before longer ones
        left = [truth for truth in truths if truth not in of]
        for result in (one for one in results if one not in of.values()):
            fits = [truth for truth in left if _fits(truth, result, ending)]
            if not fits:
                continue
            truth = max(fits, key=lambda path: len(stem(path)))
            if truth in of:
                raise InputError(
                    f"{of[truth]} and {result} both belong to {truth}; "
                    "move one of them elsewhere."
                )
            of[truth] = result
    if not of:
        raise InputError("No names fit; give results the names of the references.")
    together = {*of, *of.values()}
    alone = [path for path in (*truths, *results) if path not in together]
    return Pairs(tuple((t, of[t]) for t in truths if t in of), tuple(alone))


def _fits(truth: Path, result: Path, ending: str) -> bool:
    """Tell whether the name of a result is that of the truth, or goes on behind it."""
    name, start = stem(result), stem(truth) + ending
    return name.startswith(start) if ending else name == start


def stem(path: Path) -> str:
    """Return the name of a file without its endings.

    Examples
    --------
    >>> stem(Path("folder/a.ome.tif"))
    'a'
    """
    return path.name.removesuffix(path.suffix).removesuffix(".ome")
