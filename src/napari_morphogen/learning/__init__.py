"""Networks that learn from painted images: what the dock and the command share."""

from napari_morphogen.learning.course import (
    Learning,
    learn,
    patches,
    ready,
)
from napari_morphogen.learning.messages import (
    STOP,
    Files,
    Lesson,
    Painted,
    Report,
    Settings,
    View,
    lesson,
    painted_frames,
    unfinished,
)

__all__ = [
    "Files",
    "Learning",
    "Lesson",
    "Painted",
    "Report",
    "STOP",
    "Settings",
    "View",
    "learn",
    "lesson",
    "painted_frames",
    "patches",
    "ready",
    "unfinished",
]
