"""The widgets of the dock for generators and where they stand."""

from typing import Any, cast

from magicgui import widgets
from magicgui.types import FileDialogMode
from qtpy.QtWidgets import QVBoxLayout

from napari_morphogen.generating import Settings, Wanted
from napari_morphogen.generating.messages import MEANINGS
from napari_morphogen.plugin.curve import Curve
from napari_morphogen.plugin.panel import STEPS, Choices, show_share

USUAL, FEW = Settings(), Wanted()
BUDGETS = {"20 s": 20.0, "60 s": 60.0, "5 min": 300.0, "30 min": 1800.0}
KINDS = ("flow", "vae")  # those that need no classes
STATUS_HEIGHT = 72  # room for the report card
PATCHES = (16, 32, 48, 64)


class GeneratorPanel(widgets.Container[widgets.Widget]):
    """The widgets of the dock, without what they do.

    Parameters
    ----------
    images : callable
        Returns names and layers that can be learnt from.
    """

    def __init__(self, images: Choices) -> None:
        super().__init__(labels=False)
        self._build_training(images)
        self._build_sampling()
        self.progress = widgets.ProgressBar(label="", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.curve = Curve("loss")
        learnt = self._form(
            self.images, self.folder, self.kind, self.patch, self.budget, self.seed
        )
        made = self._form(self.model, self.how_many, self.draw, self.truncation)
        self.extend([learnt, self.about, self.rotations, self.each, self.planes])
        self.extend([self.run, self.progress])
        cast(QVBoxLayout, self.native.layout()).addWidget(self.curve)
        self.extend([made, self.montage, self.more, self.status])
        for label in (self.about, self.status):
            label.native.setWordWrap(True)
        self.status.native.setMinimumHeight(STATUS_HEIGHT)
        cast(QVBoxLayout, self.native.layout()).addStretch()

    def _build_training(self, images: Choices) -> None:
        check, box = widgets.CheckBox, widgets.ComboBox
        about = "The image layers to learn from; hold Ctrl for several"
        self.images = widgets.Select(name="images", choices=images, tooltip=about)
        self.images.native.setMaximumHeight(80)
        about = "Learn from all images of a folder instead of layers"
        self.folder = widgets.FileEdit(
            name="folder", mode=FileDialogMode.EXISTING_DIRECTORY, tooltip=about
        )
        self.folder.line_edit.value = ""
        self.kind = box(name="kind", choices=[k for k in MEANINGS if k in KINDS])
        self.about = widgets.Label(name="about", label="")
        about = "Rows and columns of what is learnt from and made"
        self.patch = box(name="patch", choices=PATCHES, value=32, tooltip=about)
        self.budget = box(
            name="budget", label="train for", choices=tuple(BUDGETS), value="5 min"
        )
        self.seed = widgets.SpinBox(name="seed", max=2**31 - 1)
        self.rotations = check(
            label="",
            text="Turn and mirror patches",
            value=USUAL.rotations,
            tooltip="Not where up and down differ, as in chest X-rays",
        )
        self.each = check(
            label="",
            text="Same brightness for every image",
            value=USUAL.each,
            tooltip="Not for calibrated intensities",
        )
        self.planes = check(
            label="",
            text="Volumes plane by plane",
            tooltip="Only vae makes volumes",
        )
        self.run = widgets.PushButton(name="run", text="Train")

    def _build_sampling(self) -> None:
        self.model = widgets.FileEdit(
            name="model", filter="Models (*.morphogen)", tooltip="A trained generator"
        )
        self.model.line_edit.value = ""
        self.how_many = widgets.SpinBox(name="count", value=FEW.count, min=1, max=4096)
        self.draw = widgets.SpinBox(
            name="draw",
            label="sample seed",
            value=1,
            max=2**31 - 1,
            tooltip="Same seed, same images; goes on by 1 with every press",
        )
        self.truncation = widgets.FloatSlider(
            name="truncation",
            value=1.0,
            max=1.5,
            tooltip="Below 1 samples are more usual and less varied",
        )
        self.montage = widgets.CheckBox(
            label="", text="Side by side", tooltip="Otherwise one behind the other"
        )
        self.more = widgets.PushButton(name="more", text="Make samples")

    def _form(self, *rows: widgets.Widget) -> widgets.Widget:
        form = widgets.Container[Any](widgets=list(rows))
        form.margins = (0, 0, 0, 0)
        return form

    def show_progress(self, share: float | None) -> None:
        """Show how much is done, from 0 to 1; None where nothing can be counted."""
        show_share(self.progress, share)
