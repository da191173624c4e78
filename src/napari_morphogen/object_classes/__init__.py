"""Classes of objects, learnt from a few of them and given to all."""

from napari_morphogen.object_classes.accuracy import FEWEST, Accuracy
from napari_morphogen.object_classes.classifying import Classified, classification
from napari_morphogen.object_classes.frames import Frames, class_map
from napari_morphogen.object_classes.learning import EVERY, Given, Options, training
from napari_morphogen.object_classes.parts import Progress, networks, prepare

__all__ = [
    "EVERY",
    "FEWEST",
    "Accuracy",
    "Classified",
    "Frames",
    "Given",
    "Options",
    "Progress",
    "class_map",
    "classification",
    "networks",
    "prepare",
    "training",
]
