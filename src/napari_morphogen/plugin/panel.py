"""What a dock of methods is made of: its widgets and where they stand."""

from collections.abc import Callable
from typing import Any, cast

from magicgui import widgets
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.curve import Curve
from napari_morphogen.registry import Method

ALL_CHANNELS = "all"
MIN_HEIGHT = 80  # of the parameters, when they scroll
Choices = Callable[[Any], list[Any]]
STEPS = 1000  # of the progress bar
ROWS = 3  # of parameters that can be seen at least; more scroll on a small screen


class Panel(Dock):
    """The widgets of a dock, without what they do.

    Parameters
    ----------
    methods : tuple of Method
        What can be chosen.
    images : callable
        Returns names and layers that can be worked on.
    channels : callable
        Returns the channels that can be chosen.
    """

    def __init__(
        self, methods: tuple[Method, ...], images: Choices, channels: Choices
    ) -> None:
        super().__init__()
        self._scroll: QScrollArea | None = None
        self._build_choices(methods, images, channels)
        self._build_actions()
        self._arrange()

    def _build_choices(
        self, methods: tuple[Method, ...], images: Choices, channels: Choices
    ) -> None:
        self.image = widgets.ComboBox(
            name="image",
            choices=images,
            nullable=True,
            tooltip="The layer to work on",
        )
        self.axes = widgets.LineEdit(
            name="axes",
            tooltip="One letter per axis: z, y, x are spatial, c holds channels, "
            "every other axis (t, …) is looped over",
        )
        self.channel = widgets.ComboBox(
            name="channel",
            choices=channels,
            tooltip="Use one channel only, or all as the method does by itself",
        )
        self.method = widgets.ComboBox(
            name="method",
            choices=[method.name for method in methods],
            tooltip="What is done; the line below says it in words",
        )
        self.about = widgets.Label(name="about", label="")

    def _build_actions(self) -> None:
        self.live = widgets.CheckBox(
            name="live",
            label="",
            text="Live preview",
            tooltip="Show the effect on the part of the plane that is on screen",
        )
        self.keep = widgets.CheckBox(
            name="keep",
            label="",
            text="Keep earlier results",
            tooltip="Add a layer at every run instead of updating the last one",
        )
        self.run = widgets.PushButton(
            name="run",
            text="Run",
            tooltip="Compute the whole layer with these settings",
        )
        self.cancel = widgets.PushButton(
            name="cancel",
            text="Cancel",
            enabled=False,
            tooltip="Stop; what is done is kept",
        )
        self.progress = widgets.ProgressBar(name="progress", label="", visible=False)
        self.status = widgets.Label(name="status", label="")
        self.defaults = widgets.PushButton(
            name="defaults",
            text="Defaults",
            tooltip="Set all parameters to what they are at first",
        )
        self.undo = widgets.PushButton(
            name="undo",
            text="Undo last result",
            enabled=False,
            tooltip="Take back what the last run has changed",
        )
        self.copy = widgets.PushButton(
            name="copy",
            text="Copy as Python",
            enabled=False,
            tooltip="Copy a script that makes this result",
        )
        self.save = widgets.PushButton(
            name="save",
            text="Save recipe…",
            enabled=False,
            tooltip="Write how the result was made to a file, to do it again",
        )
        self.folder = widgets.PushButton(
            name="folder",
            text="Run on a folder…",
            tooltip="Apply the method, as it is set, to all images of a folder",
        )

    def _arrange(self) -> None:
        chosen = widgets.Container[Any](
            widgets=[self.image, self.axes, self.channel, self.method]
        )
        for part in (
            *(chosen, self.about, widgets.Container[Any](name="form")),
            *(row(self.live, self.keep), row(self.run, self.cancel)),
            *(self.progress, self.status),
            *(row(self.defaults, self.undo), row(self.copy, self.save)),
            row(self.folder, self.help),
        ):
            self.append(part)
        chosen.margins = (0, 0, 0, 0)
        for label in (self.about, self.status):
            label.native.setWordWrap(True)
        self.curve = Curve("energy")
        self.column.addWidget(self.curve)

    @property
    def page(self) -> str:  # type: ignore[override]
        """The page of the chosen method."""
        return f"methods/{self.method.value}.md"

    @property
    def form(self) -> widgets.Container[Any]:
        """The parameters of the chosen method."""
        return cast(widgets.Container[Any], self["form"])

    def show_form(self, form: widgets.Container[Any]) -> None:
        """Replace the parameters."""
        place = self.index(self.form)
        del self[place]
        self.insert(place, form)
        layout = self.column
        if self._scroll is not None:
            layout.removeWidget(self._scroll)
            self._scroll.deleteLater()
            self._scroll = None
        if len(form) > ROWS:
            self._scroll = _scrolling(form.native)
            layout.insertWidget(place, self._scroll, len(form))  # takes what is left

    def fit(self) -> None:
        """Let the parameters have the room that they need, where there is room."""
        super().fit()
        if self._scroll is not None:
            self._scroll.setMaximumHeight(self.form.native.sizeHint().height())

    def show_progress(self, share: float | None) -> None:
        """Show how much is done, from 0 to 1; None where nothing can be counted."""
        show_share(self.progress, share)


def show_share(bar: widgets.ProgressBar, share: float | None) -> None:
    """Show how much is done, from 0 to 1; None where nothing can be counted.

    Parameters
    ----------
    bar : ProgressBar
        Is changed.
    share : float or None
        Of the whole.
    """
    # Qt draws a bar at once whenever its value changes, and the whole window with it
    bar.native.setUpdatesEnabled(False)
    # a range of 0 shows that work goes on
    bar.min, bar.max = 0, 0 if share is None else STEPS
    bar.value = round(min(share or 0.0, 1.0) * STEPS)
    bar.native.setUpdatesEnabled(True)


def _scrolling(inner: QWidget) -> QScrollArea:
    """Return a widget in an area that scrolls where it lacks the height."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    area.setMinimumWidth(inner.minimumSizeHint().width())
    area.setMinimumHeight(min(MIN_HEIGHT, inner.sizeHint().height()))
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def row(*members: widgets.Widget) -> widgets.Container[widgets.Widget]:
    """Return widgets side by side."""
    made = widgets.Container(
        widgets=members, layout="horizontal", labels=False, label=""
    )
    made.margins = (0, 0, 0, 0)
    return made
