"""Generators that learn from images and make new ones: what docks and commands share.

`learn` trains one and tells how it goes, `sample` makes images with it, `paint` an
image of labels, and `new_pair` new labels with their image.
"""

from napari_morphogen.generating.course import learn, ready
from napari_morphogen.generating.latent import (
    Compression,
    between,
    compression,
    explored,
    walk,
)
from napari_morphogen.generating.messages import STOP, Report, Settings
from napari_morphogen.generating.new_pairs import Pair, new_pair, new_paired
from napari_morphogen.generating.painting import paint, painted
from napari_morphogen.generating.samples import Wanted, sample, sampled

__all__ = [
    "Compression",
    "Pair",
    "Report",
    "STOP",
    "Settings",
    "Wanted",
    "between",
    "compression",
    "explored",
    "learn",
    "new_pair",
    "new_paired",
    "paint",
    "painted",
    "ready",
    "sample",
    "sampled",
    "walk",
]
