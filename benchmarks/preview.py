"""How long the live preview takes, from a changed parameter to the new pixels.

In the real viewer, on a view of 1024 x 1024 pixels; medians. Linux without a screen:

    sh tests/screen.sh python benchmarks/preview.py
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

SIDE = 1024
REPEATS = 9
WINDOW = (1500, 950)
# family, method, parameter that is moved between two values
MOVES = (
    ("Edges", "gradient", "sigma", (1.0, 1.1)),
    ("Edges", "canny", "sigma", (1.0, 1.1)),
    ("Threshold", "threshold", "sigma", (1.0, 1.1)),
    ("Clustering", "kmeans", "n_clusters", (3, 4)),
    ("Watershed", "watershed", "sigma", (2.0, 2.1)),
    ("Enhance", "gaussian", "sigma", (1.0, 1.1)),
    ("Enhance", "median", "radius", (1.0, 1.5)),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["NAPARI_CONFIG"] = str(Path(home, "napari.yaml"))
        from qtpy.QtCore import QSettings

        ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
        QSettings.setPath(ini, user, home)
        print("| method | parameter | first [ms] | then, median [ms] |")
        print("|---|---|--:|--:|")
        for move in MOVES:
            first, later = measure(*move)
            print(f"| {move[1]} | {move[2]} | {first:.0f} | {later:.0f} |", flush=True)


def measure(
    family: str, method: str, name: str, values: tuple[Any, Any]
) -> tuple[float, float]:
    """Return milliseconds of the first preview and the median of later ones."""
    import napari

    from napari_morphogen.worker import POOL

    viewer = napari.Viewer(show=True)
    viewer.add_image(image(), name="image")
    _, dock = viewer.window.add_plugin_dock_widget("napari-morphogen", family)
    dock.method.value = method
    viewer.window.resize(*WINDOW)
    linger(2)
    viewer.reset_view()
    camera = getattr(viewer, "scene", viewer).camera
    camera.zoom = (
        0.6  # all is in sight, and a pixel is more than half one of the screen
    )
    start = time.monotonic()
    dock.live.value = True
    until(lambda: "preview" in viewer.layers)
    first = (time.monotonic() - start) * 1000
    times = []
    for i in range(REPEATS):
        linger(0.3)
        shown = viewer.layers["preview"]
        before = shown.data
        start = time.monotonic()
        dock.form[name].value = values[(i + 1) % 2]
        until(lambda s=shown, b=before: s.data is not b)
        times.append((time.monotonic() - start) * 1000)
    assert shown.data.shape == (SIDE, SIDE), shown.data.shape
    dock.close()
    viewer.close()
    POOL.close()
    return first, statistics.median(times)


def image() -> np.ndarray[Any, Any]:
    """Return bright blobs in noise, 8 bit."""
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 6)
    noisy = blobs / blobs.std() + 0.3 * rng.normal(size=blobs.shape)
    return np.clip(60 * noisy + 90, 0, 255).astype(np.uint8)


def until(condition: Any, seconds: float = 60) -> None:
    """Let the window live until a condition holds."""
    from qtpy.QtTest import QTest

    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        QTest.qWait(2)


def linger(seconds: float) -> None:
    """Let the window live for a while."""
    from qtpy.QtTest import QTest

    QTest.qWait(int(seconds * 1000))


if __name__ == "__main__":  # worker processes import this file too
    main()
