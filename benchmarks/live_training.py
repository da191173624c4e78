"""Training beside the viewer: how soon something is seen, and what it costs.

    python benchmarks/live_training.py [--quick]

Needs a screen; on Linux without one put sh tests/screen.sh in front.

A 512 x 512 image is painted and trained on in the Train dock. Printed: seconds from
the click to the first prediction on screen; from a new stroke to the next prediction,
which has learnt from it; the longest time in which the window did not respond while
training (without the first Labels layer of a napari session, for which napari itself
takes about a second), of all of it and without the end, where layers are added; steps
per second in the dock over those of the bare loop, in turns; seconds to predict
2048 x 2048 with the usual network. The window has its size and napari its settings
from here, not from what was used on this machine before.
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

SIDE, LARGE = 512, 2048
TICK_MS = 5
WINDOW = (1500, 950)


def discs(side: int) -> tuple[Any, Any]:
    """Return discs on noise and strokes on every 40th row."""
    rng = np.random.default_rng(0)
    y, x = np.indices((side, side))
    inside = np.zeros((side, side), bool)
    for row, column in rng.uniform(0, side, (side * side // 4000, 2)):
        inside |= np.hypot(y - row, x - column) < 14
    painted = np.zeros((side, side), np.uint8)
    painted[20::40] = 1 + inside[20::40]
    image = rng.normal(0, 0.3, (side, side)) + inside
    return image.astype(np.float32), painted


def bare(image: Any, painted: Any, seconds: float) -> float:
    """Return steps per second of the loop alone."""
    from napari_morphogen.nn.options import Options
    from napari_morphogen.nn.train import Budget
    from napari_morphogen.nn.training import Training

    training = Training([image], [painted], options=Options(task="semantic"))
    *_, last = training.run(Budget(seconds=seconds))
    return float(last.progress.step / last.progress.seconds)


class Window:
    """The viewer with the dock, and how long it did not respond."""

    def __init__(self, image: Any, painted: Any) -> None:
        import napari
        from qtpy.QtCore import QTimer

        self.viewer = napari.Viewer()
        self.viewer.add_image(image)
        self.strokes = self.viewer.add_labels(painted, name="strokes")
        name = "napari-morphogen"
        _, self.dock = self.viewer.window.add_plugin_dock_widget(name, "Train")
        self.viewer.window.resize(*WINDOW)
        self.last, self.gaps = time.monotonic(), [0.0]
        self.timer = QTimer()
        self.timer.setInterval(TICK_MS)
        self.timer.timeout.connect(self._tick)
        self.timer.start()

    def _tick(self) -> None:
        now = time.monotonic()
        self.gaps.append(now - self.last)
        self.last = now

    def wait(self, until: Any, seconds: float = 120) -> float:
        """Let the window live until something holds; return how long it took."""
        from qtpy.QtTest import QTest

        start = time.monotonic()
        while not until() and time.monotonic() - start < seconds:
            QTest.qWait(TICK_MS)
        return time.monotonic() - start

    def made(self) -> Any:
        name = "image network_classes"
        return self.viewer.layers[name] if name in self.viewer.layers else None

    def train(self, budget: str) -> float:
        """Press Train; return the seconds until a prediction is seen."""
        self.dock.budget.value = budget
        self.dock.start.value = "a new network"
        before = None if self.made() is None else self.made().data.copy()
        self.dock.run.native.click()
        return self.wait(
            lambda: (
                self.made() is not None
                and (before is None or not np.array_equal(before, self.made().data))
            )
        )

    def correct(self) -> float:
        """Paint a stroke; return the seconds until the prediction changes."""
        before = self.made().data.copy()
        self.strokes.paint((SIDE // 2, SIDE // 2), 2)
        return self.wait(lambda: not np.array_equal(before, self.made().data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one turn")
    given = parser.parse_args()
    with TemporaryDirectory() as home:
        os.environ["NAPARI_CONFIG"] = str(Path(home, "napari.yaml"))
        measure(turns=1 if given.quick else 3)


def measure(turns: int) -> None:
    """Train several times in one window and print what was measured."""
    image, painted = discs(SIDE)
    window = Window(image, painted)
    window.wait(lambda: False, 8)  # a person paints meanwhile
    ratios, firsts, corrections, longest, learning = [], [], [], [], []
    for _ in range(turns):
        alone = bare(image, painted, 15)
        firsts.append(window.train("20 s"))
        window.wait(lambda: False, 3)
        window.gaps = [0.0]
        corrections.append(window.correct())
        window.wait(lambda: window.dock.last.done)
        learning.append(max(window.gaps))
        window.wait(lambda: window.dock.run.text == "Train")
        longest.append(max(window.gaps))
        words = window.dock.last
        ratios.append(words.step / words.seconds / alone)
    print(f"first prediction   {np.median(firsts):6.1f} s  (slowest {max(firsts):.1f})")
    print(f"after a correction {np.median(corrections):6.1f} s")
    print(f"longest gap        {1000 * max(longest):6.0f} ms")
    print(f"  before the end   {1000 * max(learning):6.0f} ms")
    print(f"throughput         {np.median(ratios):6.2f} of the bare loop")
    with TemporaryDirectory() as folder:
        from napari_morphogen import run

        model = Path(folder, "m.morphogen")
        window.dock.save_model(model)
        large = np.tile(image, (LARGE // SIDE, LARGE // SIDE))
        start = time.perf_counter()
        run("network_classes", large, model=str(model))
        print(f"{LARGE} x {LARGE} in      {time.perf_counter() - start:6.1f} s")
    window.viewer.close()


if __name__ == "__main__":
    main()
