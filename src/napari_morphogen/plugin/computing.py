"""The dock that says where images larger than memory are computed."""

from collections.abc import Iterator
from typing import Any

from magicgui import widgets
from magicgui.types import FileDialogMode
from napari.viewer import Viewer

from napari_morphogen.plugin import settings
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import Latest
from napari_morphogen.plugin.panel import row
from napari_morphogen.plugin.settings import Computing
from napari_morphogen.scale.compute import computing, described

HERE, LOCAL, CLUSTER = "this process", "local workers", "a scheduler"
ABOUT = (
    "Lazy images of more than 67 million pixels per frame, such as an OME-Zarr, are "
    "computed block by block into an OME-Zarr that fills in while you look."
)


def answers(workers: int, scheduler: str) -> Iterator[str]:
    """Yield what computes, once it has answered.

    Parameters
    ----------
    workers, scheduler
        As of `computing`.
    """
    with computing(workers=workers, scheduler=scheduler) as compute:
        yield described(compute)


class ComputingDock(Dock):
    """Chooses this process, local workers or a cluster, and a folder for results.

    Parameters
    ----------
    viewer : napari viewer
    """

    page = "scaling.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._work = Latest()
        self._build(settings.computing())
        for choice in (self.where, self.workers, self.scheduler, self.folder):
            choice.changed.connect(lambda: self._changed())
        self.test.changed.connect(lambda: self._test())
        self._show_rows()
        self.make_ready()

    def _build(self, chosen: Computing) -> None:
        where = CLUSTER if chosen.scheduler else LOCAL if chosen.workers else HERE
        self.where = widgets.ComboBox(
            name="where",
            label="compute on",
            choices=[HERE, LOCAL, CLUSTER],
            value=where,
            tooltip="Where blocks of large images are computed",
        )
        self.workers = widgets.SpinBox(
            name="workers",
            value=chosen.workers or 2,
            min=1,
            max=256,
            tooltip="Processes on this machine; each needs memory of its own",
        )
        self.scheduler = widgets.LineEdit(
            name="scheduler",
            label="address",
            value=chosen.scheduler,
            tooltip="Of a dask scheduler, such as tcp://10.0.0.1:8786",
        )
        self.folder = widgets.FileEdit(
            name="folder",
            label="results in",
            mode=FileDialogMode.EXISTING_DIRECTORY,
            tooltip="Where results are kept; empty is a temporary folder",
        )
        self.folder.line_edit.value = chosen.folder
        self.test = widgets.PushButton(
            name="test",
            text="Test",
            tooltip="Start what was chosen, and say how many processes answer",
        )
        self.status = widgets.Label(name="status", label="")
        about = widgets.Label(name="about", value=ABOUT)
        for label in (self.status, about):
            native: Any = label.native
            native.setWordWrap(True)
            native.setOpenExternalLinks(True)
        rows = [self.where, self.workers, self.scheduler, self.folder]
        form = widgets.Container[Any](widgets=rows)
        form.margins = (0, 0, 0, 0)
        self.extend([about, form, row(self.test, self.help), self.status])

    @property
    def chosen(self) -> Computing:
        """What is chosen."""
        where = self.where.value
        return Computing(
            self.workers.value if where == LOCAL else 0,
            self.scheduler.value.strip() if where == CLUSTER else "",
            self.folder.line_edit.value,
        )

    def _changed(self) -> None:
        self._show_rows()
        self._work.drop()
        self.status.value = ""
        settings.remember_computing(self.chosen)

    def _show_rows(self) -> None:
        self.workers.visible = self.where.value == LOCAL
        self.scheduler.visible = self.where.value == CLUSTER

    def _test(self) -> None:
        if self.where.value == CLUSTER and not self.chosen.scheduler:
            self.status.value = "Enter the address of a dask scheduler."
            return
        self.status.value = "Waiting for an answer…"
        job = Job(answers, self.chosen.workers, self.chosen.scheduler)
        self._work.start(job, self._say, self._end)

    def _say(self, text: str) -> None:
        self.status.value = text

    def _end(self, problem: str) -> None:
        if problem:
            self._say(problem)

    def release(self) -> None:
        """End what runs, without touching any widget."""
        self._work.drop()
