"""Classifiers that strokes on images teach, written to files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_morphogen.params import InputError
from napari_morphogen.plans import Plan
from napari_morphogen.segment import stroke_files


def learn_strokes(plans: Sequence[Plan], path: str | Path) -> Iterator[Path]:
    """Learn from the painted frames of images and write the classifier.

    Parameters
    ----------
    plans : sequence of Plan
        One per image, of `nearest_class` or `random_forest` with the same
        parameters; the strokes are among them.
    path : path
        To write; ends in ``.npz``.

    Yields
    ------
    path : Path
        Of the file, once it is there.

    Raises
    ------
    InputError
        When fewer than two classes are painted, or the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from napari_morphogen import run
    >>> from napari_morphogen.pipeline import plan
    >>> from napari_morphogen.samples import coin_strokes, coins
    >>> todo = plan("nearest_class", coins(), strokes=coin_strokes())
    >>> with TemporaryDirectory() as folder:
    ...     (path,) = learn_strokes([todo], Path(folder, "coins.npz"))
    ...     run("stroke_classes", coins(), model=str(path)).axes
    'yx'
    """
    path = Path(path).expanduser()
    stroke_files.check_path(path)
    first, *others = plans
    model = first.learned(*others)
    if model is None:
        raise InputError("Nothing is painted; paint at least two classes.")
    stroke_files.save(model, path)
    yield path
