"""The decorator of every kernel; importing this imports numba."""

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` at its first call and keep the code on disk.

    Kernels let go of the interpreter lock and run on ranges of rows or planes:
    numba's own threads end the process when several threads start them.
    """
    try:
        return numba.njit(function, nogil=True, cache=True)
    except RuntimeError:  # there is no directory that numba may write to
        return numba.njit(function, nogil=True)
