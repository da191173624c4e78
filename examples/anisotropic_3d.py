# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Segment a volume whose planes are further apart than its rows.

Distances and smoothing use the pixel size of the image. Without it, the planes seem
as close as the rows, and touching spheres stay joined. Run with --show to see it in
napari.
"""

import sys

import numpy as np

from napari_morphogen import run, write
from napari_morphogen.samples import spheres

image = spheres()
print(f"voxel: {image.spacing} {image.units[0]}")
labels = run("watershed", image, h=0.5, min_size=50)
flat = run("watershed", image, h=0.5, min_size=50, spacing=(1, 1, 1))
print(f"with the pixel size:    {labels.data.max()} objects")
print(f"without the pixel size: {flat.data.max()} objects")

volumes = np.bincount(labels.data.ravel())[1:] * np.prod(image.spacing)
print(f"median volume: {np.median(volumes):.0f} cubic {image.units[0]}s")
write("spheres.ome.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer(ndisplay=3)
    place = {"scale": image.scale, "units": image.units}
    viewer.add_image(image.data, name="spheres", **place)
    viewer.add_labels(labels.data, name="watershed", **place)
    napari.run()
