"""What a running training is told of the viewer: strokes, and what is looked at."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer

from napari_morphogen.learning import Painted, View
from napari_morphogen.params import InputError
from napari_morphogen.plans import Index, Plan
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
        self._drawn: dict[Layer, tuple[Any, Any]] = {}  # where they were drawn last
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
        for event, follower in self._followed():
            event.connect(follower)

    def end(self) -> None:
        """Tell nobody any more."""
        self._job = None
        for event, follower in self._followed():
            event.disconnect(follower)
        self._drawn.clear()

    def view(self) -> View | None:
        """Return what is looked at of the first image; None when it is not in view."""
        if 0 not in self._lessons:
            return None
        pair, todo = self._lessons[0]
        try:
            return seen(self._viewer, pair.image, pair.axes, todo, 0)
        except InputError:
            return None

    def _followed(self) -> Iterator[tuple[Any, Callable[[Any], None]]]:
        for pair, _ in self._lessons.values():
            yield pair.labels.events.paint, self._strokes_changed
            yield pair.labels.events.data, self._strokes_changed
            yield pair.labels.events.set_data, self._redrawn
        yield camera(self._viewer).events, self._view_changed
        yield self._viewer.dims.events, self._view_changed

    def _redrawn(self, event: Any) -> None:
        """Follow undo and redo, of which napari says only that a layer is drawn anew.

        So it is after every move. A move within a frame changes nothing; one to
        another frame may lead to where something was undone out of sight.
        """
        now = self._viewer.dims.point, self._frames()
        point, frames = self._drawn.get(event.source, (None, None))
        self._drawn[event.source] = now
        if point == now[0] or frames != now[1]:
            self._strokes_changed()

    def _frames(self) -> dict[int, Index]:
        """Return the index of the frame in view, for every lesson in sight."""
        found = {}
        for number, (pair, todo) in self._lessons.items():
            if pair.image not in self._viewer.layers:
                continue
            with suppress(InputError):  # out of sight
                view = seen(self._viewer, pair.image, pair.axes, todo, number)
                found[number] = view.index
        return found

    def _strokes_changed(self, event: object = None) -> None:
        if self._job is not None:
            self._strokes.start()

    def _view_changed(self, event: object = None) -> None:
        if self._job is not None:
            self._looks.start()

    def _tell_strokes(self) -> None:
        """Tell what is painted on the frames in view."""
        for number, index in self._frames().items():
            pair, todo = self._lessons[number]
            if self._job is not None:
                self._job.tell(Painted(number, index, pair.painted(todo, index)))

    def _tell_view(self) -> None:
        view = self.view()
        if self._job is not None and view is not None:
            self._job.tell(view)
