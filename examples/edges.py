# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Find the outlines of coins, fine or coarse.

The Sobel gradient is strong at every change of intensity. Canny's method thins it
to lines. More smoothing (sigma) keeps the outlines and drops the relief on the
coins. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.samples import coins

image = coins()
strength = run("gradient", image)
print(f"strongest gradient: {strength.data.max():.0f} grey levels per pixel")

edges = {}
for sigma in (1, 2, 4):
    edges[sigma] = run(
        "canny", image, sigma=sigma, low_threshold=0.8, high_threshold=0.9
    )
    print(f"sigma {sigma}: {edges[sigma].data.sum():>5} edge pixels")
write("coins_edges.png", edges[2])

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="coins")
    viewer.add_image(strength.data, name="gradient", visible=False)
    for sigma, lines in edges.items():
        viewer.add_labels(lines.data, name=f"canny {sigma}", visible=sigma == 2)
    napari.run()
