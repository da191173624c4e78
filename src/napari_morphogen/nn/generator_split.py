"""Images that are kept from a generator, to compare its samples with."""

import math
from collections.abc import Sequence

import numpy as np

from napari_morphogen.nn.generator_patches import NO_CLASS, Source, centres

TURNS = 8  # ways to choose groups, until all classes are on both sides


def split(
    sources: Sequence[Source], shape: Sequence[int], share: float, seed: int
) -> tuple[list[Source], list[Source]]:
    """Return what is learnt from, and what is kept to compare with.

    Parameters
    ----------
    sources : sequence of Source
        Whole images.
    shape : sequence of int
        Of a patch.
    share : float
        Of the groups that is kept. Of a single group the last images are, and of a
        single image one end, with a gap before them; nothing where they are too few
        or it is too small.
    seed : int
        Chooses the groups.
    """
    if share <= 0:
        return list(sources), []
    groups = sorted({one.group for one in sources})
    if len(groups) > 1:
        order = np.random.default_rng(seed).permutation(groups)
        count = min(max(1, round(share * len(groups))), len(groups) - 1)
        chosen = {int(group) for group in order[:count]}
        return (
            [one for one in sources if one.group not in chosen],
            [one for one in sources if one.group in chosen],
        )
    if len(sources) > 1:
        kept = max(1, round(share * len(sources)))
        left = len(sources) - kept - max(1, kept // 2)  # neighbours look alike
        if left < 1:
            return list(sources), []
        return list(sources[:left]), list(sources[-kept:])
    return _ends(sources[0], shape, share)


def split_classes(
    sources: Sequence[Source], shape: Sequence[int], share: float, seed: int
) -> tuple[list[Source], list[Source]]:
    """Return what is learnt from and what is kept, of every class alike.

    Where pixels have classes, whole groups are kept all the same, if the others still
    show every class; best are groups that show every class, too.

    Parameters
    ----------
    sources, shape, share, seed
        As of `split`.
    """
    if all(source.classes.ndim for source in sources):
        return _split_pixels(sources, shape, share, seed)
    kept: list[Source] = []
    unseen: list[Source] = []
    for one in sorted({int(source.classes) for source in sources}):
        members = [source for source in sources if source.classes == one]
        ours, others = split(members, shape, share, seed)
        kept += ours
        unseen += others
    return kept, unseen


def _split_pixels(
    sources: Sequence[Source], shape: Sequence[int], share: float, seed: int
) -> tuple[list[Source], list[Source]]:
    there = _classes_in(sources, shape)
    best: tuple[list[Source], list[Source]] = list(sources), []
    for turn in range(TURNS):
        kept, unseen = split(sources, shape, share, seed + turn)
        others = _classes_in(unseen, shape)
        if others and _classes_in(kept, shape) == there:
            if others == there:
                return kept, unseen
            best = best if best[1] else (kept, unseen)
    return best


def _classes_in(sources: Sequence[Source], shape: Sequence[int]) -> set[int]:
    """Return the classes that patches of the sources can have."""
    found: set[int] = set()
    for one in sources:
        counts = np.bincount(centres(one.classes, shape).ravel() + 1)
        found |= set(np.flatnonzero(counts[1:]).tolist())
    return found


def _ends(
    whole: Source, shape: Sequence[int], share: float
) -> tuple[list[Source], list[Source]]:
    axis = int(np.argmax(whole.values.shape[1:]))
    length, side = whole.values.shape[1 + axis], shape[axis]
    kept, gap = max(math.ceil(share * length), side), side // 2
    if length - kept - gap < side:
        return [whole], []

    def part(place: slice) -> Source:
        where = (slice(None),) * axis
        classes = whole.classes[(*where, place)] if whole.classes.ndim else NO_CLASS
        values = whole.values[(slice(None), *where, place)]
        return whole._replace(values=values, classes=classes)

    return [part(slice(0, length - kept - gap))], [part(slice(length - kept, None))]
