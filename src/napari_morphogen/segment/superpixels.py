"""Superpixels: small regions of like pixels that cover the image."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import ChannelAxis, Image, Labels, Sigma, Spacing
from napari_morphogen.segment.clustering import pixel_values, unit
from napari_morphogen.segment.objects import keep_large


def slic(
    image: Image,
    *,
    n_segments: Annotated[int, at.Interval(ge=1, le=100_000)] = 200,
    compactness: Annotated[float, at.Interval(ge=0.01, le=100)] = 0.1,
    sigma: Sigma = 1.0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Labels:
    """Divide the image into superpixels of like intensity or colour.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    n_segments : int
        About how many superpixels.
    compactness : float
        How much distance counts beside intensity. Higher gives squarer, more
        equal superpixels; lower follows faint edges. Ten times more or less
        makes a visible difference.
    sigma : float
        Smoothing before clustering, in pixels of the finest axis; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    labels : ndarray of int32, the spatial shape of `image`
        Connected superpixels from 1; 0 only where a pixel is broken (NaN,
        infinity). An image of one value is one superpixel.

    Notes
    -----
    K-means in the space of positions and intensities, with every centre looking
    no farther than its neighbours [1]_. Intensities are scaled to the range from
    0 to 1. Distances have the real proportions of a pixel; the grid of centres that
    scikit-image starts from is regular in pixels.

    References
    ----------
    .. [1] R. Achanta et al., IEEE Trans. Pattern Anal. Mach. Intell. 34,
       2274-2282 (2012), DOI 10.1109/TPAMI.2012.120

    Examples
    --------
    >>> from skimage import data
    >>> labels = slic(data.coins(), n_segments=100)
    >>> bool(50 < labels.max() < 150)
    True
    """
    values, whole = pixel_values(image, sigma, spacing, channel_axis)
    labels = np.zeros(whole.shape, np.int32)
    if len(values) == 0:
        return labels
    if np.ptp(values, axis=0).any():
        colours = np.zeros((*whole.shape, values.shape[1]))
        colours[whole] = unit(values)
        labels = _superpixels(colours, n_segments, compactness, spacing)
    else:
        labels[:] = 1
    labels[~whole] = 0
    return keep_large(labels)


def _superpixels(
    colours: NDArray[Any],
    n_segments: int,
    compactness: float,
    spacing: tuple[float, ...],
) -> NDArray[np.int32]:
    from skimage import segmentation  # heavy: the dock opens without it

    shape = colours.shape[:-1]
    sizes = spacing or (1.0,) * len(shape)
    flat = (
        len(shape) == 3 and shape[0] == 1
    )  # such a volume is a plane: the same result
    found = segmentation.slic(
        colours[0] if flat else colours,
        n_segments=n_segments,
        compactness=compactness,
        sigma=0,
        spacing=sizes[1:] if flat else sizes,
        convert2lab=False,
        start_label=1,
        channel_axis=-1,
    )
    return np.asarray(found, np.int32).reshape(shape)
