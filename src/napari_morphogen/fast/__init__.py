"""Compiled kernels for what takes longest, equal to the plain way bit for bit.

Every function returns None where no kernel serves: numba is absent or broken, the
shape or dtype is unusual, or the kernel is still being compiled. The caller then
goes the plain way, so that numba never decides what the answer is, nor whether
there is one.
"""

from napari_morphogen.fast.calls import (
    gaussian,
    gradient_length,
    quantiles,
    thin_edges,
)
from napari_morphogen.fast.modules import prepare
from napari_morphogen.fast.shapes import distance, flood, reconstruction

__all__ = [
    "distance",
    "flood",
    "gaussian",
    "gradient_length",
    "prepare",
    "quantiles",
    "reconstruction",
    "thin_edges",
]
