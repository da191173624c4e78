# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "onnxruntime", "tifffile"]
# ///
"""Run an exported network with nothing but onnxruntime.

Call it with a model from `morphogen export` and a grey image:
python run_onnx.py model.onnx image.tif maps.tif
"""

import sys

import numpy as np
import onnxruntime
import tifffile

model, image, maps = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
pixels = tifffile.imread(image).astype(np.float32)
(found,) = session.run(None, {"image": pixels[None, None]})  # batch, channel
tifffile.imwrite(maps, found[0])
print(session.get_modelmeta().custom_metadata_map["morphogen"], found.shape)
