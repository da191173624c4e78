"""A program that only knows a file: `python -m napari_morphogen.export.fresh`."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Given = dict[str, NDArray[Any]]  # inputs by name, "" for the first
Run = Any  # takes inputs and returns an array


def main(model: str, given: str, found: str) -> None:
    """Run a model on every case of a file and write what comes out.

    Parameters
    ----------
    model : str
        An ``.onnx`` file, else TorchScript.
    given, found : str
        ``.npz`` files. A case of several inputs has an array ``case|input`` for each.
    """
    run = _onnx(model) if Path(model).suffix == ".onnx" else _script(model)
    cases: dict[str, Given] = {}
    with np.load(given, allow_pickle=False) as arrays:
        for key in arrays.files:
            case, _, name = key.partition("|")
            cases.setdefault(case, {})[name] = arrays[key]
    results = {case: run(inputs) for case, inputs in cases.items()}
    np.savez(found, **results)


def _onnx(path: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0].name

    def run(given: Given) -> NDArray[Any]:
        inputs = {name or first: values for name, values in given.items()}
        return np.asarray(session.run(None, inputs)[0])

    return run


def _script(path: str) -> Run:
    import torch

    module = torch.jit.load(path)

    def run(given: Given) -> NDArray[Any]:
        inputs = [
            torch.from_numpy(values) if values.ndim else values.item()
            for values in given.values()
        ]
        with torch.no_grad():
            return np.asarray(module(*inputs).numpy())

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
