"""Whether a written file does what the model does, seen from another process."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_morphogen.export.safety import KEY
from napari_morphogen.nn.normalise import normalised
from napari_morphogen.nn.object_classifier import ObjectClassifier
from napari_morphogen.nn.patchnet import PatchNet, probabilities
from napari_morphogen.nn.predict import predict
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.params import InputError

TOLERANCE = 1e-4  # of probabilities
SIZES = {  # batch and size: multiples of blocks, odd, thin, larger than a tile's block
    2: ((1, 64, 96), (3, 61, 47), (2, 5, 130), (1, 256, 256), (1, 1, 1)),
    3: ((1, 16, 32, 32), (2, 7, 21, 30), (1, 24, 64, 48), (1, 1, 1, 1)),
}
OBJECTS = (1, 5, 130)
LONGEST = 600  # seconds
Model = Segmenter | ObjectClassifier
Cases = Mapping[str, NDArray[np.float32]]


def cases_of(model: Model, *, raw: bool = True) -> dict[str, NDArray[np.float32]]:
    """Return images of several sizes and batches, brightness as of a microscope.

    Parameters
    ----------
    model : Segmenter or ObjectClassifier
        That will be given them.
    raw : bool
        Whether pixels are as a camera counts them; else normalised.
    """
    rng, config = np.random.default_rng(0), model.config
    if isinstance(model, ObjectClassifier):
        shape = (config.in_channels + 1, *[model.config.side] * config.ndim)
        return {str(n): rng.random((n, *shape), np.float32) for n in OBJECTS}
    found = {}
    for batch, *size in SIZES[config.ndim]:
        shape = (batch, config.in_channels, *size)
        images = np.stack([blobs(rng, s[1:]) for s in [shape] * batch])
        ready = images if raw else np.stack([normalised(i) for i in images])
        found["x".join(map(str, shape))] = ready
    return found


def expected_of(
    model: Model, cases: Cases, *, raw: bool = True
) -> dict[str, NDArray[np.float32]]:
    """Return what the model itself makes of the cases.

    Parameters
    ----------
    model : Segmenter or ObjectClassifier
        Trained.
    cases : mapping of str to ndarray
        Of `cases_of`.
    raw : bool
        As there.
    """
    return {name: np.stack(list(_each(model, v, raw))) for name, v in cases.items()}


def _each(
    model: Model, values: NDArray[np.float32], raw: bool
) -> Iterator[NDArray[np.float32]]:
    if isinstance(model, ObjectClassifier):
        patches = PatchNet(model.config)
        patches.load_state_dict(model.weights)
        yield from probabilities(patches.eval(), torch.from_numpy(values))
        return
    network = model.network()
    for image in values:
        ready = normalised(image) if raw else image
        yield predict(network, ready, activation=model.activation)


def difference(found: Cases, expected: Cases) -> float:
    """Return how far what was found is from what was expected, at the worst pixel.

    Parameters
    ----------
    found, expected : mapping of str to ndarray
        One array per case.

    Raises
    ------
    InputError
        When shapes differ or there are no numbers.

    Examples
    --------
    >>> float(difference({"a": np.ones(2)}, {"a": np.array([1, 0.75])}))
    0.25
    """
    worst = 0.0
    for name, wanted in expected.items():
        if found[name].shape != wanted.shape or not np.isfinite(found[name]).all():
            raise InputError(
                f"Nothing was written: on images of {name} the file gives "
                f"{found[name].shape}, but the model {wanted.shape}; choose another "
                "format."
            )
        worst = max(worst, float(np.abs(found[name] - wanted).max(initial=0)))
    return worst


def dice(found: Cases, expected: Cases) -> float:
    """Return twice the shared pixels above one half over the sum of both.

    Parameters
    ----------
    found, expected : mapping of str to ndarray
        Probabilities, one array per case.

    Examples
    --------
    >>> dice({"a": np.array([0.9, 0.1])}, {"a": np.array([0.8, 0.7])})
    0.6666666666666666
    """
    shared = both = 0
    for name, wanted in expected.items():
        one, two = found[name] > 0.5, wanted > 0.5
        shared += int((one & two).sum())
        both += int(one.sum()) + int(two.sum())
    return 2 * shared / both if both else 1.0


def in_fresh_process(path: Path, cases: Cases) -> dict[str, NDArray[Any]]:
    """Return what a file makes of arrays, in a process that knows nothing else.

    Parameters
    ----------
    path : Path
        Of an ONNX or TorchScript file.
    cases : mapping of str to ndarray
        What goes in.
    """
    with TemporaryDirectory(prefix="morphogen-") as folder:
        given, found = Path(folder, "given.npz"), Path(folder, "found.npz")
        np.savez(given, **dict[str, Any](cases))
        command = [sys.executable, "-P", "-W", "ignore", "-m", f"{__package__}.fresh"]
        ended = subprocess.run(
            [*command, str(path), str(given), str(found)],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        )
        if ended.returncode:
            lines = ended.stderr.strip().splitlines() or ["it ended without a word"]
            raise InputError(
                f"Nothing was written: the file cannot be run ({lines[-1]}); choose "
                "another format."
            )
        with np.load(found, allow_pickle=False) as results:
            return {name: results[name] for name in results.files}


def noted(content: bytes, to: str, told: Mapping[str, Any]) -> bytes:
    """Return a file that says in its description what was proved of it.

    Parameters
    ----------
    content : bytes
        Of an ONNX file or of TorchScript; nothing but its description changes.
    to : str
        "onnx" or "torchscript".
    told : mapping
        As JSON holds it.
    """
    if to == "onnx":
        import onnx

        proto = onnx.load_from_string(content)
        for entry in proto.metadata_props:
            if entry.key == KEY:
                entry.value = json.dumps(json.loads(entry.value) | dict(told))
        return bytes(proto.SerializeToString())
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith(f"/extra/{KEY}.json"):
                part = json.dumps(json.loads(part) | dict(told)).encode()
            new.writestr(zipfile.ZipInfo(name), part)
    return kept.getvalue()


def blobs(rng: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float32]:
    """Return channels of smooth blobs in noise, as a 12-bit camera counts them."""
    from scipy import ndimage

    noise = rng.normal(size=size)
    axes = tuple(range(1, len(size)))
    blobs = ndimage.gaussian_filter(noise, 3, axes=axes)
    blobs = np.maximum(blobs, 0) / max(float(blobs.max()), 1e-6)
    return np.asarray(np.round(100 + 3000 * blobs + 20 * noise), np.float32)
