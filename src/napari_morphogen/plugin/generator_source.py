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
Given = SpatialArray | Path


class Chosen(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    images : list of SpatialArray or path
        Layers or files.
    classes : list of str or None
        The class of each.
    labels : list of SpatialArray or path, or None
        The labels of each.
    """

    images: list[Given]
    classes: list[str] | None = None
    labels: list[Given] | None = None

    @property
    def name(self) -> str:
        """Of the first image."""
        first = self.images[0]
        return first.stem if isinstance(first, Path) else first.name

    @property
    def words(self) -> dict[str, Any]:
        """What `learn` is given beside the images."""
        return {"classes": self.classes, "labels": self.labels}


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
    painter = panel.kind.value == PAINTER
    if folder:
        return _files(Path(folder), panel, painter)
    images = list(panel.images.value or ())
    if not images:
        raise InputError("Choose an image layer, or a folder of images, first.")
    read: list[Given] = [layers.read(layer) for layer in images]
    if painter:
        return Chosen(
            read, labels=_labels(images, list(panel.label_layers.value or ()))
        )
    classed = panel.classes.value or panel.kind.value == "cvae"
    return Chosen(read, [layer.name for layer in images] if classed else None)


def _labels(images: list[Layer], labels: list[Layer]) -> list[Given]:
    if len(labels) != len(images):
        raise InputError(
            "A painter learns how labels look: choose a Labels layer for each of "
            f"{len(images)} image layers, in the same order; {len(labels)} are chosen."
        )
    return [layers.read(layer) for layer in labels]


def _files(folder: Path, panel: Any, painter: bool) -> Chosen:
    if painter:
        labels = panel.labels_folder.line_edit.value
        if not labels:
            raise InputError("Choose the folder of the labels of these images, too.")
        found = paired(folder, Path(labels)).found
        return Chosen([image for image, _ in found], labels=[one for _, one in found])
    if not (panel.classes.value or panel.kind.value == "cvae"):
        return Chosen(list(image_paths([folder])))
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
