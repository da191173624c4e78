"""The widgets of the dock for generators and where they stand."""

from collections.abc import Iterable
from typing import Any

from magicgui import widgets
from magicgui.types import FileDialogMode

from napari_morphogen.generating import Settings, Wanted
from napari_morphogen.generating.messages import MEANINGS
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.curve import Curve
from napari_morphogen.plugin.generator_source import (
    NO_CLASSES,
    PAINTED,
    PAINTER,
    WHOLE,
    classes_of,
)
from napari_morphogen.plugin.panel import STEPS, Choices, row, show_share

USUAL, FEW = Settings(), Wanted()
BUDGETS = {"20 s": 20.0, "60 s": 60.0, "5 min": 300.0, "30 min": 1800.0}
STATUS_HEIGHT = 72  # room for the report card
PATCHES = (16, 32, 48, 64)
SEEN = 64  # pixels of a painter's patches: objects and what is around them
IN_TURN = "all in turn"


class GeneratorPanel(Dock):
    """The widgets of the dock, without what they do.

    Parameters
    ----------
    images, labels : callable
        Return names and layers that can be learnt from and painted.
    channels : callable
        Returns the channels that can be chosen.
    """

    def __init__(self, images: Choices, labels: Choices, channels: Choices) -> None:
        super().__init__()
        self._build_source(images, labels, channels)
        self._build_training()
        self._build_sampling()
        self._build_painting(labels)
        self.progress = widgets.ProgressBar(label="", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.curve = Curve("loss")
        source = (self.kind, self.images, self.folder, self.channel)
        given = (self.classes, self.label_layers, self.labels_folder)
        learnt = self._form(*source, *given, self.patch, self.budget)
        rare = [self._form(self.seed), self.rotations, self.each, self.planes]
        drawn = (self.how_many, self.draw, self.condition, self.truncation)
        made = self._form(self.model, self.to_paint, *drawn)
        self.extend([learnt, self.about, self.advanced, *rare])
        self.extend([self.run, self.progress])
        self.column.addWidget(self.curve)
        buttons = row(self.more, self.near)
        self.extend(
            [
                made,
                self.montage,
                buttons,
                row(self.paint, self.renew),
                self.help,
                self.status,
            ]
        )
        for label in (self.about, self.status):
            label.native.setWordWrap(True)
        self.status.native.setMinimumHeight(STATUS_HEIGHT)
        self.advanced.changed.connect(lambda shown: _show(rare, shown))
        _show(rare, False)
        self.column.addStretch()

    def _build_source(
        self, images: Choices, labels: Choices, channels: Choices
    ) -> None:
        about = "The image layers to learn from; hold Ctrl for several"
        self.images = _several("images", images, about)
        about = "Learn from all images of a folder instead of layers"
        self.folder = _folder("folder", about)
        self.channel = widgets.ComboBox(
            name="channel", choices=channels, tooltip="Learn from one channel, or all"
        )
        about = "The labels of the chosen images, in the same order"
        self.label_layers = _several("labels", labels, about)
        about = "The labels of the images in the folder, of the same names"
        self.labels_folder = _folder("labels_folder", about)
        self.classes = widgets.ComboBox(
            name="classes",
            choices=(NO_CLASSES, WHOLE, PAINTED),
            tooltip="Samples can then be asked for by name. A class for every layer or "
            "subfolder, or for every patch: the number of the labels at its centre",
        )

    def _build_training(self) -> None:
        check, box = widgets.CheckBox, widgets.ComboBox
        self.kind = box(
            name="kind",
            choices=list(MEANINGS),
            tooltip="What kind of generator learns; the line below says it in words",
        )
        self.about = widgets.Label(name="about", label="")
        about = "Rows and columns of what is learnt from and made"
        self.patch = box(name="patch", choices=PATCHES, value=32, tooltip=about)
        self.budget = box(
            name="budget",
            label="train for",
            choices=tuple(BUDGETS),
            value="5 min",
            tooltip="Training ends by itself; the button ends it before",
        )
        self.seed = widgets.SpinBox(
            name="seed", max=2**31 - 1, tooltip="Same seed, same training"
        )
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
        self.advanced = check(
            label="", text="Advanced", tooltip="Show settings that are seldom needed"
        )
        self.run = widgets.PushButton(
            name="run",
            text="Train",
            tooltip="Learn from the chosen images; pressed again, stop and keep it",
        )

    def _build_sampling(self) -> None:
        self.model = widgets.FileEdit(
            name="model", filter="Models (*.morphogen)", tooltip="A trained generator"
        )
        self.model.line_edit.value = ""
        self.how_many = widgets.SpinBox(
            name="count",
            value=FEW.count,
            min=1,
            max=4096,
            tooltip="How many images are made",
        )
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
        self.condition = widgets.ComboBox(
            name="condition",
            label="class",
            choices=lambda _: [IN_TURN, *classes_of(self.model.value)],
            tooltip="To ask for",
        )
        self.montage = widgets.CheckBox(
            label="", text="Side by side", tooltip="Otherwise one behind the other"
        )
        self.more = widgets.PushButton(
            name="more", text="Make samples", tooltip="Make new images with the model"
        )
        self.near = widgets.PushButton(
            name="near",
            text="Show nearest",
            enabled=False,
            tooltip="Samples most like what was learnt from, each beside the patch "
            "that it is most like: are they copies?",
        )

    def _build_painting(self, labels: Choices) -> None:
        self.to_paint = widgets.ComboBox(
            name="to_paint",
            label="paint labels",
            choices=labels,
            nullable=True,
            tooltip="The labels to make an image for, drawn or from the Generate dock",
        )
        self.paint = widgets.PushButton(
            name="paint",
            text="Paint",
            tooltip="Make an image for the labels, exactly in their place",
        )
        self.renew = widgets.PushButton(
            name="renew",
            text="New cells",
            tooltip="Place the objects of the labels anew, as many and touching as "
            "often, and make an image for them: a pair to train on",
        )

    def suggest_patch(self) -> None:
        """Change the size of patches with the kind, unless the user has chosen one."""
        usual, painted = (USUAL.patch, SEEN)
        if self.kind.value == PAINTER:
            usual, painted = painted, usual
        if self.patch.value == painted:
            self.patch.value = usual

    def unfold(self, *, paints: bool) -> None:
        """Show what the kind and the model need, and hide what they do not.

        Parameters
        ----------
        paints : bool
            Whether the chosen model is a painter.
        """
        trains = self.kind.value == PAINTER
        labels = trains or self.classes.value == PAINTED
        samples = (self.how_many, self.truncation, self.montage, self.more)
        shown: tuple[tuple[tuple[widgets.Widget, ...], bool], ...] = (
            ((self.label_layers, self.labels_folder), labels),
            ((self.classes,), not trains),
            ((self.to_paint, self.paint, self.renew), paints),
            ((*samples, self.condition), not paints),
        )
        for parts, visible in shown:
            _show(parts, visible)

    def _form(self, *rows: widgets.Widget) -> widgets.Widget:
        form = widgets.Container[Any](widgets=list(rows))
        form.margins = (0, 0, 0, 0)
        return form

    def show_progress(self, share: float | None) -> None:
        """Show how much is done, from 0 to 1; None where nothing can be counted."""
        show_share(self.progress, share)


def _show(parts: Iterable[widgets.Widget], visible: bool) -> None:
    for part in parts:
        part.visible = visible


def _several(name: str, choices: Choices, about: str) -> widgets.Select:
    made = widgets.Select(name=name, choices=choices, tooltip=about)
    made.native.setMaximumHeight(64)
    return made


def _folder(name: str, about: str) -> widgets.FileEdit:
    made = widgets.FileEdit(
        name=name,
        label=name.replace("_", " "),
        mode=FileDialogMode.EXISTING_DIRECTORY,
        tooltip=about,
    )
    made.line_edit.value = ""
    return made
