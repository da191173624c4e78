"""Pictures (PNG, JPEG) and plain NumPy arrays."""

import struct
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.io.pixels import RECIPE, narrowed, recipe_metadata, recipe_text
from napari_morphogen.io.units import COARSEST, PIXEL, micrometers, positive
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray, as_spatial

INCH = 25_400.0  # micrometers
GRAY = {"1", "L", "I", "I;16", "I;16B", "F"}
OTHER_WAY = "save it as .tif"


def read_picture(path: Path) -> SpatialArray:
    """Return a PNG or JPEG; palettes and printing colours become RGB or RGBA."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.load()
            pixels = _pixels(picture)
            found = dict(picture.info)
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is too large a picture; {OTHER_WAY}.") from error
    except (
        OSError, SyntaxError, ValueError, LookupError, struct.error, zlib.error
    ) as error:  # fmt: skip
        raise InputError(
            f"{path} is damaged or no picture; save it again where it came from."
        ) from error
    _check_depth(path, pixels)
    axes, sizes = "yxc"[: pixels.ndim], _sizes(found.get("dpi"))
    return SpatialArray(
        pixels,
        axes,
        scale=(*(sizes or (1.0, 1.0)), 1.0)[: pixels.ndim],
        units=(*["micrometer" if sizes else PIXEL] * 2, PIXEL)[: pixels.ndim],
        rgb=axes == "yxc",
        metadata=recipe_metadata(found.get(RECIPE)),
    )


def write_png(path: Path, image: SpatialArray) -> None:
    """Write a PNG: 8 or 16 bits of grey, or 8 bits of RGB or RGBA."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    if image.axes != ("yxc" if image.rgb else "yx"):
        raise InputError(
            f'A PNG holds one plane, but the image has the axes "{image.axes}"; '
            f"{OTHER_WAY}."
        )
    chunks = PngInfo()
    if recipe := recipe_text(image):
        chunks.add_text(RECIPE, recipe)
    sizes = [
        micrometers(size, unit)
        for size, unit in zip(image.scale[:2], image.units[:2], strict=True)
    ]
    options: dict[str, Any] = {}
    if sizes[0] and sizes[1]:
        options["dpi"] = (INCH / sizes[1], INCH / sizes[0])
    picture = Image.fromarray(_png_pixels(np.asarray(image.data), image.rgb))
    picture.save(path, format="PNG", pnginfo=chunks, **options)


def read_npy(path: Path) -> SpatialArray:
    """Return the array of a .npy file; its axes are guessed."""
    try:
        # Strangers' files must not run code, which unpickled objects can.
        return as_spatial(np.load(path, allow_pickle=False))
    except InputError:
        raise
    except (ValueError, EOFError, SyntaxError, TypeError, TokenError) as error:
        raise InputError(
            f"{path} is damaged or holds no plain array of numbers; "
            "save it again with numpy.save."
        ) from error


def write_npy(path: Path, image: SpatialArray) -> None:
    """Write the values alone, without axes, geometry or recipe."""
    with path.open("wb") as file:
        np.save(file, np.asarray(image.data), allow_pickle=False)


def _pixels(picture: Any) -> NDArray[Any]:
    mode = picture.mode
    if mode not in GRAY | {"RGB", "RGBA"}:
        see_through = mode in ("LA", "PA", "La") or "transparency" in picture.info
        picture = picture.convert("RGBA" if see_through else "RGB")
    pixels = np.asarray(picture)
    return pixels.astype(np.uint16) if mode == "I" else pixels


def _check_depth(path: Path, pixels: NDArray[Any]) -> None:
    with path.open("rb") as file:
        header = file.read(26)
    # Pillow cuts colours of 16 bits down to 8 without a word.
    if header[1:4] == b"PNG" and header[24] == 16 and pixels.dtype == np.uint8:
        raise InputError(
            f"{path} holds colours of 16 bits, of which only 8 can be read; "
            f"{OTHER_WAY}."
        )


def _sizes(dpi: Any) -> tuple[float, float] | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    across, down = positive(dpi[0]), positive(dpi[1])
    if across is None or down is None or INCH / min(across, down) > COARSEST:
        return None
    return INCH / down, INCH / across


def _png_pixels(pixels: NDArray[Any], rgb: bool) -> NDArray[Any]:
    if pixels.dtype.kind == "f":
        raise InputError(
            f"A PNG holds whole numbers only, but the image has {pixels.dtype}; "
            f"{OTHER_WAY}."
        )
    if pixels.dtype in (np.bool_, np.uint8):
        return pixels.astype(np.uint8)
    if rgb:
        raise InputError(
            f"A PNG holds colours of 8 bits, but the image has {pixels.dtype}; "
            f"{OTHER_WAY}."
        )
    return narrowed(pixels, ("uint16",), OTHER_WAY)
