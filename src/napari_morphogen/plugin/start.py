"""The dock to start from: choose a job, get its sample, its dock and three steps."""

from typing import Any, NamedTuple, cast

from magicgui import widgets
from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWIDGETSIZE_MAX

from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.opening import PLUGIN, open_dock
from napari_morphogen.plugin.panel import row
from napari_morphogen.plugin.report import COPIED, copy_report


class Start(NamedTuple):
    """A job and how to begin with it.

    Attributes
    ----------
    job : str
        What a user wants.
    sample : str
        Key of the sample to show it on; empty when it needs no image.
    dock : str
        Display name of the dock that does it.
    steps : tuple of str
        What to do then.
    """

    job: str
    sample: str
    dock: str
    steps: tuple[str, str, str]


STARTS = (
    Start(
        "Count objects that stand apart",
        "coins",
        "Threshold",
        (
            "Set rule to local, sigma to 2, level to 15, block size to 101 and min "
            "size to 150.",
            "Press Run: every object gets a number.",
            "Open Measure for a table of sizes and intensities.",
        ),
    ),
    Start(
        "Separate objects that touch",
        "spheres",
        "Watershed",
        (
            "Set h to 0.5: higher joins objects, lower splits them.",
            "Press Run. The whole volume is taken at once.",
            "Move the slider below the image to look at the planes.",
        ),
    ),
    Start(
        "Show what I mean by a few strokes",
        "tissue",
        "Examples",
        (
            "Press New strokes and paint two classes, a few short strokes each.",
            "Press Run: all pixels are sorted within a second.",
            "Paint where it is wrong and press Run again.",
        ),
    ),
    Start(
        "Train a network on strokes or objects",
        "coins",
        "Train",
        (
            "Press New strokes and paint label 1 on the background, 2 on coins.",
            "Press Train and watch the prediction; paint where it is wrong.",
            "Stop when it is good, then Save model… to use it on other images.",
        ),
    ),
    Start(
        "Find cells between membranes",
        "membranes",
        "Train",
        (
            "Press New strokes; set labels are to inside, border, background.",
            "Paint label 2 inside some cells, 3 on some membranes. Press Train.",
            "Paint where it is wrong: the strokes count at once.",
        ),
    ),
    Start(
        "Find vessels or other thin lines",
        "retina",
        "Threshold",
        (
            "Set channel to 1, rule to local, objects to dark, sigma to 2, level to 3, "
            "block size to 51 and min size to 500.",
            "Press Run.",
            "Remove the dark rim in Cleanup: filter_objects without border.",
        ),
    ),
    Start(
        "Find edges",
        "cell",
        "Edges",
        (
            "Choose the method canny.",
            "Tick Live preview and move sigma until only edges that matter are left.",
            "Press Run for the whole layer.",
        ),
    ),
    Start(
        "Group pixels by colour or brightness",
        "tissue",
        "Clustering",
        (
            "Set n clusters to the number of classes you see.",
            "Press Run.",
            "Raise sigma if single pixels disturb.",
        ),
    ),
    Start(
        "Find the best settings by itself",
        "coins",
        "Tune",
        (
            "Press New reference and paint some objects, each with its own label.",
            "Press Tune: methods and settings are tried and ranked.",
            "Click on a row: it is applied, and its dock is filled.",
        ),
    ),
    Start(
        "Say how good a result is",
        "coins",
        "Evaluate",
        (
            "In Threshold, tick Keep earlier results and run two rules.",
            "Choose the better one as reference, tick the other. Press Evaluate.",
            "Press Show as layers to see what is missed, split or merged.",
        ),
    ),
    Start(
        "Make cells with exact labels",
        "",
        "Generate",
        (
            "Choose the method synthetic cells.",
            "Set how many, how large, and how many of them touch.",
            "Press Run: an image, and labels that are exactly right.",
        ),
    ),
    Start(
        "Train a generator on my images",
        "coins",
        "Train a generator",
        (
            "Choose the layer and a time; five minutes are enough to begin with.",
            "Press Train: samples appear beside the image and get better.",
            "Read the report card, then press Make samples.",
        ),
    ),
)


class StartDock(Dock):
    """Opens a sample and the dock for a job, and says what to do.

    Parameters
    ----------
    viewer : napari viewer
        Where they open.
    """

    page = "quickstart.md"
    tabbed = False  # its steps are to be seen beside the dock they are about

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self.job = widgets.RadioButtons(
            name="job",
            choices=[start.job for start in STARTS],
            tooltip="What do you want to do?",
        )
        self.job.value = STARTS[0].job
        self.own = widgets.CheckBox(
            name="own",
            label="",
            text="On my own image: open no sample",
            tooltip="Open the dock alone",
        )
        self.open = widgets.PushButton(
            name="open", text="Open", tooltip="Open the sample and the dock for the job"
        )
        self.steps = widgets.Label(name="steps", label="")
        self.report = widgets.PushButton(
            name="report",
            text="Report a problem",
            tooltip="Copy versions, shapes of layers and settings; no names, no pixels",
        )
        self.other = widgets.PushButton(
            name="other", text="Another job", tooltip="Show the list again"
        )
        choice = [self.job, self.own, self.open]
        self.status = widgets.Label(name="status", label="", visible=False)
        buttons = row(self.other, self.report, self.help)
        self.extend([*choice, self.steps, buttons, self.status])
        for label in (self.steps, self.status):
            label.native.setWordWrap(True)
        self._fold(False)
        self.steps.native.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.job.changed.connect(lambda: self._show())
        self.open.changed.connect(lambda: self._open())
        self.other.changed.connect(lambda: self._fold(False))
        self.report.changed.connect(lambda: self._copy())
        self._show()
        self.make_ready()

    @property
    def _start(self) -> Start:
        return next(start for start in STARTS if start.job == self.job.value)

    def _show(self) -> None:
        start = self._start
        lines = [f"{i}. {step}" for i, step in enumerate(start.steps, 1)]
        self.steps.value = "\n".join((f"In the dock {start.dock}:", *lines))
        self.own.enabled = bool(start.sample)

    def _fold(self, folded: bool) -> None:
        """Hide the list, to leave its room to the dock that was opened, or show it."""
        for part in (self.job, self.own, self.open):
            part.visible = not folded
        self.other.visible = folded
        self.status.visible = False
        self.fit()

    def fit(self) -> None:
        """Take no more height than the steps need, while a dock stands below."""
        super().fit()
        low, high = 0, QWIDGETSIZE_MAX
        if self.other.visible:
            edges = 2 * self.native.frameWidth()
            low = high = self.column.minimumSize().height() + edges
        self.native.setMinimumHeight(low)
        self.native.setMaximumHeight(high)

    def _open(self) -> None:
        start, viewer = self._start, cast(Any, self._viewer)
        if start.sample and not self.own.value:
            viewer.open_sample(PLUGIN, start.sample)
        open_dock(viewer, start.dock)
        self._fold(True)

    def _copy(self) -> None:
        copy_report(self._viewer)
        self.status.value, self.status.visible = COPIED, True
