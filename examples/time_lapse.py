# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Segment a time lapse with two channels.

The axes t, c, y, x say what to do: every time point is segmented by itself, here in
channel 1. Numbers of objects are not linked over time. Run with --show to see it in
napari.
"""

import sys

from napari_morphogen import read, run, write
from napari_morphogen.samples import drifting

write("drifting.ome.zarr", drifting())
series = read("drifting.ome.zarr")  # lazy: nothing is loaded yet
labels = run("watershed", series, channel=1, h=1)
print(f"axes {series.axes} -> {labels.axes}, still lazy: {type(labels.data).__name__}")

write("discs.ome.zarr", labels)
seconds = series.scale[0]
for number, frame in enumerate(read("discs.ome.zarr").data):
    print(f"{number * seconds:>4.0f} s: {int(frame.max())} discs")

if "--show" in sys.argv:
    import napari

    place = {"scale": labels.scale, "units": labels.units}
    viewer = napari.Viewer()
    viewer.add_image(series.data[:, 1], name="channel 1", **place)
    viewer.add_labels(labels.data.compute(), name="discs", **place)
    napari.run()
