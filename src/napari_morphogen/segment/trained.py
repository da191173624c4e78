"""Objects, classes and boundaries as a trained network sees them."""

from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.foreign_files import (
    Activation,
    Intensities,
    Layout,
    Told,
)
from napari_morphogen.params import (
    ChannelAxis,
    Channels,
    Image,
    InputError,
    Labels,
    MinSize,
    ModelFile,
)
from napari_morphogen.segment.models import (
    METHOD_OF,
    Engine,
    Network,
    maps_by,
    opened,
    trained,
)
from napari_morphogen.segment.network import flood_objects, foreground_and_centre
from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.training import Classified, classified

Tile = Annotated[int, at.Interval(ge=0, le=8192)]


class Objects(NamedTuple):
    """Objects and what they were made of.

    Attributes
    ----------
    labels : ndarray of int32, shape ([P,] M, N)
        0 is background.
    foreground : ndarray of float32, shape ([P,] M, N)
        Probability of lying in an object.
    centre : ndarray of float32, shape ([P,] M, N)
        High in the middle of objects and low where they touch.
    """

    labels: Labels
    foreground: Image
    centre: Image


def network_objects(
    image: Image,
    *,
    model: ModelFile,
    min_size: MinSize = 0,
    flips: bool = False,
    tile: Tile = 0,
    engine: Engine = "auto",
    channel_axis: ChannelAxis = None,
) -> Objects:
    """Objects by a network that was trained on objects.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        As many channels as the network was trained on.
    model : str
        File of the trained network.
    min_size : int
        Objects of fewer pixels are removed.
    flips : bool
        Whether to average over all mirrored images: steadier, and 4 times as slow
        in planes and 8 times in volumes.
    tile : int
        Pixels along each axis that are predicted at once; 0 chooses. The result is
        the same for all.
    engine : str
        What computes a `.morphogen` file: torch, on a graphics card where there is
        one, or onnxruntime, which is faster on processors. "auto" chooses so.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    result : Objects
        Labels, foreground and centres; 0 where a pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When the file holds no such model or the image does not fit it.

    Notes
    -----
    The network [1]_ predicts where objects are and where their middles. The
    landscape of middles is flooded from its summits within the foreground [2]_, so
    that objects that touch get numbers of their own. A network that was trained on
    planes is applied to each plane of a volume, whose objects get numbers of their
    own, too.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, MICCAI 2015, 234-241,
       DOI 10.1007/978-3-319-24574-4_28
    .. [2] L. Vincent and P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13,
       583-598 (1991), DOI 10.1109/34.87344

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.samples import trained_model
    >>> model = trained_model("instances")
    >>> network_objects(np.eye(16), model=model).centre.shape
    (16, 16)
    """
    network = _opened(model, "network_objects", engine)
    words = {"channel_axis": channel_axis, "tile": tile, "flips": flips}
    return objects_by(network, image, min_size=min_size, **words)


def objects_by(
    network: Network, image: NDArray[Any], *, min_size: int = 0, **words: Any
) -> Objects:
    """Return the objects that an opened network sees; see `network_objects`.

    Parameters
    ----------
    network : Network
        Trained on objects.
    image, min_size
        As of `network_objects`.
    **words
        Those of `maps_by`.
    """
    maps = maps_by(network, image, **words)
    foreground, centre = foreground_and_centre(maps)
    if foreground.ndim > network.ndim:
        pairs = zip(foreground, centre, strict=True)
        labels = _stacked([_flooded(network, *pair, min_size) for pair in pairs])
    else:
        labels = _flooded(network, foreground, centre, min_size)
    return Objects(keep_large(labels), foreground, centre)


def _flooded(
    network: Network,
    foreground: NDArray[np.float32],
    centre: NDArray[np.float32],
    min_size: int,
) -> NDArray[np.int32]:
    words: dict[str, Any] = {**network.thresholds, "min_size": min_size}
    return flood_objects(foreground, centre, **words)


def network_classes(
    image: Image,
    *,
    model: ModelFile,
    flips: bool = False,
    tile: Tile = 0,
    engine: Engine = "auto",
    channel_axis: ChannelAxis = None,
) -> Classified:
    """Classes of pixels by a network that was trained on classes.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        As many channels as the network was trained on.
    model : str
        File of the trained network.
    flips : bool
        Whether to average over all mirrored images: steadier, and 4 times as slow
        in planes and 8 times in volumes.
    tile : int
        Pixels along each axis that are predicted at once; 0 chooses. The result is
        the same for all.
    engine : str
        What computes a `.morphogen` file: torch, on a graphics card where there is
        one, or onnxruntime, which is faster on processors. "auto" chooses so.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    result : Classified
        Labels, probabilities and uncertainty. The numbers of the classes are those
        that were painted; 0 where a pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When the file holds no such model or the image does not fit it.

    Notes
    -----
    The network [1]_ gives every pixel the probability of every class; the likeliest
    is its label. A network that was trained on planes is applied to each plane of a
    volume.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, MICCAI 2015, 234-241,
       DOI 10.1007/978-3-319-24574-4_28

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.samples import trained_model
    >>> found = network_classes(np.eye(16), model=trained_model("semantic"))
    >>> found.probability.shape, found.labels.shape
    ((2, 16, 16), (16, 16))
    """
    network = _opened(model, "network_classes", engine)
    words = {"channel_axis": channel_axis, "tile": tile, "flips": flips}
    return classes_by(network, image, **words)


def classes_by(network: Network, image: NDArray[Any], **words: Any) -> Classified:
    """Return the classes that an opened network sees; see `network_classes`.

    Parameters
    ----------
    network : Network
        Trained on classes.
    image : ndarray
        As of `network_classes`.
    **words
        Those of `maps_by`.
    """
    maps = maps_by(network, image, **words)
    return classified(maps, np.asarray(maps.any(axis=0)))


def network_boundaries(
    image: Image,
    *,
    model: ModelFile,
    flips: bool = False,
    tile: Tile = 0,
    engine: Engine = "auto",
    channel_axis: ChannelAxis = None,
) -> Image:
    """Boundaries of objects by a network that was trained on them.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        As many channels as the network was trained on.
    model : str
        File of the trained network.
    flips : bool
        Whether to average over all mirrored images: steadier, and 4 times as slow
        in planes and 8 times in volumes.
    tile : int
        Pixels along each axis that are predicted at once; 0 chooses. The result is
        the same for all.
    engine : str
        What computes a `.morphogen` file: torch, on a graphics card where there is
        one, or onnxruntime, which is faster on processors. "auto" chooses so.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    boundaries : ndarray of float, shape ([P,] M, N)
        Probability of lying on the boundary of an object, from 0 to 1; 0 where a
        pixel is broken (NaN, infinity).

    Raises
    ------
    InputError
        When the file holds no such model or the image does not fit it.

    Notes
    -----
    An edge detector that learnt from the boundaries of labels which edges count
    [1]_. Flood its result with the watershed to get regions.

    References
    ----------
    .. [1] S. Xie and Z. Tu, ICCV 2015, 1395-1403, DOI 10.1109/ICCV.2015.164

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.samples import trained_model
    >>> network_boundaries(np.eye(16), model=trained_model("edges")).shape
    (16, 16)
    """
    network = _opened(model, "network_boundaries", engine)
    words: dict[str, Any] = {"tile": tile, "flips": flips}
    words["channel_axis"] = channel_axis
    return np.asarray(maps_by(network, image, **words)[0])


def network_maps(
    image: Image,
    *,
    model: ModelFile,
    model_axes: Layout = "auto",
    intensities: Intensities = "auto",
    activation: Activation = "auto",
    tile: Tile = 0,
    channel_axis: ChannelAxis = None,
) -> Channels:
    """Maps: what a network of anyone makes of an image, channel by channel.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        As many channels as the network takes.
    model : str
        An ONNX file, TorchScript, a bioimage.io package with weights as one of
        these, or a network that was trained here.
    model_axes : str
        Order of the axes of what the network takes: b is batch, c are channels.
        "auto" asks the file, and guesses where it says nothing.
    intensities : str
        What is done to the image first: nothing (raw), the 1st and the 99.8th
        percentile of every channel brought to 0 and 1, every channel to mean 0 and
        variance 1 (standardised), the range of the type of its numbers to 0 and 1
        (full_range), or that and the mean and deviation of ImageNet's colours
        (imagenet). "auto" does what the file says; where it says nothing,
        percentiles.
    activation : str
        What is done to what the network makes. "auto" does what the file says;
        where it says nothing, nothing.
    tile : int
        Pixels along each axis that are predicted at once; 0 chooses. Networks that
        take images of one size only get that.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    maps : ndarray of float32, shape (maps, [P,] M, N)
        Channels of all outputs that have the size of the image; 0 where a pixel is
        broken (NaN, infinity).

    Raises
    ------
    InputError
        When the file is not safe, holds no network that takes an image, or the
        image does not fit it.

    Notes
    -----
    Nothing in the file is executed but the network's arithmetic [1]_. What a
    bioimage.io package [2]_ says of intensities and activation is done with the
    values of the whole image. How far the network sees is measured once, on noise,
    and tiles overlap by as much; where that is not possible, a remark says so.

    References
    ----------
    .. [1] Open Neural Network Exchange, https://onnx.ai
    .. [2] W. Ouyang et al., bioRxiv 2022.06.07.495102 (2022),
       DOI 10.1101/2022.06.07.495102

    Examples
    --------
    >>> import numpy as np
    >>> from napari_morphogen.samples import trained_model
    >>> network_maps(np.eye(16), model=trained_model("semantic")).shape
    (2, 16, 16)
    """
    network = opened(model, Told(model_axes, intensities, activation))
    return maps_by(network, image, channel_axis=channel_axis, tile=tile)


def _opened(path: str, method: str, engine: Engine) -> Network:
    network = trained(path, engine)
    if METHOD_OF[network.task] != method:
        raise InputError(
            f'{path} was trained for "{network.task}", which is not what {method} '
            f"shows; use {METHOD_OF[network.task]}."
        )
    return network


def _stacked(planes: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return the planes as a volume in which no two objects share a number."""
    counts = [int(plane.max(initial=0)) for plane in planes]
    before = np.cumsum([0, *counts[:-1]])
    pairs = zip(planes, before, strict=True)
    return np.stack([np.where(plane > 0, plane + n, 0) for plane, n in pairs])
