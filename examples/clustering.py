# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Split stained tissue into classes by colour.

k-means uses the three colours together. The darkest class is the brown stain, the
brightest the empty background. Run with --show to see it in napari.
"""

import sys

import numpy as np

from napari_morphogen import run, write
from napari_morphogen.samples import tissue

image = tissue()
labels = run("kmeans", image, n_clusters=3, sigma=1, seed=0)
for number in range(1, labels.data.max() + 1):
    inside = labels.data == number
    colour = np.round(image.data[inside].mean(axis=0)).astype(int)
    print(f"class {number}: {inside.mean():5.1%} of the image, mean RGB {colour}")
write("tissue_classes.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="tissue", rgb=True)
    viewer.add_labels(labels.data, name="kmeans", opacity=0.4)
    napari.run()
