"""The dock that applies trained networks."""

from pathlib import Path

from napari.components import ViewerModel

from napari_morphogen.model_files import task_of
from napari_morphogen.params import InputError
from napari_morphogen.plugin.dock import MethodDock
from napari_morphogen.plugin.shortcuts import add_shortcuts
from napari_morphogen.segment.models import METHOD_OF


class NetworkDock(MethodDock):
    """Objects, classes or boundaries by a network from a file."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer, "network")
        self.append(add_shortcuts(self.native, {"run": self.run}, self._viewer))

    def _parameter_changed(self) -> None:
        """Choose the method that the model was trained for."""
        path = self.form["model"].line_edit.value
        if path:
            try:
                method = METHOD_OF[task_of(Path(path))]
            except InputError as error:
                self._say(str(error))
                return
            if method != self.method.value:
                self.method.value = method
                self.form["model"].value = path
                return
        super()._parameter_changed()
