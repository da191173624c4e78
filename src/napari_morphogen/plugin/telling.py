"""What a running training is told of the viewer: strokes, and what is looked at."""

from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QObject, QTimer

from napari_morphogen.learning import Painted, View
from napari_morphogen.params import InputError
from napari_morphogen.plans import Plan
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.pairs import Pair
from napari_morphogen.plugin.preview import camera
from napari_morphogen.plugin.seen import seen

PAUSE_MS = 250  # after a stroke or a move of the view


class Telling:
    """Follows the layers that are learnt from and the view, and tells a job.

    Parameters
    ----------
    viewer : napari viewer
        Where the layers are.
    parent : QObject
        The timers go when this goes.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        self._viewer = viewer
        self._job: Job | None = None
        self._lessons: dict[int, tuple[Pair, Plan]] = {}
        self._strokes = self._timer(parent, self._tell_strokes)
        self._looks = self._timer(parent, self._tell_view)

    def _timer(self, parent: QObject, function: Any) -> QTimer:
        timer = QTimer(parent)
        timer.setSingleShot(True)
        timer.setInterval(PAUSE_MS)
        timer.timeout.connect(function)
        return timer

    def begin(self, lessons: dict[int, tuple[Pair, Plan]]) -> View | None:
        """Follow layers from now on; return what is looked at.

        Parameters
        ----------
        lessons : dict
            Layers and their plans by the number of the lesson.
        """
        self.end()
        self._lessons = lessons
        return self.view()

    def follow(self, job: Job) -> None:
        """Tell a job what changes from now on."""
        self._job = job
        for event in self._stroke_events():
            event.connect(self._strokes_changed)
        for event in self._view_events():
            event.connect(self._view_changed)

    def end(self) -> None:
        """Tell nobody any more."""
        self._job = None
        for event in self._stroke_events():
            event.disconnect(self._strokes_changed)
        for event in self._view_events():
            event.disconnect(self._view_changed)

    def view(self) -> View | None:
        """Return what is looked at of the first image; None when it is not in view."""
        if 0 not in self._lessons:
            return None
        pair, todo = self._lessons[0]
        try:
            return seen(self._viewer, pair.image, pair.axes, todo, 0)
        except InputError:
            return None

    def _stroke_events(self) -> list[Any]:
        events = [pair.labels.events for pair, _ in self._lessons.values()]
        return [event for every in events for event in (every.paint, every.data)]

    def _view_events(self) -> tuple[Any, ...]:
        return camera(self._viewer).events, self._viewer.dims.events

    def _strokes_changed(self, event: object = None) -> None:
        if self._job is not None:
            self._strokes.start()

    def _view_changed(self, event: object = None) -> None:
        if self._job is not None:
            self._looks.start()

    def _tell_strokes(self) -> None:
        """Tell what is painted on the frames in view."""
        for number, (pair, todo) in self._lessons.items():
            if self._job is None or pair.image not in self._viewer.layers:
                continue
            try:
                view = seen(self._viewer, pair.image, pair.axes, todo, number)
            except InputError:
                continue  # out of sight
            frame = pair.painted(todo, view.index)
            self._job.tell(Painted(number, view.index, frame))

    def _tell_view(self) -> None:
        view = self.view()
        if self._job is not None and view is not None:
            self._job.tell(view)
