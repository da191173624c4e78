"""What the Tune dock is made of: its widgets and where they stand."""

from typing import Any

from magicgui import widgets
from qtpy.QtWidgets import QScrollArea, QTabWidget

from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.names import name_tabs
from napari_morphogen.plugin.panel import STEPS, Choices, row
from napari_morphogen.plugin.score_panel import KINDS
from napari_morphogen.plugin.score_table import ScoreTable
from napari_morphogen.plugin.tune_plot import CurvesPlot
from napari_morphogen.plugin.tune_sweep import SweepView
from napari_morphogen.plugin.tune_table import RankingTable
from napari_morphogen.registry import get
from napari_morphogen.tuning import Kind, searchable

BUDGETS = {"10 s": 10.0, "60 s": 60.0, "5 min": 300.0}
USUAL = "60 s"


def families(kind: Kind) -> tuple[str, ...]:
    """Return the families of the methods that are searched."""
    return tuple(dict.fromkeys(get(name).family for name in searchable(kind)))


class TunePanel(Dock):
    """The widgets of the dock, without what they do.

    Parameters
    ----------
    images, references : callable
        Return names and layers that can be chosen.
    """

    def __init__(self, images: Choices, references: Choices) -> None:
        super().__init__()
        self._build_choices(images, references)
        self._build_actions()
        self._build_tabs()
        self._arrange()
        self._show_families()

    def _build_choices(self, images: Choices, references: Choices) -> None:
        choose = widgets.ComboBox
        self.image = choose(
            name="image", choices=images, nullable=True, tooltip="What to segment"
        )
        self.axes = widgets.LineEdit(
            name="axes",
            tooltip="One letter per axis: z, y, x are spatial, c holds channels, "
            "every other axis (t, …) is looped over",
        )
        self.reference = choose(
            name="reference",
            choices=references,
            nullable=True,
            tooltip="What is right: some objects or strokes painted by hand, or all",
        )
        self.kind = choose(
            name="kind",
            label="numbers are",
            choices=KINDS,
            tooltip="Whether every number is one object, or a class of pixels",
        )
        self.budget = choose(
            name="budget",
            label="search for",
            choices=tuple(BUDGETS),
            value=USUAL,
            tooltip="Cancel ends it before, and keeps the table",
        )
        self.sparse = widgets.CheckBox(
            name="sparse",
            text="Reference is painted only in part",
            tooltip="Scores count only what was painted",
        )
        names = dict.fromkeys([*families("objects"), *families("classes")])
        self.families = [
            widgets.CheckBox(
                name=name, text=name, value=True, tooltip=f"Try the methods of {name}"
            )
            for name in names
        ]

        self.kind.changed.connect(lambda: self._show_families())

    def _build_actions(self) -> None:
        button = widgets.PushButton
        self.new = button(
            name="new",
            text="New reference",
            tooltip="Add a Labels layer to paint on: a number per object or class",
        )
        self.add = button(
            name="add",
            text="Add pair",
            tooltip="Tune to this image and its reference, and to others as well",
        )
        self.forget = button(
            name="forget", text="Forget", enabled=False, tooltip="Forget added pairs"
        )
        self.listed = widgets.Label(name="listed", label="", visible=False)
        self.suggest = button(
            name="suggest",
            text="Suggest",
            tooltip="Parameters from the image alone: noise, size and brightness "
            "of objects",
        )
        self.run = button(
            name="run", text="Tune", tooltip="Try methods and settings and rank them"
        )
        self.cancel = button(
            name="cancel",
            text="Cancel",
            enabled=False,
            tooltip="Stop what runs; the table stays",
        )
        self.progress = widgets.ProgressBar(name="progress", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.note = widgets.Label(name="note", label="", visible=False)
        self.keep = widgets.CheckBox(
            name="keep",
            text="Keep earlier results",
            tooltip="Add a layer at every click instead of updating the last one",
        )
        self.save = button(
            name="save",
            text="Save recipe…",
            enabled=False,
            tooltip="Write the chosen row to a file, to use it again",
        )
        self.look = button(
            name="look",
            text="What matters?",
            enabled=False,
            tooltip="Show how the score moves with every parameter of the chosen row",
        )

    def _build_tabs(self) -> None:
        self.table = RankingTable()
        self.plot = CurvesPlot()
        self.scrolled = QScrollArea()  # chains of methods have many parameters
        self.scrolled.setWidgetResizable(True)
        self.scrolled.setWidget(self.plot)
        self.sweep = SweepView()
        self.suggested = ScoreTable("suggested parameters")
        self.tabs = QTabWidget()
        name_tabs(self.tabs, "what is shown")
        for part, title, tip in (
            (self.table, "Ranking", "Click a row to apply it and fill its dock"),
            (self.scrolled, "Sensitivity", "How the score moves with every parameter"),
            (self.sweep, "Sweep", "What several values of a parameter make"),
            (self.suggested, "Suggested", "Click a row to apply it and fill its dock"),
        ):
            number = self.tabs.addTab(part, title)
            self.tabs.setTabToolTip(number, tip)

    def _arrange(self) -> None:
        chosen = widgets.Container[Any](
            widgets=[self.image, self.axes, self.reference, self.kind, self.budget]
        )
        half = (len(self.families) + 1) // 2
        for part in (
            *(chosen, self.sparse),
            *(row(*self.families[:half]), row(*self.families[half:])),
            *(row(self.new, self.add, self.forget), self.listed),
            row(self.run, self.suggest, self.cancel, self.help),
            *(self.progress, self.status, self.note),
            *(row(self.keep, self.look, self.save),),
        ):
            self.append(part)
        chosen.margins = (0, 0, 0, 0)
        for label in (self.status, self.note, self.listed):
            label.native.setWordWrap(True)
        layout = self.column
        layout.insertWidget(layout.indexOf(self.note.native) + 1, self.tabs, 1)

    def _show_families(self) -> None:
        """Show the families that have methods for such numbers."""
        for box in self.families:
            box.visible = box.name in families(self.kind.value)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the checked families."""
        wanted = {box.name for box in self.families if box.value}
        found = searchable(self.kind.value)
        return tuple(name for name in found if get(name).family in wanted)

    def show_tab(self, part: Any) -> None:
        """Bring one of the tabs to the front."""
        self.tabs.setCurrentWidget(part)
