"""What strokes taught, in a file of numbers that cannot run anything."""

import json
from dataclasses import asdict
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import features
from napari_morphogen.export.archive import Archive
from napari_morphogen.fast import Trees
from napari_morphogen.io.disk import check_target, replacing
from napari_morphogen.params import InputError
from napari_morphogen.segment.classifiers import Forest, Normals
from napari_morphogen.segment.training import SIGMAS, Chances, Model

SUFFIX = ".npz"
KIND = "stroke classifier"
FORMAT = 1
ABOUT = "about"  # the array that holds the description: JSON as bytes
MOST_CLASSES = 10_000
# what NumPy and JSON raise at what they cannot read
WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
Arrays = dict[str, NDArray[Any]]


def save(model: Model, path: str | Path) -> None:
    """Write what strokes taught; the file is there as a whole or not at all.

    Parameters
    ----------
    model : Model
        What `fit_nearest` or `fit_forest` returned.
    path : path
        Ends in ``.npz``; an older file of this name is replaced.

    Raises
    ------
    InputError
        When the file cannot be written, or the strokes told nothing.

    Notes
    -----
    A zip of NumPy arrays, none of them an object: `numpy.load` reads it with
    ``allow_pickle=False``. No pixel of the image is in it.
    """
    path = Path(path).expanduser()
    check_path(path)
    name, arrays = _arrays(model.chances)
    about = {
        "kind": KIND,
        "format": FORMAT,
        "task": "strokes",
        "classifier": name,
        "classes": [f"class {k}" for k in range(1, model.number + 1)],
        "scales": model.scales,
        "origin": model.origin,
        "ndim": model.ndim,
    }
    arrays[ABOUT] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    plain: Any = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    try:
        with replacing(path) as aside, aside.open("wb") as file:
            np.savez_compressed(file, **plain)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from error


def check_path(path: Path) -> None:
    """Raise InputError unless a classifier may be written there.

    Parameters
    ----------
    path : Path
        Of the file.
    """
    if path.suffix.lower() != SUFFIX:
        raise InputError(
            f"Stroke classifiers end in {SUFFIX}; call the file "
            f"{path.with_suffix(SUFFIX).name}, not {path.name}."
        )
    check_target(path, folder=False, overwrite=True)


def load(path: str | Path) -> Model:
    """Return what strokes taught from a file; it is kept for the next call.

    Parameters
    ----------
    path : path
        From anyone: nothing of it is executed.

    Raises
    ------
    InputError
        When it is truncated, edited or of another kind.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"There is no file {path}; choose or train one.")
    state = path.stat()
    return _load(path, state.st_mtime_ns, state.st_size)


def said_of(path: Path) -> dict[str, Any]:
    """Return what a file says of itself.

    Raises
    ------
    InputError
        When it is truncated or of another kind.
    """
    with Archive(path) as archive:
        return _about(path, archive)


@lru_cache(maxsize=4)
def _load(path: Path, changed: int, size: int) -> Model:
    with Archive(path) as archive:
        about = _about(path, archive)
        try:
            arrays = {
                name.removesuffix(".npy"): _array(archive.read(name))
                for name in archive.names
            }
            return _model(about, arrays)
        except InputError:
            raise
        except WRONG as error:
            raise _unusable(path, str(error)) from error


def _about(path: Path, archive: Archive) -> dict[str, Any]:
    name = f"{ABOUT}.npy"
    try:
        if name not in archive.names:
            raise ValueError("it holds no description")
        found = json.loads(_array(archive.read(name)).tobytes())
        if found["kind"] != KIND:
            raise ValueError("it is of another kind")
    except InputError:
        raise
    except WRONG as error:
        raise _unusable(path, str(error)) from error
    if found.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {found.get('format')!r}, but this version reads "
            f"format {FORMAT}; update napari-morphogen."
        )
    return cast(dict[str, Any], found)


def _array(content: bytes) -> NDArray[Any]:
    """Return an array of numbers; what it says of its size is not believed."""
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"it holds an array of the format {version}")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    rest = content[file.tell() :]
    if dtype.hasobject or dtype.kind not in "uif" or by_columns:
        raise ValueError(f"it holds an array of {dtype}")
    return np.frombuffer(rest, dtype).reshape(shape).copy()


def _arrays(chances: Any) -> tuple[str, Arrays]:
    """Return the name of a classifier and what it consists of."""
    if isinstance(chances, Normals):
        return "normals", asdict(chances)
    if not isinstance(chances, Forest) or chances.trees is None:
        raise InputError(
            "The strokes lie on broken pixels, or on those of one class; paint "
            "pixels of two classes."
        )
    present = chances.present.astype(np.int64)
    return "forest", {**asdict(chances.trees), "present": present}


def _model(about: dict[str, Any], arrays: Arrays) -> Model:
    number, scales, ndim = len(about["classes"]), about["scales"], about["ndim"]
    origin = tuple((float(low), float(span)) for low, span in about["origin"])
    _check(type(about["classes"]) is list and 2 <= number <= MOST_CLASSES, "classes")
    _check(type(scales) is int and 1 <= scales <= len(SIGMAS), "scales")
    _check(type(ndim) is int and ndim in (2, 3), "ndim")
    _check(bool(np.isfinite(origin).all()) and len(origin) > 0, "origin")
    _check(all(span > 0 for _, span in origin), "origin")
    kinds = features.kinds_of(SIGMAS[:scales], features.KINDS, (2,) * ndim)
    size = len(origin) * len(kinds)
    made = {"normals": _normals, "forest": _forest}[about["classifier"]]
    return Model(made(arrays, size, number), number, scales, origin, ndim)


def _normals(arrays: Arrays, size: int, number: int) -> Chances:
    own = len(arrays["roots"])
    _check(own in (0, number), "roots")
    shapes = {
        "middle": (size, 1),
        "shares": (size, 1),
        "weights": (number, size),
        "offsets": (number, 1),
        "roots": (own, size, size),
    }
    for name, shape in shapes.items():
        _check_kind(arrays, name, "f8", shape)
        absent = (arrays[name] == -np.inf) & (name == "offsets")
        _check(bool((np.isfinite(arrays[name]) | absent).all()), name)
    _check(bool(np.isfinite(arrays["offsets"]).any()), "offsets")
    return Normals(**{name: arrays[name] for name in shapes})


def _forest(arrays: Arrays, size: int, number: int) -> Chances:
    """Return a forest no tree of which leads out of its arrays."""
    shape, present = arrays["features"].shape, arrays["present"]
    _check(len(shape) == 2 and min(shape) > 0, "features")
    _check_kind(arrays, "present", "i8", (present.size,))
    _check_kind(arrays, "features", "u4", shape)
    _check_kind(arrays, "limits", "f8", shape)
    _check_kind(arrays, "children", "u4", shape)
    _check_kind(arrays, "chances", "f8", (*shape, present.size))
    _check_kind(arrays, "depth", "i4", shape[:1])
    trees = Trees(**{name: arrays[name] for name in Trees.__annotations__})
    farthest = trees.children.astype(np.int64) + (trees.limits < np.inf)
    _within(trees.features, 0, size - 1, "features")
    _within(farthest, 0, shape[1] - 1, "children")
    _within(trees.depth, 0, shape[1] - 1, "depth")
    _within(trees.chances, 0, 1, "chances")
    _within(present, 0, number - 1, "present")
    _check(not np.isnan(trees.limits).any(), "limits")
    _check(len(np.unique(present)) == present.size >= 2, "present")
    return Forest(trees, present, number)


def _check_kind(arrays: Arrays, name: str, kind: str, shape: tuple[int, ...]) -> None:
    values = arrays[name]
    _check(values.dtype == np.dtype(kind) and values.shape == shape, name)


def _within(values: NDArray[Any], low: int, high: int, name: str) -> None:
    _check(bool(((values >= low) & (values <= high)).all()), name)


def _check(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"its `{name}` is not possible")


def _unusable(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} is no usable stroke classifier: {reason[:200]}. Choose another file "
        "or paint and save again."
    )
