"""Trained models as the content of files for other programs, proved first."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export import formats, proof
from napari_morphogen.export.formats import ENDINGS, Precision, Target
from napari_morphogen.export.generators import (
    generator_cases,
    generator_model,
    generator_script,
)
from napari_morphogen.export.onnx_models import (
    about,
    about_classifier,
    classifier_model,
    segmenter_model,
)
from napari_morphogen.export.packages import Card, package
from napari_morphogen.export.proof import TOLERANCE, Model
from napari_morphogen.export.quantised import Drift, quantised
from napari_morphogen.export.safety import KEY
from napari_morphogen.nn import checkpoint, generator
from napari_morphogen.nn.generator import Generator
from napari_morphogen.nn.object_classifier import KIND, ObjectClassifier
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.params import InputError

TOLERANCE_OF_IMAGES = 1e-3  # of the range of generated images
TRACES = ".debug_pkl"  # of TorchScript: places in source files of this machine


class Made(NamedTuple):
    """The content of a file, and how well it does what the model does.

    Attributes
    ----------
    content : bytes
        Of the file.
    difference : float
        From the model, at the worst pixel of all that was tried.
    dice : float
        Of pixels above one half, in the file's and in the model's eyes; NaN where
        images are made.
    cases : tuple of str
        Sizes of what was tried: batch, channels and pixels.
    drift : Drift or None
        What 8 bits change on the user's image.
    """

    content: bytes
    difference: float
    dice: float
    cases: tuple[str, ...]
    drift: Drift | None = None

    @property
    def words(self) -> str:
        """How large and how near it is."""
        size, count = len(self.content) / 1e6, len(self.cases)
        if np.isnan(self.dice):
            return (
                f"{size:.2f} MB, at most {self.difference:.1e} of the range from the "
                f"model on batches of {', '.join(self.cases)}"
            )
        words = (
            f"{size:.2f} MB, at most {self.difference:.1e} from the model on images "
            f"of {count} sizes, Dice {self.dice:.4f}"
        )
        if self.drift is None:
            return words
        return (
            f"{words}; on your image Dice {self.drift.dice:.4f}, "
            f"{self.drift.speed:.1f} times as fast as with full precision"
        )


def load(path: Path) -> Model | Generator:
    """Return the model in a ``.morphogen`` file.

    Raises
    ------
    InputError
        When it holds none that can be exported.
    """
    header, weights = checkpoint.read(path)
    if header.get("kind") == KIND:
        return ObjectClassifier.load(path)
    if header.get("kind") == generator.KIND:
        return Generator.of(header, weights, path)
    return Segmenter.of(header, weights, path)


def kind_of(model: Model | Generator) -> str:
    """Return what `formats.FORMATS` calls a model."""
    if isinstance(model, Generator):
        return generator.KIND
    return KIND if isinstance(model, ObjectClassifier) else "segmenter"


def packed(
    model: Model | Generator, card: Card, cover: NDArray[Any] | None = None
) -> Made:
    """Return a segmenter as a bioimage.io package, all its weights proved.

    Parameters
    ----------
    model : Segmenter
        Trained.
    card : Card
        What people want to know of it.
    cover : ndarray of shape (channels, [P,] M, N) or None
        An image that everybody may see; None is one of code.

    Raises
    ------
    InputError
        When it is none, or something differs from the model by more than 1e-4.
    """
    formats.check(kind_of(model), "bioimageio")
    assert isinstance(model, Segmenter)
    card.check()
    proto = segmenter_model(model, raw=False).SerializeToString()
    script = _script(model, raw=False)
    parts = [
        proved(model, proto, "onnx", tolerance=TOLERANCE, raw=False),
        proved(model, script, "torchscript", tolerance=TOLERANCE, raw=False),
    ]
    worst = max(part.difference for part in parts)
    onnx, script = (part.content for part in parts)
    told = _told(worst, parts[0].cases)
    content = package(model, card, onnx, script, cover, told)
    return parts[0]._replace(content=content, difference=worst)


def made(
    model: Model | Generator,
    to: Target,
    *,
    precision: Precision = "full",
    image: NDArray[Any] | None = None,
) -> Made:
    """Return a model for another program.

    Parameters
    ----------
    model : Segmenter, ObjectClassifier or Generator
        Trained.
    to : str
        "onnx" or "torchscript".
    precision : str
        Of ONNX: "full", "half" the weights in 16 bits, "int8" nearly all in 8.
    image : ndarray of shape (channels, [P,] M, N) or None
        That 8 bits are fitted to.

    Raises
    ------
    InputError
        When what was made is further than 1e-4 from the model, and images further
        than 1e-3 of their range; in lower precision the distance is told, not
        judged.
    """
    formats.check(kind_of(model), to, precision)
    if isinstance(model, Generator):
        return _generator(model, to)
    if precision == "int8":
        return _narrow(model, image)
    half = precision == "half"
    content = _onnx(model, half) if to == "onnx" else _script(model)
    return proved(model, content, to, tolerance=np.inf if half else TOLERANCE)


def _narrow(model: Model, image: NDArray[Any] | None) -> Made:
    assert isinstance(model, Segmenter)
    if image is None:
        raise InputError("8 bits are fitted to an image; give one.")
    content, drift = quantised(model, image)
    return proved(model, content, "onnx", tolerance=np.inf)._replace(drift=drift)


def proved(
    model: Model, content: bytes, to: Target, *, tolerance: float, raw: bool = True
) -> Made:
    """Return content that another process ran, compared with the model.

    Parameters
    ----------
    model : Segmenter or ObjectClassifier
        That it was made of.
    content : bytes
        Of a file.
    to : str
        "onnx" or "torchscript".
    tolerance : float
        More is refused.
    raw : bool
        Whether it takes raw pixels; else normalised ones.
    """
    cases = proof.cases_of(model, raw=raw)
    expected = proof.expected_of(model, cases, raw=raw)
    found = _found(content, to, cases)
    worst = _judged(found, expected, tolerance)
    content = proof.noted(content, to, _told(worst, cases))
    return Made(content, worst, proof.dice(found, expected), tuple(cases))


def _generator(model: Generator, to: Target) -> Made:
    if to == "onnx":
        content = bytes(generator_model(model).SerializeToString())
    else:
        content = without_traces(generator_script(model))
    cases, expected = generator_cases(model)
    found = _found(content, to, cases)
    one, two = (_shares(model, images) for images in (found, expected))
    worst = _judged(one, two, TOLERANCE_OF_IMAGES)
    content = proof.noted(content, to, _told(worst, expected))
    return Made(content, worst, float("nan"), tuple(expected))


def _told(difference: float, cases: Iterable[str]) -> dict[str, Any]:
    """Return what a file says of its proof."""
    return {"proved": {"difference": float(f"{difference:.1e}"), "cases": [*cases]}}


def _shares(model: Generator, images: proof.Cases) -> dict[str, NDArray[Any]]:
    """Return images in terms of the range of every channel."""
    low, high = (
        np.reshape(ends, (-1,) + (1,) * len(model.config.shape)) for ends in model.range
    )
    return {name: (values - low) / (high - low) for name, values in images.items()}


def _found(content: bytes, to: Target, cases: proof.Cases) -> dict[str, NDArray[Any]]:
    """Return what another process makes of the cases."""
    with TemporaryDirectory(prefix="morphogen-") as folder:
        path = Path(folder, f"model{ENDINGS[to]}")
        path.write_bytes(content)
        return proof.in_fresh_process(path, cases)


def _judged(found: proof.Cases, expected: proof.Cases, tolerance: float) -> float:
    worst = proof.difference(found, expected)
    if worst > tolerance:
        raise InputError(
            f"Nothing was written: the file differs from the model by {worst:.1e}, "
            f"and {tolerance:.0e} is allowed; choose another format or full precision."
        )
    return worst


def _onnx(model: Model, half: bool) -> bytes:
    if isinstance(model, ObjectClassifier):
        proto = classifier_model(model, half=half)
    else:
        proto = segmenter_model(model, half=half)
    return bytes(proto.SerializeToString())


def _script(model: Model, raw: bool = True) -> bytes:
    """Return the archive without the places of this machine's source files."""
    from napari_morphogen.export.torchscript import (
        archived,
        classifier_script,
        segmenter_script,
    )

    if isinstance(model, ObjectClassifier):
        module, words = classifier_script(model), about_classifier(model)
    else:
        module, words = segmenter_script(model, raw=raw), about(model)
    return without_traces(archived(module, {f"{KEY}.json": json.dumps(words)}))


def without_traces(archive: bytes) -> bytes:
    """Return a TorchScript archive that says nothing of the machine it is from.

    Parameters
    ----------
    archive : bytes
        As torch wrote it.
    """
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in _kept(old):
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return kept.getvalue()


def _kept(archive: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if not name.endswith(TRACES))
