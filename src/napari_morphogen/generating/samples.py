"""New images of a trained generator, in the pixel size of what it learnt from."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import recipe
from napari_morphogen.generating.pieces import checked_source
from napari_morphogen.params import InputError
from napari_morphogen.segment.models import need_networks
from napari_morphogen.spatial import SpatialArray

MOST = 4096  # samples at once


@dataclass(frozen=True)
class Wanted:
    """Which samples are wanted.

    Attributes
    ----------
    count : int
        How many.
    seed : int
        Same seed, same images.
    truncation : float
        How far the noise reaches: below 1 images are more usual, less varied.
    condition : str
        Name of the class, where the generator knows classes; all in turn by default.
    montage : bool
        Whether samples lie side by side instead of one behind the other.
    steps : int
        Of generators that draw step by step; 0 chooses.
    """

    count: int = 16
    seed: int = 0
    truncation: float = 1.0
    condition: str = ""
    montage: bool = False
    steps: int = 0

    def check(self) -> None:
        """Raise InputError when something cannot be meant."""
        if not 1 <= self.count <= MOST:
            raise InputError(f"Expected 1 to {MOST} samples, but got {self.count}.")
        if not 0 <= self.truncation <= 2:
            raise InputError(
                f"Expected a truncation of 0 to 2, but got {self.truncation:g}."
            )
        if self.seed < 0 or self.steps < 0:
            raise InputError(
                f"Expected seed and steps of at least 0, but got {self.seed} and "
                f"{self.steps}."
            )


def sample(model: str | Path, wanted: Wanted | None = None) -> SpatialArray:
    """Return new images of a trained generator.

    Parameters
    ----------
    model : path
        Of its file; nothing of it is executed.
    wanted : Wanted, optional
        Which samples.

    Returns
    -------
    samples : SpatialArray
        One behind the other along a first axis "n", or side by side; in the pixel
        size, dtype and intensities of the images that were learnt from.

    Raises
    ------
    InputError
        When the file holds no generator, or there is no such class.
    """
    need_networks()
    from napari_morphogen.nn.generator import Generator

    wanted = wanted or Wanted()
    wanted.check()
    generator = Generator.load(Path(model).expanduser())
    if generator.config.maps:
        raise InputError(
            f"{model} makes images of labels: give it labels to paint (morphogen "
            "paint)."
        )
    asked = condition_of(generator.config.classes, wanted.condition)
    condition = None if asked is None else [asked] * wanted.count
    values = generator.sample(
        wanted.count,
        seed=wanted.seed,
        truncation=wanted.truncation,
        condition=condition,
        steps=wanted.steps,
    )
    return placed(values, generator, wanted, Path(model).name)


def sampled(model: str | Path, wanted: Wanted) -> Iterator[SpatialArray]:
    """Yield what `sample` returns; for a worker.

    Parameters
    ----------
    model, wanted
        As of `sample`.
    """
    yield sample(model, wanted)


def placed(
    values: NDArray[np.float32], generator: Any, wanted: Wanted, name: str
) -> SpatialArray:
    """Return samples as an image with the geometry of what was learnt from.

    Parameters
    ----------
    values : ndarray of float32, shape (N, channels, [P,] M, N)
        What the generator made.
    generator : Generator
        Whose record says where they belong.
    wanted : Wanted
        Which samples they are.
    name : str
        Of the file or the images.
    """
    source = checked_source(generator.record, values.ndim - 2, name)
    axes, names = source["axes"], source["names"]
    data = montage(values) if wanted.montage else values
    lead = [] if wanted.montage else ["n"]
    rgb = source["rgb"] and values.shape[1] in (3, 4)
    channels = values.shape[1] > 1
    at = len(lead)
    if not channels:
        data = data.squeeze(at)
    elif rgb:
        data = np.moveaxis(data, at, -1)
    middle = ["c"] if channels and not rgb else []
    letters = [*lead, *middle, *axes, *(["c"] if rgb else [])]
    sizes = dict(zip(axes, source["scale"], strict=True))
    units = dict(zip(axes, source["units"], strict=True))
    made = {"model": name, "kind": generator.config.kind, **asdict(wanted)}
    return SpatialArray(
        as_dtype(data, source["dtype"]),
        "".join(letters),
        scale=tuple(sizes.get(axis, 1.0) for axis in letters),
        units=tuple(units.get(axis, "pixel") for axis in letters),
        rgb=rgb,
        name=f"{''.join(names[:1]) or Path(name).stem} samples",
        metadata={"generator": made | {"version": recipe.product_version()}},
    )


def montage(values: NDArray[Any]) -> NDArray[Any]:
    """Return images side by side, in rows that make it nearly square.

    Parameters
    ----------
    values : ndarray of shape (N, ..., rows, columns)
        What is missing in the last row is 0.

    Examples
    --------
    >>> montage(np.ones((5, 1, 8, 8))).shape
    (1, 16, 24)
    """
    across = math.ceil(math.sqrt(len(values)))
    down = math.ceil(len(values) / across)
    *_, rows, columns = values.shape
    found = np.zeros((*values.shape[1:-2], down * rows, across * columns), values.dtype)
    for number, value in enumerate(values):
        y, x = divmod(number, across)
        place = (slice(y * rows, (y + 1) * rows), slice(x * columns, (x + 1) * columns))
        found[(..., *place)] = value
    return found


def as_dtype(values: NDArray[np.float32], name: str) -> NDArray[Any]:
    """Return values in a type of numbers, rounded and cut where it has limits.

    Parameters
    ----------
    values : ndarray of float32
        What a network made.
    name : str
        Of the dtype.
    """
    kind = np.dtype(name)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return np.clip(np.rint(values), limits.min, limits.max).astype(kind)
    if kind.kind == "b":
        return values > 0.5
    return values


def condition_of(classes: tuple[str, ...], name: str) -> int | None:
    """Return the number of a class, or None where none is named.

    Parameters
    ----------
    classes : tuple of str
        What the generator knows.
    name : str
        Of the class; may be empty.

    Raises
    ------
    InputError
        When there is no such class.
    """
    if not name:
        return None
    if name not in classes:
        known = ", ".join(classes) or "none"
        raise InputError(
            f'The generator knows no class "{name}"; its classes: {known}.'
        )
    return classes.index(name)
