"""A program that only knows a file: `python -m napari_morphogen.export.fresh`."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Run = Any  # takes an array and returns one


def main(model: str, given: str, found: str) -> None:
    """Run a model on every array of a file and write what comes out.

    Parameters
    ----------
    model : str
        An ``.onnx`` file, else TorchScript.
    given, found : str
        ``.npz`` files.
    """
    run = _onnx(model) if Path(model).suffix == ".onnx" else _script(model)
    with np.load(given, allow_pickle=False) as cases:
        results = {name: run(cases[name]) for name in cases.files}
    np.savez(found, **results)


def _onnx(path: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(session.run(None, {name: values})[0])

    return run


def _script(path: str) -> Run:
    import torch

    module = torch.jit.load(path)

    def run(values: NDArray[Any]) -> NDArray[Any]:
        with torch.no_grad():
            return np.asarray(module(torch.from_numpy(values)).numpy())

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
