# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Let a contour shrink around coins, iteration by iteration.

A threshold fails here, because the background is brighter on one side. The geodesic
contour starts along the border of the image and shrinks until edges hold it; it
splits on its way. Every step tells the energy and can show the labels so far.
Run with --show to see the result in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import coins
from napari_morphogen.segment.contours import geodesic_contour

image = coins()
for step in geodesic_contour(image.data, min_size=300, iterations=300):
    if step.number % 60 == 0:
        print(f"{step.number:>4} iterations  {step.result().max():>3} objects")

labels = run("geodesic_contour", image, min_size=300)  # the last step of the same
write("coins_contours.tif", labels)
print(f"in the file      {labels.data.max():>3} objects")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="coins")
    viewer.add_labels(labels.data, name="contours")
    napari.run()
