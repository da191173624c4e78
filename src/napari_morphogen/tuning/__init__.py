"""Which method and which settings? Searched, suggested and shown."""

from napari_morphogen.tuning.candidates import (
    Candidate,
    Step,
    applied,
    recipe_of,
    step,
)
from napari_morphogen.tuning.lessons import stored, taught
from napari_morphogen.tuning.results import (
    Curve,
    Kind,
    Options,
    Ranking,
    Row,
    Suggestion,
    Swatch,
)
from napari_morphogen.tuning.scenes import kind_of
from napari_morphogen.tuning.search import tune
from napari_morphogen.tuning.space import searchable, varied
from napari_morphogen.tuning.suggestions import suggest, suggestions
from napari_morphogen.tuning.views import cropped, sensitivity, sweep, sweep_values

__all__ = [
    "Candidate",
    "Curve",
    "Kind",
    "Options",
    "Ranking",
    "Row",
    "Step",
    "Suggestion",
    "Swatch",
    "applied",
    "cropped",
    "kind_of",
    "recipe_of",
    "searchable",
    "sensitivity",
    "step",
    "stored",
    "suggest",
    "suggestions",
    "sweep",
    "sweep_values",
    "taught",
    "tune",
    "varied",
]
