# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer,networks,export]"]
# ///
"""Write a network as ONNX, proved equal, and apply the file without PyTorch.

Another process runs the file and compares its numbers with the model's before there
is a file. Run with --show to see what both make of the coins in napari.
"""

import sys

import numpy as np

from napari_morphogen import run
from napari_morphogen.exports import export
from napari_morphogen.samples import coins, trained_model

model = trained_model("semantic", 60)  # in earnest: a file of the Train dock
*_, exported = export(model, "coins.onnx")
print(f"{exported.path.name}: {exported.path.stat().st_size / 1e6:.1f} MB")

ours = run("network_classes", coins(), model=model)
theirs = run("network_classes", coins(), model="coins.onnx")
same = np.mean(ours.data == theirs.data)
print(f"{same:.2%} of the pixels have the same class")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(coins().data, name="coins")
    viewer.add_labels(ours.data, name="PyTorch")
    viewer.add_labels(theirs.data, name="ONNX", visible=False)
    napari.run()
