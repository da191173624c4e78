"""Docks end what they have begun when their window goes."""

import weakref
from functools import partial
from typing import Any

from napari_morphogen.plugin.names import keep_named


def release_with_window(dock: Any) -> None:
    """Call `release` of a dock when its window goes; till then name its widgets.

    Parameters
    ----------
    dock : Container
        Its `release` ends jobs and touches no widget; the dock is not kept alive.
    """
    keep_named(dock.native)
    dock.native.destroyed.connect(partial(_release, weakref.ref(dock)))


def _release(dock: "weakref.ref[Any]") -> None:
    alive = dock()  # what the garbage collector takes apart has nothing to release
    if alive is not None:
        alive.release()
