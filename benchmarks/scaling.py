"""Images larger than memory: seconds, memory and equality, block by block.

Writes images of synthetic cells, tiled, into a folder of the user's choice and
segments them there. Every run is a process of its own, so that its peak of resident
memory is its own.

    python benchmarks/scaling.py FOLDER --sizes 4096 8192 16384
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TILE = 2048
CELLS = {"count": 2600, "radius": 12.0, "touching": 0.4, "shot_noise": True}


def written(folder: Path, size: int) -> Path:
    """Return an OME-Zarr image of `size` x `size` pixels, made if it is not there."""
    import dask.array as da

    from napari_morphogen import SpatialArray, read, run, write

    path = folder / f"cells{size}.ome.zarr"
    if path.exists():
        return path
    tiles = folder / "tiles.ome.zarr"
    if not tiles.exists():
        made = [
            run("synthetic_cells", height=TILE, width=TILE, seed=seed, **CELLS).data
            for seed in range(4)
        ]
        stack = np.clip(np.stack(made), 0, 65535).astype(np.uint16)
        write(tiles, SpatialArray(stack, "tyx"))
    stack = np.asarray(read(tiles).data)
    rng = np.random.default_rng(0)
    count = -(-size // TILE)
    rows = []
    for _ in range(count):
        picked = [stack[i] for i in rng.integers(0, len(stack), count)]
        turned = [
            np.rot90(tile, k)
            for tile, k in zip(picked, rng.integers(0, 4, count), strict=True)
        ]
        rows.append([da.from_array(tile.copy(), chunks=1024) for tile in turned])
    image = da.block(rows)[:size, :size]
    micrometres = {"scale": (0.5, 0.5), "units": ("micrometer",) * 2}
    return write(path, SpatialArray(image, "yx", **micrometres))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[4096, 8192])
    parser.add_argument("--method", default="watershed")
    parser.add_argument("--model", default="", help="a network, instead of a method")
    parser.add_argument("--workers", type=int, nargs="+", default=[0])
    parser.add_argument("--child", nargs=3, metavar=("HOW", "SOURCE", "TARGET"))
    given = parser.parse_args()
    if given.child:
        _child(*given.child, given)
        return
    given.folder.mkdir(exist_ok=True)
    print("| run | pixels | seconds | Mpx/s | peak MB | objects |")
    print("|---|---|---|---|---|---|")
    for size in given.sizes:
        source = written(given.folder, size)
        if size == min(given.sizes):
            _row("in memory", "whole", source, size, given)
        for workers in given.workers:
            name = f"{workers} workers" if workers else "blocks"
            _row(name, str(workers), source, size, given)


def _row(
    name: str, how: str, source: Path, size: int, given: argparse.Namespace
) -> None:
    target = given.folder / f"out-{how}-{size}.ome.zarr"
    shutil.rmtree(target, ignore_errors=True)
    words = [sys.executable, __file__, str(given.folder), "--method", given.method]
    words += ["--model", given.model, "--child", how, str(source), str(target)]
    found = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    made = json.loads(found.splitlines()[-1])
    speed = size * size / made["seconds"] / 1e6
    print(
        f"| {name} | {size} x {size} | {made['seconds']:.1f} | {speed:.1f} "
        f"| {made['peak']:.0f} | {made['objects']} |",
        flush=True,
    )


def _child(how: str, source: str, target: str, given: argparse.Namespace) -> None:
    from napari_morphogen import fast, read, run, write
    from napari_morphogen.pipeline import plan
    from napari_morphogen.scale.compute import computing
    from napari_morphogen.scale.large import in_blocks

    fast.prepare()
    values = {"sigma": 2.0} if not given.model else {"model": given.model}
    method = "network_objects" if given.model else given.method
    if how == "whole":
        image = read(source)
        start = time.perf_counter()
        image = image.like(np.asarray(image.data))
        write(target, run(method, image, **values))
    else:
        with computing(workers=int(how)) as compute:
            start = time.perf_counter()
            for _ in in_blocks(
                plan(method, read(source), **values), target, compute=compute
            ):
                pass
    seconds = time.perf_counter() - start
    usage = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    usage.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    made = {
        "seconds": seconds,
        "peak": max(usage) / 1e3,
    }  # before looking at the result
    made["objects"] = int(read(target).data.max().compute())
    print(json.dumps(made))


if __name__ == "__main__":
    main()
