# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Write down how a result was made, and make it again.

Every result carries its recipe. Saved as JSON it gives the same labels, bit for
bit, and it can be applied to other images. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import recipe, replay, run, write
from napari_morphogen.samples import coins

image = coins()
labels = run(
    "threshold", image, rule="local", sigma=2, level=15, block_size=101, min_size=150
)
recipe.save("coins.json", labels.metadata["morphogen"])

steps = recipe.load("coins.json")
again = replay(steps, image)
print("bit for bit the same:", bool((again.data == labels.data).all()))

upper = image.like(image.data[:150], name="upper half")
part = replay(steps, upper)
print(f"objects: {labels.data.max()}, in the upper half: {part.data.max()}")
write("upper_half.tif", part)
print(recipe.as_python(labels.metadata["morphogen"]))

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="coins")
    viewer.add_labels(labels.data, name="threshold")
    napari.run()
