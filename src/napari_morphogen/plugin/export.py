"""The dock that writes trained networks for other programs."""

from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from magicgui import widgets
from napari.layers import Image, Layer
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen.export.formats import ENDINGS, Precision, Target
from napari_morphogen.exports import Exported, export, export_all
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.panel import row
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.plugin.settings import remember, remembered
from napari_morphogen.worker import POOL

LICENCES = ("CC-BY-4.0", "CC0-1.0", "MIT", "BSD-3-Clause", "Apache-2.0")
REMEMBERED = "export"


class Kind(NamedTuple):
    """What can be written.

    Attributes
    ----------
    to : str
        As of `exports.export`, or "all".
    precision : str
        As there.
    help : str
        What it is for.
    """

    to: Target | Literal["all"]
    precision: Precision
    help: str


KINDS = {
    "ONNX": Kind(
        "onnx", "full", "Runs without PyTorch, in most programs; networks here, too."
    ),
    "ONNX, half the size": Kind(
        "onnx", "half", "Weights in half precision; how much differs is shown."
    ),
    "ONNX, a quarter of the size": Kind(
        "onnx",
        "int8",
        "Numbers of 8 bits, fitted to an image; how much differs and how much faster "
        "it is on that image is shown.",
    ),
    "TorchScript": Kind("torchscript", "full", "For programs built on libtorch."),
    "bioimage.io package": Kind(
        "bioimageio", "full", "For ilastik, deepImageJ and others that read packages."
    ),
    "all of them": Kind(
        "all", "full", "One file of each kind that there is for the model."
    ),
}


class ExportDock(Dock):
    """Writes a model file for another program."""

    page = "export.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._job: Job | None = None
        self._written: list[str] = []  # by the last job
        self._build()
        self.run.changed.connect(lambda: self._ask_where())
        self.cancel.changed.connect(lambda: self._stop())
        self.kind.changed.connect(lambda: self._kind_changed())
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._layers_changed)
        self._kind_changed()
        self.make_ready()
        POOL.warm()

    def _build(self) -> None:
        self.model = widgets.FileEdit(
            name="model",
            filter="Models (*.morphogen)",
            nullable=True,
            tooltip="Written by the Train, Object classes or Generator dock",
        )
        self.kind = widgets.ComboBox(
            name="write", choices=list(KINDS), tooltip="What kind of file"
        )
        self.image = widgets.ComboBox(
            name="image",
            choices=self._images,
            nullable=True,
            tooltip="As of the training. 8 bits are fitted to it, and none of its "
            "pixels are written; a package shows it on its cover, for all to see",
        )
        known = remembered(REMEMBERED)
        self.authors = widgets.LineEdit(
            name="authors",
            value=str(known.get("authors", "")),
            tooltip="Names, separated by commas",
        )
        self.cite = widgets.LineEdit(
            name="cite",
            value=str(known.get("cite", "")),
            tooltip="Your publication with its DOI or address; may be left empty",
        )
        self.licence = widgets.ComboBox(
            name="licence",
            choices=LICENCES,
            tooltip="Under which others may use the model",
        )
        if known.get("licence") in LICENCES:
            self.licence.value = known["licence"]
        self.about = widgets.Label(name="about", label="")
        self.run = widgets.PushButton(
            name="run",
            text="Export…",
            tooltip="Choose a file, write the model and compare its numbers",
        )
        self.cancel = widgets.PushButton(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop what runs"
        )
        self.status = widgets.Label(name="status", label="")
        chosen = widgets.Container[Any](
            widgets=[self.model, self.kind, self.image, *self._of_packages]
        )
        buttons = row(self.run, self.cancel, self.help)
        chosen.margins = (0, 0, 0, 0)
        self.extend([chosen, self.about, buttons, self.status])
        for label in (self.about, self.status):
            label.native.setWordWrap(True)

    @property
    def _of_packages(self) -> list[Any]:
        return [self.authors, self.licence, self.cite]

    def _images(self, _: Any) -> list[tuple[str, Layer]]:
        found = [layer for layer in self._viewer.layers if isinstance(layer, Image)]
        return [(layer.name, layer) for layer in found if not is_preview(layer)]

    @property
    def chosen(self) -> Kind:
        """What is to be written."""
        return KINDS[self.kind.value]

    def _layers_changed(self, event: Any = None) -> None:
        self.image.reset_choices()

    @property
    def _takes_image(self) -> bool:
        return self.chosen.precision == "int8" or self._packs

    @property
    def _packs(self) -> bool:
        return self.chosen.to in ("bioimageio", "all")

    def _kind_changed(self) -> None:
        self.about.value = self.chosen.help
        self.image.visible = self._takes_image
        for part in self._of_packages:
            part.visible = self._packs

    def _ask_where(self) -> None:
        model = self._model()
        if model is None:
            self.status.value = "Choose a model file first."
            return
        ending = self._ending
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Export", str(model.with_suffix(ending)), f"*{ending}"
        )
        if path:
            self.export_to(path)

    @property
    def _ending(self) -> str:
        """That of the file; of several the first is named and the others follow."""
        return ENDINGS["bioimageio" if self.chosen.to == "all" else self.chosen.to]

    def _model(self) -> Path | None:
        """Return the model file; the form shows the present folder where none is."""
        path = Path(str(self.model.value or ""))
        return path if path.is_file() else None

    def export_to(self, path: str | Path) -> None:
        """Write the chosen model.

        Parameters
        ----------
        path : path
            Of the file to write; its ending is added where it has none.
        """
        model, kind = self._model(), self.chosen
        if model is None:
            self.status.value = "Choose a model file first."
            return
        path = Path(path)
        path = path if path.suffix else path.with_suffix(self._ending)
        authors = [name.strip() for name in self.authors.value.split(",")]
        known = {row.name: row.value for row in self._of_packages}
        remember(REMEMBERED, known)
        words: dict[str, Any] = {**known, "authors": authors}
        words["precision"] = kind.precision
        if self._takes_image and self.image.value is not None:
            words["image"] = layers.read(self.image.value)
        if kind.to == "all":
            del words["precision"]
            words["overwrite"] = False  # the dialog asked about one file only
            job = Job(partial(export_all, **words), model, path)
        else:
            job = Job(partial(export, **words), model, path, kind.to)
        self._job, self._written = job, []
        job.item.connect(self._take)
        job.finished.connect(lambda seconds: self._end())
        job.failed.connect(self._end)
        job.cancelled.connect(self._cancelled)
        self.run.enabled, self.cancel.enabled = False, True
        self.status.value = "Starting …"
        job.start()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _take(self, item: str | Exported) -> None:
        if isinstance(item, Exported):
            self._written.append(item.path.name)
            item = f"Wrote {', '.join(self._written)}: {item.words}."
        self.status.value = item

    def _cancelled(self) -> None:
        kept = ", ".join(self._written)
        words = f"{kept} is kept" if kept else "nothing was written"
        self._end(f"Cancelled; {words}.")

    def _end(self, text: str = "") -> None:
        self._job = None
        self.run.enabled, self.cancel.enabled = True, False
        if text:
            self.status.value = text
