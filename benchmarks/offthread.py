"""Where to compute beside a window: main thread, thread worker, or own process.

Every load runs plain (no viewer), in napari's thread worker with a viewer open,
and in the worker process of this package with a viewer open. Printed are the
throughput relative to the plain run and the longest gap between events of the
window, which also redraws four times a second as if a user panned.

    python benchmarks/offthread.py [--quick]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

THREAD, PROCESS = "napari thread worker", "worker process"


def filters(image: np.ndarray) -> Iterator[float]:
    from scipy import ndimage
    from skimage.filters import sobel

    start = time.perf_counter()
    for _ in range(10):
        sobel(ndimage.gaussian_filter(image, 2))
    yield time.perf_counter() - start


def jit_kernel() -> Callable[[Any, Any], None]:
    import numba

    @numba.njit(nogil=True)
    def kernel(image: Any, out: Any) -> None:
        for y in range(1, image.shape[0] - 1):
            for x in range(1, image.shape[1] - 1):
                across = image[y, x + 1] - image[y, x - 1]
                down = image[y + 1, x] - image[y - 1, x]
                out[y, x] = (across * across + down * down) ** 0.5

    return kernel


def numba_run(image: np.ndarray) -> Iterator[float]:
    kernel, out = jit_kernel(), np.zeros_like(image)
    kernel(image[:8, :8], out)
    start = time.perf_counter()
    for _ in range(100):
        kernel(image, out)
    yield time.perf_counter() - start


def numba_compile(image: np.ndarray) -> Iterator[float]:
    import numba  # noqa: F401

    start = time.perf_counter()
    for _ in range(4):
        kernel = jit_kernel()
        kernel(image[:8, :8], image[:8, :8].copy())
    yield time.perf_counter() - start


def forest(image: np.ndarray) -> Iterator[float]:
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    samples, classes = rng.random((20_000, 20)), rng.integers(0, 3, 20_000)
    start = time.perf_counter()
    RandomForestClassifier(20, max_depth=10, random_state=0).fit(samples, classes)
    yield time.perf_counter() - start


def training(image: np.ndarray, threads: int = 0) -> Iterator[float]:
    import torch
    from torch import nn

    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for wide, out in ((1, 16), (16, 32), (32, 32), (32, 16)):
        layers += [nn.Conv2d(wide, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Conv2d(16, 2, 1))
    optimiser = torch.optim.AdamW(model.parameters())
    batch = torch.from_numpy(image[:256, :512].copy()).reshape(8, 1, 128, 128)
    target = (batch[:, 0] > 0.5).long()
    start = time.perf_counter()
    for _ in range(20):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(batch), target).backward()
        optimiser.step()
    seconds = time.perf_counter() - start
    torch.set_num_threads(before)
    yield seconds


def training_one_less(image: np.ndarray) -> Iterator[float]:
    yield from training(image, max(1, (os.cpu_count() or 2) - 1))


def import_torch(image: np.ndarray) -> Iterator[float]:
    start = time.perf_counter()
    import torch  # noqa: F401

    yield time.perf_counter() - start


LOADS = {
    "2048² Gaussian + Sobel, 10 times": filters,
    "numba kernel without GIL, 100 times": numba_run,
    "numba compilation, 4 times": numba_compile,
    "random forest fit": forest,
    "CNN training, 20 steps": training,
    "the same, one thread less": training_one_less,
    "import torch": import_torch,
}


def image() -> np.ndarray:
    return np.random.default_rng(0).random((2048, 2048)).astype(np.float32)


def plain(load: Callable[[np.ndarray], Iterator[float]]) -> dict[str, float]:
    return {"seconds": next(load(image()))}


def beside_a_window(
    load: Callable[[np.ndarray], Iterator[float]], place: str
) -> dict[str, float]:
    """Run one load with a viewer open; return its seconds and the event gaps."""
    import napari
    from napari.qt.threading import create_worker
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    from napari_morphogen.plugin.jobs import Job
    from napari_morphogen.worker import POOL

    data = image()
    viewer = napari.Viewer()
    # small: a screen without a GPU draws on the same cores that are measured
    viewer.window._qt_window.resize(640, 480)
    viewer.add_image(data[:256, :256], contrast_limits=(0, 1))
    POOL.warm()
    beats: list[float] = []
    found: list[float] = []
    beat, pan = QTimer(), QTimer()
    beat.timeout.connect(lambda: beats.append(time.perf_counter()))
    camera = viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera
    pan.timeout.connect(lambda: setattr(camera, "zoom", camera.zoom * 1.001))
    beat.start(5)
    pan.start(250)
    _spin(QApplication, 1.5)  # let the window draw and the child start
    beats.clear()
    if place == THREAD:
        job = create_worker(load, data)
        job.yielded.connect(found.append)
        job.start()
    elif place == PROCESS:
        job = Job(load, data)
        job.item.connect(found.append)
        job.start()
    else:
        _spin(QApplication, 2)
        found.append(0.0)
    while not found:
        _spin(QApplication, 0.005)
    gaps = np.diff(beats)
    viewer.close()
    POOL.close()
    return {
        "seconds": found[0],
        "gap": float(gaps.max() * 1000),
        "p99": float(np.percentile(gaps, 99) * 1000),
    }


def _spin(application: Any, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.0005)


def measured(load: str, place: str) -> dict[str, float]:
    """Measure in a fresh process, so that first use costs what it costs."""
    call = [sys.executable, "-W", "ignore", __file__, "--one", load, place]
    where = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=where)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def report(repeats: int) -> None:
    places = ("plain", THREAD, PROCESS)
    print("| load | place | throughput | longest gap [ms] | 99 % of gaps below [ms] |")
    print("|---|---|--:|--:|--:|")
    idle = [measured("import torch", "idle") for _ in range(repeats)]
    print(f"| none | idle window | | {_median(idle, 'gap'):.0f} | {_p99(idle)} |")
    for load in LOADS:
        runs: dict[str, list[dict[str, float]]] = {place: [] for place in places}
        for _ in range(repeats):  # interleaved, so that drift meets all places
            for place in places:
                runs[place].append(measured(load, place))
        base = _median(runs["plain"], "seconds")
        for place in places[1:]:
            ratio = base / _median(runs[place], "seconds")
            gap = _median(runs[place], "gap")
            print(
                f"| {load} | {place} | {ratio:.2f} | {gap:.0f} | {_p99(runs[place])} |"
            )


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _p99(runs: list[dict[str, float]]) -> str:
    return f"{_median(runs, 'p99'):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, not three")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is None:
        report(1 if given.quick else 3)
        return
    import offthread  # the child cannot find functions of __main__

    name, place = given.one
    load = offthread.LOADS[name]
    result = plain(load) if place == "plain" else beside_a_window(load, place)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
