"""Less noise: Gaussian, median, non-local means, total variation."""

from typing import Annotated, Any

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.enhance.planes import as_plane
from napari_morphogen.intensity import as_float, fill_broken, smooth, unit_range
from napari_morphogen.params import Image, Sigma, Spacing, Unit

Radius = Annotated[float, at.Interval(ge=0, le=10), at.MultipleOf(0.5), Unit("px")]
Strength = Annotated[float, at.Interval(ge=0, le=10), at.MultipleOf(0.1)]
PatchSize = Annotated[int, at.Interval(ge=3, le=15), Unit("px")]
PatchDistance = Annotated[int, at.Interval(ge=1, le=11), Unit("px")]
Iterations = Annotated[int, at.Interval(ge=1, le=1000)]
MAD_OF_NORMAL = 0.6744897501960817  # median of |x| of the standard normal distribution
CUT_OFF = 0.6  # of the noise: what scikit-image advises for its fast mode


def gaussian(image: Image, *, sigma: Sigma = 1.0, spacing: Spacing = ()) -> Image:
    """Smooth by a Gaussian.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    sigma : float
        Standard deviation of the Gaussian, in pixels of the finest axis; 0 is
        none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        0 in broken pixels (NaN, infinity).

    Notes
    -----
    The mean of the surroundings with weights exp(-d² / 2 sigma²), cut off at
    4 sigma, in physical proportions. Among all linear filters it is the one that
    never adds detail [1]_. Pixels beyond the border repeat the last one.

    References
    ----------
    .. [1] J. J. Koenderink, Biol. Cybern. 50, 363-370 (1984),
       DOI 10.1007/BF00336961

    Examples
    --------
    >>> import numpy as np
    >>> gaussian(np.array([[0, 0, 9, 0, 0]]), sigma=1).round(1)
    array([[0.5, 2.2, 3.6, 2.2, 0.5]])
    """
    filled, broken = fill_broken(as_float(image))
    smoothed = filled.copy() if sigma == 0 else smooth(filled, sigma, spacing)
    if broken is not None:
        smoothed[broken] = 0
    return smoothed


def median(image: Image, *, radius: Radius = 1.0, spacing: Spacing = ()) -> Image:
    """Remove single odd pixels; edges stay sharp.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    radius : float
        Of the surroundings, in pixels of the finest axis. Details smaller than
        about half the surroundings disappear; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.

    Returns
    -------
    image : ndarray of float, shape of `image`
        0 in broken pixels (NaN, infinity).

    Notes
    -----
    Every pixel becomes the median of the pixels no farther than `radius` from it
    [1]_, in physical proportions. Pixels beyond the border repeat the last one.

    References
    ----------
    .. [1] T. S. Huang, G. J. Yang and G. Y. Tang, IEEE Trans. Acoust. Speech
       Signal Process. 27, 13-18 (1979), DOI 10.1109/TASSP.1979.1163188

    Examples
    --------
    >>> import numpy as np
    >>> median(np.array([[1, 1, 99, 1, 1, 7, 7, 7]], "uint8"))
    array([[1., 1., 1., 1., 1., 7., 7., 7.]], dtype=float32)
    """
    filled, broken = fill_broken(as_float(image))
    around = _ball(radius, spacing, image.shape)
    found = ndimage.median_filter(filled, footprint=around, mode="nearest")
    if broken is not None:
        found[broken] = 0
    return np.asarray(found)


def denoise_nl_means(
    image: Image,
    *,
    strength: Strength = 1.0,
    patch_size: PatchSize = 5,
    patch_distance: PatchDistance = 4,
) -> Image:
    """Remove noise by averaging alike patches; fine texture stays.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    strength : float
        Noise to remove, in multiples of the noise found in the image; 0 is none.
    patch_size : int
        Side of the patches that are compared, in pixels along every axis; even
        numbers count as the next odd one.
    patch_distance : int
        How far alike patches are searched for, in pixels along every axis. The
        time grows with its square in a plane, with its cube in a volume.

    Returns
    -------
    image : ndarray of float, shape of `image`
        0 in broken pixels (NaN, infinity).

    Notes
    -----
    Every pixel becomes the mean of the pixels around it, weighted by how alike
    the patches around both are [1]_, in scikit-image's fast mode: sigma is the
    noise times `strength`, h is 0.6 sigma. The noise is the median of the finest
    diagonal differences over 0.6745 [2]_. Patches count pixels, whatever the
    spacing.

    References
    ----------
    .. [1] A. Buades, B. Coll and J.-M. Morel, IEEE Conf. Comput. Vis. Pattern
       Recognit. 2, 60-65 (2005), DOI 10.1109/CVPR.2005.38
    .. [2] D. L. Donoho and I. M. Johnstone, Biometrika 81, 425-455 (1994),
       DOI 10.1093/biomet/81.3.425

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(40, 40))
    >>> bool(denoise_nl_means(noise).std() < 0.3)
    True
    """
    unit = unit_range(image)
    values, _ = as_plane(unit.values)
    sigma = strength * noise_level(values)
    if sigma > 0:
        from skimage import restoration  # heavy: the dock opens without it

        values = restoration.denoise_nl_means(
            values, patch_size, patch_distance, CUT_OFF * sigma, sigma=sigma
        )
    return unit.restore(values.reshape(image.shape))


def denoise_tv(
    image: Image, *, strength: Strength = 1.0, iterations: Iterations = 200
) -> Image:
    """Remove noise by total variation; areas become flat, edges stay sharp.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N)
        Intensities.
    strength : float
        Noise to remove, in multiples of the noise found in the image; 0 is none.
    iterations : int
        The most; it ends before when nothing changes any more.

    Returns
    -------
    image : ndarray of float, shape of `image`
        0 in broken pixels (NaN, infinity).

    Notes
    -----
    Chambolle's projection [1]_ for the model of Rudin, Osher and Fatemi [2]_ as in
    scikit-image: the image u with the least |grad u| + |u - image|² / 2 w, summed
    over all pixels. The weight w is `strength` times the noise, which is the median
    of the finest diagonal differences over 0.6745 [3]_. Differences are those of
    neighbouring pixels, whatever the spacing.

    References
    ----------
    .. [1] A. Chambolle, J. Math. Imaging Vis. 20, 89-97 (2004),
       DOI 10.1023/B:JMIV.0000011325.36760.1e
    .. [2] L. I. Rudin, S. Osher and E. Fatemi, Physica D 60, 259-268 (1992),
       DOI 10.1016/0167-2789(92)90242-F
    .. [3] D. L. Donoho and I. M. Johnstone, Biometrika 81, 425-455 (1994),
       DOI 10.1093/biomet/81.3.425

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(40, 40))
    >>> bool(denoise_tv(noise).std() < 0.3)
    True
    """
    unit = unit_range(image)
    values, _ = as_plane(unit.values)
    weight = strength * noise_level(values)
    if weight > 0:
        from skimage import restoration

        values = restoration.denoise_tv_chambolle(
            values, weight, max_num_iter=iterations
        )
    return unit.restore(values.reshape(image.shape))


def noise_level(values: NDArray[Any]) -> float:
    """Return the standard deviation of the noise of an image.

    Parameters
    ----------
    values : ndarray of float
        Finite.

    Returns
    -------
    sigma : float
        0 where at least half of the image has no noise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(scale=3, size=(200, 200))
    >>> round(noise_level(noise), 1)
    3.0
    """
    for axis, length in enumerate(values.shape):
        if length > 1:
            values = np.diff(values, axis=axis) / values.dtype.type(np.sqrt(2))
    return float(np.median(np.abs(values))) / MAD_OF_NORMAL if values.size else 0.0


def _ball(
    radius: float, spacing: tuple[float, ...], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return the pixels within `radius`; an axis of one pixel has no neighbours."""
    sizes = spacing or (1.0,) * len(shape)
    reach = [int(radius / s) * (n > 1) for s, n in zip(sizes, shape, strict=True)]
    places = np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij")
    squares = sum((p * s) ** 2 for p, s in zip(places, sizes, strict=True))
    return np.asarray(squares <= radius**2)
