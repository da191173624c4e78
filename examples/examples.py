# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Tell kinds of tissue apart by a few painted strokes.

Every class gets a short stroke of its own number. The method learns what the pixels
under the strokes and their surroundings look like and finds the rest. It also says
where it is least certain: the best place for the next stroke. Run with --show to
see it in napari.
"""

import sys

import numpy as np
from skimage import data

from napari_morphogen import as_spatial, write
from napari_morphogen.pipeline import run_all
from napari_morphogen.segment.uncertainty import most_uncertain

image = as_spatial(data.immunohistochemistry(), "yxc")
strokes = np.zeros(image.data.shape[:2], np.int32)
strokes[150:154, 90:200] = 1  # gland: brown walls
strokes[260:264, 180:300] = 2  # the tissue between
strokes[350:354, 5:35] = 3  # nothing
for method in ("nearest_class", "random_forest"):
    found = run_all(method, image, strokes=strokes)
    shares = np.bincount(found["labels"].data.ravel(), minlength=4)[1:] / strokes.size
    place = most_uncertain(found["uncertainty"].data, strokes=strokes)
    print(f"{method:14} shares {shares.round(2)}, paint next near {place}")
write("tissue.tif", found["labels"])

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="tissue")
    viewer.add_labels(found["labels"].data, name="classes")
    napari.run()
