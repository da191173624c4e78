"""Segment a sample by every method: a table, files, a contact sheet, a viewer.

Run it as ``python docs/demo.py``; without a screen it does all but open napari.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage.color import label2rgb
from skimage.exposure import rescale_intensity
from skimage.util import img_as_ubyte

from napari_morphogen import METHODS, SpatialArray, run, samples, write

SETTINGS = {
    "threshold": {"rule": "local", "level": 15, "block_size": 101, "min_size": 150},
    "canny": {"sigma": 2},
    "edge_regions": {"sigma": 2, "border": False, "min_size": 200},
    "geodesic_contour": {"min_size": 300},
    "watershed": {"sigma": 2, "h": 3, "min_size": 100},
    "texture_sgd": {"steps": 5},
}
COLUMNS = 5
STEPS = 60  # that networks learn, which takes most of the time


def picture(result: SpatialArray, makes: str, title: str) -> Image.Image:
    grey = rescale_intensity(samples.coins().data.astype(float), out_range=(0, 1))
    shown = grey
    if makes == "labels":
        shown = label2rgb(result.data, grey, bg_label=0)
    elif makes != "shapes":
        data = result.data[-1] if makes == "channels" else result.data
        shown = rescale_intensity(data.astype(float), out_range=(0, 1))
    tile = Image.fromarray(img_as_ubyte(np.clip(shown, 0, 1))).convert("RGB")
    draw = ImageDraw.Draw(tile)
    for corners in result.data if makes == "shapes" else ():
        ends = [tuple(map(float, corner[::-1])) for corner in (corners[0], corners[-1])]
        if len(corners) == 2:
            draw.line(ends, fill="yellow", width=2)
        else:
            (top, right), (bottom, left) = corners.min(axis=0), corners.max(axis=0)
            draw.ellipse((right, top, left, bottom), outline="yellow", width=2)
    draw.text((6, 4), title, fill="white", stroke_width=1)
    return tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-results"))
    parser.add_argument("--no-viewer", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    image, results, tiles = samples.coins(), [], []
    write(given.out / "coins.tif", image)
    print(f"{'method':<20} {'objects':>8} {'seconds':>8}")
    for method in METHODS:
        start = time.perf_counter()
        words = SETTINGS.get(method.name, {}) | samples.needed(method.function, STEPS)
        if method.takes:
            source = samples.coin_labels() if method.takes == "labels" else image
            result = run(method.name, source, **words)
        else:  # made from parameters alone
            height, width = image.data.shape
            result = run(method.name, height=height, width=width, **words)
        seconds = time.perf_counter() - start
        count = "-"
        if method.makes in ("labels", "shapes"):
            count = result.data.max() if method.makes == "labels" else len(result.data)
        print(f"{method.name:<20} {count!s:>8} {seconds:>8.2f}", flush=True)
        ending = "csv" if method.makes == "shapes" else "tif"
        write(given.out / f"coins_{method.name}.{ending}", result)
        tiles.append(picture(result, method.makes, method.name))
        results.append((result, method.makes))

    width, height = tiles[0].size
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * width, number // COLUMNS * height))
    sheet.save(given.out / "contact_sheet.png")
    print(f"Results and contact_sheet.png are in {given.out.resolve()}.")

    screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY")
    if given.no_viewer or not (screen or os.environ.get("WAYLAND_DISPLAY")):
        print("No viewer is opened: there is no screen, or none was wanted.")
        return
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="coins")
    for result, makes in results:
        if makes != "shapes":
            add = viewer.add_labels if makes == "labels" else viewer.add_image
            add(result.data, name=result.name, visible=result.name == "coins watershed")
    for dock in ("Watershed", "Examples", "Clustering", "Edges", "Threshold"):
        viewer.window.add_plugin_dock_widget("napari-morphogen", dock, tabify=True)
    napari.run()


if __name__ == "__main__":
    main()
