"""What a training does beside its images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from napari_morphogen.nn.patches import AUGMENTATION, Augmentation
from napari_morphogen.nn.segmenter import Task

PATCH = {2: 128, 3: 48}  # pixels along the finest axis


@dataclass(frozen=True)
class Options:
    """What a training does beside its images; the defaults suit a laptop.

    Attributes
    ----------
    task : str
        "instances": objects, learnt from objects; "edges": their boundaries, learnt
        from objects; "interiors": objects, learnt from strokes 1 on background,
        2 inside objects and 3 on their borders; "semantic": classes from 1.
    sparse : bool
        Whether labels of "instances" and "edges" are painted in part: 0
        unlabelled, 1 background, objects painted whole from 2. Those of
        "interiors" and "semantic" always have 0 for unlabelled.
    spacing : tuple of float
        Pixel size per axis; empty means 1 everywhere.
    diameter : float
        To which the objects of "instances" are scaled, in pixels; 0 does not.
    width, levels, convolutions, pooling
        Of the U-Net.
    stem : bool
        Whether the network works at half the resolution of the image.
    patch, batch : int
        Pixels along the finest axis of a patch, and patches of a step; 0 chooses.
    rate : float
        Highest learning rate; 0 chooses.
    held_out : float
        Share of the images, or of the parts of few images, that is not learnt
        from but measured.
    augmentation : Augmentation
        How patches are varied.
    seed : int
        Of all that is drawn.
    threads : int
        Cores used; 0 leaves one free.
    device : str
        "cpu", "cuda" or "mps".
    """

    task: Task = "instances"
    sparse: bool = False
    spacing: tuple[float, ...] = ()
    diameter: float = 16.0
    width: int = 16
    levels: int = 3
    convolutions: int = 2
    pooling: Literal["max", "average"] = "max"
    stem: bool = True
    patch: int = 0
    batch: int = 8
    rate: float = 0.0
    held_out: float = 0.0
    augmentation: Augmentation = AUGMENTATION
    seed: int = 0
    threads: int = 0
    device: str = "cpu"


DEFAULT = Options()


def relative(spacing: Sequence[float], ndim: int) -> tuple[float, ...]:
    """Return pixel sizes with the finest 1.

    Examples
    --------
    >>> relative((2.0, 0.5), 2), relative((), 2)
    ((4.0, 1.0), (1.0, 1.0))
    """
    if not spacing:
        return (1.0,) * ndim
    return tuple(float(s) / float(min(spacing)) for s in spacing)


def patch_size(options: Options, ndim: int) -> tuple[int, ...]:
    """Return the size of a patch that is as long along every axis.

    Examples
    --------
    >>> patch_size(Options(patch=32, spacing=(4, 1, 1)), 3)
    (8, 32, 32)
    """
    side = options.patch or PATCH[ndim]
    return tuple(max(4, round(side / s)) for s in relative(options.spacing, ndim))
