"""Open a dock from another one, as the menus do."""

from typing import Any

from npe2 import PluginManager
from qtpy.QtWidgets import QDockWidget, QWidget

PLUGIN = "napari-morphogen"


def open_dock(viewer: Any, title: str) -> Any:
    """Show a dock, the one that is open already where there is one.

    Parameters
    ----------
    viewer : napari viewer
        In whose window.
    title : str
        As it stands in the menu.

    Returns
    -------
    dock : Dock
    """
    manifest = PluginManager.instance().get_manifest(PLUGIN)
    window, known = viewer.window, viewer.window.dock_widgets
    menu, script = (f"{title} ({end})" for end in (manifest.display_name, PLUGIN))
    for name in (menu, script):
        if name in known:
            dock: Any = known[name]
            dock.native.parent().show()
            bring_forward(dock.native)
            return dock
    listed = manifest.contributions.widgets or []
    found = next(one for one in listed if one.display_name == title)
    dock = found.get_callable()(viewer)
    window.add_dock_widget(dock, name=menu).show()  # the menu finds it by this name
    return dock


def bring_forward(widget: QWidget) -> None:
    """Put the dock that a widget is in before those that share its place."""
    parent: Any = widget
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parent()
    if parent is not None:
        parent.raise_()
