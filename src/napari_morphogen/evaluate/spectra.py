"""How much of an image is at every fineness: radial power spectra."""

import numpy as np
from numpy.typing import NDArray

FAINT = 1e-10  # of the whole power: 100 dB down is nothing


def radial_spectrum(patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean power of patches in rings of frequency, without the mean.

    Parameters
    ----------
    patches : ndarray of float
        One after the other, channels first.

    Returns
    -------
    power : ndarray of float
        From the lowest frequency to half a cycle per pixel.
    """
    sides = patches.shape[2:]
    axes = tuple(range(2, patches.ndim))
    centred = patches - patches.mean(axis=axes, keepdims=True)
    power = np.zeros(sides)
    for patch in centred * _window(sides):
        found = np.fft.fftn(patch, axes=tuple(range(1, patch.ndim)))
        power += np.square(np.abs(found)).mean(axis=0)
    count = max(max(sides) // 2, 1)
    grids = np.meshgrid(*map(np.fft.fftfreq, sides), indexing="ij")
    radius = np.sqrt(sum(np.square(grid) for grid in grids))
    ring = np.round(radius * 2 * count).astype(int).ravel()
    sums = np.bincount(ring, power.ravel(), count + 1)[1 : count + 1]
    sizes = np.bincount(ring, minlength=count + 1)[1 : count + 1]
    return np.asarray(sums / np.maximum(sizes, 1) / len(patches))


def _window(sides: tuple[int, ...]) -> NDArray[np.float64]:
    """Return what fades the borders, which have no neighbours to go on in."""
    found = np.ones(())
    for side in sides:
        # the zeros at both ends would cost pixels
        fade = np.hanning(side + 2)[1:-1] if side > 1 else np.ones(1)
        found = np.multiply.outer(found, fade)
    return found


def spectrum_distance(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Return how many decibels two radial spectra are apart, mean over the rings.

    Parameters
    ----------
    ours, theirs : ndarray of float
        Patches of one shape, channels first.

    References
    ----------
    .. [1] R. Durall et al., Watch your up-convolution, CVPR (2020),
       DOI 10.48550/arXiv.2003.01826
    """
    spectra = [radial_spectrum(patches) for patches in (ours, theirs)]
    least = FAINT * max(float(spectrum.max()) for spectrum in spectra) or 1.0
    mine, other = (10 * np.log10(np.maximum(s, least)) for s in spectra)
    return float(np.abs(mine - other).mean())
