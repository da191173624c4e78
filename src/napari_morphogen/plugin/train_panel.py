"""The widgets of the Train dock and where they stand."""

import math
from typing import Any

from magicgui import widgets

from napari_morphogen.learning import Settings
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.curve import Curve
from napari_morphogen.plugin.panel import Choices, row, show_share

USUAL = Settings()
MEANINGS = {  # of labels: words, task, whether 0 is unlabelled, help
    "classes (strokes)": ("semantic", False, "A number per class; 0 is unlabelled"),
    "objects (all painted)": (
        "instances",
        False,
        "A number per object; 0 is background, so every object must be painted",
    ),
    "objects (some painted)": (
        "instances",
        True,
        "1 is background, objects painted whole have numbers from 2; 0 is unlabelled",
    ),
    "inside, border, background": (
        "interiors",
        False,
        "Strokes: 1 on background, 2 inside objects, 3 on borders between them",
    ),
    "boundaries of objects": (
        "edges",
        False,
        "Objects with a number each; the network learns their boundaries",
    ),
}
BUDGETS = {
    "20 s": 20.0,
    "60 s": 60.0,
    "5 min": 300.0,
    "30 min": 1800.0,
    "until it stops improving": math.inf,
}
NEW, LAST, FILE = "a new network", "the last result", "a model file"
STARTS = (NEW, LAST, FILE)


class TrainPanel(Dock):
    """The widgets of the dock, without what they do.

    Parameters
    ----------
    images, labels, channels : callable
        Return what can be chosen.
    """

    def __init__(self, images: Choices, labels: Choices, channels: Choices) -> None:
        super().__init__()
        self._build_choices(images, labels, channels)
        self._build_advanced()
        self._build_actions()
        self._arrange()

    def _build_choices(
        self, images: Choices, labels: Choices, channels: Choices
    ) -> None:
        self.image = widgets.ComboBox(
            name="image", choices=images, nullable=True, tooltip="What to learn on"
        )
        self.axes = widgets.LineEdit(
            name="axes",
            tooltip="One letter per axis: z, y, x are spatial, c holds channels, "
            "every other axis (t, …) is looped over",
        )
        self.channel = widgets.ComboBox(
            name="channel", choices=channels, tooltip="Use one channel only, or all"
        )
        self.labels_layer = widgets.ComboBox(
            name="labels_layer",
            label="labels",
            choices=labels,
            nullable=True,
            tooltip="What is painted on the image",
        )
        self.meaning = widgets.ComboBox(
            name="meaning",
            label="labels are",
            choices=tuple(MEANINGS),
            tooltip="What the numbers of the labels stand for",
        )
        self.budget = widgets.ComboBox(
            name="budget",
            label="train for",
            choices=tuple(BUDGETS),
            value="60 s",
            tooltip="Training ends by itself; Stop ends it before",
        )
        self.start = widgets.ComboBox(
            name="start",
            label="start from",
            choices=STARTS,
            tooltip="Go on from what was learnt before, or begin anew",
        )
        self.file = widgets.FileEdit(
            name="file",
            label="model",
            filter="Models (*.morphogen *.training)",
            visible=False,
            tooltip="The file of a model to go on from",
        )

    def _build_advanced(self) -> None:
        self.more = widgets.CheckBox(
            name="more",
            label="",
            text="Advanced",
            tooltip="Show settings that are seldom needed",
        )
        number = widgets.SpinBox
        self.advanced = widgets.Container[Any](
            name="advanced",
            visible=False,
            widgets=[
                widgets.FloatSpinBox(
                    name="held_out",
                    label="held out",
                    value=0.1,
                    max=0.9,
                    step=0.05,
                    tooltip="Share of the labels that is not learnt from, to measure",
                ),
                widgets.CheckBox(
                    name="augment",
                    label="",
                    text="Vary patches",
                    value=USUAL.augment,
                    tooltip="Turn, stretch, bend and recolour what is learnt from",
                ),
                widgets.CheckBox(
                    name="planes",
                    label="",
                    text="Plane by plane",
                    value=USUAL.planes,
                    tooltip="Learn planes of a volume, each on its own",
                ),
                number(
                    name="width",
                    value=USUAL.width,
                    min=4,
                    max=256,
                    tooltip="Channels of the first layer; more learn more, slowly",
                ),
                number(
                    name="levels",
                    value=USUAL.levels,
                    min=1,
                    max=6,
                    tooltip="How often the image is halved; more see farther",
                ),
                number(
                    name="convolutions",
                    value=USUAL.convolutions,
                    min=1,
                    max=3,
                    tooltip="Per level; more learn more, slowly",
                ),
                widgets.ComboBox(
                    name="pooling",
                    choices=("max", "average"),
                    tooltip="How images are halved",
                ),
                number(
                    name="patch",
                    value=USUAL.patch,
                    max=1024,
                    tooltip="Pixels along each axis learnt from at once; 0 chooses",
                ),
                number(
                    name="seed",
                    value=USUAL.seed,
                    max=2**31 - 1,
                    tooltip="Same seed, same training",
                ),
                widgets.ComboBox(
                    name="device",
                    choices=("auto", "cpu", "cuda", "mps"),
                    tooltip="Where it is computed",
                ),
            ],
        )
        self.advanced.margins = (0, 0, 0, 0)

    def _build_actions(self) -> None:
        button = widgets.PushButton
        self.new = button(
            name="new",
            text="New strokes",
            tooltip="Add a Labels layer to paint on: one label for each class",
        )
        self.seek = button(
            name="seek",
            text="Go to most uncertain",
            tooltip="Move the view to where the result can be trusted least",
        )
        self.add = button(
            name="add",
            text="Add pair",
            tooltip="Learn from this image and its labels, too",
        )
        self.folders = button(
            name="folders",
            text="Add folders…",
            tooltip="Learn from a folder of images and one of labels of the same names",
        )
        self.forget = button(
            name="forget",
            text="Forget",
            enabled=False,
            tooltip="Forget the added pairs and folders",
        )
        self.pairs = widgets.Label(name="pairs", label="", visible=False)
        self.patches = button(
            name="patches",
            text="Show patches",
            tooltip="Show what the network will see: varied patches and their labels",
        )
        self.run = button(name="run", text="Train")
        self.progress = widgets.ProgressBar(name="progress", label="", visible=False)
        self.status = widgets.Label(name="status", label="")
        self.save = button(
            name="save",
            text="Save model…",
            enabled=False,
            tooltip="Write what was learnt to a file for other images",
        )
        for label in (self.status, self.pairs):
            label.native.setWordWrap(True)

    def _arrange(self) -> None:
        chosen = widgets.Container[Any](
            widgets=[
                *(self.image, self.axes, self.channel, self.labels_layer),
                *(self.meaning, self.budget, self.start, self.file),
            ]
        )
        chosen.margins = (0, 0, 0, 0)
        for part in (
            *(chosen, row(self.new, self.seek)),
            *(row(self.add, self.folders, self.forget), self.pairs),
            *(self.more, self.advanced, row(self.run, self.patches)),
            *(self.progress, self.status, row(self.save, self.help)),
        ):
            self.append(part)
        self.curve = Curve("loss")
        self.column.addWidget(self.curve)

    @property
    def settings(self) -> Settings:
        """What the widgets say."""
        task, sparse, _ = MEANINGS[self.meaning.value]
        options = {row.name: row.value for row in self.advanced}
        return Settings(
            task=task,  # type: ignore[arg-type]
            sparse=sparse,
            seconds=BUDGETS[self.budget.value],
            **options,
        )

    def show_progress(self, share: float | None) -> None:
        """Show how much is done, from 0 to 1; None where nothing can be counted."""
        show_share(self.progress, share)
