"""Segment a sample by every method: a table, files, a contact sheet, a viewer.

Run it as ``python examples/demo.py``; without a screen it does all but open napari.
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

from napari_morphogen import METHODS, SpatialArray, run, write
from napari_morphogen.samples import coins

SETTINGS = {
    "threshold": {"rule": "local", "level": 15, "block_size": 101, "min_size": 150},
    "canny": {"sigma": 2},
    "watershed": {"sigma": 2, "h": 3, "min_size": 100},
}


def picture(image: SpatialArray, result: SpatialArray, title: str) -> Image.Image:
    grey = rescale_intensity(image.data.astype(float), out_range=(0, 1))
    made = rescale_intensity(result.data.astype(float), out_range=(0, 1))
    labels = np.issubdtype(result.data.dtype, np.integer)
    shown = label2rgb(result.data, grey, bg_label=0) if labels else made
    tile = Image.fromarray(img_as_ubyte(np.clip(shown, 0, 1))).convert("RGB")
    ImageDraw.Draw(tile).text((6, 4), title, fill="white", stroke_width=1)
    return tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-results"))
    parser.add_argument("--no-viewer", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    image, results, tiles = coins(), [], []
    write(given.out / "coins.tif", image)
    print(f"{'method':<12} {'objects':>8} {'seconds':>8}")
    for method in METHODS:
        start = time.perf_counter()
        result = run(method.name, image, **SETTINGS.get(method.name, {}))
        seconds = time.perf_counter() - start
        count = result.data.max() if method.makes == "labels" else "-"
        print(f"{method.name:<12} {count!s:>8} {seconds:>8.2f}")
        write(given.out / f"coins_{method.name}.tif", result)
        tiles.append(picture(image, result, method.name))
        results.append((result, method.makes))

    width, height = tiles[0].size
    rows = -(-len(tiles) // 3)
    sheet = Image.new("RGB", (3 * width, rows * height))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % 3 * width, number // 3 * height))
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
        add = viewer.add_labels if makes == "labels" else viewer.add_image
        add(result.data, name=result.name, visible=result.name.endswith("watershed"))
    for dock in ("Watershed", "Clustering", "Edges", "Threshold"):
        viewer.window.add_plugin_dock_widget("napari-morphogen", dock, tabify=True)
    napari.run()


if __name__ == "__main__":
    main()
