"""Drive the real viewer for pictures: open, click, wait, save."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "images"
SIZE = (1280, 800)
COLOURS = 128  # of the palette: enough for the eye, a third of the bytes


@contextmanager
def window() -> Iterator[Any]:
    """Open a viewer of the size of the pictures and close it."""
    import napari

    from napari_morphogen.worker import POOL

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    try:
        yield viewer
    finally:
        viewer.close()
        POOL.close()


def open_(viewer: Any, sample: str, name: str) -> Any:
    """Open a sample, if it has a name, and a dock, as a tab where there is one."""
    if sample:
        viewer.open_sample("napari-morphogen", sample)
    add = viewer.window.add_plugin_dock_widget
    _, dock = add("napari-morphogen", name, tabify=True)
    viewer.window.resize(*SIZE)
    linger(0.5)
    viewer.reset_view()
    return dock


def layer(viewer: Any, kind: str) -> Any:
    """Return the newest layer of a kind."""
    return next(one for one in reversed(viewer.layers) if type(one).__name__ == kind)


def tick(items: Any, name: str) -> None:
    """Check the entry of that name and no other."""
    from qtpy.QtCore import Qt

    for row in range(items.count()):
        item = items.item(row)
        chosen = item.text() == name
        item.setCheckState(getattr(Qt.CheckState, "Checked" if chosen else "Unchecked"))


def look(viewer: Any, centre: tuple[float, ...], zoom: float) -> None:
    """Move the view and enlarge it `zoom` times."""
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    camera.zoom *= zoom
    camera.center = centre


def run(viewer: Any, dock: Any) -> None:
    """Click Run and wait for the result."""
    count = len(viewer.layers)
    click(dock.run)
    wait(lambda: dock.run.enabled and len(viewer.layers) > count, dock.method.value)


def click(button: Any) -> None:
    """Click in the middle of a button or on the left of a check box."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    native = button.native
    at = QPoint(12, native.height() // 2)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=at)


def click_at(viewer: Any, layer: Any, pixel: Any) -> None:
    """Bring a pixel of a layer into the middle of the canvas and click on it."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    look(viewer, (0, *layer.data_to_world(pixel)), 1)
    linger(0.05)
    native = viewer.window._qt_viewer.canvas.native
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=native.rect().center())


def wait(until: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Let the window live until a condition holds."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        linger(0.02)


def linger(seconds: float) -> None:
    """Let the window live for a while."""
    from qtpy.QtTest import QTest

    QTest.qWait(int(seconds * 1000))


def shot(viewer: Any) -> Any:
    """Return the window as a picture."""
    from PIL import Image

    return Image.fromarray(viewer.screenshot(canvas_only=False, flash=False))


def save(viewer: Any, name: str) -> None:
    """Write the window as a small PNG."""
    from PIL import Image

    linger(1)
    shown = shot(viewer)
    rare = name == "evaluate"  # the colours of its legend are few pixels each
    way = Image.Quantize.MAXCOVERAGE if rare else Image.Quantize.MEDIANCUT
    small = shown.convert("RGB").quantize(COLOURS, method=way, dither=Image.Dither.NONE)
    kept = io.BytesIO()
    small.save(kept, "PNG", optimize=True)
    plain = ("preview", "time_lapse", "tutorial_")
    name = name if name.startswith(plain) else f"dock_{name}"
    path = FOLDER / f"{name}.png"
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(kept.getvalue())
    print(f"{path.name}: {shown.size}, {len(kept.getvalue()) / 1000:.0f} kB")
