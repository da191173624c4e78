"""Objects cut out of an image and placed anew on what is left of it."""

import warnings
from dataclasses import dataclass
from itertools import cycle
from typing import Annotated, Any, NamedTuple

import annotated_types as at
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.generate.cells import Share
from napari_morphogen.generate.inpainting import background_of
from napari_morphogen.generate.placing import Ground, place
from napari_morphogen.generate.shapes import Shape
from napari_morphogen.generate.texture import channels_last, in_place
from napari_morphogen.params import (
    ChannelAxis,
    Colours,
    Image,
    InputError,
    Labels,
    Remark,
    Seed,
    Spacing,
)
from napari_morphogen.segment.ids import numbered

Number = Annotated[int, at.Interval(ge=0, le=10_000)]
RIM = 3  # pixels around an object that shine with its light
FADE = 1.5  # standard deviation, in pixels, with which that light is taken along


class Shuffled(NamedTuple):
    """A new image and what is in it."""

    image: Colours
    labels: Labels


@dataclass(frozen=True)
class Cut(Shape):
    """An object as it was cut out, its rim included.

    Attributes
    ----------
    values : ndarray of shape ([P,] M, N, C)
        Its pixels.
    light : ndarray of shape ([P,] M, N, C)
        What it adds to the background around it.
    """

    values: NDArray[Any]
    light: NDArray[Any]


def shuffle_objects(
    image: Image,
    *,
    labels: Labels,
    count: Number = 0,
    touching: Share = 0.3,
    turn: bool = True,
    seed: Seed = 0,
    spacing: Spacing = (),
    channel_axis: ChannelAxis = None,
) -> Shuffled:
    """Cut the objects of an image out and place them anew, with exact labels.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        Intensities, or C channels that go together.
    labels : ndarray of int
        The objects, each with its number; 0 is background.
    count : int
        Objects of the new image; 0 makes as many as there are. Where fewer find
        room, a remark says how many.
    touching : float
        Share of the objects that touch another one.
    turn : bool
        Whether objects are mirrored and turned by right angles. Not where light or
        gravity comes from one side.
    seed : int
        Start of the random numbers; the same one gives the same image.
    spacing : tuple of float
        Pixel size per axis, the finest 1.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    image : ndarray of float
        The new image, its channels where the old one has them. `labels` are its
        objects, 1, 2, …; none shares a pixel with another.

    Notes
    -----
    Copy and paste makes training pairs whose objects are real [1]_. The background
    under the objects is filled with its own smoothed brightness and noise; objects
    keep their pixels. Light that they throw on the three pixels around them comes
    along. Objects that touch one another are pressed together, so that at most a
    third of one is hidden; those that the border of the image has cut are left out
    where there are others.

    References
    ----------
    .. [1] G. Ghiasi, Y. Cui, A. Srinivas, R. Qian, T.-Y. Lin, E. D. Cubuk, Q. V. Le
       and B. Zoph, "Simple copy-paste is a strong data augmentation method for
       instance segmentation," CVPR, pp. 2917-2927, 2021.
       DOI 10.1109/CVPR46437.2021.00294

    Examples
    --------
    >>> import numpy as np
    >>> image, labels = np.full((20, 20), 2), np.zeros((20, 20), int)
    >>> image[3:7, 3:8], labels[3:7, 3:8] = 9, 4
    >>> made = shuffle_objects(image, labels=labels, count=2, touching=0)
    >>> np.unique(made.image[made.labels > 0]).tolist(), int(made.labels.max())
    ([9.0], 2)
    """
    values = channels_last(image, channel_axis)
    if labels.shape != values.shape[:-1]:
        raise InputError(
            f"Expected `labels` of shape {values.shape[:-1]}, but got {labels.shape}; "
            "give those of the image."
        )
    ids = numbered(np.asarray(labels))
    if not ids.any():
        warnings.warn(
            "No object is labelled: the image stays as it is.", Remark, stacklevel=2
        )
        return Shuffled(in_place(values, image, channel_axis), ids)
    rng = np.random.default_rng(seed)
    sizes = spacing or (1.0,) * ids.ndim
    ground_light = background_of(values, ids > 0, rng)
    cuts = _cuts(values, values - ground_light, ids, sizes)
    draw = _Drawing(cuts, rng, turn and sizes[-1] == sizes[-2], turn)
    ground = Ground(ids.shape, sizes, rng)
    asked = count or int(ids.max())
    place(ground, draw, rng, count=asked, touching=touching)
    if ground.count < asked:
        text = f"Only {ground.count} of {asked} objects found room: ask for fewer."
        warnings.warn(text, Remark, stacklevel=2)
    made = _pasted(ground, ground_light)
    return Shuffled(in_place(made, image, channel_axis), ground.labels)


class _Drawing:
    """Hands out every object once, in a random order, before any comes again."""

    def __init__(
        self, cuts: list[Cut], rng: np.random.Generator, turns: bool, mirrors: bool
    ) -> None:
        order = rng.permutation(len(cuts))
        self.cuts = cycle([cuts[i] for i in order])
        self.rng, self.turns, self.mirrors = rng, turns, mirrors

    def __call__(self) -> Cut:
        """Return the next object, turned and mirrored at random."""
        cut = next(self.cuts)
        axes = range(cut.mask.ndim)
        flips = [axis for axis in axes if self.mirrors and self.rng.random() < 0.5]
        swaps = self.turns and self.rng.random() < 0.5
        return _turned(cut, flips, swaps)


def _turned(cut: Cut, flips: list[int], swaps: bool) -> Cut:
    def part(array: NDArray[Any]) -> NDArray[Any]:
        found = np.flip(array, tuple(flips))
        ndim = cut.mask.ndim
        return np.asarray(found.swapaxes(ndim - 2, ndim - 1) if swaps else found)

    centre = list(cut.centre)
    for axis in flips:
        centre[axis] = cut.mask.shape[axis] - 1 - centre[axis]
    if swaps:
        centre[-2:] = centre[-1], centre[-2]
    words = {name: part(getattr(cut, name)) for name in ("mask", "values", "light")}
    return Cut(centre=tuple(centre), reach=cut.reach, **words)


def _cuts(
    values: NDArray[Any],
    light: NDArray[Any],
    ids: NDArray[np.int32],
    spacing: tuple[float, ...],
) -> list[Cut]:
    """Return the objects; those at the border of the image only without others."""
    boxes = list(enumerate(ndimage.find_objects(ids), 1))
    shape = ids.shape
    inner = [(n, box) for n, box in boxes if _inside(box, shape)]
    wide = [(RIM, RIM)] * ids.ndim
    padded_ids = np.pad(ids, wide)
    padded, glow = (np.pad(a, [*wide, (0, 0)]) for a in (values, light))
    found = []
    for number, box in inner or boxes:
        around = tuple(slice(side.start, side.stop + 2 * RIM) for side in box)
        own = padded_ids[around] == number
        free = padded_ids[around] == 0
        fading = _fading(own, free)[..., None].astype(values.dtype)
        centre = tuple(n // 2 for n in own.shape)
        places = (np.argwhere(own) - centre) * np.array(spacing)
        reach = float(np.linalg.norm(places, axis=1).max())
        found.append(Cut(own, centre, reach, padded[around], glow[around] * fading))
    return found


def _inside(box: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    """Tell whether an object keeps off the border, along axes that have a middle."""
    sides = zip(box, shape, strict=True)
    return all((s.start > 0 and s.stop < n) or n < 3 for s, n in sides)


def _fading(own: NDArray[np.bool_], free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how much of the light around an object comes along."""
    away = ndimage.distance_transform_edt(~own)
    fading = np.exp(-0.5 * (away / FADE) ** 2)
    return np.asarray(np.where(free & (away <= RIM), fading, 0))


def _pasted(ground: Ground, background: NDArray[Any]) -> NDArray[Any]:
    """Return the background with all objects on it."""
    made = background.copy()
    free = ground.labels == 0
    for centre, shape in ground.placed:
        assert isinstance(shape, Cut)
        here, seen = ground.window(shape, centre)
        made[here] += np.where(free[here][..., None], shape.light[seen], 0)
    for number, (centre, shape) in enumerate(ground.placed, 1):
        assert isinstance(shape, Cut)
        here, seen = ground.window(shape, centre)
        own = ground.labels[here] == number
        made[here][own] = shape.values[seen][own]
    return made
