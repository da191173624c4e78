"""Classes of pixels as a mixture of normal distributions."""

from dataclasses import dataclass
from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.params import ChannelAxis, Image, Labels, Seed, Sigma, Spacing
from napari_morphogen.segment.clustering import (
    CHUNK,
    RESOLUTION,
    cluster,
    pixel_values,
    unit,
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
    K-means does not allow.

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
    values, whole = pixel_values(image, sigma, spacing, channel_axis)
    labels = np.zeros(whole.shape, np.int32)
    if len(values):
        labels[whole] = _classes(values, n_components, seed)
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


def fit(pixels: NDArray[np.float64], classes: NDArray[Any]) -> Mixture:
    """Return the mixture that expectation maximisation reaches from `classes`.

    Parameters
    ----------
    pixels : ndarray of float64, shape (pixels, channels)
        Between 0 and 1.
    classes : ndarray of int, shape (pixels,)
        1, 2, …: what to start from.

    Examples
    --------
    >>> import numpy as np
    >>> fit(np.array([[0.0], [0.0], [1.0]]), np.array([1, 1, 2])).weights.round(2)
    array([0.67, 0.33])
    """
    chances = (classes[:, None] == np.arange(1, classes.max() + 1)).astype(float)
    before = -np.inf
    for _ in range(ITERATIONS):
        mixture = _mixture(pixels, chances)
        logs = mixture.log_densities(pixels)
        top = logs.max(axis=1, keepdims=True)
        chances = np.exp(logs - top)
        total = chances.sum(axis=1, keepdims=True)
        chances /= total
        likelihood = float((np.log(total) + top).mean())
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


def _likeliest(pixels: NDArray[np.float64], n_components: int, seed: int) -> Mixture:
    """Return the better of two fits; in the first, wide channels hide the others."""
    # of a single channel both are the same
    distances = ("euclidean", "mahalanobis")[: pixels.shape[1]]
    starts = [cluster(pixels, n_components, seed, distance) for distance in distances]
    fits = [fit(pixels, classes) for classes in starts]
    return max(fits, key=lambda mixture: mixture.likelihood(pixels))


def _classes(values: NDArray[Any], n_components: int, seed: int) -> NDArray[np.int32]:
    from threadpoolctl import threadpool_limits

    pixels = np.round(unit(values) * RESOLUTION) / RESOLUTION
    some = pixels
    if len(pixels) > SAMPLE:
        rng = np.random.default_rng(seed)
        some = pixels[rng.choice(len(pixels), SAMPLE, replace=False)]
    with threadpool_limits(1):  # the order of parallel sums changes the last bits
        mixture = _likeliest(some, n_components, seed)
        found = [
            mixture.log_densities(pixels[i : i + CHUNK]).argmax(axis=1)
            for i in range(0, len(pixels), CHUNK)
        ]
    order = np.argsort(np.argsort(mixture.means.sum(axis=1), kind="stable"))
    used = order[np.concatenate(found)]
    return np.asarray(np.unique(used, return_inverse=True)[1] + 1, np.int32)
