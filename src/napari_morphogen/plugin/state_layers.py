"""What became of objects, as a Labels layer of fixed colours."""

from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Layer
from napari.utils.colormaps import CyclicLabelColormap
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from napari_morphogen.evaluate import STATES
from napari_morphogen.plugin import layers
from napari_morphogen.spatial import SpatialArray

MARK = "morphogen-states"
# Okabe and Ito's colours, which colour-blind eyes tell apart
COLOURS = dict(
    zip(
        STATES,
        ("#009E73", "#D55E00", "#56B4E9", "#F0E442", "#CC79A7", "#999999"),
        strict=True,
    )
)


def is_states(layer: Layer) -> bool:
    """Tell whether a layer shows the states of objects."""
    return MARK in layer.metadata


def states_data(
    codes: NDArray[np.uint8], result: SpatialArray
) -> tuple[Any, dict[str, Any], str]:
    """Return napari's triple for a layer that lies exactly on the result.

    Parameters
    ----------
    codes : ndarray of int
        1 and more, in the order of `STATES`; 0 where there is no object.
    result : SpatialArray
        Read from its layer.
    """
    placed = result.like(codes, name=f"{result.name} states", metadata={MARK: True})
    triple = layers.layer_data(placed, "labels", result)
    return triple[0], triple[1] | _look(), triple[2]


def legend(states: NDArray[Any]) -> str:
    """Return how many objects are in every state, in their colours, as HTML."""
    parts = [
        f'<span style="color: {COLOURS[name]}">■</span>&nbsp;{name}&nbsp;{count}'
        for name in STATES
        if (count := np.count_nonzero(states == name)) or name != "not judged"
    ]
    return " &nbsp; ".join(parts)


def _look() -> dict[str, Any]:
    # a direct colormap would have napari compile for a second, in the window
    colours = ["transparent", *COLOURS.values()]
    # napari shows the features of a label under the pointer, by its number
    features = pd.DataFrame({"index": range(len(STATES) + 1), "state": ["", *STATES]})
    return {
        "colormap": CyclicLabelColormap(colors=transform_color(colours)),
        "features": features,
        "opacity": 0.8,
    }
