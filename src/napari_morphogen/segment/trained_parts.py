"""What trained networks see of one part of an image that is larger than memory."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.intensity import as_float, broken_pixels, fill_broken
from napari_morphogen.nn.normalise import SAMPLE, check_channels, normalised, range_of
from napari_morphogen.nn.scale import scale_of, windows
from napari_morphogen.nn.windows import predicted_window
from napari_morphogen.params import InputError
from napari_morphogen.segment.models import Engine, Network, trained
from napari_morphogen.segment.network import (
    FOREGROUND,
    LEAST_SHARE,
    flood_objects,
    foreground_and_centre,
)
from napari_morphogen.segment.parts import Parts, Survey
from napari_morphogen.segment.training import classified


def network_objects_parts(
    image: NDArray[Any], *, model: str, engine: Engine, min_size: int, **words: Any
) -> Parts:
    """Return the objects of one part, also the small ones; see `network_objects`."""
    network = trained(model, engine)
    maps = _maps(network, image, **words)
    foreground, centre = foreground_and_centre(maps)
    given: dict[str, Any] = {**network.thresholds, "least_share": 0.0}
    area = foreground > given.get("foreground_threshold", FOREGROUND)
    return Parts(flood_objects(foreground, centre, **given), area)


def network_classes_parts(
    image: NDArray[Any], *, model: str, engine: Engine, **words: Any
) -> NDArray[np.int32]:
    """Return the classes of one part; see `network_classes`."""
    maps = _maps(trained(model, engine), image, **words)
    return classified(maps, np.asarray(maps.any(axis=0))).labels


def network_boundaries_parts(
    image: NDArray[Any], *, model: str, engine: Engine, **words: Any
) -> NDArray[np.float32]:
    """Return the boundaries of one part; see `network_boundaries`."""
    return np.asarray(_maps(trained(model, engine), image, **words)[0])


def number_network_objects(
    sizes: NDArray[np.int64], *, model: str, engine: Engine, min_size: int, **_: Any
) -> NDArray[np.int64]:
    """Return the final number of every object, 0 for those that are too small."""
    share = trained(model, engine).thresholds.get("least_share", LEAST_SHARE)
    median = float(np.median(sizes)) if sizes.size else 0.0
    kept = sizes >= max(min_size, int(np.ceil(share * median)), 1)
    return np.where(kept, np.cumsum(kept), 0)


def survey_network(*, model: str, engine: Engine, **_: Any) -> Survey[dict[str, Any]]:
    """Ask all parts for intensities and, where it matters, the size of objects."""
    network = trained(model, engine)
    answers = yield _sampled
    limits = [_limits(channel) for channel in zip(*answers, strict=True)]
    if network.diameter <= 0:
        return {"limits": limits, "scale": 1.0}
    found = yield partial(_spreads, limits=limits)
    spreads = np.sum(found, axis=0)  # of all windows: sum and sum of squares
    number = int(np.argmax(spreads[:, 1] - spreads[:, 0] ** 2 / spreads[:, 2]))
    pieces = yield partial(_pieces, limits=limits, number=number)
    known: dict[str, Any] = {"diameter": network.diameter, "scales": network.scales}
    scale = scale_of(network.tiled(), _assembled(pieces), **known)
    return {"limits": limits, "scale": scale}


def _maps(
    network: Network,
    image: NDArray[Any],
    *,
    channel_axis: int | None,
    window: Any,
    shape: tuple[int, ...],
    limits: Any,
    scale: float,
    tile: int,
    flips: bool,
    **_: Any,
) -> NDArray[np.float32]:
    """Return the maps of a window, 0 where a pixel is broken."""
    first = image[np.newaxis] if channel_axis is None else image
    first = np.moveaxis(first, channel_axis or 0, 0)
    check_channels(first, network.in_channels)
    maps = predicted_window(
        network.tiled(tile),
        normalised(first, limits),
        window,
        shape,
        scale=scale,
        strides=network.strides,
        flips=flips,
    )
    broken = broken_pixels(first)
    if broken is not None:
        maps[:, np.any(broken, axis=0)] = 0
    return maps


def _channels(
    frame: NDArray[Any], inside: Any, channel_axis: int | None
) -> NDArray[Any]:
    """Return unbroken values inside a part, channels first."""
    first = frame[np.newaxis] if channel_axis is None else frame
    first = np.moveaxis(first, channel_axis or 0, 0)
    filled = [fill_broken(as_float(channel))[0] for channel in first]
    return np.stack(filled)[(slice(None), *inside)]


def _sampled(
    frame: NDArray[Any],
    inside: Any,
    *,
    place: Any,
    shape: tuple[int, ...],
    model: str,
    engine: Engine,
    channel_axis: int | None,
    **_: Any,
) -> list[tuple[NDArray[Any], float, float]]:
    """Return every n-th pixel of the whole that lies here, and the extremes."""
    if trained(model, engine).ndim != len(shape):
        raise InputError(
            f"The network was trained on planes, but the image has {len(shape)} axes; "
            "name the axes, such as --axes tyx, to segment plane by plane."
        )
    step = max(1, int(np.prod(shape)) // SAMPLE)
    flat: NDArray[Any] = np.zeros((), np.int64)
    for axis, (part, length) in enumerate(zip(place, shape, strict=True)):
        along = np.arange(part.start, part.stop).reshape(
            [-1 if i == axis else 1 for i in range(len(shape))]
        )
        flat = flat * length + along
    picked = flat % step == 0
    channels = _channels(frame, inside, channel_axis)
    return [(c[picked], float(c.min()), float(c.max())) for c in channels]


def _limits(parts: tuple[tuple[NDArray[Any], float, float], ...]) -> list[float]:
    samples, least, most = zip(*parts, strict=True)
    low, high = range_of(np.concatenate(samples), min(least), max(most))
    return [float(low), float(high)]


def _spreads(
    frame: NDArray[Any],
    inside: Any,
    *,
    limits: Any,
    place: Any,
    shape: tuple[int, ...],
    channel_axis: int | None,
    **_: Any,
) -> NDArray[np.float64]:
    """Return sum, sum of squares and number of the values in every window."""
    values = normalised(_channels(frame, inside, channel_axis), limits)
    found = np.zeros((len(windows(shape)), 3))
    for row, window in zip(found, windows(shape), strict=True):
        part = values[(slice(None), *_overlap(window[1:], place))].astype(float)
        row[:] = part.sum(), (part**2).sum(), part.size
    return found


def _pieces(
    frame: NDArray[Any],
    inside: Any,
    *,
    limits: Any,
    number: int,
    place: Any,
    shape: tuple[int, ...],
    channel_axis: int | None,
    **_: Any,
) -> tuple[tuple[int, ...], tuple[int, ...], NDArray[np.float32]]:
    """Return the size of a window, what of it lies here, and where in it."""
    window = windows(shape)[number][1:]
    values = normalised(_channels(frame, inside, channel_axis), limits)
    start = [max(p.start - w.start, 0) for p, w in zip(place, window, strict=True)]
    size = tuple(w.stop - w.start for w in window)
    piece = values[(slice(None), *_overlap(window, place))]
    return size, tuple(start), piece.copy()  # a view would keep the whole part


def _overlap(window: Any, place: Any) -> tuple[slice, ...]:
    """Return what of a window lies in a part, in pixels of the part."""
    return tuple(
        slice(max(w.start - p.start, 0), max(min(w.stop, p.stop) - p.start, 0))
        for w, p in zip(window, place, strict=True)
    )


def _assembled(pieces: list[Any]) -> NDArray[np.float32]:
    """Return a window of pieces."""
    size, _, first = pieces[0]
    whole = np.zeros((len(first), *size), np.float32)
    for _, start, piece in pieces:
        if piece.size:
            ends = zip(start, piece.shape[1:], strict=True)
            whole[(slice(None), *(slice(s, s + n) for s, n in ends))] = piece
    return whole
