"""Real and synthetic pairs as networks take them, whole images kept together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from napari_morphogen import learning
from napari_morphogen.learning import Files, Lesson, painted_frames
from napari_morphogen.learning.taught import samples
from napari_morphogen.params import InputError

NO_MODEL = "none"  # lessons name the model they are learnt for; here is none


class Sample(NamedTuple):
    """One plane or volume.

    Attributes
    ----------
    image : ndarray of shape (channels, [P,] M, N)
    labels : ndarray of int, shape ([P,] M, N)
    """

    image: NDArray[Any]
    labels: NDArray[Any]


class Whole(NamedTuple):
    """All that one image holds, which is learnt from or held out together.

    Attributes
    ----------
    name : str
        What messages call it.
    samples : list of Sample
        Its frames.
    spacing : tuple of float
        Relative pixel size along every spatial axis of its samples.
    """

    name: str
    samples: list[Sample]
    spacing: tuple[float, ...]


def whole(pair: Lesson | Files, *, planes: bool = False) -> Whole:
    """Return an image with its labels, read.

    Parameters
    ----------
    pair : Lesson or Files
        Of objects.
    planes : bool
        Whether a volume is taken plane by plane.

    Raises
    ------
    InputError
        When the file cannot be read, or labels and image do not fit together.
    """
    settings = learning.Settings(task="instances", planes=planes)
    name = str(pair.image) if isinstance(pair, Files) else pair.labels.name
    given = pair.lesson(settings, NO_MODEL) if isinstance(pair, Files) else pair
    painted = {(0, index): frame for index, frame in painted_frames(given)}
    if not painted:
        return Whole(name, [], ())
    found = [
        Sample(*both) for both in zip(*samples([given], painted, settings), strict=True)
    ]
    ndim = found[0].labels.ndim if found else 0
    return Whole(name, found, given.plan.seen_spacing[-ndim:] if ndim else ())


def check(sets: Mapping[str, Sequence[Whole]]) -> None:
    """Raise InputError unless all images have the same axes and channels.

    Parameters
    ----------
    sets : mapping of str to sequence of Whole
        By their names, such as "real".
    """
    first: tuple[str, Whole] | None = None
    for name, images in sets.items():
        if not any(sample.labels.any() for one in images for sample in one.samples):
            raise InputError(
                f"No object is labelled in the {name} images; choose others."
            )
        for one in images:
            if one.samples:
                first = first or (name, one)
                _check_like(name, one, *first)


def _check_like(name: str, one: Whole, other_name: str, other: Whole) -> None:
    ours, theirs = one.samples[0].image, other.samples[0].image
    if ours.ndim != theirs.ndim:
        raise InputError(
            f"{one.name} ({name}) has {ours.ndim - 1} spatial axes, but {other.name} "
            f"({other_name}) has {theirs.ndim - 1}; compare planes with planes and "
            "volumes with volumes."
        )
    if len(ours) != len(theirs):
        raise InputError(
            f"{one.name} ({name}) has {len(ours)} channel(s), but {other.name} "
            f"({other_name}) has {len(theirs)}; choose one channel of each."
        )


def flat(images: Sequence[Whole]) -> list[Sample]:
    """Return the samples of all images."""
    return [sample for one in images for sample in one.samples]


def mixed(real: Sequence[Sample], synthetic: Sequence[Sample]) -> list[Sample]:
    """Return samples of which at least half are real, where there are any.

    Patches are drawn from all samples alike, so few real ones are named again and
    again beside many synthetic ones.

    Examples
    --------
    >>> import numpy as np
    >>> one = Sample(np.zeros((1, 4, 4)), np.zeros((4, 4), int))
    >>> len(mixed([one] * 2, [one] * 5)), len(mixed([], [one] * 5))
    (11, 5)
    """
    times = max(1, -(-len(synthetic) // len(real))) if real else 0
    return [*list(real) * times, *synthetic]
