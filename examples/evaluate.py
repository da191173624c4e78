# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer]"]
# ///
"""Score two segmentations against a truth, and see where they are wrong.

Cells are made with labels that are exactly right. A threshold joins those that touch;
the watershed parts them. Run with --show to see it in napari.
"""

import sys

from napari_morphogen import run
from napari_morphogen.evaluate import object_scores
from napari_morphogen.pipeline import run_all

made = run_all("synthetic_cells", count=60, touching=0.5, seed=2)
image, truth = made["image"], made["labels"]
results = {name: run(name, image) for name in ("threshold", "watershed")}

print(f"{'method':<10} {'objects':>7} {'F1':>5} {'merged':>6} {'split':>5} of 60 cells")
for name, found in results.items():
    scores = object_scores(found.data, truth.data)
    half = scores.detections[0]  # at an overlap of one half
    print(
        f"{name:<10} {found.data.max():>7} {half.f1:>5.2f} "
        f"{scores.merged:>6} {scores.split:>5}"
    )

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image.data, name="cells")
    viewer.add_labels(truth.data, name="truth", visible=False)
    for name, found in results.items():
        viewer.add_labels(found.data, name=name)
    napari.run()
