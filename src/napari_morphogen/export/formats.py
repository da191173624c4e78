"""Which trained model is written as what: the one list of all pairs."""

from collections.abc import Mapping
from typing import Literal

from napari_morphogen.params import InputError

Target = Literal["onnx", "torchscript", "bioimageio"]
Precision = Literal["full", "half", "int8"]
ENDINGS: Mapping[Target, str] = {
    "onnx": ".onnx",
    "torchscript": ".pt",
    "bioimageio": ".zip",
}
FORMATS: Mapping[str, Mapping[Target, tuple[Precision, ...]]] = {
    "segmenter": {
        "bioimageio": ("full",),
        "torchscript": ("full",),
        "onnx": ("full", "half", "int8"),
    },
    "object classifier": {"torchscript": ("full",), "onnx": ("full", "half")},
    "generator": {"torchscript": ("full",), "onnx": ("full",)},
    "stroke classifier": {},
}
_NARROW = "Only networks that segment images are written in 8 bits."
_WHOLE = "Generators keep their weights in full precision; leave out --fp16 and --int8."
_STROKES = (
    "What strokes taught is not written for other programs, since it depends on the "
    "last digit of their sums; the .npz file itself is read by all that know NumPy."
)
WHY: Mapping[tuple[str, str], str] = {  # not
    ("object classifier", "bioimageio"): (
        "A bioimage.io package takes images, but this model takes patches around "
        "objects; export it to ONNX."
    ),
    ("object classifier", "int8"): _NARROW,
    ("generator", "bioimageio"): (
        "Programs that read bioimage.io packages give models an image, but a "
        "generator takes noise; export it to ONNX or TorchScript."
    ),
    ("generator", "half"): _WHOLE,
    ("generator", "int8"): _WHOLE,
    **{("stroke classifier", to): _STROKES for to in ENDINGS},
}


def check(kind: str, to: Target, precision: Precision = "full") -> None:
    """Raise InputError unless a model is written in this way.

    Parameters
    ----------
    kind : str
        Of the model, as its file says.
    to : str
        "onnx", "torchscript" or "bioimageio".
    precision : str
        "full", "half" or "int8".

    Examples
    --------
    >>> check("segmenter", "onnx", "int8")
    """
    if precision in FORMATS[kind].get(to, ()):
        return
    usual = "Lower precision is for ONNX only; leave out --fp16 and --int8."
    raise InputError(WHY.get((kind, to)) or WHY.get((kind, precision)) or usual)
