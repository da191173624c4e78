"""Classes of pixels by what strokes on another image taught."""

from math import ceil
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.counting import counted
from napari_morphogen.features import DIFFERENCES, REACH
from napari_morphogen.params import ChannelAxis, File, Image, InputError, Spacing
from napari_morphogen.segment.examples import Softness
from napari_morphogen.segment.stroke_files import load
from napari_morphogen.segment.training import SIGMAS, Classified, Model, classify


def stroke_classes(
    image: Image,
    *,
    model: Annotated[str, File((".npz",))],
    sigma: Softness = 1.0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Classified:
    """Classes of pixels by a saved classifier that strokes taught.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        As many channels as the painted image had, in the same intensities.
    model : str
        File of the classifier: "Save classifier", or `morphogen train strokes`.
    sigma : float
        Smoothing of the probabilities, in pixels of the finest axis; 0 is none.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    result : Classified
        Labels, probabilities and uncertainty. Class k is that of the k-th
        smallest painted number; 0 where a pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When the file holds no such classifier or the image does not fit it.

    Notes
    -----
    The classifier is that of `nearest_class` [1]_ or `random_forest` [2]_ with the
    features described there. One that was taught on planes is applied to each
    plane of a volume.

    References
    ----------
    .. [1] P. C. Mahalanobis, reprinted in Sankhya A 80, 1-7 (2018),
       DOI 10.1007/s13171-019-00164-5
    .. [2] L. Breiman, Mach. Learn. 45, 5-32 (2001), DOI 10.1023/A:1010933404324

    Examples
    --------
    >>> from napari_morphogen.samples import coins, trained_model
    >>> found = stroke_classes(coins().data, model=trained_model("strokes"))
    >>> found.probability.shape, found.labels.max()
    ((2, 303, 384), np.int32(2))
    """
    learned = load(model)
    seen = image.ndim - (channel_axis is not None)
    if learned.ndim == 3 and (seen == 2 or image.shape[0] == 1):
        raise InputError(
            f"{model} was taught on volumes, but the image is a plane; give a volume."
        )
    if learned.ndim == seen:
        return classify(image, learned, sigma, spacing, channel_axis)
    return _plane_by_plane(image, learned, sigma, spacing, channel_axis)


def halo(model: str, sigma: float) -> tuple[float, int]:
    """Return how far a pixel's class depends on its surroundings; see `Halo`.

    Parameters
    ----------
    model, sigma
        Those of `stroke_classes`.
    """
    learned = load(model)
    far = REACH * (SIGMAS[learned.scales - 1] + sigma)
    around = DIFFERENCES + 2  # two Gaussians, each rounded up
    # the axes of a plane may be the coarser ones of a volume
    return (far, around) if learned.ndim == 3 else (0, ceil(far) + around)


def _plane_by_plane(
    image: NDArray[Any],
    model: Model,
    sigma: float,
    spacing: tuple[float, ...],
    channel_axis: int | None,
) -> Classified:
    first = image[np.newaxis] if channel_axis is None else image
    planes = np.moveaxis(np.moveaxis(first, channel_axis or 0, 0), 1, 0)
    finest = min(spacing[1:], default=1.0)
    size = tuple(s / finest for s in spacing[1:])
    found = [classify(plane, model, sigma, size, 0) for plane in counted(planes)]
    return Classified(
        np.stack([one.labels for one in found]),
        np.stack([one.probability for one in found], axis=1),
        np.stack([one.uncertainty for one in found]),
    )
