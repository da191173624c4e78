"""The dock that makes new images, from nothing or from an example."""

import random

from magicgui import widgets
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QTimer

from napari_morphogen.plugin.dock import MethodDock
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.registry import get
from napari_morphogen.spatial import SpatialArray

PAUSE_MS = 200  # after the last change of a parameter
SEEDS = 1_000_000  # from which a new one is drawn: short enough to be noted


class GenerateDock(MethodDock):
    """New images: noise, textures, cells with their labels."""

    def __init__(self, viewer: ViewerModel) -> None:
        self.fresh = widgets.CheckBox(
            name="fresh",
            label="",
            text="New seed at every run",
            tooltip="Make another image of the same kind at every run",
        )
        self._waiting: QTimer | None = None
        self._again = False
        super().__init__(viewer, "generate")
        self.insert(self.index(self.form) + 1, self.fresh)

    def _connect(self) -> None:
        super()._connect()
        # what is made has no place on screen before it is made
        self.live.changed.disconnect(self._preview.switch)
        self.live.text = "Live"
        self.live.tooltip = "Run again when a parameter has changed"
        self.live.changed.connect(lambda on: self._parameter_changed())
        self._waiting = QTimer(self.native)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(PAUSE_MS)
        self._waiting.timeout.connect(self._start_live)

    def _method_changed(self) -> None:
        takes = bool(get(self.method.value).takes)
        self.live.value = False
        super()._method_changed()
        self.image.visible = self.axes.visible = self.folder.visible = takes
        self.live.visible = not takes
        self.channel.visible = takes and self._channel_count() > 0
        self._image_changed()

    def _parameter_changed(self) -> None:
        super()._parameter_changed()
        if self.live.value and self._waiting is not None:
            self._waiting.start()

    def _start_live(self) -> None:
        self._again = self._job is not None
        if not self._again:
            super()._start()

    def _start(self) -> None:
        if self.fresh.value and "seed" in [row.name for row in self.form]:
            with self.form["seed"].changed.blocked():
                self.form["seed"].value = random.randrange(SEEDS)
        super()._start()

    def _show(self, results: dict[str, SpatialArray], keep: bool = False) -> None:
        super()._show(results, keep)
        if isinstance(self._made, Image) and not self._made.rgb:
            self._made.reset_contrast_limits()  # another brightness was asked for

    def _end(self, job: Job, text: str) -> None:
        super()._end(job, text)
        if self._again and self._waiting is not None:
            self._again = False
            self._waiting.start()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        self._again = False
        super().release()
