# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Ask how much of touching cells a method separates, on images that are exactly known.

Synthetic cells come with the labels that are right, so nobody has to draw them. The
share of cells that touch is turned up, and two methods are scored. Run with --show to
see the last image in napari.
"""

import sys

from napari_morphogen import run
from napari_morphogen.evaluate import object_scores
from napari_morphogen.pipeline import run_all

METHODS = {
    "threshold": {"sigma": 1, "separate": True},
    "watershed": {"sigma": 1, "h": 1.5},
}

for touching in (0.0, 0.5, 1.0):
    made = run_all("synthetic_cells", touching=touching, pixel_size=0.5, seed=1)
    words = []
    for name, given in METHODS.items():
        found = run(name, made["image"], **given)
        scores = object_scores(found.data, made["labels"].data)
        words.append(f"{name} merges {scores.merged}")
    print(f"{touching:.0%} touch: {', '.join(words)} of 40 cells")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(made["image"].data, scale=made["image"].scale)
    viewer.add_labels(made["labels"].data, scale=made["labels"].scale)
    napari.run()
