"""Classes of pixels as a mixture of normal distributions."""

from dataclasses import dataclass
from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Sigma, Spacing
from napari_morphogen.segment.clustering import RESOLUTION, cluster
from napari_morphogen.segment.vectors import (
    CHUNK,
    ColourSpace,
    Weight,
    unit,
    vectors,
    whitened,
)

SAMPLE = 50_000  # pixels that the mixture is fitted on
ITERATIONS = 100
TOLERANCE = 1e-4  # gain of the mean log-likelihood that is not worth going on
LEAST_VARIANCE = 1e-6  # of the squared range: a class of equal pixels has none


def gaussian_mixture(
    image: Image,
    *,
    n_components: Annotated[int, at.Interval(ge=2, le=20)] = 3,
    sigma: Sigma = 0.0,
    colour_space: ColourSpace = "channels",
    position: Weight = 0.0,
    texture: Weight = 0.0,
    seed: Seed = 0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Labels:
    """Group the pixels into classes of their own spread, by a Gaussian mixture.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels used together.
    n_components : int
        How many normal distributions, one per class.
    sigma : float
        Smoothing before clustering, in pixels of the finest axis; 0 is none.
    colour_space : str
        For three channels that are red, green and blue: "lab" measures
        differences of colour as the eye sees them, "hsv" by hue, saturation
        and value. With another number of channels it means "channels": the
        values as they are.
    position : float
        Weight of places, for classes that hold together: 1 lets them spread as
        much as intensities, 0 leaves them out.
    texture : float
        Weight of texture, which is how much intensities vary nearby: 1 lets it
        spread as much as intensities, 0 leaves it out.
    seed : int
        Start of the random numbers.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    labels : ndarray of int32, the spatial shape of `image`
        1 is the class with the darkest mean; 0 only where a pixel is broken
        (NaN, infinity). Fewer classes where some have no pixel.

    Notes
    -----
    Expectation maximisation [1]_ on at most 50,000 pixels, starting from K-means
    by Euclidean and by Mahalanobis distance, of which the likelier is taken. Every
    pixel joins the class that it most probably comes from. Classes may differ in
    size and in the shape of their cloud of colours (each has a covariance of its
    own, so distances are Mahalanobis distances of the class), which
    K-means does not allow. Places and textures become further coordinates, as in
    `kmeans`.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird and D. B. Rubin, J. R. Stat. Soc. B 39,
       1-22 (1977), DOI 10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_mixture(np.array([[9, 8, 8, 1, 2, 2]]), n_components=2)
    array([[2, 2, 2, 1, 1, 1]], dtype=int32)
    """
    points, colours, whole = vectors(
        image,
        sigma=sigma,
        spacing=spacing,
        channel_axis=channel_axis,
        colour_space=colour_space,
        position=position,
        texture=texture,
    )
    labels = np.zeros(whole.shape, np.int32)
    if len(points):
        labels[whole] = ranked(classes(points, n_components, seed), colours)
    return labels


@dataclass(frozen=True)
class Mixture:
    """Normal distributions: how often each occurs, its mean and its covariance."""

    weights: NDArray[np.float64]  # (components,)
    means: NDArray[np.float64]  # (components, channels)
    covariances: NDArray[np.float64]  # (components, channels, channels)

    def log_densities(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log of weight times density, shape (pixels, components)."""
        found = np.empty((len(pixels), len(self.weights)))
        each = zip(self.weights, self.means, self.covariances, strict=True)
        for column, (weight, mean, covariance) in zip(found.T, each, strict=True):
            root = np.linalg.cholesky(covariance)
            away = np.linalg.solve(root, (pixels - mean).T)
            scale = np.log(weight) - np.log(np.diag(root)).sum()
            column[:] = scale - (away**2).sum(axis=0) / 2
        found -= pixels.shape[1] * np.log(2 * np.pi) / 2
        return found

    def likelihood(self, pixels: NDArray[np.float64]) -> float:
        """Return the mean log-likelihood of a pixel."""
        logs = self.log_densities(pixels)
        top = logs.max(axis=1)
        return float((np.log(np.exp(logs - top[:, None]).sum(axis=1)) + top).mean())


def fit(
    pixels: NDArray[np.float64],
    classes: NDArray[Any],
    weights: NDArray[Any] | None = None,
) -> Mixture:
    """Return the mixture that expectation maximisation reaches from `classes`.

    Parameters
    ----------
    pixels : ndarray of float64, shape (pixels, channels)
        Between 0 and 1.
    classes : ndarray of int, shape (pixels,)
        1, 2, …: what to start from.
    weights : ndarray of shape (pixels,), optional
        How much each pixel counts; 1 by default.

    Examples
    --------
    >>> import numpy as np
    >>> fit(np.array([[0.0], [0.0], [1.0]]), np.array([1, 1, 2])).weights.round(2)
    array([0.67, 0.33])
    """
    each = np.ones(len(pixels)) if weights is None else weights / weights.mean()
    chances = (classes[:, None] == np.arange(1, classes.max() + 1)).astype(float)
    before = -np.inf
    for _ in range(ITERATIONS):
        mixture = _mixture(pixels, chances * each[:, None])
        logs = mixture.log_densities(pixels)
        top = logs.max(axis=1, keepdims=True)
        chances = np.exp(logs - top)
        total = chances.sum(axis=1, keepdims=True)
        chances /= total
        likelihood = float(((np.log(total) + top) * each[:, None]).mean())
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return mixture


def _mixture(pixels: NDArray[np.float64], chances: NDArray[np.float64]) -> Mixture:
    counts = chances.sum(axis=0) + 10 * np.finfo(float).eps  # none is without weight
    means = chances.T @ pixels / counts[:, None]
    least = np.eye(pixels.shape[1]) * LEAST_VARIANCE
    covariances = np.array(
        [
            (chance[:, None] * (pixels - mean)).T @ (pixels - mean) / count + least
            for chance, mean, count in zip(chances.T, means, counts, strict=True)
        ]
    )
    return Mixture(counts / counts.sum(), means, covariances)


def _likeliest(
    pixels: NDArray[np.float64], n_components: int, seed: int, weights: Any
) -> Mixture:
    """Return the better of two fits; in the first, wide channels hide the others."""
    starts = [cluster(pixels, n_components, seed, weights=weights)]
    if pixels.shape[1] > 1:  # of a single channel both are the same
        round_cloud = whitened(pixels)
        starts.append(cluster(round_cloud, n_components, seed, pixels, weights))
    fits = [fit(pixels, found, weights) for found in starts]
    return max(fits, key=lambda mixture: mixture.likelihood(pixels))


def classes(
    values: NDArray[Any],
    n_components: int,
    seed: int,
    weights: NDArray[Any] | None = None,
) -> NDArray[np.int64]:
    """Return the likeliest component, 0, 1, …, of each point.

    Parameters
    ----------
    values : ndarray of float, shape (points, features)
        Finite.
    n_components, seed : int
        As in `gaussian_mixture`.
    weights : ndarray of shape (points,), optional
        How much each counts; 1 by default. Of many points a sample is used.
    """
    from threadpoolctl import threadpool_limits

    pixels = np.round(unit(values) * RESOLUTION) / RESOLUTION
    some = pixels
    if len(pixels) > SAMPLE:
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(pixels), SAMPLE, replace=False)
        some = pixels[chosen]
        weights = None if weights is None else weights[chosen]
    with threadpool_limits(1):  # the order of parallel sums changes the last bits
        mixture = _likeliest(some, n_components, seed, weights)
        found = [
            mixture.log_densities(pixels[i : i + CHUNK]).argmax(axis=1)
            for i in range(0, len(pixels), CHUNK)
        ]
    return np.concatenate(found)


def ranked(found: NDArray[np.int64], colours: NDArray[Any]) -> NDArray[np.int32]:
    """Return classes from 1, without gaps, from dark to bright."""
    count = np.bincount(found)
    total = np.bincount(found, unit(colours).sum(axis=1))
    mean = np.where(count, total / np.maximum(count, 1), np.inf)
    rank = np.argsort(np.argsort(mean, kind="stable")).astype(np.int32)
    return np.asarray(rank[found] + 1)
