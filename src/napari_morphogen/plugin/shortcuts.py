"""Keys for the loop of painting, training and looking."""

from collections.abc import Callable, Mapping

from magicgui import widgets
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QWidget

from napari_morphogen.recipe import KEY

KEYS = {  # by what they do; none is a key of napari
    "run": "Ctrl+Return",
    "new": "Alt+N",
    "seek": "Alt+U",
    "show or hide the result": "Alt+R",
}
TOGGLE = "show or hide the result"
HELP = "F1"


def add_shortcuts(
    dock: QWidget, buttons: Mapping[str, widgets.PushButton], viewer: ViewerModel
) -> widgets.Label:
    """Let keys press the buttons of a dock, wherever in the window the focus is.

    Parameters
    ----------
    dock : QWidget
        Keys work while it can be seen.
    buttons : mapping
        From a name in `KEYS` to the button.
    viewer : napari viewer
        Whose newest labels are shown and hidden.

    Returns
    -------
    label : Label
        That says the keys.
    """
    words = []
    for name, button in buttons.items():
        _listen(dock, KEYS[name], button.native.animateClick)
        words.append(f"{shown(KEYS[name])} {button.text.lower()}")
        help_ = f"{button.tooltip} ({shown(KEYS[name])})".strip()
        button.tooltip = help_
    _listen(dock, KEYS[TOGGLE], lambda: toggle_result(viewer))
    words.append(f"{shown(KEYS[TOGGLE])} {TOGGLE}")
    label = widgets.Label(name="keys", label="", value=", ".join(words))
    label.native.setWordWrap(True)
    label.native.setAccessibleName("keys")
    return label


def _listen(dock: QWidget, key: str, act: Callable[[], object]) -> None:
    action = dock.addAction(key)
    assert action is not None
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.triggered.connect(lambda: act())


def shown(key: str) -> str:
    """Return a key in the words of the system.

    Parameters
    ----------
    key : str
        As Qt writes it.
    """
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def toggle_result(viewer: ViewerModel) -> None:
    """Show or hide the newest labels that were made here.

    Parameters
    ----------
    viewer : napari viewer
        Whose layer.
    """
    for layer in reversed(viewer.layers):
        if isinstance(layer, Labels) and KEY in layer.metadata:
            layer.visible = not layer.visible
            return
