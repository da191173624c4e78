"""A look into a trained VAE: along its axes, between images, there and back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate import image_scores
from napari_morphogen.generating.pieces import pieces
from napari_morphogen.generating.samples import Wanted, as_dtype, condition_of, placed
from napari_morphogen.params import InputError
from napari_morphogen.segment.models import need_networks
from napari_morphogen.spatial import SpatialArray

MOST_STEPS = 1000  # between two images


class Compression(NamedTuple):
    """What is left of an image that a VAE has made codes of.

    Attributes
    ----------
    image : SpatialArray
        Patches, each encoded and decoded, in the place of the original; what does
        not fill a patch is left out.
    values, pixels : int
        Of a code, and of the patch that it stands for, all channels counted.
    bytes_code, bytes_patch : int
        Of both, in single precision and in the type of the image.
    psnr, ssim : float
        Of the reconstruction, against the original.
    """

    image: SpatialArray
    values: int
    pixels: int
    bytes_code: int
    bytes_patch: int
    psnr: float
    ssim: float


def walk(
    model: str | Path, positions: Sequence[Sequence[float]], *, condition: str = ""
) -> SpatialArray:
    """Return the images at positions along the principal axes of the codes.

    Parameters
    ----------
    model : path
        Of the file of a VAE; nothing of it is executed.
    positions : sequence of sequence of float
        For every image how far it is from the mean, in standard deviations, along
        the first, second, … principal axis of the training patches' codes.
    condition : str
        Name of the class, where the generator knows classes.

    Returns
    -------
    images : SpatialArray
        One behind the other along a first axis "n", one for every row.

    Raises
    ------
    InputError
        When the file holds no VAE, or there are not so many axes.
    """
    latents = _latents(model, condition)
    steps = np.atleast_2d(np.asarray(positions, np.float32))
    if steps.ndim != 2 or steps.shape[1] > len(latents.axes):
        raise InputError(
            f"The codes have {len(latents.axes)} axes, but got {steps.shape[1]} "
            "positions; leave out the last ones."
        )
    codes = latents.mean + steps @ latents.axes[: steps.shape[1]]
    return _stack(latents.images(codes), latents.model, model, "walk")


def between(
    model: str | Path,
    first: int | SpatialArray,
    last: int | SpatialArray,
    *,
    count: int = 9,
    condition: str = "",
) -> SpatialArray:
    """Return images on the way from one to another.

    Parameters
    ----------
    model : path
        Of the file of a VAE; nothing of it is executed.
    first, last : int or SpatialArray
        The seed of a sample, or an image whose middle patch is taken.
    count : int
        Images, both ends among them.
    condition : str
        Name of the class, where the generator knows classes.

    Returns
    -------
    images : SpatialArray
        One behind the other along a first axis "n"; the ends are the model's
        reconstructions.

    Raises
    ------
    InputError
        When the file holds no VAE, an image is smaller than a patch or its channels
        differ.
    """
    if not 2 <= count <= MOST_STEPS:
        raise InputError(f"Expected 2 to {MOST_STEPS} images, but got {count}.")
    latents = _latents(model, condition)
    ends = [_end(one, latents) for one in (first, last)]
    made = latents.between(np.stack(ends), count)
    return _stack(made, latents.model, model, "interpolation")


def compression(
    model: str | Path, image: SpatialArray, *, condition: str = ""
) -> Compression:
    """Return an image encoded and decoded, and what that costs.

    Parameters
    ----------
    model : path
        Of the file of a VAE; nothing of it is executed.
    image : SpatialArray
        Its first plane or volume is taken.
    condition : str
        Name of the class, where the generator knows classes.

    Raises
    ------
    InputError
        When the file holds no VAE, the image is smaller than a patch or its channels
        differ.
    """
    latents = _latents(model, condition)
    config = latents.model.config
    piece = _piece(image, latents.model)
    grid = [n // s for n, s in zip(piece.shape[1:], config.shape, strict=True)]
    cut = tuple(slice(0, g * s) for g, s in zip(grid, config.shape, strict=True))
    whole = piece[(slice(None), *cut)]
    patches = _patches(whole, config.shape)
    own = latents.range_of(piece)
    made = _joined(latents.images(latents.codes(patches, own), own), grid)
    scores = image_scores(made, whole, channel_axis=0)
    pixels = int(np.prod(patches.shape[1:]))
    return Compression(
        _in_place(made, image, whole.shape),
        config.latent,
        pixels,
        4 * config.latent,
        pixels * np.dtype(image.data.dtype).itemsize,
        scores.psnr,
        scores.ssim,
    )


def explored(function: Any, *given: Any, **words: Any) -> Iterator[Any]:
    """Yield what `walk`, `between` or `compression` returns; for a worker.

    Parameters
    ----------
    function : callable
        One of them.
    *given, **words
        What it takes.
    """
    yield function(*given, **words)


def _latents(model: str | Path, condition: str) -> Any:
    need_networks()
    from napari_morphogen.nn.generator import Generator
    from napari_morphogen.nn.latents import Latents

    generator = Generator.load(Path(model).expanduser())
    asked = condition_of(generator.config.classes, condition)
    return Latents(generator, asked)


def _end(given: int | SpatialArray, latents: Any) -> NDArray[np.float32]:
    if isinstance(given, SpatialArray):
        piece, shape = _piece(given, latents.model), latents.model.config.shape
        corner = [(n - s) // 2 for n, s in zip(piece.shape[1:], shape, strict=True)]
        place = tuple(slice(a, a + s) for a, s in zip(corner, shape, strict=True))
        patch, own = piece[(slice(None), *place)], latents.range_of(piece)
        return np.asarray(latents.codes(patch[None], own)[0])
    if given < 0:
        raise InputError(f"Expected a seed of at least 0, but got {given}.")
    return np.asarray(latents.drawn(latents.model.noise(1, given))[0])


def _piece(image: SpatialArray, model: Any) -> NDArray[Any]:
    """Return the first plane or volume, channels first."""
    shape = model.config.shape
    piece = next(pieces(image, planes=len(shape) == 2))
    if len(piece) != model.config.channels:
        raise InputError(
            f"The generator has learnt {model.config.channels} channel(s), but the "
            f"image has {len(piece)}; choose an image like those it learnt from."
        )
    found = piece.shape[1:]
    if len(found) != len(shape) or any(
        n < s for n, s in zip(found, shape, strict=True)
    ):
        size, least = (" x ".join(map(str, one)) for one in (found, shape))
        raise InputError(f"Expected an image of at least {least}, but got {size}.")
    return np.asarray(piece)


def _patches(whole: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """Return the patches (N, channels, …) that an image is made of."""
    ndim = len(shape)
    sides = zip(whole.shape[1:], shape, strict=True)
    sizes = [size for n, s in sides for size in (n // s, s)]
    split = whole.reshape(len(whole), *sizes)
    order = (*range(1, 2 * ndim, 2), 0, *range(2, 2 * ndim + 1, 2))
    return split.transpose(order).reshape(-1, len(whole), *shape)


def _joined(patches: NDArray[Any], grid: Sequence[int]) -> NDArray[Any]:
    """Return the image (channels, …) that patches make: `_patches` backwards."""
    channels, *shape = patches.shape[1:]
    ndim = len(shape)
    split = patches.reshape(*grid, channels, *shape)
    pairs = [axis for i in range(ndim) for axis in (i, ndim + 1 + i)]
    sizes = [g * s for g, s in zip(grid, shape, strict=True)]
    return split.transpose(ndim, *pairs).reshape(channels, *sizes)


def _in_place(
    made: NDArray[np.float32], image: SpatialArray, shape: tuple[int, ...]
) -> SpatialArray:
    """Return a reconstruction where its original lies."""
    space = [axis for axis in image.axes if axis in "zyx"][-(len(shape) - 1) :]
    data, axes = (made[0], "") if "c" not in image.axes else (made, "c")
    wanted = "".join(a for a in image.axes if a in space or a == axes)
    found = f"{axes}{''.join(space)}"
    data = data.transpose([found.index(axis) for axis in wanted])
    data = as_dtype(data, np.dtype(image.data.dtype).name)
    return image.like(data, wanted, name=f"{image.name or 'image'} reconstructed")


def _stack(
    values: NDArray[np.float32], generator: Any, model: str | Path, name: str
) -> SpatialArray:
    path = Path(model)
    found = placed(values, generator, Wanted(len(values)), path.name)
    return found.like(found.data, name=f"{path.stem} {name}")
