# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Find the bricks of a wall: edges, straight lines, regions between them.

Canny's edges vote for straight lines (Hough); the lines are barriers that a flood
does not cross, never the places it starts from. `line_regions` does it all; the
same in steps lets you correct the lines by hand in between. --show opens napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import bricks

image = bricks()
edges = {"low_threshold": 0.75, "high_threshold": 0.88}
lines = {"min_length": 18, "max_gap": 5, "count": 500}
canny = run("canny", image, sigma=2, **edges)
found = run("hough_lines", image, edges=canny, **lines)
print(f"{len(found.data)} lines")
write("brick_lines.csv", found)

floods = run("watershed", image, barriers=found, foreground="all", h=2, min_size=100)
print(f"{floods.data.max()} regions in steps")

labels = run("line_regions", image, **edges, **lines, extend=4)
print(f"{labels.data.max()} regions at once")
write("bricks.tif", labels)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="bricks")
    viewer.add_labels(labels.data, name="line_regions", opacity=0.4)
    viewer.add_shapes(found.data, shape_type="line", edge_color="yellow", name="lines")
    napari.run()
