"""Trained models exported to files for other programs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export import formats
from napari_morphogen.export.formats import ENDINGS, FORMATS, Precision, Target
from napari_morphogen.io.disk import check_target, replacing
from napari_morphogen.model_files import description
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

SEEN = {2: 1024, 3: 128}  # pixels of an image along each axis, in its middle
MISSING = (
    "Exports need PyTorch, onnx and onnxruntime, and {} is not installed; run: "
    'pip install "napari-morphogen[networks,export]".'
)


class Exported(NamedTuple):
    """A file that was written.

    Attributes
    ----------
    path : Path
        Of the file.
    words : str
        How large it is and how near to the model.
    """

    path: Path
    words: str


def export(
    model: str | Path,
    path: str | Path,
    to: Target = "onnx",
    *,
    precision: Precision = "full",
    image: SpatialArray | None = None,
    authors: Sequence[str] = (),
    licence: str = "CC-BY-4.0",
    cite: str = "",
    overwrite: bool = True,
) -> Iterator[str | Exported]:
    """Write a trained model for another program, once it is proved.

    Parameters
    ----------
    model : path
        A ``.morphogen`` file.
    path : path
        To write.
    to : str
        "onnx", "torchscript" or "bioimageio".
    precision : str
        Of ONNX: "full", "half" (weights in 16 bits: half the size), or "int8"
        (nearly all in 8 bits: a quarter of the size, and faster unless narrow).
    image : SpatialArray or None
        As of the training; its middle is looked at. 8 bits are fitted to it, and
        nothing of it is written but ranges of numbers within the network. A
        bioimage.io package shows it on its cover, for everybody to see.
    authors : sequence of str
        Of a bioimage.io package.
    licence : str
        Of a bioimage.io package, by its SPDX name.
    cite : str
        Of a bioimage.io package: words with a DOI or an address in them.
    overwrite : bool
        Whether an older file of this name is replaced.

    Yields
    ------
    words : str
        What is done now.
    exported : Exported
        At the end.

    Raises
    ------
    InputError
        When the model cannot be exported, or what was made differs from it by
        more than 1e-4, images by more than 1e-3 of their range; then nothing is
        written.

    Examples
    --------
    >>> from napari_morphogen.samples import trained_model
    >>> model = Path(trained_model("semantic"))
    >>> *_, exported = export(model, model.with_suffix(".onnx"))
    >>> exported.path.suffix
    '.onnx'
    """
    model, path = Path(model).expanduser(), Path(path).expanduser()
    if to not in ENDINGS:
        raise InputError(f"Expected one of {', '.join(ENDINGS)}, but got {to!r}.")
    formats.check(_kind(model), to, precision)
    _check(path, to, precision, image, overwrite)
    yield "Reading the model …"
    try:
        from napari_morphogen.export import making, packages

        trained = making.load(model)
        yield f"Making {path.name} and comparing it in another process …"
        sample = None if image is None else _sample(image, trained)
        if to == "bioimageio":
            card = packages.Card(path.stem, tuple(authors), licence, cite)
            found = making.packed(trained, card, sample)
        else:
            found = making.made(trained, to, precision=precision, image=sample)
    except ModuleNotFoundError as error:
        raise InputError(MISSING.format(error.name)) from error
    try:
        with replacing(path) as aside:
            aside.write_bytes(found.content)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error
    yield Exported(path, found.words)


def export_all(
    model: str | Path, path: str | Path, **words: Any
) -> Iterator[str | Exported]:
    """Write a trained model in every format that there is for it.

    Parameters
    ----------
    model : path
        A ``.morphogen`` file.
    path : path
        To write; every format gives it its own ending.
    **words
        Those of `export`, precision aside.

    Yields
    ------
    words : str
        What is done now.
    exported : Exported
        One after the other.

    Raises
    ------
    InputError
        As of `export`; files written before are kept.

    Examples
    --------
    >>> from napari_morphogen.samples import trained_model
    >>> model = Path(trained_model("semantic"))
    >>> made = list(export_all(model, model, authors=["Ada Example"]))
    >>> [one.path.suffix for one in made if isinstance(one, Exported)]
    ['.zip', '.pt', '.onnx']
    """
    model, path = Path(model).expanduser(), Path(path).expanduser()
    kind = _kind(model)
    formats.check(kind, "onnx")
    known = path.suffix.lower() in (".morphogen", *ENDINGS.values())
    stem = path.stem if known else path.name
    targets = {to: path.with_name(stem + ENDINGS[to]) for to in FORMATS[kind]}
    for target in targets.values():  # before anything is written
        check_target(target, folder=False, overwrite=words.get("overwrite", True))
    for to, target in targets.items():  # packages first: they ask for most
        cover = to == "bioimageio"
        given = words if cover else {n: v for n, v in words.items() if n != "image"}
        yield from export(model, target, to, **given)


def _kind(model: Path) -> str:
    """Return what `FORMATS` calls the model in a file."""
    kind = str(description(model).get("kind"))
    if kind not in FORMATS:
        raise InputError(
            f"{model} holds no model that was trained here; choose a .morphogen file."
        )
    return kind


def _sample(image: SpatialArray, model: Any) -> NDArray[Any]:
    """Return the channels of a plane or volume in the middle of an image."""
    spatial = "zyx"[-int(getattr(getattr(model, "config", None), "ndim", 2)) :]
    missing = [axis for axis in spatial if axis not in image.axes]
    if missing:
        raise InputError(
            f'The network takes volumes, but the image has the axes "{image.axes}"; '
            "give one with the axis z."
        )
    kept = "c" * ("c" in image.axes) + spatial
    pairs = zip(image.axes, image.data.shape, strict=True)
    most = dict.fromkeys(spatial, SEEN[len(spatial)])
    place = tuple(
        _middle(n, most.get(axis, n)) if axis in kept else n // 2 for axis, n in pairs
    )
    axes = [axis for axis in image.axes if axis in kept]
    data = np.asarray(image.data[place]).transpose([axes.index(a) for a in kept])
    return data if "c" in kept else data[np.newaxis]


def _middle(length: int, most: int) -> slice:
    start = max(0, length - most) // 2
    return slice(start, start + most)


def _check(
    path: Path,
    to: Target,
    precision: Precision,
    image: SpatialArray | None,
    overwrite: bool,
) -> None:
    if path.suffix.lower() != ENDINGS[to]:
        raise InputError(
            f"Programs know {to} by the ending {ENDINGS[to]}; call the file "
            f"{path.with_suffix(ENDINGS[to]).name}, not {path.name}."
        )
    if precision == "int8" and image is None:
        raise InputError("8 bits are fitted to an image; give one as of the training.")
    check_target(path, folder=False, overwrite=overwrite)
