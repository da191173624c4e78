"""Intensities ready for arithmetic: any dtype, broken pixels, channels, smoothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen import fast
from napari_morphogen.params import InputError

LUMINANCE = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)  # ITU-R BT.709
HEADROOM = 2.0**-10  # of a type's range: sums over neighbours must not overflow


def as_float(image: NDArray[Any]) -> NDArray[Any]:
    """Return `image` in native float32, or float64 for types float32 would round.

    Parameters
    ----------
    image : ndarray
        Any boolean, integer or real dtype and byte order.

    Raises
    ------
    InputError
        When the values are complex or no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> as_float(np.array([[0, 255]], ">u2"))
    array([[  0., 255.]], dtype=float32)
    """
    if image.dtype.kind not in "buif":
        raise InputError(
            f"Expected real numbers, but the image holds {image.dtype}; "
            "convert it first, for example with numpy.abs."
        )
    exact = 4 if image.dtype.kind == "f" else 2  # bytes that float32 holds
    dtype = np.float64 if image.dtype.itemsize > exact else np.float32
    return image.astype(dtype, copy=False)


def fill_broken(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Replace NaN, infinity and what is next to it by the nearest ordinary value.

    Parameters
    ----------
    image : ndarray of float
        Any shape.

    Returns
    -------
    filled : ndarray of float
        `image` itself when nothing was broken.
    broken : ndarray of bool or None
        Where values were replaced; None when nowhere.

    Notes
    -----
    Values beyond a thousandth of the range of their type mark missing pixels
    in many formats; no sum over neighbours can hold them.
    """
    broken = broken_pixels(image)
    if broken is None:
        return image, None
    if broken.all():
        return np.zeros_like(image), broken
    nearest = ndimage.distance_transform_edt(
        broken, return_distances=False, return_indices=True
    )
    return image[tuple(nearest)], broken


def broken_pixels(image: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where values are NaN, infinite or next to it, None when nowhere.

    Parameters
    ----------
    image : ndarray
        Any real dtype; whole numbers are never broken.
    """
    if image.size == 0 or image.dtype.kind != "f":
        return None
    limit = np.finfo(image.dtype).max * HEADROOM
    if -limit < image.min() and image.max() < limit:
        return None
    return np.asarray(~(np.abs(image) < limit))


class Unit(NamedTuple):
    """An image brought to values from 0 to 1, and the way back.

    Attributes
    ----------
    values : ndarray of float
        From 0 to 1, without broken pixels.
    low, span : float
        ``values * span + low`` is the image.
    broken : ndarray of bool or None
        Pixels that were NaN or infinite; None when none was.
    """

    values: NDArray[Any]
    low: Any
    span: Any
    broken: NDArray[np.bool_] | None

    def restore(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return `values` on the scale of the image; 0 in broken pixels."""
        dtype = self.values.dtype.type
        whole = np.asarray(values, dtype) * self.span + self.low
        if self.broken is not None:
            whole[self.broken] = 0
        return np.asarray(whole)


def unit_range(image: NDArray[Any]) -> Unit:
    """Return an image of any type as floats from 0 to 1.

    Parameters
    ----------
    image : ndarray
        Any shape and real dtype; a constant image becomes 0.

    Examples
    --------
    >>> import numpy as np
    >>> unit = unit_range(np.array([[10, 20, 30]], "uint8"))
    >>> unit.values
    array([[0. , 0.5, 1. ]], dtype=float32)
    >>> unit.restore(unit.values)
    array([[10., 20., 30.]], dtype=float32)
    """
    filled, broken = fill_broken(as_float(image))
    if filled.size == 0:
        return Unit(filled, filled.dtype.type(0), filled.dtype.type(1), broken)
    low = filled.min()
    span = filled.max() - low
    if not span > 0:
        span = filled.dtype.type(1)
    return Unit((filled - low) / span, low, span, broken)


def smooth(image: NDArray[Any], sigma: float, spacing: Sequence[float]) -> NDArray[Any]:
    """Return `image` after a Gaussian of `sigma` pixels of the finest axis.

    Parameters
    ----------
    image : ndarray of float
        Finite values.
    sigma : float
        In pixels of the finest axis; 0 returns `image` itself.
    spacing : sequence of float
        Pixel size per axis, the finest 1; empty means 1 everywhere.
    """
    if sigma == 0:
        return image
    sigmas = [sigma / s for s in spacing or (1.0,) * image.ndim]
    quick = fast.gaussian(image, sigmas)
    if quick is not None:
        return quick
    return np.asarray(ndimage.gaussian_filter(image, sigmas, mode="nearest"))


def luminance(rgb: NDArray[Any]) -> NDArray[Any]:
    """Return the brightness of colours held in the last axis; alpha is ignored.

    Examples
    --------
    >>> import numpy as np
    >>> float(luminance(np.full((1, 1, 3), 255, "uint8"))[0, 0])
    255.0
    """
    with np.errstate(invalid="ignore"):  # infinities of both signs make NaN
        # not a product of matrices, which rounds a pixel by how many there are
        red, green, blue = np.moveaxis(as_float(rgb[..., :3]), -1, 0)
        return np.asarray(
            red * LUMINANCE[0] + green * LUMINANCE[1] + blue * LUMINANCE[2]
        )
