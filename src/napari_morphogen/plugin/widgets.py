"""The docks named in the manifest; napari passes the viewer to classes only."""

from napari.viewer import Viewer

from napari_morphogen.plugin.dock import MethodDock


class ThresholdDock(MethodDock):
    """Foreground by a threshold on intensity."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "threshold")


class EdgesDock(MethodDock):
    """Edges by gradient filters and non-maximum suppression."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "edges")


class ContoursDock(MethodDock):
    """Regions and edges that move down the slope of an energy."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "contours")


class ClusteringDock(MethodDock):
    """Classes of pixels by clustering their values."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "clustering")


class WatershedDock(MethodDock):
    """Touching objects separated by flooding."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "watershed")


class CleanupDock(MethodDock):
    """Labels made tidy: small objects, holes, outlines, cuts and joins."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "cleanup")


class EnhanceDock(MethodDock):
    """Images made ready: noise, background, contrast, blur."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, "enhance")
