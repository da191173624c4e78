"""An uneven background estimated and taken away."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.enhance.planes import as_plane
from napari_morphogen.intensity import smooth, unit_range
from napari_morphogen.params import Image, Spacing, Unit

Radius = Annotated[float, at.Interval(ge=1, le=500), at.MultipleOf(0.5), Unit("px")]
LEAST_RADIUS = {2: 5, 3: 3}  # of the ball on the image made smaller, per dimension
LEAST_SIDE = 8  # of the image made smaller
GREY_LEVELS = 255  # a ball as high as it is wide on an image of so many


def subtract_background(
    image: Image,
    *,
    estimate: Literal["rolling ball", "top-hat", "gaussian"] = "rolling ball",
    radius: Radius = 50.0,
    objects: Literal["bright", "dark"] = "bright",
    spacing: Spacing = (),
) -> Image:
    """Take away a background that varies slowly, such as uneven light.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    estimate : str
        "rolling ball" follows the background smoothly below the objects,
        "top-hat" removes what a square or cube fits into, "gaussian" compares
        every pixel with the mean of its surroundings.
    radius : float
        In pixels of the finest axis: of the ball, half the side of the square,
        sigma of the Gaussian. Must exceed the radius of the largest object.
    objects : str
        Whether the objects are brighter or darker than the background.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        How much brighter, or darker for dark objects, every pixel is than the
        background, so that objects are bright on 0 either way; 0 in broken
        pixels (NaN, infinity). Only "gaussian" gives numbers below 0.

    Notes
    -----
    "rolling ball" [1]_: a ball is rolled below the image as if that were a
    landscape, and the background is its highest surface: the opening by a ball.
    The ball is as high as it is wide where the range of the image is 255. The
    landscape is made smaller, by the least of every block, until the radius is 5
    to 10 pixels (3 to 6 in a volume), and the background is enlarged by linear
    interpolation. "top-hat" [2]_: the image less its opening. For both, pixels
    beyond the border count for nothing; for "gaussian" they repeat the last one.

    References
    ----------
    .. [1] S. R. Sternberg, Computer 16, 22-34 (1983), DOI 10.1109/MC.1983.1654163
    .. [2] P. Soille, Morphological Image Analysis (2004), chapter 4,
       DOI 10.1007/978-3-662-05088-0

    Examples
    --------
    >>> import numpy as np
    >>> slope = np.arange(30.0) + np.zeros((30, 1))
    >>> slope[14:17, 14:17] += 50
    >>> flat = subtract_background(slope, radius=8)
    >>> bool(flat[:12, :20].max() < 1 and flat[15, 15] > 49)
    True
    """
    unit = unit_range(image)
    sign = unit.values.dtype.type(1 if objects == "bright" else -1)
    values, sizes = as_plane(sign * unit.values, spacing)
    if estimate == "gaussian":
        background = smooth(values, radius, sizes)
    elif estimate == "top-hat":
        sides = [2 * int(radius / s) + 1 for s in sizes]
        opened = ndimage.grey_opening(values, sides, mode="nearest")
        background = np.minimum(opened, values)
    else:
        background = np.minimum(_rolling_ball(values, radius, sizes), values)
    above = (values - background).reshape(image.shape)
    return unit._replace(low=unit.low * 0).restore(above)


def _rolling_ball(
    values: NDArray[Any], radius: float, sizes: tuple[float, ...]
) -> NDArray[Any]:
    """Return the background; may lie above the values by what interpolation adds."""
    from skimage import measure, restoration, transform  # heavy

    least = LEAST_RADIUS.get(values.ndim, min(LEAST_RADIUS.values()))
    pairs = zip(values.shape, sizes, strict=True)
    blocks = [max(1, min(int(radius / s / least), n // LEAST_SIDE)) for n, s in pairs]
    small = measure.block_reduce(values, tuple(blocks), np.min, cval=np.inf)
    radii = [radius / (s * b) for s, b in zip(sizes, blocks, strict=True)]
    kernel = _ball(radii, small.shape, radius / GREY_LEVELS)
    centre = restoration.rolling_ball(small, kernel=kernel)
    background = -restoration.rolling_ball(-centre, kernel=kernel)
    whole = [n * b for n, b in zip(small.shape, blocks, strict=True)]
    large = transform.resize(
        background, whole, order=1, mode="edge", anti_aliasing=False
    )
    return np.asarray(large[tuple(slice(n) for n in values.shape)])


def _ball(radii: list[float], shape: tuple[int, ...], height: float) -> NDArray[Any]:
    """Return the surface of the upper half of a ball, infinite beside it."""
    # what reaches across the whole image need not reach farther
    reach = [min(int(r), n - 1) for r, n in zip(radii, shape, strict=True)]
    ranges = [np.arange(-n, n + 1) / r for n, r in zip(reach, radii, strict=True)]
    squares = sum(p**2 for p in np.meshgrid(*ranges, indexing="ij"))
    inside = np.asarray(squares) <= 1
    surface = height * np.sqrt(np.where(inside, 1 - squares, 0))
    return np.where(inside, surface, np.inf)
