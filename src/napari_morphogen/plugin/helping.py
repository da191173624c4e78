"""The dock that says whether synthetic pairs help a network."""

from functools import partial
from pathlib import Path
from typing import Any

from magicgui import widgets
from magicgui.types import FileDialogMode
from napari.viewer import Viewer

from napari_morphogen.helping import Report, Settings, verdict
from napari_morphogen.helping.folders import Folders, compare_folders
from napari_morphogen.helping.tables import summary_rows, table_rows
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import CANCELLED, Latest
from napari_morphogen.plugin.panel import STEPS, row, show_share
from napari_morphogen.plugin.score_table import Rows, ScoreTable
from napari_morphogen.worker import POOL

USUAL = Settings()
FOLDERS = {
    "images": ("real images", "A folder of real images to learn from"),
    "labels": ("their labels", "Objects of the real images, files of the same names"),
    "extra_images": ("synthetic images", "A folder of synthetic images"),
    "extra_labels": ("their labels", "Objects of the synthetic images"),
    "test_images": ("test images", "Only scored; empty holds real images out"),
    "test_labels": ("their labels", "Objects of the test images"),
}


class HelpingDock(Dock):
    """Trains networks with and without synthetic pairs, and compares them."""

    page = "synthetic.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._work = Latest()
        self.report: Report | None = None
        self._build()
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._work.stop())
        for kind in ("", "extra_", "test_"):
            chosen = self.folders[f"{kind}images"].changed
            chosen.connect(partial(self._find_labels, kind))
        self.make_ready()
        POOL.warm()

    def _build(self) -> None:
        self.folders = {
            name: widgets.FileEdit(
                name=name,
                label=label,
                mode=FileDialogMode.EXISTING_DIRECTORY,
                tooltip=tip,
            )
            for name, (label, tip) in FOLDERS.items()
        }
        for edit in self.folders.values():
            edit.line_edit.value = ""
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
        rows = [*self.folders.values(), self.steps, self.seeds]
        form = widgets.Container[Any](widgets=rows)
        form.margins = (0, 0, 0, 0)
        self.extend([form, buttons, self.progress, self.status, self.verdict])
        box = self.column
        for table in (self.summary, self.table):
            box.addWidget(table)
        for label in (self.status, self.verdict):
            label.native.setWordWrap(True)

    def _find_labels(self, kind: str, _: object) -> None:
        """Choose the folder of labels beside a folder of images, if there is one."""
        images, edit = (
            _path(self.folders[f"{kind}images"]),
            self.folders[f"{kind}labels"],
        )
        if images is None or images.name != "images" or _path(edit) is not None:
            return
        beside = images.parent / "labels"
        if beside.is_dir():
            edit.line_edit.value = str(beside)

    def _start(self) -> None:
        folders = Folders(**{n: _path(edit) for n, edit in self.folders.items()})
        settings = Settings(steps=self.steps.value, seeds=self.seeds.value)
        self.report, self.verdict.value = None, ""
        job = Job(compare_folders, folders, settings)
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
        """Stop what runs."""
        self.release()
        super().close()

    def release(self) -> None:
        """End the job, without touching any widget."""
        self._work.drop()


def _rows(table: list[list[str]]) -> Rows:
    head, *rows = table

    def tip(line: int) -> str:
        return ", ".join(f"{h} {c}" for h, c in zip(head, rows[line], strict=True))

    return Rows(head, len(rows), lambda line, column: rows[line][column], tip)


def _path(edit: widgets.FileEdit) -> Path | None:
    text = edit.line_edit.value.strip()
    return Path(text) if text else None
