"""The dock that says whether synthetic pairs help a network."""

from typing import Any

from magicgui import widgets
from napari.components import ViewerModel

from napari_morphogen.helping import Report, Settings, verdict
from napari_morphogen.helping.folders import compare
from napari_morphogen.helping.tables import summary_rows, table_rows
from napari_morphogen.params import InputError
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.helping_source import PairSource
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import CANCELLED, Latest
from napari_morphogen.plugin.panel import STEPS, row, show_share
from napari_morphogen.plugin.score_table import Rows, ScoreTable
from napari_morphogen.worker import POOL

USUAL = Settings()
SOURCES = {
    "real": ("what is learnt from, a share of it held out and scored", True),
    "synthetic": ("what may help", True),
    "test": ("only scored", False),
}
NO_TEST = "held-out real ones"


class HelpingDock(Dock):
    """Trains networks with and without synthetic pairs, and compares them."""

    page = "synthetic.md"

    def __init__(self, viewer: ViewerModel) -> None:
        # napari hands out a proxy whose layers are new objects at every access
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        super().__init__()
        self._work = Latest()
        self.report: Report | None = None
        self._build()
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._work.stop())
        for event in self._events():
            event.connect(self._layers_changed)
        self._layers_changed()
        self.make_ready()
        POOL.warm()

    def _build(self) -> None:
        self.real, self.synthetic, self.test = self.sources = tuple(
            PairSource(
                lambda: self._viewer.layers, name, about, "" if needed else NO_TEST
            )
            for name, (about, needed) in SOURCES.items()
        )
        tip = "Batches that every network learns from; 300 take about a minute"
        self.steps = widgets.SpinBox(
            name="steps", value=USUAL.steps, min=1, max=100_000, tooltip=tip
        )
        tip = "How often all is repeated; fewer than 3 tell nothing"
        self.seeds = widgets.SpinBox(
            name="seeds", value=USUAL.seeds, min=1, max=100, tooltip=tip
        )
        self.run = widgets.PushButton(
            name="run",
            text="Compare",
            tooltip="Train with and without the synthetic pairs and compare the scores",
        )
        self.cancel = widgets.PushButton(
            name="cancel",
            text="Cancel",
            enabled=False,
            tooltip="Stop what runs; rows that are done stay",
        )
        self.progress = widgets.ProgressBar(label="", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.verdict = widgets.Label(name="verdict", label="")
        self.table, self.summary = ScoreTable("scores"), ScoreTable("means")
        buttons = row(self.run, self.cancel, self.help)
        form = widgets.Container[Any](widgets=[self.steps, self.seeds])
        form.margins = (0, 0, 0, 0)
        self.extend([*self.sources, form, buttons])
        self.extend([self.progress, self.status, self.verdict])
        box = self.column
        for table in (self.summary, self.table):
            box.addWidget(table)
        for label in (self.status, self.verdict):
            label.native.setWordWrap(True)

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.renamed

    def _layers_changed(self, event: object = None) -> None:
        for source in self.sources:
            source.offer()

    def _start(self) -> None:
        settings = Settings(steps=self.steps.value, seeds=self.seeds.value)
        self.report, self.verdict.value = None, ""
        try:
            given = [source.given for source in self.sources]
        except InputError as error:
            self.status.value = str(error)
            return
        job = Job(compare, *given, settings)
        self._work.start(job, self._take, self._end)
        self.status.value = "Starting …"
        self._enable()

    def _take(self, report: Report) -> None:
        known = 0 if self.report is None else len(self.report.rows)
        self.report = report
        self.status.value = report.doing
        show_share(self.progress, report.share)
        if len(report.rows) != known:
            self.table.show_rows(_rows(table_rows(report.rows)))
            self.summary.show_rows(_rows(summary_rows(report.rows)))
            self.verdict.value = verdict(report.rows)

    def _end(self, text: str) -> None:
        kept = text == CANCELLED and self.report is not None and self.report.rows
        self.status.value = f"{text} The rows that are done stay." if kept else text
        self._enable()

    def _enable(self) -> None:
        running = self._work.job is not None
        self.run.enabled, self.cancel.enabled = not running, running
        self.progress.visible = running

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.release()
        super().close()

    def release(self) -> None:
        """End the job and let go of the viewer, without touching any widget."""
        for event in self._events():
            event.disconnect(self._layers_changed)
        self._work.drop()


def _rows(table: list[list[str]]) -> Rows:
    head, *rows = table

    def tip(line: int) -> str:
        return ", ".join(f"{h} {c}" for h, c in zip(head, rows[line], strict=True))

    return Rows(head, len(rows), lambda line, column: rows[line][column], tip)
