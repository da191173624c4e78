"""Images painted for labels by a trained painter, exactly in the labels' place."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import recipe
from napari_morphogen.generating.pieces import checked_source
from napari_morphogen.generating.samples import as_dtype
from napari_morphogen.params import InputError, Remark
from napari_morphogen.segment.models import need_networks
from napari_morphogen.spatial import SpatialArray

PLANE = "yx"
ALIKE = 1.25  # times the pixel size that was learnt with


def paint(
    model: str | Path, labels: SpatialArray, *, seed: int = 0, steps: int = 0
) -> SpatialArray:
    """Return an image of labels.

    Parameters
    ----------
    model : path
        Of a trained painter, or of a CVAE that was told labels; nothing of the file
        is executed.
    labels : SpatialArray
        One number per object, 0 is background; of any size, but those of a CVAE of
        the size of its patches. Planes of volumes and frames of movies are painted
        one by one.
    seed : int
        Same labels and seed, same image.
    steps : int
        Of the way from noise to the image; 0 chooses.

    Returns
    -------
    image : SpatialArray
        In the place of the labels, in the dtype and intensities of the images that
        were learnt from.

    Raises
    ------
    InputError
        When the file holds no painter, or the labels are none.
    """
    *_, image = painted(model, labels, seed, steps)
    assert isinstance(image, SpatialArray)
    return image


def painted(
    model: str | Path, labels: SpatialArray, seed: int = 0, steps: int = 0
) -> Iterator[float | SpatialArray]:
    """Yield the share that is done, and last what `paint` returns; for a worker.

    Parameters
    ----------
    model, labels, seed, steps
        As of `paint`.
    """
    need_networks()
    from napari_morphogen.nn.generator import Generator

    if seed < 0 or steps < 0:
        raise InputError(
            f"Expected seed and steps of at least 0, but got {seed} and {steps}."
        )
    generator = Generator.load(Path(model).expanduser())
    if not generator.config.maps:
        raise InputError(
            f"{model} holds a generator of the kind {generator.config.kind}, which "
            "paints no labels; choose a painter, or train one (morphogen train "
            "painter)."
        )
    source = checked_source(generator.record, 2, model)
    _check(labels)
    _remark(labels, source)
    places = list(_frames(labels))
    made: list[NDArray[np.float32]] = []
    for item in _planes(generator, labels, places, seed, steps):
        if isinstance(item, float):
            yield item
        else:
            made.append(item)
    about: dict[str, Any] = {"model": Path(model).name, "kind": generator.config.kind}
    about |= {"labels": labels.name, "seed": seed, "steps": steps}
    about["version"] = recipe.product_version()
    yield _placed(np.stack(made), labels, source, about)


def _planes(
    generator: Any, labels: SpatialArray, places: Sequence[Any], seed: int, steps: int
) -> Iterator[float | NDArray[np.float32]]:
    """Yield the share that is done, and every plane (channels, M, N) in its turn."""
    from napari_morphogen.nn.mask_maps import checked_labels, mask_maps
    from napari_morphogen.nn.painter import painting

    for number, place in enumerate(places):
        plane = checked_labels(labels.data[place], labels.name)
        if generator.config.kind == "painter":
            for item in painting(generator, plane, seed=(seed, number), steps=steps):
                if isinstance(item, float):
                    yield (number + item) / len(places)
                else:
                    yield item
            continue
        _check_size(plane, generator.config.shape)
        maps = mask_maps(plane)[np.newaxis]
        noise = generator.noise(number + 1, seed)[-1:]
        yield generator.made(noise, condition=maps, steps=steps)[0]
        yield (number + 1) / len(places)


def _check_size(plane: NDArray[Any], shape: tuple[int, ...]) -> None:
    if plane.shape != shape:
        rows, columns = plane.shape
        raise InputError(
            f"A CVAE makes images of {shape[0]} x {shape[1]} pixels only, but the "
            f"labels have {rows} x {columns}; crop them, or train a painter."
        )


def _check(labels: SpatialArray) -> None:
    called = f"{labels.name or 'the image'}"
    if labels.rgb or "c" in labels.axes:
        raise InputError(
            f"Labels have no channels, but {called} has; choose a label image."
        )
    if not labels.data.size:
        raise InputError(f"{called} has no pixels; choose other labels.")


def _frames(labels: SpatialArray) -> Iterator[tuple[Any, ...]]:
    """Yield where every plane of labels lies."""
    sizes = zip(labels.axes, labels.data.shape, strict=True)
    yield from product(
        *([slice(None)] if axis in PLANE else range(n) for axis, n in sizes)
    )


def _placed(
    values: NDArray[np.float32],
    labels: SpatialArray,
    source: dict[str, Any],
    about: dict[str, Any],
) -> SpatialArray:
    """Return painted planes (N, channels, M, N) where the labels are."""
    before = "".join(axis for axis in labels.axes if axis not in PLANE)
    sizes = dict(zip(labels.axes, labels.data.shape, strict=True))
    lead = [sizes[axis] for axis in before]
    data = values.reshape(*lead, *values.shape[1:])
    axes = f"{before}c{PLANE}"
    rgb = source["rgb"] and values.shape[1] in (3, 4)
    wanted = labels.axes
    if values.shape[1] > 1:
        at = len(labels.axes) if rgb else _first_space(labels.axes)
        wanted = f"{wanted[:at]}c{wanted[at:]}"
    else:
        data, axes = data.squeeze(len(lead)), axes.replace("c", "")
    data = data.transpose([axes.index(axis) for axis in wanted])
    return labels.like(
        as_dtype(data, source["dtype"]),
        wanted,
        rgb=rgb,
        name=f"{labels.name or 'labels'} painted",
        metadata={"generator": about},
    )


def _first_space(axes: str) -> int:
    return min(axes.index(axis) for axis in "zyx" if axis in axes)


def _remark(labels: SpatialArray, source: dict[str, Any]) -> None:
    """Say so where the pixels of labels are not as large as those learnt from."""
    at = labels.axes.index("x")
    unit, size, learnt = labels.units[at], abs(labels.scale[at]), source["scale"][-1]
    if unit != source["units"][-1] or not (size > 0 and learnt > 0):
        return
    if abs(math.log(size / learnt)) > math.log(ALIKE):
        warn(
            f"The pixels of the labels are {size:g} {unit} wide, those that the "
            f"painter learnt from {learnt:g}: objects of the same size in pixels look "
            "alike.",
            Remark,
            stacklevel=3,
        )
