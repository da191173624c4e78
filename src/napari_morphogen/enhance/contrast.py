"""Contrast: evened out from place to place, or brought to the range from 0 to 1."""

from typing import Annotated

import annotated_types as at
import numpy as np

from napari_morphogen.enhance.planes import as_plane
from napari_morphogen.intensity import unit_range
from napari_morphogen.params import Image, Spacing, Unit

KernelSize = Annotated[int, at.Interval(ge=2, le=1000), Unit("px")]
ClipLimit = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.001)]
Low = Annotated[float, at.Interval(ge=0, le=50), at.MultipleOf(0.1)]
High = Annotated[float, at.Interval(ge=50, le=100), at.MultipleOf(0.1)]


def clahe(
    image: Image,
    *,
    kernel_size: KernelSize = 64,
    clip_limit: ClipLimit = 0.01,
    spacing: Spacing = (),
) -> Image:
    """Raise the contrast of dim places: local histograms are equalised.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    kernel_size : int
        Side of the tiles whose histograms are equalised, in pixels of the finest
        axis; at most the image's own side.
    clip_limit : float
        How much contrast, and noise, may be raised: the largest share of a tile's
        pixels in one of 256 grey levels. 0 is no limit.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        From the least to the greatest value of `image`; 0 in broken pixels (NaN,
        infinity).

    Notes
    -----
    Contrast limited adaptive histogram equalisation [1]_ as in
    `skimage.exposure.equalize_adapthist`: every tile's histogram is clipped and
    made into a grey-level map; a pixel is looked up in the maps of the nearest
    tiles, interpolated between them. Proportions between intensities are lost:
    do not measure them afterwards.

    References
    ----------
    .. [1] S. M. Pizer et al., Comput. Vis. Graph. Image Process. 39, 355-368
       (1987), DOI 10.1016/S0734-189X(87)80186-X

    Examples
    --------
    >>> from skimage import data
    >>> moon = data.moon()
    >>> bool(clahe(moon).std() > 1.3 * moon.std())
    True
    """
    unit = unit_range(image)
    values, sizes = as_plane(unit.values, spacing)
    if np.ptp(values) > 0:
        from skimage import exposure  # heavy: the dock opens without it

        pairs = zip(values.shape, sizes, strict=True)
        tile = [min(n, max(1, round(kernel_size / s))) for n, s in pairs]
        values = exposure.equalize_adapthist(values, tile, clip_limit)
    return unit.restore(values.reshape(image.shape))


def normalise(image: Image, *, low: Low = 1.0, high: High = 99.8) -> Image:
    """Bring intensities to the range from 0 to 1.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    low : float
        Percent of the pixels that become 0.
    high : float
        Percent of the pixels that stay below 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        From 0 to 1, whatever the unit of `image`; 0 in broken pixels (NaN,
        infinity) and where all intensities are the same.

    Notes
    -----
    (image - a) / (b - a), cut off at 0 and 1, where a and b are the percentiles
    `low` and `high` of the unbroken pixels. Networks for nuclei and cells expect
    such images [1]_.

    References
    ----------
    .. [1] U. Schmidt, M. Weigert, C. Broaddus and G. Myers, MICCAI 2018, LNCS
       11071, 265-273, DOI 10.1007/978-3-030-00934-2_30

    Examples
    --------
    >>> import numpy as np
    >>> normalise(np.array([[10, 20, 30]], "uint8"), low=0, high=100)
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    unit = unit_range(image)
    values, broken = unit.values, unit.broken
    valid = values if broken is None or broken.all() else values[~broken]
    bottom, top = np.percentile(valid, [low, high]) if valid.size else (0, 1)
    span = values.dtype.type(top - bottom)
    scaled = (values - values.dtype.type(bottom)) / (span if span > 0 else 1)
    scaled = np.clip(scaled, 0, 1)
    if broken is not None:
        scaled[broken] = 0
    return np.asarray(scaled, values.dtype)
