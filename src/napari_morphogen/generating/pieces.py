"""Images of any axes as a generator learns from them: channels first, then space."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.io.units import PIXEL, unit_word
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

DTYPES = (
    "bool",
    *(f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)),
)
DTYPES += ("float16", "float32", "float64")


def pieces(
    image: SpatialArray, *, channel: int | None = None, planes: bool = False
) -> Iterator[NDArray[Any]]:
    """Yield every plane or volume of an image.

    Parameters
    ----------
    image : SpatialArray
        Axes that are neither spatial nor channels are looped over.
    channel : int or None
        Only this one; all of them together by default.
    planes : bool
        Whether volumes are taken plane by plane.

    Yields
    ------
    piece : ndarray of shape (channels, [P,] M, N)

    Raises
    ------
    InputError
        When there is no such channel.

    Examples
    --------
    >>> movie = SpatialArray(np.zeros((5, 2, 8, 9)), "tcyx")
    >>> [piece.shape for piece in pieces(movie, channel=1)][:2]
    [(1, 8, 9), (1, 8, 9)]
    """
    inside = SPATIAL_AXES[1:] if planes else SPATIAL_AXES
    looped = [axis for axis in image.axes if axis not in inside + "c"]
    sizes = dict(zip(image.axes, image.data.shape, strict=True))
    for index in product(*(range(sizes[axis]) for axis in looped)):
        at = dict(zip(looped, index, strict=True))
        place = tuple(at.get(axis, slice(None)) for axis in image.axes)
        found = np.asarray(image.data[place])
        left = [axis for axis in image.axes if axis not in looped]
        if "c" not in left:
            found = found[np.newaxis]
        else:
            found = np.moveaxis(found, left.index("c"), 0)
        yield _chosen(found, channel)


def _chosen(piece: NDArray[Any], channel: int | None) -> NDArray[Any]:
    if channel is None:
        return piece
    if not 0 <= channel < len(piece):
        raise InputError(
            f"There is no channel {channel}; the image has {len(piece)}, from 0 on."
        )
    return piece[channel : channel + 1]


def label_pieces(
    labels: SpatialArray, image: SpatialArray, *, planes: bool = False
) -> Iterator[NDArray[Any]]:
    """Yield the labels of every plane or volume of an image.

    Parameters
    ----------
    labels : SpatialArray
        Of the shape of the image without its channels; axes count as the image's.
    image : SpatialArray
        What is labelled.
    planes : bool
        Whether volumes are taken plane by plane.

    Yields
    ------
    piece : ndarray of int, shape ([P,] M, N)

    Raises
    ------
    InputError
        When labels have another shape than the image.
    """
    axes = image.axes.replace("c", "")
    sizes = zip(image.axes, image.data.shape, strict=True)
    shape = tuple(size for axis, size in sizes if axis != "c")
    if tuple(labels.data.shape) != shape:
        raise InputError(
            f"The labels {labels.name} have the shape {tuple(labels.data.shape)}, but "
            f"their image {image.name} has {shape}; give labels of the same image."
        )
    for piece in pieces(SpatialArray(labels.data, axes), planes=planes):
        yield piece[0]


def source_of(images: Sequence[SpatialArray], *, planes: bool) -> dict[str, Any]:
    """Return what samples take over from the first image, as JSON can hold it.

    Parameters
    ----------
    images : sequence of SpatialArray
        What is learnt from.
    planes : bool
        Whether volumes are taken plane by plane.
    """
    first = images[0]
    axes = [axis for axis in first.axes if axis in SPATIAL_AXES]
    axes = axes[-2:] if planes else axes
    at = [first.axes.index(axis) for axis in axes]
    return {
        "axes": "".join(axes),
        "scale": [abs(first.scale[i]) for i in at],
        "units": [unit_word(first.units[i]) for i in at],
        "rgb": first.rgb,
        "dtype": np.dtype(first.data.dtype).newbyteorder("=").name,
        "names": [image.name for image in images][:100],
    }


def checked_source(
    record: Mapping[str, Any], ndim: int, path: str | Path
) -> dict[str, Any]:
    """Return what `source_of` wrote into the record of a model, from anyone's file.

    Parameters
    ----------
    record : mapping
        Of the training.
    ndim : int
        Spatial axes of a sample.
    path : path
        Of the file, for the message.

    Raises
    ------
    InputError
        When no image could have been like that.
    """
    usual = {"axes": SPATIAL_AXES[-ndim:], "scale": [1.0] * ndim, "rgb": False}
    usual |= {"units": [PIXEL] * ndim, "dtype": "float32", "names": []}
    found = record.get("source", usual)
    fits = (
        isinstance(found, dict)
        and found.get("axes") == SPATIAL_AXES[-ndim:]
        and _is_list(found.get("scale"), (int, float), ndim)
        and all(np.isfinite(s) and s > 0 for s in found["scale"])
        and _is_list(found.get("units"), str, ndim)
        and all(unit == unit_word(unit) for unit in found["units"])
        and isinstance(found.get("rgb"), bool)
        and found.get("dtype") in DTYPES
        and _is_list(found.get("names"), str)
    )
    if not fits:
        raise InputError(
            f"{path} does not say what images it has learnt from; choose another "
            "file or train it again."
        )
    return dict(found)


def _is_list(found: Any, kind: Any, count: int | None = None) -> bool:
    right = isinstance(found, list) and all(isinstance(one, kind) for one in found)
    return right and count in (None, len(found))
