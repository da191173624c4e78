"""Large TIFF files, of which only what is looked at is read."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 2048  # rows and columns that are read at once


class TiffPixels:
    """The first series of a TIFF as an array that reads when it is indexed.

    Parameters
    ----------
    path : path
        Of the file, which is opened anew every time: any process may read.
    shape : tuple of int
        Of the series.
    dtype : dtype
        Of its pixels.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        self._path = path
        self.shape, self.dtype, self.ndim = shape, np.dtype(dtype), len(shape)

    def __getitem__(self, place: Any) -> NDArray[Any]:
        import tifffile
        import zarr

        with tifffile.TiffFile(self._path) as file:
            series = file.series[0]
            if series.dataoffset is not None:  # in one piece and not compressed
                whole = tifffile.memmap(self._path, series=0, mode="r")
                return np.array(whole.reshape(self.shape)[place])
            with series.aszarr(level=0) as store:
                pixels: Any = zarr.open_array(store, mode="r")
                return np.asarray(pixels[place])


def lazy(path: Path, series: Any) -> Any:
    """Return the pixels of a series as a dask array.

    Parameters
    ----------
    path : path
        Of the file.
    series : tifffile.TiffPageSeries
        Its first.
    """
    import dask.array as da

    sides = {"Y": BLOCK, "X": BLOCK, "S": BLOCK}
    lengths = zip(series.axes, series.shape, strict=True)
    chunks = tuple(min(sides.get(axis, 1), n) for axis, n in lengths)
    pixels = TiffPixels(path, tuple(series.shape), series.dtype)
    meta = np.empty((0,) * pixels.ndim, pixels.dtype)
    return da.from_array(pixels, chunks=chunks, name=False, meta=meta)
