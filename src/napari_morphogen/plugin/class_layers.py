"""Classes of objects as Labels layers of fixed colours."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from napari.layers import Labels, Layer
from napari.utils.colormaps import CyclicLabelColormap
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from napari_morphogen.plugin import layers
from napari_morphogen.recipe import KEY
from napari_morphogen.spatial import SpatialArray

EXAMPLES = "morphogen-examples"
# Okabe and Ito's colours, which colour-blind eyes tell apart, and some more
COLOURS = (
    *("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
    *("#999999", "#882255", "#44AA99", "#DDCC77", "#AA4499"),
)


def colour_of(number: int) -> str:
    """Return the colour of a class, counted from 0."""
    return COLOURS[number % len(COLOURS)]


def is_classes(layer: Layer) -> bool:
    """Tell whether a layer shows classes of objects, given or found."""
    steps: Any = dict(layer.metadata.get(KEY, {})).get("steps")
    found = bool(steps) and steps[-1].get("method") == "object_classes"
    return found or EXAMPLES in layer.metadata


def dress(layer: Labels, names: Sequence[str], colours: Mapping[str, str]) -> None:
    """Give a layer of classes their colours, and their names under the pointer.

    Parameters
    ----------
    layer : Labels
        Numbers count from 1.
    names : sequence of str
        Of the classes, in the order of their numbers.
    colours : mapping of str to str
        By the names.
    """
    # a direct colormap would have napari compile for a second, in the window
    shown = ["transparent", *(colours[name] for name in names)]
    layer.colormap = CyclicLabelColormap(colors=transform_color(shown))
    numbers = {"index": range(len(names) + 1), "class": ["", *names]}
    layer.features = pd.DataFrame(numbers)


def examples_data(
    data: NDArray[Any], objects: SpatialArray, mark: str
) -> tuple[Any, dict[str, Any], str]:
    """Return napari's triple for a layer of given classes that lies on the objects.

    Parameters
    ----------
    data : ndarray of int
        Numbers of classes, from 1.
    objects : SpatialArray
        Read from their layer.
    mark : str
        Tells whose examples these are.
    """
    name = f"{objects.name} - examples"
    placed = objects.like(data, name=name, metadata={EXAMPLES: mark})
    triple: tuple[Any, dict[str, Any], str]
    triple = layers.layer_data(placed, "labels", objects)
    return triple
