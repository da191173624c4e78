"""ONNX files and bioimage.io packages from anyone, opened as networks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.archive import Archive
from napari_morphogen.export.description import (
    NAMES,
    SPACE,
    Described,
    Side,
    Step,
    described,
)
from napari_morphogen.export.foreign import FULL_RANGE, Foreign
from napari_morphogen.export.run import (
    ExportedModel,
    as_described,
    as_it_is,
    by_onnx,
    computing,
    session_of,
)
from napari_morphogen.export.safety import checked, checked_bytes, metadata
from napari_morphogen.export.script import ScriptEngine, looked_through, said
from napari_morphogen.nn.normalise import HIGH, LOW
from napari_morphogen.params import InputError

Layout = Literal[
    "auto", "bcyx", "byxc", "cyx", "yxc", "byx", "yx", "bczyx", "bzyxc", "zyx"
]
Intensities = Literal[
    "auto", "raw", "percentiles", "standardised", "full_range", "imagenet"
]
Activation = Literal["auto", "none", "sigmoid", "softmax"]
STEP = {2: 32, 3: 16}  # that lengths of axes of any length are multiples of
FEW = 4  # channels that an axis of unknown meaning may hold
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
GUESSES = {  # of axes by their number, the likeliest first
    2: ("yx",),
    3: ("cyx", "yxc", "byx"),
    4: ("bcyx", "byxc"),
    5: ("bczyx", "bzyxc"),
}


class Told(NamedTuple):
    """What a user says of a network; "auto" leaves it to the file or to a guess.

    Attributes
    ----------
    axes : str
        Of what it takes.
    intensities : str
        What is done to an image first.
    activation : str
        What is done to what it makes.
    """

    axes: Layout = "auto"
    intensities: Intensities = "auto"
    activation: Activation = "auto"


USUAL = Told()
PACKAGE, SCRIPT = ".zip", ".pt"


class OnnxEngine:
    """onnxruntime with a network that takes one array.

    Parameters
    ----------
    session : InferenceSession
        Of onnxruntime.
    path : Path
        Named in messages.
    """

    def __init__(self, session: Any, path: Path) -> None:
        inputs = session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(one.name for one in inputs)
            raise InputError(
                f"The network in {path.name} takes {len(inputs)} arrays ({names}), but "
                "only one image can be given; choose another network."
            )
        self.shape: Sequence[Any] = inputs[0].shape
        self.dtype = _dtype(inputs[0].type, path)
        self._session, self._name = session, inputs[0].name

    def run(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what the network makes of an array."""
        with computing(values.shape):
            return [
                np.asarray(a) for a in self._session.run(None, {self._name: values})
            ]


def opened(path: Path, told: Told = USUAL) -> ExportedModel | Foreign:
    """Return the network in an ONNX file, a bioimage.io package or TorchScript.

    Parameters
    ----------
    path : Path
        Of an ``.onnx``, ``.zip`` or ``.pt`` file, from anyone.
    told : Told
        What the user says of a network that was not trained here.

    Raises
    ------
    InputError
        When the file is not safe, or holds no network that takes an image.
    """
    if path.suffix.lower() == SCRIPT:
        return _script(path, looked_through(path), told)
    content, found = _content(path)
    if found is not None and "onnx" not in found.weights:
        script = ScriptEngine(looked_through(path, content), path)
        return Foreign(script, _as_told(found, told), path)
    own = metadata(content) if found is None else found.own
    session = session_of(content, path)
    if own:
        _leave_to(path, told)
        return by_onnx(session, own, path)
    engine = OnnxEngine(session, path)
    if found is None:
        return Foreign(engine, _guessed(engine, told, path), path)
    return Foreign(engine, _as_told(_fixed(found, engine.shape), told), path)


def _leave_to(path: Path, told: Told) -> None:
    if told != USUAL:
        raise InputError(
            f"{path.name} says itself what it takes and makes; leave that to it."
        )


def said_of(path: Path) -> Mapping[str, Any]:
    """Return what a file says of a network that was trained here; empty for others.

    Parameters
    ----------
    path : Path
        As of `opened`; weights in packages are not read.

    Raises
    ------
    InputError
        When the file is not safe or not known.
    """
    if path.suffix.lower() == SCRIPT:
        return said(path)
    if path.suffix.lower() == PACKAGE:
        with Archive(path) as archive:
            found = described(archive.read(_named(archive)), path)
        return found.own if "onnx" in found.weights else {}
    return metadata(checked_bytes(path))


def _content(path: Path) -> tuple[bytes, Described | None]:
    """Return the ONNX file in a file, and what a package says of it.

    Of packages without ONNX weights it is the TorchScript.
    """
    if path.suffix.lower() != PACKAGE:
        return checked_bytes(path), None
    with Archive(path) as archive:
        found = described(archive.read(_named(archive)), path)
        if "onnx" in found.weights:
            return checked(archive.read(*found.weights["onnx"]), path), found
        if "torchscript" in found.weights:
            return archive.read(*found.weights["torchscript"]), found
        kinds = ", ".join(found.weights) or "no"
        raise InputError(
            f"{path.name} holds {kinds} weights, but only ONNX and TorchScript are "
            "run, because others could run code; ask for a package with one of these."
        )


def _script(path: Path, content: bytes, told: Told) -> ExportedModel | Foreign:
    """Return a network in TorchScript, which says less of itself than ONNX."""
    engine, own = ScriptEngine(content, path), said(path)
    if own:
        _leave_to(path, told)
        return _own_script(engine, own, path)
    kernel = engine.kernel
    axes, channels = "bczyx" if len(kernel) == 5 else "bcyx", (*kernel, 0, 0)[1]
    if told.axes != "auto":
        axes = told.axes
    if told.intensities == "auto":
        told = told._replace(intensities="percentiles")
    sides = tuple(_side(None, axes) for letter in axes if letter in SPACE)
    found = Described(axes, sides, int(channels) if "c" in axes else 1)
    return Foreign(engine, _as_told(found, told), path)


def _own_script(
    engine: ScriptEngine, own: Mapping[str, Any], path: Path
) -> ExportedModel:
    """Return a network that was exported here."""

    def compute(image: NDArray[np.float32]) -> NDArray[np.float32]:
        found = engine.run(image[np.newaxis], as_it_is(len(image)))[0]
        if found.shape != (1, len(model.classes), *image.shape[1:]):
            raise InputError(
                f"The description in {path.name} does not fit its network; export the "
                "model again."
            )
        return np.asarray(found[0])

    model = as_described(compute, own, path)
    return model


def _guessed(engine: OnnxEngine, told: Told, path: Path) -> Described:
    """Return what a network that says nothing of itself takes, as far as it shows."""
    axes = _layout(engine.shape, told.axes, path)
    lengths = dict(zip(axes, engine.shape, strict=True))
    sides = [_side(lengths[a], axes) for a in axes if a in SPACE]
    channels = lengths.get("c", 1)
    found = Described(axes, tuple(sides), channels if _is_known(channels) else 0)
    if told.intensities == "auto":
        usual: Intensities = "raw" if engine.dtype.kind == "u" else "percentiles"
        told = told._replace(intensities=usual)
    return _as_told(found, told)


def _named(archive: Archive) -> str:
    """Return the name of the description in a package."""
    for name in archive.names:
        if name in NAMES or re.fullmatch(r"[^/]+\.bioimageio\.yaml", name):
            return name
    raise InputError(
        f"{archive.path} is no bioimage.io package: it has no rdf.yaml; choose another "
        "file."
    )


def _dtype(name: str, path: Path) -> np.dtype[Any]:
    known = {"float": "f4", "double": "f8", "float16": "f2", "uint8": "u1"}
    inner = name.removeprefix("tensor(").removesuffix(")")
    if inner not in known:
        raise InputError(
            f"The network in {path.name} takes {inner} numbers, not intensities; "
            "choose another one."
        )
    return np.dtype(known[inner])


def _layout(shape: Sequence[Any], told: str, path: Path) -> str:
    """Return the axes of what a network takes, as the user says or as they look."""
    if told != "auto" and len(told) == len(shape):
        return told
    guesses = GUESSES.get(len(shape), ()) if told == "auto" else ()
    if guesses:
        fitting = (axes for axes in guesses if _plausible(axes, shape))
        return next(fitting, guesses[0])
    words = " x ".join(str(n or "any") for n in shape)
    raise InputError(
        f"The network in {path.name} takes arrays of {words}, which "
        + (
            "are no images; choose another network."
            if told == "auto"
            else f'are none with the axes "{told}"; name a letter for each of them.'
        )
    )


def _plausible(axes: str, shape: Sequence[Any]) -> bool:
    """Tell whether lengths fit axes: few channels, more pixels."""
    lengths = dict(zip(axes, shape, strict=True))
    channels = lengths.get("c", 1)
    few = not _is_known(channels) or channels <= FEW
    return few and all(not _is_known(lengths[a]) or lengths[a] > FEW for a in "yx")


def _is_known(length: Any) -> bool:
    return isinstance(length, int) and length > 0


def _side(length: Any, axes: str) -> Side:
    if _is_known(length):
        return Side(length, 0)
    step = STEP[3 if "z" in axes else 2]
    return Side(step, step)


def _fixed(found: Described, shape: Sequence[Any]) -> Described:
    """Return a description whose axes have one length where the network says so."""
    if len(shape) != len(found.axes):
        return found
    lengths = [n for a, n in zip(found.axes, shape, strict=True) if a in SPACE]
    pairs = zip(found.sides, lengths, strict=True)
    return replace(
        found,
        sides=tuple(Side(n, 0) if _is_known(n) else side for side, n in pairs),
    )


def _as_told(found: Described, told: Told) -> Described:
    """Return a description with what the user says in place of what it says."""
    before, outputs = found.before, found.outputs
    if told.intensities != "auto":
        before = _before(told.intensities, found.ndim)
    if told.activation != "auto":
        after = () if told.activation == "none" else (Step(told.activation, {}),)
        outputs = tuple(output._replace(after=after) for output in outputs)
        found = replace(found, after=after)
    return replace(found, before=before, outputs=outputs)


def _before(intensities: str, ndim: int) -> tuple[Step, ...]:
    axes = SPACE[-ndim:]
    percentiles = {"min_percentile": LOW, "max_percentile": HIGH}
    imagenet = {"mean": MEANS, "std": DEVIATIONS}
    full = Step(FULL_RANGE, {})
    return {
        "raw": (),
        "percentiles": (Step("scale_range", percentiles, axes),),
        "standardised": (Step("zero_mean_unit_variance", {}, axes),),
        "full_range": (full,),
        "imagenet": (full, Step("fixed_zero_mean_unit_variance", imagenet)),
    }[intensities]
