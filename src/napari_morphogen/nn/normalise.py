"""Images as networks take them: channels first, a usual range, a usual scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.nn.resize import resize_axis
from napari_morphogen.params import InputError

LOW, HIGH = 1.0, 99.8  # percentiles that become 0 and 1
SAMPLE = 2**20  # pixels that percentiles are taken from
LARGEST = 8.0  # hot pixels end here
Limits = Sequence[tuple[float, float]]


def channels_first(image: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    """Return the image with its channels in front, one if it has no such axis."""
    if channel_axis is None:
        return image[np.newaxis]
    return np.moveaxis(image, channel_axis, 0)


def normalised(
    image: NDArray[Any], limits: Limits | None = None
) -> NDArray[np.float32]:
    """Return every channel with its 1st percentile at 0 and its 99.8th at 1.

    Parameters
    ----------
    image : ndarray of shape (channels, [P,] M, N)
        Any real dtype. Broken pixels take the value of their nearest neighbour.
    limits : sequence of (float, float) or None
        What becomes 0 and 1 in every channel, when `image` is a part of a larger one.

    Examples
    --------
    >>> import numpy as np
    >>> normalised(np.arange(1001)[np.newaxis, np.newaxis])[0, 0, [10, 998]]
    array([0., 1.], dtype=float32)
    """
    found = np.empty(image.shape, np.float32)
    for number, (channel, out) in enumerate(zip(image, found, strict=True)):
        filled, _ = fill_broken(as_float(channel))
        low, high = usual_range(filled) if limits is None else limits[number]
        scaled = (filled - low) / (high - low)
        out[...] = np.clip(scaled, -LARGEST, LARGEST)
    return found


def ready(
    image: NDArray[Any],
    channel_axis: int | None,
    *,
    ndim: int,
    channels: int,
) -> NDArray[np.float32]:
    """Return an image as a network takes it, before scaling.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N), channels anywhere
        Any real dtype.
    channel_axis : int or None
        The axis that holds channels.
    ndim : int
        2 for a network of planes, 3 for one of volumes.
    channels : int
        Of the images in training.

    Raises
    ------
    InputError
        When the network knows other channels or axes.
    """
    first = channels_first(image, channel_axis)
    check_channels(first, channels)
    if first.ndim != ndim + 1:
        kinds = {2: "planes", 3: "volumes"}
        raise InputError(
            f"The network was trained on {kinds[ndim]}, but the image "
            f"has {first.ndim - 1} axes; choose the axes to segment."
        )
    return normalised(first)


def rescaled(image: NDArray[np.float32], scale: Sequence[float]) -> NDArray[np.float32]:
    """Return the image enlarged or reduced along every spatial axis.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Any number of channels.
    scale : sequence of float
        Per spatial axis; more than 1 enlarges.
    """
    shape = image.shape[1:]
    size = [
        1 if n == 1 else max(1, round(n * s)) for n, s in zip(shape, scale, strict=True)
    ]  # a single plane stays one
    return resized(image, size)


def resized(image: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """Return the image interpolated to `size`, averaging where it shrinks.

    Parameters
    ----------
    image : ndarray of float32, shape (channels, [P,] M, N)
        Any number of channels.
    size : sequence of int
        Per spatial axis.
    """
    if tuple(size) == image.shape[1:]:
        return image
    smaller = any(n < m for n, m in zip(size, image.shape[1:], strict=True))
    area = smaller and len(size) == 3
    for axis, n in enumerate(size, 1):
        image = resize_axis(image, axis, n, area=area, smooth=smaller)
    return np.ascontiguousarray(image)


def check_channels(image: NDArray[Any], wanted: int) -> None:
    """Raise InputError when an image has another number of channels."""
    if len(image) != wanted:
        raise InputError(
            f"The network was trained on {wanted} channel(s), but the image has "
            f"{len(image)}; choose the same channels."
        )


def usual_range(values: NDArray[Any]) -> tuple[Any, Any]:
    """Return the 1st and the 99.8th percentile of unbroken intensities.

    Parameters
    ----------
    values : ndarray of float
        Of one channel.
    """
    if values.size == 0:
        return 0, 1
    step = max(1, values.size // SAMPLE)
    return range_of(values.ravel()[::step], values.min(), values.max())


def range_of(sample: NDArray[Any], least: Any, most: Any) -> tuple[Any, Any]:
    """Return `usual_range` of a sample and the extremes of all values."""
    low, high = np.percentile(sample, (LOW, HIGH))
    if not high > low:  # few bright pixels on a constant ground
        low, high = least, most
    return low, high if high > low else low + max(1, abs(low))
