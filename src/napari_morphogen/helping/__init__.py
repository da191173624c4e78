"""Whether synthetic pairs help a network: what the dock and the command share."""

from napari_morphogen.helping.course import does_it_help
from napari_morphogen.helping.messages import Report, Row, Settings
from napari_morphogen.helping.verdict import Difference, differences, verdict

__all__ = [
    "Difference",
    "Report",
    "Row",
    "Settings",
    "differences",
    "does_it_help",
    "verdict",
]
