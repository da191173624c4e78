"""What a generator learns from, as it is chosen in the dock."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from napari.layers import Image, Labels, Layer

from napari_morphogen.io import image_paths
from napari_morphogen.io.pairs import paired
from napari_morphogen.model_files import description
from napari_morphogen.params import InputError
from napari_morphogen.plugin import layers
from napari_morphogen.plugin.preview import is_preview
from napari_morphogen.spatial import SpatialArray

MARK = "generator"  # in the metadata of layers that samples are shown in
PAINTER = "painter"
NO_CLASSES, WHOLE, PAINTED = "none", "every layer or subfolder", "numbers of labels"
Given = SpatialArray | Path


class Chosen(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    images : list of SpatialArray or path
        Layers or files.
    classes : list of str, of SpatialArray or path, or None
        The class of each, or labels whose numbers are classes.
    labels : list of SpatialArray or path, or None
        The labels of each.
    class_names : dict of int to str, or None
        Of numbers in `classes`.
    """

    images: list[Given]
    classes: Sequence[str | Given] | None = None
    labels: list[Given] | None = None
    class_names: dict[int, str] | None = None

    @property
    def name(self) -> str:
        """Of the first image."""
        first = self.images[0]
        return first.stem if isinstance(first, Path) else first.name

    @property
    def words(self) -> dict[str, Any]:
        """What `learn` is given beside the images."""
        names = ("classes", "class_names", "labels")
        return {name: getattr(self, name) for name in names}


def images_of(found: Sequence[Layer]) -> list[tuple[str, Layer]]:
    """Return names and layers that can be learnt from, samples left out.

    Parameters
    ----------
    found : sequence of Layer
        All of the viewer.
    """
    images = [one for one in found if isinstance(one, Image) and not is_preview(one)]
    return [(one.name, one) for one in images if MARK not in one.metadata]


def labels_of(found: Sequence[Layer]) -> list[tuple[str, Layer]]:
    """Return names and layers of labels.

    Parameters
    ----------
    found : sequence of Layer
        All of the viewer.
    """
    labels = [one for one in found if isinstance(one, Labels) and not is_preview(one)]
    return [(one.name, one) for one in labels]


def chosen(panel: Any) -> Chosen:
    """Return what is chosen in the panel of the dock.

    Parameters
    ----------
    panel : GeneratorPanel
        Of the dock.

    Raises
    ------
    InputError
        When nothing is, or images and labels do not belong together.
    """
    folder = panel.folder.line_edit.value
    told = PAINTER if panel.kind.value == PAINTER else panel.classes.value
    if folder:
        return _files(Path(folder), panel, told)
    images = list(panel.images.value or ())
    if not images:
        raise InputError("Choose an image layer, or a folder of images, first.")
    read: list[Given] = [layers.read(layer) for layer in images]
    if told == WHOLE:
        return Chosen(read, [layer.name for layer in images])
    if told == NO_CLASSES:
        return Chosen(read)
    beside = list(panel.label_layers.value or ())
    if len(beside) != len(images):
        raise InputError(
            f"Choose a Labels layer for each of {len(images)} image layers, in the "
            f"same order; {len(beside)} are chosen."
        )
    labels: list[Given] = [layers.read(layer) for layer in beside]
    if told == PAINTED:
        return Chosen(read, labels, class_names=_names(beside))
    return Chosen(read, labels=labels)


def _names(found: Sequence[Layer]) -> dict[int, str]:
    """Return the names of classes that layers of classes give to their numbers."""
    names: dict[int, str] = {}
    for layer in found:
        table = layer.features
        if not {"index", "class"} <= set(table):
            continue
        for number, name in zip(table["index"], table["class"], strict=True):
            if name and names.setdefault(int(number), str(name)) != name:
                raise InputError(
                    f"Class {number} is {names[int(number)]} in one layer, but {name} "
                    f"in {layer.name}; give a class the same number everywhere."
                )
    return names


def _files(folder: Path, panel: Any, told: str) -> Chosen:
    if told == NO_CLASSES:
        return Chosen(list(image_paths([folder])))
    if told == WHOLE:
        return _subfolders(folder)
    labels = panel.labels_folder.line_edit.value
    if not labels:
        raise InputError("Choose the folder of the labels of these images, too.")
    found = paired(folder, Path(labels)).found
    images: list[Given] = [image for image, _ in found]
    beside: list[Given] = [one for _, one in found]
    if told == PAINTED:
        return Chosen(images, beside)
    return Chosen(images, labels=beside)


def _subfolders(folder: Path) -> Chosen:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; choose another one.")
    below = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, one.name) for one in below for path in image_paths([one])]
    if len(below) < 2:
        raise InputError(
            f"Expected a subfolder of {folder} for every class, but there are "
            f"{len(below)}; sort its images into folders."
        )
    return Chosen([path for path, _ in files], [name for _, name in files])


def network_of(path: Any) -> dict[str, Any]:
    """Return what a model file says of its network; nothing if it is no generator.

    Parameters
    ----------
    path : path
        From anyone: nothing of the file is executed.
    """
    try:
        found = description(Path(path))
    except InputError:
        return {}
    network = found.get("network") if found.get("kind") == "generator" else None
    return network if isinstance(network, dict) else {}


def classes_of(path: Any) -> list[str]:
    """Return the classes that samples of a model file can be asked for.

    Parameters
    ----------
    path : path
        Of the file.
    """
    found = network_of(path).get("classes")
    return [one for one in found if isinstance(one, str)] if found else []
