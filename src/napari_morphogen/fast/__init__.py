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
from napari_morphogen.fast.clusters import dense_clusters
from napari_morphogen.fast.filterbanks import Trees, eigenvalues, local_shape
from napari_morphogen.fast.modules import prepare
from napari_morphogen.fast.objects import Intensities, Moments, intensities, moments
from napari_morphogen.fast.regions import Region, region
from napari_morphogen.fast.shapes import distance, flood, reconstruction

__all__ = [
    "Intensities",
    "Moments",
    "Region",
    "Trees",
    "dense_clusters",
    "distance",
    "eigenvalues",
    "flood",
    "gaussian",
    "gradient_length",
    "intensities",
    "local_shape",
    "moments",
    "prepare",
    "quantiles",
    "reconstruction",
    "region",
    "thin_edges",
]
