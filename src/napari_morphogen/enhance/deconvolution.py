"""Sharper images: a Gaussian blur undone."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from napari_morphogen.enhance.planes import as_plane
from napari_morphogen.intensity import unit_range
from napari_morphogen.params import Image, Sigma, Spacing, Step

Iterations = Annotated[int, at.Interval(ge=1, le=1000)]
Balance = Annotated[float, at.Interval(ge=0.0001, le=10), at.MultipleOf(0.0001)]


def richardson_lucy(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    iterations: Iterations = 10,
    spacing: Spacing = (),
) -> Iterator[Step[Image]]:
    """Sharpen step by step by undoing a Gaussian blur; nothing becomes negative.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Of the blur to undo, in pixels of the finest axis; 0 is none.
    iterations : int
        More make it sharper and raise the noise.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        The sum of the image, less its least value, is kept; 0 in broken pixels
        (NaN, infinity).

    Notes
    -----
    Richardson [1]_ and Lucy [2]_: u is multiplied by G(f / G(u)) in every iteration,
    where f is the image less its least value, G is smoothing by a Gaussian and u
    begins as f. This is the likeliest image under photon noise. The energy is the
    Kullback-Leibler divergence of f from G(u), per pixel, for f between 0 and 1. The
    image is mirrored at its border.

    References
    ----------
    .. [1] W. H. Richardson, J. Opt. Soc. Am. 62, 55-59 (1972),
       DOI 10.1364/JOSA.62.000055
    .. [2] L. B. Lucy, Astron. J. 79, 745-754 (1974), DOI 10.1086/111605

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.params import last
    >>> blurred = np.array([[0.5, 2.2, 3.6, 2.2, 0.5]])
    >>> bool(last(richardson_lucy(blurred, sigma=1)).max() > 4)
    True
    """
    unit = unit_range(image)
    measured, sizes = as_plane(unit.values, spacing)
    sigmas = [sigma / s for s in sizes]
    found = measured.copy()
    blurred = _blur(found, sigmas)
    for number in range(1, iterations + 1):
        # where the blurred image is 0 there is no light to move
        ratio = np.divide(measured, blurred, where=blurred > 0, out=blurred * 0)
        found = found * _blur(ratio, sigmas)
        blurred = _blur(found, sigmas)
        energy = _divergence(measured, blurred)
        shaped = found.reshape(image.shape)
        yield Step(number, energy, partial(unit.restore, shaped))


def wiener(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    balance: Balance = 0.01,
    spacing: Spacing = (),
) -> Image:
    """Sharpen at once by undoing a Gaussian blur.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Of the blur to undo, in pixels of the finest axis; 0 is none.
    balance : float
        Higher gives smoother images and less noise, lower gives sharper ones.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        The mean is kept; beside sharp edges numbers may lie beyond the range of
        `image`. 0 in broken pixels (NaN, infinity).

    Notes
    -----
    Wiener-Hunt deconvolution [1]_: every frequency is multiplied by
    H / (H² + balance L²), where H is the frequency response of the Gaussian and L
    that of the Laplacian, which stands for the roughness of the result. Cosine
    transforms mirror the image at its border. A `sigma` of 0 returns the image.

    References
    ----------
    .. [1] F. Orieux, J.-F. Giovannelli and T. Rodet, J. Opt. Soc. Am. A 27,
       1593-1607 (2010), DOI 10.1364/JOSAA.27.001593

    Examples
    --------
    >>> import numpy as np
    >>> blurred = np.array([[0.5, 2.2, 3.6, 2.2, 0.5]])
    >>> bool(wiener(blurred, sigma=1).max() > 4)
    True
    """
    unit = unit_range(image)
    values, sizes = as_plane(unit.values, spacing)
    if sigma > 0:
        blur, roughness = _responses(values.shape, sigma, sizes)
        share = blur / (blur**2 + balance * roughness**2)
        spectrum = fft.dctn(values, norm="ortho") * share.astype(values.dtype)
        values = fft.idctn(spectrum, norm="ortho")
    return unit.restore(values.reshape(image.shape))


def _blur(values: NDArray[Any], sigmas: list[float]) -> NDArray[Any]:
    # mirroring makes smoothing its own transpose, which keeps the sum
    return np.asarray(ndimage.gaussian_filter(values, sigmas, mode="reflect"))


def _divergence(measured: NDArray[Any], blurred: NDArray[Any]) -> float:
    from scipy import special

    lit = blurred > 0
    return float(special.kl_div(measured[lit], blurred[lit]).sum() / max(lit.size, 1))


def _responses(
    shape: tuple[int, ...], sigma: float, sizes: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return those of the Gaussian and of the Laplacian per cosine frequency."""
    exponent, roughness = np.zeros(shape), np.zeros(shape)
    for axis, (length, size) in enumerate(zip(shape, sizes, strict=True)):
        angle = np.pi * np.arange(length) / length
        angle = angle.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        exponent += (angle * sigma / size) ** 2 / 2
        roughness += (2 - 2 * np.cos(angle)) / size**2
    return np.exp(-exponent), roughness
