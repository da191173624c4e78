"""Trained models exported to files for other programs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from napari_morphogen.io.disk import check_target, replacing
from napari_morphogen.params import InputError

Target = Literal["onnx", "torchscript", "bioimageio"]
ENDINGS: dict[Target, str] = {
    "onnx": ".onnx",
    "torchscript": ".pt",
    "bioimageio": ".zip",
}
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
    half: bool = False,
    authors: Sequence[str] = (),
    licence: str = "CC-BY-4.0",
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
    half : bool
        Whether weights of ONNX are kept in half precision: half the size.
    authors : sequence of str
        Of a bioimage.io package.
    licence : str
        Of a bioimage.io package, by its SPDX name.
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
    _check(path, to, half, overwrite)
    yield "Reading the model …"
    try:
        from napari_morphogen.export import making, packages

        trained = making.load(model)
        yield f"Making {path.name} and comparing it in another process …"
        if to == "bioimageio":
            card = packages.Card(path.stem, tuple(authors), licence)
            found = making.packed(trained, card)
        else:
            found = making.made(trained, to, half=half)
    except ModuleNotFoundError as error:
        raise InputError(MISSING.format(error.name)) from error
    try:
        with replacing(path) as aside:
            aside.write_bytes(found.content)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error
    yield Exported(path, found.words)


def _check(path: Path, to: Target, half: bool, overwrite: bool) -> None:
    if to not in ENDINGS:
        raise InputError(f"Expected one of {', '.join(ENDINGS)}, but got {to!r}.")
    if path.suffix.lower() != ENDINGS[to]:
        raise InputError(
            f"Programs know {to} by the ending {ENDINGS[to]}; call the file "
            f"{path.with_suffix(ENDINGS[to]).name}, not {path.name}."
        )
    if half and to != "onnx":
        raise InputError("Half precision is for ONNX only; leave out --fp16.")
    check_target(path, folder=False, overwrite=overwrite)
