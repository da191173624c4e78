"""One pool of threads for all kernels."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(task: Callable[[int], object], starts: Iterable[int]) -> None:
    """Call `task` with every number of `starts`, on all cores.

    Parameters
    ----------
    task : callable
        Writes its result to a place of its own, so that the order is no matter.
        It may not call `spread` itself.
    starts : iterable of int
        Such as the first rows of strips.

    Examples
    --------
    >>> rows = [0, 0, 0]
    >>> spread(lambda row: rows.__setitem__(row, 2 * row), range(3))
    >>> rows
    [0, 2, 4]
    """
    todo = list(starts)
    if len(todo) < 2 or cores() < 2:
        for start in todo:
            task(start)
        return
    for _ in _pool().map(task, todo):
        pass


@lru_cache(maxsize=None)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="morphogen")


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_pool.cache_clear)
