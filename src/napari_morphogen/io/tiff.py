"""TIFF, OME-TIFF and ImageJ TIFF."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from napari_morphogen.io import lazy_tiff
from napari_morphogen.io.pixels import RECIPE, narrowed, recipe_metadata, recipe_text
from napari_morphogen.io.units import (
    COARSEST,
    PIXEL,
    TIMES,
    length_symbol,
    micrometers,
    positive,
    unit_word,
)
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray

SOFTWARE = "napari-morphogen"
LARGE = 2**30  # bytes from which on pixels are read when they are needed
OTHER_WAY = "save it as .ome.zarr"
BROKEN = (
    ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError,
    RuntimeError, EOFError, struct.error, zlib.error,
)  # fmt: skip
Sizes = dict[str, tuple[float, str]]


def read_tiff(path: Path) -> SpatialArray:
    """Return the first series of a TIFF, at full resolution."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            if not (_pages_end(file) and _fits(file.series[0].keyframe)):
                raise InputError(
                    f"{path} is cut off or damaged; copy it again from where it came."
                )
            series = file.series[0]
            large = series.nbytes > LARGE
            pixels = lazy_tiff.lazy(path, series) if large else series.asarray()
            letters = series.axes
            colour = series.keyframe.photometric not in (0, 1)
            sizes, origin, metadata = _description(file)
    except InputError:
        raise
    except (tifffile.TiffFileError, *BROKEN) as error:
        raise InputError(_diagnosis(path, error)) from error
    return _placed(pixels, letters, colour, sizes, origin, metadata)


def write_tiff(path: Path, image: SpatialArray) -> None:
    """Write an OME-TIFF."""
    import tifffile

    order = _page_order(image)
    pixels = _storable(np.asarray(image.data).transpose(order))
    letters = _ome_letters("".join(image.axes[i] for i in order), image.rgb)
    # OME-TIFF whatever the ending: ImageJ's own kind holds no 32-bit integers.
    # The resolution tags repeat the pixel size for programs that know only these.
    tifffile.imwrite(
        path,
        pixels,
        ome=True,
        photometric="rgb" if image.rgb else "minisblack",
        software=SOFTWARE,
        metadata=_ome_metadata(image, letters, pixels.shape),
        **_resolution_tags(image),
    )


def axes_of(letters: str) -> str:
    """Return the axes for TIFF's `letters`.

    Letters that say nothing become z, then t, then c, whichever is free.

    Examples
    --------
    >>> axes_of("QYX"), axes_of("QQYX"), axes_of("IZYX"), axes_of("QYXS")
    ('zyx', 'tzyx', 'tzyx', 'zyxc')
    """
    letters = letters.upper()
    if "S" in letters:  # colours within channels
        letters = letters.replace("C", "Q" if "T" in letters else "T")
    letters = letters.replace("S", "C")
    unknown = [i for i, a in enumerate(letters) if a in "QI_" or a in letters[:i]]
    free = [axis for axis in "ztcsijklmnpq" if axis.upper() not in letters]
    taken = sorted(free[: len(unknown)], key="sijklmnpqtcz".index)
    named = list(letters.lower())
    for i, axis in zip(unknown, taken, strict=False):
        named[i] = axis
    return "".join(named)


def _placed(
    pixels: Any,
    letters: str,
    colour: bool,
    sizes: Sizes,
    origin: Mapping[str, float],
    metadata: Mapping[str, Any],
) -> SpatialArray:
    rgb = "S" in letters and colour and pixels.shape[letters.index("S")] in (3, 4)
    axes = axes_of(letters)
    if rgb and not axes.endswith("c"):
        place = axes.index("c")
        others = [i for i in range(pixels.ndim) if i != place]
        pixels = pixels.transpose([*others, place])
        axes = axes.replace("c", "") + "c"
    return SpatialArray(
        pixels,
        axes,
        scale=tuple(sizes.get(axis, (1.0, PIXEL))[0] for axis in axes),
        translate=tuple(origin.get(axis, 0.0) for axis in axes),
        units=tuple(sizes.get(axis, (1.0, PIXEL))[1] for axis in axes),
        rgb=rgb,
        metadata=metadata,
    )


def _description(file: Any) -> tuple[Sizes, dict[str, float], dict[str, Any]]:
    if file.ome_metadata:
        try:
            return _from_ome(ElementTree.fromstring(file.ome_metadata))
        except ElementTree.ParseError:
            pass
    tags = file.series[0].keyframe.tags
    if file.imagej_metadata:
        return _from_imagej(file.imagej_metadata, tags), {}, {}
    return _from_tags(tags), {}, {}


def _from_ome(
    root: ElementTree.Element,
) -> tuple[Sizes, dict[str, float], dict[str, Any]]:
    recipe = next(
        (
            note.findtext("{*}Value")
            for note in root.iterfind("{*}StructuredAnnotations/{*}CommentAnnotation")
            if note.get("Namespace") == RECIPE
        ),
        None,
    )
    pixels = root.find("{*}Image/{*}Pixels")
    if pixels is None:
        return {}, {}, recipe_metadata(recipe)
    found = {
        axis: (pixels.get(name), pixels.get(f"{name}Unit", usual))
        for axis, name, usual in (
            ("x", "PhysicalSizeX", "µm"),
            ("y", "PhysicalSizeY", "µm"),
            ("z", "PhysicalSizeZ", "µm"),
            ("t", "TimeIncrement", "s"),
        )
    }
    origin: dict[str, float] = {}
    plane = pixels.find("{*}Plane")
    # Elsewhere positions are those of a stage, in a frame of its own.
    if plane is not None and str(root.get("Creator")).startswith(SOFTWARE):
        origin = {a: float(plane.get(f"Position{a.upper()}", 0)) for a in SPATIAL_AXES}
    return _sizes(found), origin, recipe_metadata(recipe)


def _from_imagej(found: Mapping[str, Any], tags: Any) -> Sizes:
    unit = unit_word(found.get("unit", ""))
    if unit == PIXEL:
        return _from_tags(tags)
    times = unit_word(found.get("tunit", "s"))
    return _sizes(
        {
            "x": (_pixel_size(tags, "XResolution"), unit),
            "y": (_pixel_size(tags, "YResolution"), unit),
            "z": (found.get("spacing"), unit),
            "t": (found.get("finterval"), times if times in TIMES else "second"),
        }
    )


def _from_tags(tags: Any) -> Sizes:
    unit = {2: "inch", 3: "centimeter"}.get(int(tags.valueof("ResolutionUnit", 1)))
    sizes: Sizes = {}
    for axis, name in (("x", "XResolution"), ("y", "YResolution")):
        size = micrometers(_pixel_size(tags, name) or 0.0, unit or PIXEL)
        if size and size <= COARSEST:
            sizes[axis] = (size, "micrometer")
    return sizes if len(sizes) == 2 else {}


def _pixel_size(tags: Any, name: str) -> float | None:
    pixels, length = tags.valueof(name, (0, 0))
    return length / pixels if pixels > 0 and length > 0 else None


def _sizes(found: Mapping[str, tuple[Any, Any]]) -> Sizes:
    numbers = {axis: (positive(size), unit) for axis, (size, unit) in found.items()}
    return {
        axis: (number, unit_word(unit))
        for axis, (number, unit) in numbers.items()
        if number is not None
    }


def _pages_end(file: Any) -> bool:
    """Tell whether the chain of pages ends, not in nothing and not in a circle.

    tifffile takes the pages before a cut for the whole file, and a circle for
    billions of pages.
    """
    handle, form = file.filehandle, file.tiff
    offset, known = file.pages.first.offset, set()
    while offset:
        if offset in known or offset >= handle.size:
            return False
        known.add(offset)
        handle.seek(offset)
        (tags,) = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))
        handle.seek(offset + form.tagnosize + tags * form.tagsize)
        (offset,) = struct.unpack(form.offsetformat, handle.read(form.offsetsize))
    return True


def _fits(page: Any) -> bool:
    """Tell whether the file is large enough for what the page says it holds."""
    if page.compression != 1 or 0 in page.dataoffsets:
        return True
    needed = page.size * page.bitspersample / 8
    return bool(needed <= 4 * page.parent.filehandle.size)  # colours may be subsampled


def _diagnosis(path: Path, error: Exception) -> str:
    if "imagecodecs" in str(error):
        return f"{path} is compressed in a way that needs: pip install imagecodecs."
    return f"{path} is damaged or no TIFF; save it again where it came from."


def _page_order(image: SpatialArray) -> list[int]:
    inner = "yxc" if image.rgb else "yx"
    pages = [i for i, axis in enumerate(image.axes) if axis not in inner]
    return [*pages, *(image.axes.index(axis) for axis in inner)]


def _ome_letters(axes: str, rgb: bool) -> str:
    free = [axis for axis in "tcz" if axis not in axes]
    letters = ""
    for axis in axes:
        if axis not in "tczyx" and not free:
            raise InputError(
                f'A TIFF has no place for the axis "{axis}" of "{axes}"; {OTHER_WAY}.'
            )
        letters += axis if axis in "tczyx" else free.pop(0)
    return (letters[:-1] + "s" if rgb else letters).upper()


def _storable(pixels: Any) -> Any:
    dtype = pixels.dtype
    if dtype.kind == "b":
        return pixels.astype(np.uint8)
    if dtype.kind in "ui" and dtype.itemsize > 4:
        return narrowed(pixels, ("uint32", "int32"), OTHER_WAY)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return pixels.astype(np.float32 if dtype.itemsize < 4 else np.float64)
    return pixels


def _ome_metadata(
    image: SpatialArray, letters: str, shape: tuple[int, ...]
) -> dict[str, Any]:
    found: dict[str, Any] = {"axes": letters, "Creator": SOFTWARE}
    found["Name"] = "".join(c for c in image.name if c.isprintable())
    for axis, scale, unit in zip(image.axes, image.scale, image.units, strict=True):
        size, symbol = positive(abs(scale)), length_symbol(unit)
        if axis in SPATIAL_AXES and size and (size, symbol) != (1.0, PIXEL):
            found[f"PhysicalSize{axis.upper()}"] = size
            found[f"PhysicalSize{axis.upper()}Unit"] = symbol
        if axis == "t" and size and unit_word(unit) in TIMES:
            found["TimeIncrement"] = size
            found["TimeIncrementUnit"] = TIMES[unit_word(unit)]
    if any(
        t
        for t, axis in zip(image.translate, image.axes, strict=True)
        if axis in SPATIAL_AXES
    ):
        found["Plane"] = _positions(image, letters, shape)
    if recipe := recipe_text(image):
        found["CommentAnnotation"] = {"Namespace": RECIPE, "Value": recipe}
    return found


def _positions(
    image: SpatialArray, letters: str, shape: tuple[int, ...]
) -> dict[str, Any]:
    pages = list(np.ndindex(shape[: letters.index("Y")]))
    found: dict[str, Any] = {}
    for i, axis in enumerate(image.axes):
        if axis not in SPATIAL_AXES:
            continue
        planes = [page[letters.index("Z")] if axis == "z" else 0 for page in pages]
        found[f"Position{axis.upper()}"] = [
            image.translate[i] + image.scale[i] * plane for plane in planes
        ]
        found[f"Position{axis.upper()}Unit"] = [length_symbol(image.units[i])] * len(
            pages
        )
    return found


def _resolution_tags(image: SpatialArray) -> dict[str, Any]:
    sizes = [
        micrometers(image.scale[i], image.units[i])
        for i in (image.axes.index("x"), image.axes.index("y"))
    ]
    if not all(sizes):
        return {}
    per_centimeter = tuple(1e4 / size for size in sizes if size)
    return {"resolution": per_centimeter, "resolutionunit": "CENTIMETER"}
