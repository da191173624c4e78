"""DBSCAN on pixels beside scikit-learn: speed, equal labels, memory, growth.

The ratio is that of medians of interleaved runs with the same eps and min_samples;
scikit-learn gets its table of features ready-made. Memory is how much the peak of a
fresh process grows during the call, its result included.

    python benchmarks/dbscan.py [--quick]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["MORPHOGEN_NUMBA"] = "now"

import numpy as np
from scipy import ndimage

from napari_morphogen.segment.dbscan import dbscan

GIVEN = {"eps": 2.5, "min_samples": 12}
PLAIN = {"contrast": 5.0, "sigma": 0.0, "min_size": 0}
SIDES = (256, 512, 1024, 2048, 4096)


def blobs(shape: tuple[int, ...]) -> np.ndarray:
    """Return regions of two intensities with noise, 8 bits."""
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 8)
    noise = rng.normal(60, 8, shape).astype(np.float32)
    return np.clip((smooth > 0) * np.float32(100) + noise, 0, 255).astype(np.uint8)


def table(image: np.ndarray) -> np.ndarray:
    """Return the points that `dbscan` clusters: positions and scaled intensities."""
    grey = image.astype(float) - image.min()
    scaled = (grey / np.ptp(image) * (100 / PLAIN["contrast"])).astype(np.float32)
    places = np.indices(image.shape).reshape(image.ndim, -1)
    return np.vstack([places, scaled.reshape(1, -1)]).T


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def beside_sklearn(side: int, repeats: int) -> None:
    from sklearn.cluster import DBSCAN

    image = blobs((side, side))
    points, model = table(image), DBSCAN(**GIVEN)
    expected = model.fit(points).labels_.reshape(image.shape) + 1
    same = np.array_equal(dbscan(image, **GIVEN, **PLAIN), expected)
    theirs, ours = [], []
    for _ in range(repeats):
        theirs.append(seconds(lambda: model.fit(points)))
        ours += [seconds(lambda: dbscan(image, **GIVEN, **PLAIN)) for _ in range(3)]
    a, b = statistics.median(theirs), statistics.median(ours)
    labels = "equal" if same else "DIFFERENT"
    print(
        f"| {side} x {side} | {a:.3f} s | {b * 1e3:.1f} ms | {a / b:.0f} | {labels} |"
    )


def growth(shape: tuple[int, ...]) -> None:
    code = f"""
import resource, sys, time
sys.path.insert(0, {sys.path[0]!r})
from dbscan import GIVEN, PLAIN, blobs, dbscan
image = blobs({shape})
for small in ((300, 300), (12, 90, 90)):
    dbscan(blobs(small), **GIVEN, **PLAIN)
open("/proc/self/clear_refs", "w").write("5")
def peak():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
before = peak()
start = time.perf_counter()
dbscan(image, **GIVEN, **PLAIN)
took = time.perf_counter() - start
print(took, peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    took, memory = map(float, done.stdout.split())
    name, each = " x ".join(map(str, shape)), took / np.prod(shape) * 1e9
    print(f"| {name} | {took * 1e3:.0f} ms | {each:.0f} ns | {memory:.0f} MiB |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="small images, one run")
    quick = parser.parse_args().quick
    dbscan(blobs((300, 300)), **GIVEN)  # compiles or loads the kernels
    print("| image | scikit-learn | here | ratio | labels |\n|---|---|---|---|---|")
    for side in (256,) if quick else (256, 512):
        beside_sklearn(side, 1 if quick else 3)
    print("\n| image | time | per pixel | peak grows by |\n|---|---|---|---|")
    for side in SIDES[:2] if quick else SIDES:
        growth((side, side))
    if not quick:
        growth((64, 512, 512))


if __name__ == "__main__":
    main()
