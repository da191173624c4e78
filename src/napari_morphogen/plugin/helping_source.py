"""Pairs of images and labels, chosen as layers or as folders."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from magicgui import widgets
from magicgui.types import FileDialogMode
from napari.layers import Image, Labels, Layer

from napari_morphogen import learning
from napari_morphogen.helping.folders import Folders, Given
from napari_morphogen.helping.pairs import NO_MODEL
from napari_morphogen.learning import Lesson, lesson
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.panel import Choices
from napari_morphogen.plugin.preview import is_preview

Found = Callable[[], Iterable[Layer]]
LAYERS, FOLDERS = "layers", "folders"
HEIGHT = 48  # of a list of layers
OBJECTS = learning.Settings(task="instances")


class PairSource(widgets.Container[widgets.Widget]):
    """Where one kind of pairs is taken from.

    Parameters
    ----------
    found : callable
        Returns all layers of the viewer.
    name : str
        What they are, such as "real".
    about : str
        What they are for.
    without : str
        What happens when none are wanted; empty where some are needed.
    """

    def __init__(self, found: Found, name: str, about: str, without: str = "") -> None:
        super().__init__(name=name)
        self.margins = (0, 0, 0, 0)
        self.origin = widgets.ComboBox(
            name="origin",
            label=f"{name} pairs",
            choices=[*([without] if without else []), LAYERS, FOLDERS],
            tooltip=about,
        )
        pairs = "one for each of the images, in the same order"
        self.image_layers = _several(
            "images", lambda _: _of(found(), Image), f"Image layers; {about}"
        )
        self.label_layers = _several(
            "labels",
            lambda _: _of(found(), Labels),
            f"Objects of the {name} images, {pairs}",
        )
        self.images_folder = _folder("images folder", f"A folder of images; {about}")
        names = "Their objects, files of the same names"
        self.labels_folder = _folder("labels folder", names)
        self.extend([self.origin, self.image_layers, self.label_layers])
        self.extend([self.images_folder, self.labels_folder])
        self.origin.changed.connect(lambda: self._unfold())
        self.images_folder.changed.connect(lambda: self._find_labels())
        self._unfold()

    @property
    def given(self) -> Given:
        """What is chosen.

        Raises
        ------
        InputError
            When images and labels do not belong together.
        """
        if self.origin.value == FOLDERS:
            return Folders(_path(self.images_folder), _path(self.labels_folder))
        if self.origin.value != LAYERS:
            return Folders()
        images = list(self.image_layers.value or ())
        labels = list(self.label_layers.value or ())
        if len(images) != len(labels):
            raise InputError(
                f"Choose a Labels layer for each of the {len(images)} {self.name} "
                f"images, in the same order; {len(labels)} are chosen."
            )
        return [_lesson(*pair) for pair in zip(images, labels, strict=True)]

    def offer(self) -> None:
        """Offer the layers that are there now; what was chosen stays."""
        for select in (self.image_layers, self.label_layers):
            before = select.value or ()
            select.reset_choices()
            select.value = [layer for layer in before if layer in select.choices]

    def _find_labels(self) -> None:
        """Choose the folder of labels beside a folder of images, if there is one."""
        images = _path(self.images_folder)
        if images is None or images.name != "images" or _path(self.labels_folder):
            return
        beside = images.parent / "labels"
        if beside.is_dir():
            self.labels_folder.line_edit.value = str(beside)

    def _unfold(self) -> None:
        origin = self.origin.value
        _show((self.image_layers, self.label_layers), origin == LAYERS)
        _show((self.images_folder, self.labels_folder), origin == FOLDERS)


def _lesson(image: Layer, labels: Layer) -> Lesson:
    try:
        return lesson(layers.read(image), layers.read(labels), OBJECTS, NO_MODEL)
    except InputError as error:
        raise InputError(f"{image.name}: {error}") from error


def _show(parts: Iterable[widgets.Widget], visible: bool) -> None:
    for part in parts:
        part.visible = visible


def _of(found: Iterable[Layer], kind: type[Layer]) -> list[tuple[str, Layer]]:
    known = [layer for layer in found if isinstance(layer, kind)]
    return [(layer.name, layer) for layer in known if not is_preview(layer)]


def _several(label: str, choices: Choices, about: str) -> widgets.Select:
    tip = f"{about}; hold Ctrl for several"
    made = widgets.Select(label=label, choices=choices, tooltip=tip)
    made.native.setMaximumHeight(HEIGHT)
    return made


def _folder(label: str, about: str) -> widgets.FileEdit:
    mode = FileDialogMode.EXISTING_DIRECTORY
    made = widgets.FileEdit(label=label, mode=mode, tooltip=about)
    made.line_edit.value = ""
    return made


def _path(edit: Any) -> Path | None:
    text = edit.line_edit.value.strip()
    return Path(text) if text else None
