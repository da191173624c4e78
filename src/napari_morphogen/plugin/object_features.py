"""Classes of objects in the features of their Labels layer."""

from collections.abc import Sequence

import pandas as pd
from napari.layers import Labels

from napari_morphogen.object_classes import EVERY, Classified

GIVEN = "given class"
INDEX, FRAME = "index", "frame"  # napari finds the row of an object by its index
Key = tuple[int, int]  # frame, object


def given(layer: Labels) -> dict[Key, str]:
    """Return the classes that a person gave, by the numbers of frame and object.

    Parameters
    ----------
    layer : Labels
        Without a column for frames, all is in frame 0.
    """
    table = _table(layer)
    if GIVEN not in table:
        return {}
    table = table[table[GIVEN].fillna("") != ""]
    frames = table[FRAME] if FRAME in table else [0] * len(table)
    rows = zip(frames, table[INDEX], table[GIVEN], strict=True)
    return {(int(frame), int(number)): str(name) for frame, number, name in rows}


def give(layer: Labels, key: Key, name: str, *, several: bool) -> None:
    """Give an object a class; an empty name takes it away.

    Parameters
    ----------
    layer : Labels
        The objects.
    key : (int, int)
        Numbers of frame and object.
    name : str
        Of the class.
    several : bool
        Whether there are several frames.
    """
    table = _table(layer, several)
    if GIVEN not in table:
        table[GIVEN] = ""
    here = table[INDEX] == key[1]
    if several:
        here &= table[FRAME] == key[0]
    if here.any():
        table.loc[here, GIVEN] = name
    else:
        row = {INDEX: [key[1]], GIVEN: [name]} | ({FRAME: [key[0]]} if several else {})
        table = pd.concat([table, pd.DataFrame(row)], ignore_index=True)
    layer.features = table


def rename(layer: Labels, old: str, new: str) -> None:
    """Rename a class in what a person gave; an empty name takes it away."""
    table = _table(layer)
    if GIVEN in table:
        table.loc[table[GIVEN] == old, GIVEN] = new
        layer.features = table


def fill(layer: Labels, found: Classified) -> None:
    """Write the classes found, and leave all other columns as they are."""
    names = {"object": INDEX}
    columns = {
        names.get(name, name): found.table[name]
        for name in (FRAME, "object", "class", "probability")
        if name in found.table
    }
    keys = [name for name in (FRAME, INDEX) if name in columns]
    update(layer, pd.DataFrame(columns), keys)


def update(layer: Labels, new: pd.DataFrame, keys: Sequence[str] = (INDEX,)) -> None:
    """Replace columns of a layer's features, and keep the others.

    Parameters
    ----------
    layer : Labels
        Whose features are changed.
    new : DataFrame
        The columns to write, `keys` among them.
    keys : sequence of str
        Rows that are equal there belong together.
    """
    old = _table(layer, FRAME in keys)
    kept = [name for name in old if name in keys or name not in new]
    if len(kept) == len(keys):
        layer.features = new
        return
    merged = new.merge(old[kept], on=list(keys), how="outer")
    for name in (GIVEN, "class"):
        if name in merged:
            merged[name] = merged[name].fillna("")
    layer.features = merged


def _table(layer: Labels, several: bool = False) -> pd.DataFrame:
    """Return a copy of the features with the columns that name the object."""
    table = pd.DataFrame(layer.features).copy()
    if INDEX not in table:
        table[INDEX] = range(len(table))  # as napari takes it
    if several and FRAME not in table:
        table[FRAME] = EVERY
    return table
