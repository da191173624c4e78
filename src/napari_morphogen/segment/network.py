"""Objects made from what a network predicts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.segment.objects import keep_large
from napari_morphogen.segment.centres import centres
from napari_morphogen.segment.flooding import flood


def flood_objects(
    foreground: NDArray[np.float32],
    centre: NDArray[np.float32],
    *,
    foreground_threshold: float = 0.5,
    centre_threshold: float = 0.5,
    h: float = 0.1,
    min_size: int = 0,
) -> NDArray[np.int32]:
    mask = foreground > foreground_threshold
    seeds = np.where(mask & (centre > centre_threshold), centre, 0).astype(np.float32)
    inside = seeds > 0
    if not inside.any():
        return np.zeros(mask.shape, np.int32)
    markers = centres(seeds, inside, h)
    labels = flood(-centre, markers, mask)
    return keep_large(labels, min_size)
