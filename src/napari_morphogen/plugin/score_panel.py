"""What the Evaluate dock is made of: its widgets and where they stand."""

from collections.abc import Sequence
from typing import Any

from magicgui import widgets
from qtpy.QtWidgets import QListWidget, QTabWidget

from napari_morphogen.evaluate.patch_sets import SMALLEST
from napari_morphogen.evaluate.report_card import PATCH_SIZE
from napari_morphogen.evaluation_tables import explained, figure_rows, source
from napari_morphogen.evaluations import TOLERANCE, Comparison
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.names import name_tabs
from napari_morphogen.plugin.panel import STEPS, Choices, row
from napari_morphogen.plugin.score_plot import ScorePlot
from napari_morphogen.plugin.score_table import Rows, ScoreTable
from napari_morphogen.plugin.state_layers import COLOURS, legend

LABELS, IMAGES, SETS = COMPARED = ("labels", "images", "sets of images")
KINDS = ("objects", "classes")
LIST_HEIGHT = 44
PLACES = ("z", "y", "x")  # columns that only the computer needs


class ScorePanel(Dock):
    """The widgets of the dock, and how comparisons are shown in them.

    Parameters
    ----------
    references : callable
        Returns names and layers that can be the reference.
    listed : callable
        Returns the names of the results that were compared.
    """

    def __init__(self, references: Choices, listed: Choices) -> None:
        super().__init__()
        self._references, self._listed = references, listed
        self._build_choices()
        self._build_actions()
        self._arrange()

    def _build_choices(self) -> None:
        self.compare = widgets.ComboBox(
            name="compare",
            choices=COMPARED,
            tooltip="Labels, images pixel by pixel, or generated images as a set",
        )
        self.reference = widgets.ComboBox(
            name="reference",
            choices=self._references,
            nullable=True,
            tooltip="What is right: painted or checked by hand",
        )
        self.results = QListWidget()
        self.results.setAccessibleName("results to compare with the reference")
        self.results.setToolTip("Check the results to compare with the reference")
        self.results.setFixedHeight(LIST_HEIGHT)
        self.kind = widgets.ComboBox(
            name="kind",
            choices=KINDS,
            tooltip="Whether every number is one object, or a class of pixels",
        )
        self.tolerance = widgets.FloatSpinBox(
            name="tolerance",
            value=TOLERANCE,
            min=0,
            max=1e9,
            step=0.1,
            tooltip="Up to which distance a boundary is right",
        )
        self.patch_size = widgets.SpinBox(
            name="patch_size",
            value=PATCH_SIZE,
            min=SMALLEST,
            max=1024,
            tooltip="Patches of so many pixels along every axis are compared",
        )
        self.sparse = widgets.CheckBox(
            name="sparse",
            text="Reference is painted only in part",
            tooltip="Scores count only what was painted",
        )

    def _build_actions(self) -> None:
        button = widgets.PushButton
        self.run = button(
            name="run",
            text="Evaluate",
            tooltip="Compare the checked results with the reference",
        )
        self.cancel = button(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop what runs"
        )
        self.progress = widgets.ProgressBar(name="progress", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.listed = widgets.ComboBox(
            name="listed",
            label="objects of",
            choices=self._listed,
            tooltip="Whose objects are listed below, the worst first",
        )
        self.legend = widgets.Label(name="legend", label="")
        self.show_states = button(
            name="show_states",
            text="Show as layers",
            tooltip="Colour the objects by what was found, split, merged or missed",
        )
        self.copy = button(
            name="copy",
            text="Copy as Markdown",
            tooltip="Copy the figures as a table for a text",
        )
        self.save = button(
            name="save", text="Save figures…", tooltip="Write the figures to a file"
        )
        self.save_list = button(
            name="save_list",
            text="Save objects…",
            tooltip="Write the objects and what became of them to a file",
        )

    def _arrange(self) -> None:
        def form(*members: widgets.Widget) -> widgets.Container[Any]:
            made = widgets.Container[Any](widgets=members)
            made.margins = (0, 0, 0, 0)
            return made

        chosen = form(self.compare, self.reference)
        listed = self._listing = form(self.listed)
        settings = form(self.kind, self.tolerance, self.patch_size)
        for part in (
            *(chosen, settings, self.sparse, row(self.run, self.cancel)),
            *(self.progress, self.status, listed, self.legend),
            *(
                row(self.show_states, self.copy),
                row(self.save, self.save_list, self.help),
            ),
        ):
            self.append(part)
        for label in (self.status, self.legend):
            label.native.setWordWrap(True)
        self.figures = ScoreTable("figures of every result")
        self.plot = ScorePlot()
        self.objects = ScoreTable("objects, the worst first")
        self.tabs = QTabWidget()  # a small screen has no room for both
        name_tabs(self.tabs, "figures or their curve")
        self.tabs.addTab(self.figures, "Figures")
        self.tabs.addTab(self.plot, "Curve")
        layout = self.column
        layout.insertWidget(1, self.results)
        layout.insertWidget(layout.indexOf(listed.native), self.tabs, 1)
        layout.insertWidget(layout.indexOf(self.legend.native) + 1, self.objects, 1)

    def show_choices(self) -> None:
        """Show what belongs to the chosen comparison, and nothing of an earlier one."""
        labels = self.compare.value == LABELS
        for part in (self.kind, self.tolerance, self.sparse, self._listing):
            part.visible = labels
        for shown in (self.legend, self.show_states, self.save_list):
            shown.visible = labels
        self.patch_size.visible = self.compare.value == SETS
        self.objects.setVisible(labels)
        for table in (self.figures, self.objects):
            table.show_rows(Rows([], 0, lambda *_: "", lambda _: ""))
        self.legend.value = ""
        self.plot.show_lines("", {})
        self.tabs.setTabVisible(self.tabs.indexOf(self.plot), labels)

    def show_comparisons(self, found: Sequence[Comparison]) -> None:
        """Show the figures of every result and their curves."""
        head, *rows = (line[:-2] for line in figure_rows(found))
        names, unit = [line[0] for line in rows], found[0].unit
        self.figures.show_rows(
            Rows(
                head,
                len(rows),
                lambda line, column: rows[line][column],
                lambda line: _tip(names[line], unit),
            )
        )
        title = "recall" if found[0].figures.get("sparse") else "F1"
        self.plot.show_lines(title, {one.name: one.curve for one in found})
        self.tabs.setTabVisible(self.tabs.indexOf(self.plot), bool(self.plot.lines))

    def show_objects(self, comparison: Comparison) -> None:
        """Show the objects of one result, the worst first."""
        table = comparison.objects
        head = [name for name in table if name not in PLACES]
        states = table.get("state", ())
        self.legend.value = legend(table["state"]) if table else ""
        self.objects.show_rows(
            Rows(
                head,
                len(states),
                lambda line, column: _cell(table[head[column]][line]),
                lambda line: "Click to go to the object",
                lambda line: COLOURS[str(states[line])],
            )
        )


def _tip(name: str, unit: str) -> str:
    return f"{explained(name, unit)}\n{source(name)}".strip()


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
