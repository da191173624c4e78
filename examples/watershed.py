# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Separate discs that touch.

A threshold joins touching discs into one object. The watershed floods the distance
to the background from its centres and cuts where the floods meet. `h` says how
deep the valley between two centres must be. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import drifting

series = drifting()
image = series.like(series.data[3, 0], "yx")  # one time point, one channel
joined = run("threshold", image)
print(f"threshold        {joined.data.max():>3} objects")
for h in (3, 1, 0.5):
    labels = run("watershed", image, h=h)
    print(f"watershed h={h:<4} {labels.data.max():>3} objects")
write("discs.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    place = {"scale": image.scale, "units": image.units}
    viewer.add_image(image.data, name="discs", **place)
    viewer.add_labels(joined.data, name="threshold", visible=False, **place)
    viewer.add_labels(labels.data, name="watershed", **place)
    napari.run()
