# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Draw a new wall of bricks like an example, and say how much of it is copied.

A forest draws it from coarse to fine; the slider of variety decides between many bricks
that look alike and few that are right. Run with --show to see the walls in napari.
"""

import sys

from napari_morphogen import write
from napari_morphogen.pipeline import run_all
from napari_morphogen.samples import bricks

wall = bricks()
small = wall.like(wall.data[:96, :96])
made = {}
for variety in (0.0, 0.5):
    found = run_all("texture_forest", small, variety=variety, seed=1)
    print(f"variety {variety}: {found['figures'][()]}")
    made[variety] = found["image"]
write("wall.tif", made[0.5])

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(small.data, name="example")
    for variety, found in made.items():
        viewer.add_image(found.data, name=f"variety {variety}")
    napari.run()
