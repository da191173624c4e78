"""What the Object classes dock is made of: its widgets and where they stand."""

from collections.abc import Callable
from typing import Any

import numpy as np
from magicgui import widgets

from napari_morphogen.measurements import Table
from napari_morphogen.object_classes import Options
from napari_morphogen.plugin.base import Dock
from napari_morphogen.plugin.class_list import ClassList
from napari_morphogen.plugin.panel import STEPS, Choices, row
from napari_morphogen.plugin.score_table import Rows, ScoreTable

USUAL = Options()


class ObjectPanel(Dock):
    """The widgets of the dock, without what they do.

    Parameters
    ----------
    images, objects : callable
        Return names and layers that can be chosen.
    """

    def __init__(self, images: Choices, objects: Choices) -> None:
        super().__init__()
        self._build_choices(images, objects)
        self._build_actions()
        self._arrange()

    def _build_choices(self, images: Choices, objects: Choices) -> None:
        self.image = widgets.ComboBox(
            name="image",
            choices=images,
            nullable=True,
            tooltip="What the objects are seen in; all channels are used",
        )
        self.objects = widgets.ComboBox(
            name="objects",
            choices=objects,
            nullable=True,
            tooltip="Labels: every number is one object",
        )
        self.more = widgets.CheckBox(
            name="more",
            label="",
            text="Advanced",
            tooltip="Show settings that are seldom needed",
        )
        self.advanced = widgets.Container[Any](
            name="advanced",
            visible=False,
            widgets=[
                widgets.LineEdit(
                    name="axes",
                    tooltip="One letter per axis of the image: z, y, x are spatial, "
                    "c holds channels, every other axis (t, …) is looped over",
                ),
                widgets.ComboBox(
                    name="pooling",
                    choices=("max", "average"),
                    value=USUAL.pooling,
                    tooltip="How the network shrinks what it sees",
                ),
                widgets.SpinBox(
                    name="steps",
                    value=USUAL.steps,
                    min=1,
                    max=100_000,
                    tooltip="How long is learnt",
                ),
                widgets.SpinBox(
                    name="seed",
                    value=USUAL.seed,
                    max=2**31 - 1,
                    tooltip="Same seed, same training",
                ),
            ],
        )

    def _build_actions(self) -> None:
        button = widgets.PushButton
        self.add = button(
            name="add", text="Add class", tooltip="Add a class to the list"
        )
        self.drop = button(
            name="remove_class",
            text="Remove class",
            tooltip="Remove the chosen class and its examples",
        )
        self.pick = widgets.CheckBox(
            name="pick",
            text="Pick objects",
            tooltip="A click gives an object the chosen class, one more takes it "
            "away; the keys 1 to 9 choose a class",
        )
        self.run = button(
            name="run",
            text="Train",
            tooltip="Learn the classes from the objects that were picked",
        )
        self.cancel = button(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop what runs"
        )
        self.apply = button(
            name="apply",
            text="Apply",
            tooltip="Give the objects chosen above classes with the model at hand",
        )
        self.progress = widgets.ProgressBar(name="progress", visible=False, max=STEPS)
        self.status = widgets.Label(name="status", label="")
        self.accuracy = widgets.Label(name="accuracy", label="")
        self.seek = button(
            name="seek",
            text="Go to least certain",
            tooltip="Move the view to the next object whose class is least certain",
        )
        self.save = button(
            name="save",
            text="Save model…",
            tooltip="Write what was learnt to a file for other images",
        )
        self.load = button(
            name="load", text="Load model…", tooltip="Take a model from a file"
        )
        self.save_examples = button(
            name="save_examples",
            text="Save examples…",
            tooltip="A CSV file for the command morphogen train objects",
        )

    def _arrange(self) -> None:
        chosen = widgets.Container[Any](widgets=[self.image, self.objects])
        self._seeking = row(self.seek, self.help)
        for part in (
            *(chosen, row(self.add, self.drop), self.pick),
            *(self.more, self.advanced, row(self.run, self.cancel)),
            *(self.progress, self.status, self.accuracy, self._seeking),
            *(row(self.save, self.load), row(self.apply, self.save_examples)),
        ):
            self.append(part)
        for container in (chosen, self.advanced):
            container.margins = (0, 0, 0, 0)
        for label in (self.status, self.accuracy):
            label.native.setWordWrap(True)
        self.classes = ClassList()
        self.least = ScoreTable("objects, the least certain first")
        layout = self.column
        layout.insertWidget(1, self.classes)
        layout.insertWidget(layout.indexOf(self._seeking.native), self.least, 1)
        self.more.changed.connect(lambda on: setattr(self.advanced, "visible", on))

    @property
    def settings(self) -> Options:
        """How to learn, as it stands in the form."""
        form = self.advanced
        return Options(
            form["pooling"].value,
            form["steps"].value,
            form["seed"].value,
            skip_missing=True,
        )

    def show_least(self, table: Table, colour: Callable[[str], str]) -> None:
        """Show objects with their classes.

        Parameters
        ----------
        table : dict of str to ndarray
            As of `Classified`, in the order wanted.
        colour : callable
            Returns the colour of a class.
        """
        known = ("frame", "object", "class", "probability")
        head = [name for name in known if name in table]
        self.least.show_rows(
            Rows(
                head,
                len(table["object"]),
                lambda line, column: _cell(table[head[column]][line]),
                lambda line: "Click to go to the object",
                lambda line: colour(str(table["class"][line])),
            )
        )


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, np.floating) else str(value)
