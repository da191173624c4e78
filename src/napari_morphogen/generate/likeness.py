"""Parameters of `synthetic_cells` that suit an image and its objects."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.params import InputError, parameters
from napari_morphogen.segment.ids import numbered

FAR = 4  # pixels from all objects, where there is only background
DEEP = 3  # pixels inside, where the blur of the border has ended
NORMAL = 1.4826  # standard deviations in a median absolute deviation
SECOND = 6.0  # variance of a second difference of noise of variance 1
BRIGHTEST = 20_000.0  # photons, from which on noise is not seen
RAGGED = 2.5  # standard deviations in a mean one, as half of it counts as elongation
PIXELATED = 0.3  # pixels by which outlines seem to depart from ellipses
Values = NDArray[np.float64]


def cells_like(
    image: NDArray[Any], labels: NDArray[Any], *, spacing: tuple[float, ...] = ()
) -> dict[str, Any]:
    """Return the parameters with which `synthetic_cells` makes images like one.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Bright objects on a darker background.
    labels : ndarray of int, shape of `image`
        The objects.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    parameters : dict
        Size of the image; number, size, outline and touching of the cells; photons,
        noise and blur. What cannot be told, such as the share of cells out of focus,
        is left out.

    Raises
    ------
    InputError
        When nothing is labelled, or objects are not brighter than the background.

    Notes
    -----
    Photons follow from noise that grows with brightness: its variance, of second
    differences between neighbours, is proportional to the number of photons. Where
    noise does not grow, the image is taken to be bright and the camera to be noisy.

    Examples
    --------
    >>> image, labels = synthetic_cells(radius=9, count=50, touching=0, seed=3)
    >>> found = cells_like(image, labels)
    >>> found["count"], 8 < found["radius"] < 10, found["touching"]
    (50, True, 0.0)
    """
    ids = numbered(np.asarray(labels))
    if ids.shape != np.shape(image):
        raise InputError(
            f"Expected `labels` of shape {np.shape(image)}, but got {ids.shape}; give "
            "those of the image."
        )
    if not ids.any():
        raise InputError("No object is labelled; label some that are typical.")
    pixels = fill_broken(as_float(image).astype(np.float64))[0]
    sizes = spacing or (1.0,) * ids.ndim
    shape = dict(zip(("width", "height", "depth"), ids.shape[::-1], strict=False))
    found = shape | {"count": int(ids.max())} | _outlines(ids, sizes)
    found["touching"] = touching_share(ids)
    found |= _light(pixels, ids)
    found["blur"] = min(_blur(pixels, ids), found["radius"] / 2)
    return _allowed(found)


def _outlines(ids: NDArray[np.int32], spacing: tuple[float, ...]) -> dict[str, float]:
    """Return the size and the form of the objects."""
    ndim, rows = ids.ndim, []
    for number, box in enumerate(ndimage.find_objects(ids), 1):
        cut = any(
            n > 2 and (s.start == 0 or s.stop == n)
            for s, n in zip(box, ids.shape, strict=True)
        )
        places = np.argwhere(ids[box] == number) * np.array(spacing)
        rows.append((cut, *_outline(places, math.prod(spacing), ndim)))
    table = np.array(rows)
    whole = table[table[:, 0] == 0] if (table[:, 0] == 0).any() else table
    radius = float(whole[:, 1].mean())
    return {
        "radius": radius,
        "radius_spread": float(whole[:, 1].std()) / radius,
        "elongation": float(np.median(whole[:, 2])),
        "irregularity": float(np.median(whole[:, 3])),
    }


def _outline(places: Values, size: float, ndim: int) -> tuple[float, float, float]:
    """Return radius, elongation and irregularity of one object."""
    volume = len(places) * size
    unit = math.pi if ndim == 2 else 4 / 3 * math.pi
    radius = (volume / unit) ** (1 / ndim)
    centred = places - places.mean(axis=0)
    spread = centred.T @ centred / len(places) + np.eye(ndim) / 12  # of a pixel's own
    *others, longest = np.linalg.eigvalsh(spread)
    elongation = math.sqrt(longest / float(np.mean(others)))
    away = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(spread), centred)
    outside = float((away > ndim + 2).mean())  # an ellipsoid of the same moments
    ragged = RAGGED * 2 * outside / ndim - PIXELATED / radius
    return radius, elongation, max(ragged, 0.0)


def touching_share(labels: NDArray[Any]) -> float:
    """Return the share of the objects that touch another one.

    Parameters
    ----------
    labels : ndarray of int
        One number per object, 0 is background.

    Examples
    --------
    >>> touching_share(np.array([[1, 2, 0, 3, 0, 4, 4]]))
    0.5
    """
    ids = numbered(np.asarray(labels))
    if not ids.any():
        return 0.0
    touching = np.zeros(int(ids.max()) + 1, bool)
    for axis in range(ids.ndim):
        one = np.moveaxis(ids, axis, 0)
        for first, second in ((one[:-1], one[1:]), (one[1:], one[:-1])):
            beside = (first > 0) & (second > 0) & (first != second)
            touching[first[beside]] = True
    return float(touching[1:].mean())


def _light(pixels: Values, ids: NDArray[np.int32]) -> dict[str, Any]:
    """Return brightness and noise of cells and background, in photons."""
    inside = ids > 0
    far = ~ndimage.binary_dilation(inside, iterations=FAR)
    far = far if far.any() else ~inside
    dark = float(np.median(pixels[far])) if far.any() else float(pixels.min())
    numbers = np.arange(1, int(ids.max()) + 1)
    each = np.asarray(ndimage.mean(pixels, ids, numbers)) - dark
    bright = float(each.mean())
    if not bright > 0:
        raise InputError(
            "The objects are not brighter than the background; synthetic cells are: "
            "invert the image first."
        )
    deep = ndimage.distance_transform_edt(inside) > DEEP
    deep = deep if deep.any() else inside
    noise = [_variance(pixels, part) for part in (far, deep)]
    gain = max((noise[1] - noise[0]) / bright, bright / BRIGHTEST)
    counted = noise[0] / gain**2  # variance between the cells, in photons
    level = min(counted, max(dark - float(pixels.min()), 0.0) / gain)
    spread = float(pixels[deep].std()) if len(each) == 1 else _grain(pixels, ids, deep)
    grain = math.sqrt(max(spread**2 - noise[1], 0.0)) / bright
    return {
        "photons": bright / gain,
        "background": level,
        "read_noise": math.sqrt(max(counted - level, 0.0)),
        "brightness_spread": float(each.std()) / bright,
        "texture": grain,
    }


def _variance(pixels: Values, part: NDArray[np.bool_]) -> float:
    """Return the variance of independent noise in a part of the image."""
    found = []
    for axis in range(pixels.ndim - 2, pixels.ndim):
        if pixels.shape[axis] > 2:
            middle = [slice(None)] * pixels.ndim
            middle[axis] = slice(1, -1)
            second = np.diff(pixels, n=2, axis=axis)[part[tuple(middle)]]
            found += [np.median(np.abs(second))] if second.size else []
    return float(NORMAL * np.mean(found)) ** 2 / SECOND if found else 0.0


def _grain(pixels: Values, ids: NDArray[np.int32], deep: NDArray[np.bool_]) -> float:
    """Return the standard deviation within objects, away from their borders."""
    numbers = np.unique(ids[deep & (ids > 0)])
    where = np.where(deep, ids, 0)
    return float(np.median(ndimage.standard_deviation(pixels, where, numbers)))


def _blur(pixels: Values, ids: NDArray[np.int32]) -> float:
    """Return the sigma of a Gaussian that makes borders as soft as they are."""
    inside = ids > 0
    if inside.all():
        return 0.0
    away = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(
        inside
    )
    shells = np.rint(away - 0.5 * np.sign(away)).astype(int)
    steps = np.arange(-FAR, FAR + 1)
    there = [step for step in steps if (shells == step).any()]
    profile = np.array([pixels[shells == step].mean() for step in there])
    height = profile.max() - profile.min()
    slope = float(-np.diff(profile).min()) if len(profile) > 1 else 0.0
    if not slope > 0:
        return 0.0
    sigma = height / (slope * math.sqrt(2 * math.pi))
    return math.sqrt(max(sigma**2 - 1 / 6, 0.0))  # of which pixels have their share


def _allowed(found: dict[str, Any]) -> dict[str, Any]:
    """Return values within the limits of the parameters, and rounded."""
    limits = {param.name: param for param in parameters(synthetic_cells)}
    for name, value in found.items():
        low, high = limits[name].low, limits[name].high
        kept = min(max(value, -math.inf if low is None else low), high or math.inf)
        found[name] = kept if isinstance(value, int) else round(float(kept), 3)
    return found
