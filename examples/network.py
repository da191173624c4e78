# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer,networks]"]
# ///
"""Train a network on a few strokes for some seconds, and apply it.

The network learns from the painted pixels alone. Its model goes into one file, which
the Network dock and `morphogen predict` apply to other images. Run with --show to see
it in napari.
"""

import sys

from napari_morphogen import run, write
from napari_morphogen.learning import Settings, learn, lesson
from napari_morphogen.samples import coin_strokes, coins

settings = Settings(task="semantic", seconds=8, seed=1)
lessons = [lesson(coins(), coin_strokes(), settings, "coins.morphogen")]
for report in learn(lessons, settings, "coins.morphogen"):
    print(f"\rstep {report.step}, loss {report.loss:.3f}", end="")
classes = run("network_classes", coins(), model="coins.morphogen")
print(f"\n{(classes.data == 1).mean():.0%} of the pixels are coins")
write("coins_classes.tif", classes)

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(coins().data, name="coins")
    viewer.add_labels(coin_strokes().data, name="strokes")
    viewer.add_labels(classes.data, name="classes")
    napari.run()
