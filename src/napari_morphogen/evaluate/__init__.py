"""How good is it? Scores of labels, boundaries, images and sets of images."""

from napari_morphogen.evaluate.boundaries import (
    BoundaryScores,
    boundaries,
    boundary_scores,
)
from napari_morphogen.evaluate.classes import ClassScore, ClassScores, class_scores
from napari_morphogen.evaluate.detection import Detection
from napari_morphogen.evaluate.images import ImageScores, image_scores
from napari_morphogen.evaluate.matching import STATES
from napari_morphogen.evaluate.meanings import MEANINGS, Meaning, meaning
from napari_morphogen.evaluate.objects import (
    THRESHOLDS,
    Objects,
    ObjectScores,
    object_scores,
)
from napari_morphogen.evaluate.overlap import Overlap, overlap
from napari_morphogen.evaluate.report_card import ReportCard, report_card
from napari_morphogen.evaluate.summary import Figure, Summary, summarise

__all__ = [
    "MEANINGS",
    "STATES",
    "THRESHOLDS",
    "BoundaryScores",
    "ClassScore",
    "ClassScores",
    "Detection",
    "Figure",
    "ImageScores",
    "Meaning",
    "ObjectScores",
    "Objects",
    "Overlap",
    "ReportCard",
    "Summary",
    "boundaries",
    "boundary_scores",
    "class_scores",
    "image_scores",
    "meaning",
    "object_scores",
    "overlap",
    "report_card",
    "summarise",
]
