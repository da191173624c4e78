# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Put labels in order after a segmentation.

A threshold joins what touches, keeps specks and objects that the border cuts off,
and leaves rough outlines. Each step takes labels and returns labels, and the recipe
of the last one holds them all. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import coins

image = coins()
found = labels = run("threshold", image, sigma=0, min_size=0)
steps = {
    "fill_holes": {},
    "split_objects": {"h": 6},
    "filter_objects": {"min_size": 200, "border": False},
    "smooth_labels": {"sigma": 3},
}
print(f"{'threshold':<15} {found.data.max():>3} objects")
for name, given in steps.items():
    labels = run(name, labels, **given)
    print(f"{name:<15} {labels.data.max():>3} objects")
write("clean.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    place = {"scale": image.scale, "units": image.units}
    viewer.add_image(image.data, name="coins", **place)
    viewer.add_labels(found.data, name="threshold", visible=False, **place)
    viewer.add_labels(labels.data, name="clean", **place)
    napari.run()
