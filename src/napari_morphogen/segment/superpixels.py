"""Superpixels: small regions of like pixels that cover the image."""

from typing import Annotated, Any, Literal

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Sigma, Spacing
from napari_morphogen.segment.clustering import cluster
from napari_morphogen.segment.mixture import classes, ranked
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.vectors import (
    ColourSpace,
    Weight,
    converted,
    pixel_values,
    unit,
)

Segments = Annotated[int, at.Interval(ge=1, le=100_000)]
Compactness = Annotated[float, at.Interval(ge=0.01, le=100)]


def slic(
    image: Image,
    *,
    n_segments: Segments = 200,
    compactness: Compactness = 0.1,
    sigma: Sigma = 1.0,
    colour_space: ColourSpace = "channels",
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
    colour_space : str
        For three channels that are red, green and blue: "lab" measures
        differences of colour as the eye sees them, "hsv" by hue, saturation
        and value. With another number of channels it means "channels": the
        values as they are.
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
        colours[whole] = unit(converted(values, colour_space))
        labels = _superpixels(colours, n_segments, compactness, spacing)
    else:
        labels[:] = 1
    labels[~whole] = 0
    return keep_large(labels)


def superpixel_clusters(
    image: Image,
    *,
    n_segments: Segments = 1000,
    compactness: Compactness = 0.1,
    n_clusters: Annotated[int, at.Interval(ge=2, le=20)] = 3,
    method: Literal["kmeans", "gaussian mixture"] = "kmeans",
    texture: Weight = 1.0,
    sigma: Sigma = 1.0,
    seed: Seed = 0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Labels:
    """Group superpixels into classes of like intensity and texture.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    n_segments : int
        About how many superpixels; more follow finer outlines.
    compactness : float
        How much distance counts beside intensity within a superpixel.
    n_clusters : int
        How many classes.
    method : str
        "kmeans" makes classes alike in spread; "gaussian mixture" lets each
        have its own.
    texture : float
        Weight of the standard deviations within the superpixels beside their
        means; 0 leaves them out.
    sigma : float
        Smoothing before superpixels are formed, in pixels of the finest axis; 0
        is none. Means and standard deviations are those of the image itself.
    seed : int
        Start of the random numbers.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    labels : ndarray of int32, the spatial shape of `image`
        1 is the darkest class; 0 only where a pixel is broken (NaN, infinity).
        Fewer classes where there are fewer different superpixels.

    Notes
    -----
    Superpixels are those of `slic` [1]_. The mean and the standard deviation of
    each of their channels are clustered as by `kmeans` or `gaussian_mixture`, a
    superpixel counting as often as it has pixels. Classes are smoother than those
    of pixels and see texture, and far fewer vectors are clustered.

    References
    ----------
    .. [1] R. Achanta et al., IEEE Trans. Pattern Anal. Mach. Intell. 34,
       2274-2282 (2012), DOI 10.1109/TPAMI.2012.120

    Examples
    --------
    >>> from skimage import data
    >>> superpixel_clusters(data.coins(), n_clusters=2).max()
    np.int32(2)
    """
    segments = slic(
        image,
        n_segments=n_segments,
        compactness=compactness,
        sigma=sigma,
        spacing=spacing,
        channel_axis=channel_axis,
    )
    values, whole = pixel_values(image, 0, spacing, channel_axis)
    labels = np.zeros(whole.shape, np.int32)
    if len(values) == 0:
        return labels
    of = segments[whole] - 1
    size = np.bincount(of)
    means, spreads = _moments(unit(values), of, size)
    points = np.concatenate([means, texture * spreads], axis=1)
    if method == "kmeans":
        found = cluster(points, n_clusters, seed, means, size)
    else:
        found = ranked(classes(points, n_clusters, seed, size), means)
    labels[whole] = found[of]
    return labels


def _moments(
    values: NDArray[np.float64], of: NDArray[Any], size: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of every group, shape (groups, channels)."""
    means = np.stack([np.bincount(of, v) / size for v in values.T], axis=1)
    away = (values - means[of]) ** 2
    variances = np.stack([np.bincount(of, v) / size for v in away.T], axis=1)
    return means, np.sqrt(variances)


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
