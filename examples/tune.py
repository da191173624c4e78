# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Let the method and its settings be found, given a few labelled objects.

Each candidate is scored against the reference; the table shows the best of every
method. Run with --show to see the winner's labels in napari.
"""

import sys

from napari_morphogen import write
from napari_morphogen.samples import coin_labels, coins
from napari_morphogen.tuning import Options, applied, tune

options = Options(methods=("threshold", "watershed"), trials=6)
*_, ranking = tune([coins()], [coin_labels()], options)
for row in ranking.rows:
    print(f"{row.score:.2f} ± {row.error:.2f}  {row.candidate.text}")

labels = applied(ranking.best.candidate, coins())
write("coins_tuned.tif", labels)
print(f"{labels.data.max()} coins by the first of them")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(coins().data, name="coins")
    viewer.add_labels(labels.data, name="tuned")
    napari.run()
