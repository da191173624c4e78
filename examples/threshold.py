# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Count coins on an uneven background.

One threshold for the whole image takes the bright corner of the background for
an object and loses the dim coins. A local threshold compares each pixel with its
surroundings and finds all 24. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import coins

image = coins()
for rule in ("otsu", "li", "triangle"):
    found = run("threshold", image, rule=rule, sigma=2, min_size=150)
    print(f"{rule:<8} {found.data.max():>3} objects")

labels = run(
    "threshold", image, rule="local", sigma=2, level=15, block_size=101, min_size=150
)
print(f"{'local':<8} {labels.data.max():>3} objects")
write("coins_threshold.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="coins")
    viewer.add_labels(labels.data, name="threshold")
    napari.run()
