# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Segment an OME-Zarr block by block, as one larger than memory is.

Objects across the borders of blocks stay whole. A run that was stopped goes on with
the next block. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import read, run, write
from napari_morphogen.pipeline import plan, run_all
from napari_morphogen.scale.large import in_blocks

made = run_all("synthetic_cells", height=512, width=512, count=150, seed=4)
write("cells.ome.zarr", made["image"])
image = read("cells.ome.zarr")  # lazy: nothing is loaded yet

todo = plan("watershed", image, sigma=2)
for progress in in_blocks(todo, "labels.ome.zarr", sides=(128,)):
    print(f"\r{progress.stage}: {progress.done} of {progress.total}   ", end="")
labels = read("labels.ome.zarr")
whole = run("watershed", made["image"], sigma=2)
print(f"\nin blocks {int(labels.data.max())} cells, as a whole {whole.data.max()}")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="cells")
    viewer.add_labels(labels.data.compute(), name="labels")
    napari.run()
