# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Prepare an image so that a plain threshold finds the objects.

The coins lie in uneven light: a threshold for the whole image misses the dark ones
and takes bright background for coins. Less noise and an even background help.
Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import coins

image = coins()
clear = run("denoise_nl_means", image)
flat = run("subtract_background", clear, estimate="top-hat", radius=40)
for name, prepared in {
    "as it is": image,
    "denoised": clear,
    "even light": flat,
}.items():
    labels = run("threshold", prepared, sigma=2, min_size=150)
    print(f"{name:<11} {labels.data.max():>3} objects (24 coins)")
write("even.tif", flat)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    place = {"scale": image.scale, "units": image.units}
    viewer.add_image(image.data, name="coins", **place)
    viewer.add_image(flat.data, name="even light", **place)
    viewer.add_labels(labels.data, name="threshold", **place)
    napari.run()
